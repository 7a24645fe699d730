use std::path::Path;

use anyhow::{Result, bail};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use semantic_inpaint::data::{ReadOptions, SourceKind};
use semantic_inpaint::{Framing, ImageSet, ImageSource, MethodName, Requirement};

use crate::commands::prepare::read_set;

/// Side of images, and of the grid that shapes are drawn on, where neither a model nor a prepared set has a
/// size.
pub(crate) const USUAL_SIZE_PX: usize = 64;

/// Takes the names of methods and lists them with what they do.
pub(crate) fn parser() -> impl TypedValueParser<Value = MethodName> {
    let value = |method: &MethodName| {
        let needs = match method.requirement() {
            Requirement::TrainingSet => "; needs --training-set",
            Requirement::ContextEncoder => "; see --context-encoder",
            _ => "",
        };
        PossibleValue::new(method.as_str()).help(format!("{}{needs}", method.description()))
    };
    let values: Vec<PossibleValue> = MethodName::all().iter().map(value).collect();
    PossibleValuesParser::new(values).try_map(|text| text.parse::<MethodName>())
}

/// What the user named of that which methods may need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    pub(crate) training_set: bool,
    pub(crate) context_encoder: bool,
}

impl Given {
    /// Fails when a method lacks what it needs.
    pub(crate) fn check(self, method: MethodName) -> Result<()> {
        match method.requirement() {
            Requirement::TrainingSet if !self.training_set => {
                bail!("{method} takes its fill from other images: name them with --training-set")
            }
            Requirement::ContextEncoder if !self.context_encoder => {
                bail!(
                    "{method} needs a trained network: name it with --context-encoder (celeba is built in)"
                )
            }
            _ => Ok(()),
        }
    }
}

/// The images of a training set: a prepared set as it is, others at this size, framed as the user says.
pub(crate) fn read_training_set(
    spec: &Path,
    framing: Option<Framing>,
    size_px: usize,
) -> Result<ImageSet> {
    let source = ImageSource::open(spec)?;
    if source.kind() != SourceKind::Prepared {
        let framing = framing.unwrap_or(Framing::CenterCrop);
        return read_set(&source, &ReadOptions::new(framing, size_px));
    }
    let set = ImageSet::load(spec)?;
    let own = set.record().framing;
    match framing {
        Some(framing) if framing != own => bail!(
            "{}: prepared with framing {own}, not {framing}: leave out --framing or prepare it anew",
            spec.display()
        ),
        _ => Ok(set),
    }
}
