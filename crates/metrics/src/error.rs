use std::path::{Path, PathBuf};

use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong when images are scored and methods evaluated.
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
    /// An evaluation of nothing.
    #[error("an evaluation without {what} says nothing: name at least one")]
    NothingToEvaluate {
        /// What is missing, for example `methods`.
        what: &'static str,
    },
    /// Things of an evaluation that must be told apart have one name.
    #[error("the {what} `{name}` appears twice: give each {what} a name of its own, once")]
    RepeatedName {
        /// What has the name, for example `method`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A stored part of an evaluation was made of other images or with other settings.
    #[error(
        "{}: made of other images, with another seed or other settings: \
         name another folder, or remove this file to make it anew",
        path.display()
    )]
    OtherEvaluation {
        /// The part.
        path: PathBuf,
    },
    /// A stored part of an evaluation cannot be understood.
    #[error("{}: damaged ({reason}): remove this file to make it anew", path.display())]
    DamagedPart {
        /// The part.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The observer of an evaluation stopped it.
    #[error("the evaluation was stopped: run it again with the same folder to go on")]
    EvaluationStopped,
    /// A file or folder failed.
    #[error("{}: {source}: check that it exists and is accessible", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system reported.
        source: std::io::Error,
    },
    /// A report could not be made.
    #[cfg(feature = "report")]
    #[error("the report cannot be written: {reason}: report this with the command that you ran")]
    Report {
        /// What failed.
        reason: String,
    },
    /// A page has no place for a report's tables.
    #[cfg(feature = "report")]
    #[error(
        "{}: no line `{begin}` with a line `{end}` after it: add both where the tables shall stand",
        path.display()
    )]
    NoSection {
        /// The page.
        path: PathBuf,
        /// The line before the tables.
        begin: String,
        /// The line after them.
        end: String,
    },
    /// Images or image files failed.
    #[error(transparent)]
    Data(#[from] semantic_inpaint_data::Error),
    /// The tensor layer failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
    /// The mask does not fit the images.
    #[error(transparent)]
    Mask(#[from] semantic_inpaint_mask::Error),
}

impl Error {
    /// A fault of this file or folder, for `map_err`.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
