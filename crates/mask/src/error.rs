use thiserror::Error;

use crate::Hole;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with masks, importance weights and corrupted images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A mask without a hole: there is nothing to inpaint.
    #[error(
        "mask {index} is all known: 0 of {num_pixels} pixels are missing: \
         mark at least one pixel as missing"
    )]
    NothingMissing {
        /// Position of the mask in its batch.
        index: usize,
        /// Pixels of one mask.
        num_pixels: usize,
    },
    /// A mask that is all hole: there is nothing to inpaint from.
    #[error(
        "mask {index} is all hole: {num_pixels} of {num_pixels} pixels are missing: \
         leave at least one pixel known"
    )]
    NothingKnown {
        /// Position of the mask in its batch.
        index: usize,
        /// Pixels of one mask.
        num_pixels: usize,
    },
    /// A mask image is all hole or has no hole under the chosen convention.
    #[error(
        "mask image with `--hole {hole}`: {num_missing} of {num_pixels} pixels are missing, \
         it must be some but not all: choose the color that marks the hole, {alternatives}"
    )]
    WrongHole {
        /// The convention under which the image was read.
        hole: Hole,
        /// Pixels that it declares missing: none or all.
        num_missing: usize,
        /// Pixels of the image.
        num_pixels: usize,
        /// The other conventions, with the number of pixels that they would declare missing.
        alternatives: String,
    },
    /// A number lies outside its range.
    #[error("{what} is {got}: use {expected}")]
    OutOfRange {
        /// The number's name.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The number that was found.
        got: String,
    },
    /// Sizes or counts do not belong together.
    #[error("{what}: got {got}, expected {expected}")]
    ShapeMismatch {
        /// The role of what was measured, for example `mask`.
        what: &'static str,
        /// The sizes or counts that fit, in words.
        expected: String,
        /// The sizes or counts that were found, in words.
        got: String,
    },
    /// A text names no mask shape.
    #[error(
        "unknown mask shape `{spec}`: use square:SIZE, circle:DIAMETER, blocks:WIDTHxHEIGHT:COUNT, \
         half:left|right|top|bottom|random, pixels:FRACTION, pattern:FRACTION or strokes"
    )]
    UnknownShape {
        /// The text.
        spec: String,
    },
    /// A text names a mask shape, but its parameters cannot be read or are out of range.
    #[error("mask shape `{spec}`: use {expected}")]
    InvalidShape {
        /// The text.
        spec: String,
        /// The correct form with an example.
        expected: &'static str,
    },
    /// A mask shape is larger than the image.
    #[error(
        "mask shape `{spec}` does not fit an image of height {height} and width {width}: \
         use {remedy}"
    )]
    DoesNotFit {
        /// The shape as text.
        spec: String,
        /// Rows of the image.
        height: usize,
        /// Columns of the image.
        width: usize,
        /// What would fit.
        remedy: String,
    },
    /// A text names no hole convention.
    #[error("unknown hole color `{name}`: use white, black or alpha")]
    UnknownHole {
        /// The text.
        name: String,
    },
    /// The tensor layer failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}
