use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_tensor::ImageBatch;

use super::{AutoRule, Choice, Method, MethodCompletion, MethodContext, MethodName};
use crate::{Error, Result};

/// Two methods, of which the hole decides.
#[derive(Clone)]
pub(super) struct Auto {
    rule: AutoRule,
    shallow: Box<Method>,
    deep: Box<Method>,
    /// Side of the model's images.
    pub(super) size_px: usize,
}

impl Auto {
    pub(super) fn build(context: &MethodContext<'_>) -> Result<Self> {
        let (model, rule) = (context.model(MethodName::Auto)?, context.auto_rule);
        if [rule.shallow, rule.deep].contains(&MethodName::Auto) {
            return Err(Error::AutoRule);
        }
        Ok(Self {
            rule,
            shallow: Box::new(Method::build(rule.shallow, context)?),
            deep: Box::new(Method::build(rule.deep, context)?),
            size_px: model.generator.config().image_size_px,
        })
    }

    /// The one with a search, where there is one.
    pub(super) fn searching(&self) -> &Method {
        match self.shallow.search() {
            Some(_) => &self.shallow,
            None => &self.deep,
        }
    }

    /// The same with both methods changed.
    pub(super) fn map(self, change: impl Fn(Method) -> Method) -> Self {
        Self {
            shallow: Box::new(change(*self.shallow)),
            deep: Box::new(change(*self.deep)),
            ..self
        }
    }

    /// The same with both methods changed, where that can fail.
    pub(super) fn try_map(self, change: impl Fn(Method) -> Result<Method>) -> Result<Self> {
        Ok(Self {
            shallow: Box::new(change(*self.shallow)?),
            deep: Box::new(change(*self.deep)?),
            ..self
        })
    }

    /// The method for the hole of mask `index`, of which `scale` pixels are one of the model's images.
    pub(super) fn chosen(&self, mask: &Mask, index: usize, scale: f64) -> (&Method, Choice) {
        let choice = self.rule.choice(mask, index, scale, self.size_px);
        let method = match choice.method == self.shallow.name() {
            true => &*self.shallow,
            false => &*self.deep,
        };
        (method, choice)
    }

    /// Each image completed by the method for its hole, those of one method together.
    pub(super) fn complete(
        &self,
        corrupted: &CorruptedImages,
        mut complete: impl FnMut(&Method, &CorruptedImages) -> Result<MethodCompletion>,
    ) -> Result<MethodCompletion> {
        let count = corrupted.count();
        let choose = |index| self.chosen(corrupted.mask(), index, 1.0).1;
        let choices: Vec<Choice> = (0..count).map(choose).collect();
        let mut images = vec![None; count];
        let (mut search, mut ranked) = (None, None);
        for method in [&self.shallow, &self.deep] {
            let is_own =
                |&index: &usize| images[index].is_none() && choices[index].method == method.name();
            let own: Vec<usize> = (0..count).filter(is_own).collect();
            if own.is_empty() {
                continue;
            }
            let completion = complete(method, &part(corrupted, &own)?)?;
            for (place, &index) in own.iter().enumerate() {
                images[index] = Some(completion.completed.narrow(place, 1)?);
            }
            search = search.or(completion.search);
            ranked = ranked.or(completion.ranked);
        }
        let images: Vec<ImageBatch> = images.into_iter().flatten().collect();
        Ok(MethodCompletion {
            completed: ImageBatch::concatenate(&images)?,
            search,
            ranked,
            choices,
        })
    }

    /// Everything that results depend on, in one line.
    pub(super) fn settings(&self) -> String {
        format!(
            "holes up to {} px deep by {}; others by {}",
            self.rule.shallow_px,
            self.shallow.settings(),
            self.deep.settings(),
        )
    }
}

/// The images at `indices`.
fn part(corrupted: &CorruptedImages, indices: &[usize]) -> Result<CorruptedImages> {
    let images = indices
        .iter()
        .map(|&index| corrupted.images().narrow(index, 1));
    let images = images.collect::<std::result::Result<Vec<_>, _>>()?;
    let mask = corrupted.mask().select(indices)?;
    Ok(CorruptedImages::new(
        &ImageBatch::concatenate(&images)?,
        &mask,
    )?)
}
