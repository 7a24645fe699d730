use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in a classical fill.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A known value is infinite or NaN.
    #[error(
        "image {image}: infinite or NaN value at row {row}, column {col}: give finite known pixels"
    )]
    NotFinite {
        /// The image's place in its batch.
        image: usize,
        /// Row of the pixel.
        row: usize,
        /// Column of the pixel.
        col: usize,
    },
    /// A linear system lost its digits: the hole is too large for the equation.
    #[error(
        "the fill of {num_missing} missing pixels is not determined in double precision: use a \
         smaller image or the harmonic fill"
    )]
    Singular {
        /// Missing pixels of the mask.
        num_missing: usize,
    },
    /// A setting lies outside its range.
    #[error("{what} is {got}: use {expected}")]
    InvalidSetting {
        /// The setting's name.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was found.
        got: String,
    },
    /// The training images are of another shape than the corrupted ones.
    #[error(
        "the training images are {expected:?} (channels, height, width) but the corrupted ones are \
         {got:?}: bring both to one size"
    )]
    TrainingShape {
        /// Channels, height and width of the training images.
        expected: [usize; 3],
        /// Channels, height and width of the corrupted images.
        got: [usize; 3],
    },
    /// A training image holds an infinite or NaN value.
    #[error("training image {index} holds an infinite or NaN value: leave it out")]
    TrainingNotFinite {
        /// The image's place among the training images.
        index: usize,
    },
    /// Masks and corrupted images; a mask that is all hole fails here, when it is built.
    #[error(transparent)]
    Mask(#[from] semantic_inpaint_mask::Error),
    /// Batches, shapes or devices.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}

/// Succeeds when a setting is in its range.
pub(crate) fn check_setting(
    what: &'static str,
    expected: &'static str,
    got: &impl ToString,
    is_valid: impl FnOnce() -> bool,
) -> Result<()> {
    if is_valid() {
        return Ok(());
    }
    Err(Error::InvalidSetting {
        what,
        expected,
        got: got.to_string(),
    })
}
