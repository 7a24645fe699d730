use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong when images are scored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Two things that must be compared pixel by pixel have different sizes.
    #[error("{what}: got {got}, expected {expected} as for the true images")]
    ShapeMismatch {
        /// The role of what was measured, for example `completed images`.
        what: &'static str,
        /// The sizes of the true images.
        expected: String,
        /// The sizes that were found.
        got: String,
    },
    /// An image holds NaN or an infinity, so that no score of it means anything.
    #[error("{what} {index} holds {value}, which is not finite: check what produced it")]
    NotFinite {
        /// The role of the images, for example `completed image`.
        what: &'static str,
        /// Position of the image in its batch.
        index: usize,
        /// The first such value.
        value: f32,
    },
    /// An image is too small for the window of SSIM.
    #[error(
        "images of height {height} and width {width} are too small for SSIM: \
         use at least {min_px} pixels along each side"
    )]
    TooSmall {
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// The smallest size.
        min_px: usize,
    },
    /// A region without pixels was asked for.
    #[error("a border region of width 0 holds no pixels: use a width of at least 1")]
    EmptyRegion,
    /// Values that have no mean.
    #[error(
        "{num_values} values, {num_invalid} of them NaN or negative infinity, have no mean: \
         use one or more numbers"
    )]
    NoMean {
        /// Number of values.
        num_values: usize,
        /// How many of them are NaN or negative infinity.
        num_invalid: usize,
    },
    /// The tensor layer failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
    /// The mask does not fit the images.
    #[error(transparent)]
    Mask(#[from] semantic_inpaint_mask::Error),
}
