use std::convert::Infallible;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::Result;
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::{Device, PretrainedModel, embedded_latent_encoder, load_latent_encoder};

/// Where the encoder of a search comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EncoderChoice {
    /// Nowhere.
    None,
    /// A model's own, as far as one is part of this build.
    BuiltIn(PretrainedModel),
    /// A file, or the folder of a run.
    File(PathBuf),
}

impl EncoderChoice {
    pub(crate) fn load(&self) -> Result<Option<LatentEncoderModel>> {
        Ok(match self {
            Self::None => None,
            Self::BuiltIn(model) => embedded_latent_encoder(*model, &Device::Cpu)?,
            Self::File(path) => Some(load_latent_encoder(path, &Device::Cpu)?),
        })
    }
}

impl FromStr for EncoderChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "none" => Self::None,
            path => Self::File(path.into()),
        })
    }
}
