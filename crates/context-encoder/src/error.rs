use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with Context Encoders.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting lies outside its range.
    #[error("{what} must be {expected}, got {got}")]
    InvalidSetting {
        /// The setting's name.
        what: &'static str,
        /// The range in words.
        expected: String,
        /// The value that was found.
        got: String,
    },
    /// Images have another size than the network was made for.
    #[error(
        "images of height {height} and width {width} do not fit a network of {size_px}x{size_px}: \
         resize them, or train at their size"
    )]
    ImageSize {
        /// Side of the network's images in pixels.
        size_px: usize,
        /// Rows that were found.
        height: usize,
        /// Columns that were found.
        width: usize,
    },
    /// A hole reaches beyond the patch that the network predicts.
    #[error(
        "the hole of mask {index} reaches beyond the centered {patch_px}x{patch_px} patch that the \
         network predicts: use a smaller centered hole, or a network with whole output"
    )]
    HoleOutsidePatch {
        /// Position of the mask in its batch.
        index: usize,
        /// Side of the patch in pixels.
        patch_px: usize,
    },
    /// A mask cannot be built or does not fit.
    #[error(transparent)]
    Mask(#[from] semantic_inpaint_mask::Error),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] semantic_inpaint_train::Error),
    /// Weights do not fit the network, or cannot be read or written.
    #[error(transparent)]
    Network(#[from] semantic_inpaint_nn::Error),
    /// A tensor or device operation failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}

impl Error {
    pub(crate) fn setting(what: &'static str, expected: &str, got: impl Into<String>) -> Self {
        Self::InvalidSetting {
            what,
            expected: expected.to_owned(),
            got: got.into(),
        }
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
