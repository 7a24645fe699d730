use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong when images are scored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// Two things that must be compared pixel by pixel have different sizes.
    #[error("{what}: got {got}, expected {expected} as for the images beside them")]
    ShapeMismatch {
        /// The role of what was measured, for example `completed images`.
        what: &'static str,
        /// The sizes of the images that they are compared with.
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
    /// An image is too small for the windows of a metric.
    #[error(
        "images of height {height} and width {width} are too small for {metric}: \
         use at least {min_px} pixels along each side"
    )]
    TooSmall {
        /// The metric, for example `SSIM`.
        metric: &'static str,
        /// Rows.
        height: usize,
        /// Columns.
        width: usize,
        /// The smallest size.
        min_px: usize,
    },
    /// A set holds too few images for a statistic.
    #[error("{what} number {got}, at least {needed} are needed: add images")]
    TooFewImages {
        /// The role of the images, for example `samples`.
        what: &'static str,
        /// The least number.
        needed: usize,
        /// How many there are.
        got: usize,
    },
    /// Two sets that are compared as distributions hold different numbers of images, on which the
    /// statistic depends.
    #[error("sets of {first} and {second} images cannot be compared: use as many of each")]
    UnequalCounts {
        /// Images in the first set.
        first: usize,
        /// Images in the second set.
        second: usize,
    },
    /// A setting lies outside its range.
    #[error("{what} must be at least {min}, got {got}")]
    TooLow {
        /// The setting's name.
        what: &'static str,
        /// The least value.
        min: usize,
        /// The value that was found.
        got: usize,
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
