use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with embedded models.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// No embedded model has this name.
    #[error("no embedded model is called `{name}`: use {known}, or the path of a model file")]
    UnknownModel {
        /// The name that was asked for.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// The weights could not be unpacked.
    #[error(transparent)]
    Model(#[from] semantic_inpaint_dcgan::Error),
}
