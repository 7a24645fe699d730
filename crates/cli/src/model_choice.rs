use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::{
    AutoRule, DcganModel, Device, PretrainedModel, embedded_context_encoder, load_context_encoder,
    load_model,
};

/// A model as the user names it: one of the project's, a file, or the folder of a run.
#[derive(Debug, Clone)]
pub(crate) enum ModelChoice {
    Pretrained(PretrainedModel),
    File(PathBuf),
}

impl ModelChoice {
    pub(crate) fn load(&self, device: &Device) -> Result<DcganModel> {
        match self {
            Self::Pretrained(model) => Ok(model.load(device)?),
            Self::File(path) if path.exists() => Ok(load_model(path, device)?),
            Self::File(path) => bail!(
                "{}: neither a built-in model ({}) nor a model file or run: check the name",
                path.display(),
                built_in_names()
            ),
        }
    }

    /// What `auto` gives holes to with it.
    pub(crate) fn auto_rule(&self) -> AutoRule {
        match self {
            Self::Pretrained(model) => AutoRule::of(*model),
            Self::File(_) => AutoRule::default(),
        }
    }

    /// The Context Encoder that is meant.
    pub(crate) fn load_context_encoder(&self, device: &Device) -> Result<ContextEncoderModel> {
        Ok(match self {
            Self::Pretrained(model) => embedded_context_encoder(*model, device)?,
            Self::File(path) => load_context_encoder(path, device)?,
        })
    }
}

/// The names of the models that are built in.
pub(crate) fn built_in_names() -> String {
    let embedded = PretrainedModel::ALL
        .iter()
        .filter(|model| model.is_embedded());
    let names: Vec<String> = embedded.map(ToString::to_string).collect();
    names.join(", ")
}

impl FromStr for ModelChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text
            .parse()
            .map_or_else(|_| Self::File(text.into()), Self::Pretrained))
    }
}

impl fmt::Display for ModelChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pretrained(model) => model.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
