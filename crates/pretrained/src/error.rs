use thiserror::Error;

use crate::PretrainedModel;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with embedded models.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No model has this name.
    #[error("no model is called `{name}`: use {known}, or the path of a model file")]
    UnknownModel {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The model's weights are not part of this build.
    #[error(
        "the weights of `{0}` are not part of this build: train them (`semantic-inpaint prepare {0}`, \
         then `train dcgan`) and give the path of the model file"
    )]
    NotEmbedded(PretrainedModel),
    /// No encoder of the model's latents is part of this build.
    #[error(
        "no encoder of the latents of `{0}` is part of this build: train one (`semantic-inpaint train \
         latent-encoder --model {0}`) and give the path of its file"
    )]
    NoLatentEncoder(PretrainedModel),
    /// No Context Encoder of the model's kind of images is part of this build.
    #[error(
        "no Context Encoder of images like those of `{0}` is part of this build: train one (`semantic-inpaint \
         train context-encoder`) and give the path of its file"
    )]
    NoContextEncoder(PretrainedModel),
    /// The weights could not be unpacked.
    #[error(transparent)]
    Model(#[from] semantic_inpaint_dcgan::Error),
}
