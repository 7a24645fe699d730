use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with encoders and their training.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting lies outside its range.
    #[error("{what} must be {expected}, got {got}")]
    InvalidSetting {
        /// The setting's name.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was found.
        got: String,
    },
    /// An encoder was made for another generator.
    #[error(
        "the encoder is for {encoder} and the generator has {generator}: train one for this generator \
         (`semantic-inpaint train latent-encoder --model`)"
    )]
    OtherGenerator {
        /// Image and latent of the encoder, in words.
        encoder: String,
        /// Image and latent of the generator, in words.
        generator: String,
    },
    /// A mask cannot be built or does not fit.
    #[error(transparent)]
    Mask(#[from] semantic_inpaint_mask::Error),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] semantic_inpaint_train::Error),
    /// The network's sizes or weights are wrong.
    #[error(transparent)]
    Dcgan(Box<semantic_inpaint_dcgan::Error>),
    /// Weights do not fit the network, or cannot be read or written.
    #[error(transparent)]
    Network(#[from] semantic_inpaint_nn::Error),
    /// A tensor or device operation failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}

impl From<semantic_inpaint_dcgan::Error> for Error {
    fn from(error: semantic_inpaint_dcgan::Error) -> Self {
        Self::Dcgan(Box::new(error))
    }
}

impl From<Error> for semantic_inpaint_train::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Train(error) => error,
            Error::Network(error) => Self::Network(error),
            Error::Tensor(error) => Self::Tensor(error),
            error => Self::Trainer(Box::new(error)),
        }
    }
}
