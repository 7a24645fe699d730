use std::collections::BTreeSet;

use semantic_inpaint_data::ImageSet;
use semantic_inpaint_mask::MaskShape;

use super::{CORRUPTED, EvaluatedMethod, EvaluationRow, TRUTH};
use crate::{Error, Result};

/// Which method uses which label; one label never means two things.
#[derive(Default)]
pub(super) struct Labels(Vec<(String, String)>);

impl Labels {
    pub(super) fn claim(&mut self, method: &str, rows: &[EvaluationRow]) -> Result<()> {
        for EvaluationRow { method: label, .. } in rows {
            let owner = self.0.iter().find(|(owned, _)| owned == label);
            let is_reserved = [TRUTH, CORRUPTED].contains(&label.as_str());
            if is_reserved || owner.is_some_and(|(_, owner)| owner != method) {
                let (what, name) = ("label", label.clone());
                return Err(Error::RepeatedName { what, name });
            }
            if owner.is_none() {
                self.0.push((label.clone(), method.into()));
            }
        }
        Ok(())
    }

    pub(super) fn of(&self, method: &str) -> Vec<&str> {
        let own = self.0.iter().filter(|(_, owner)| owner == method);
        own.map(|(label, _)| label.as_str()).collect()
    }
}

/// Succeeds when there are masks and methods, and names tell all things apart.
pub(super) fn check_names(
    masks: &[MaskShape],
    methods: &[&dyn EvaluatedMethod],
    images: &ImageSet,
) -> Result<()> {
    for (what, count) in [("masks", masks.len()), ("methods", methods.len())] {
        if count == 0 {
            return Err(Error::NothingToEvaluate { what });
        }
    }
    let masks = masks.iter().map(|mask| ("mask", mask.to_string()));
    let methods = methods.iter().map(|method| ("method", method.name()));
    let images = images.names().iter().map(|name| ("image", name.clone()));
    let mut seen = BTreeSet::new();
    for (what, name) in masks.chain(methods).chain(images) {
        if !seen.insert((what, name.clone())) {
            return Err(Error::RepeatedName { what, name });
        }
    }
    Ok(())
}
