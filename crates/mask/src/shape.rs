use std::fmt;
use std::str::FromStr;

use ndarray::{Array2, Axis};
use semantic_inpaint_tensor::Rng;
use serde::{Deserialize, Serialize};

use crate::mask::check_sizes;
use crate::{Error, Mask, Result};

mod blocks;
mod parse;
mod pattern;
mod strokes;
#[cfg(test)]
mod tests;

/// The shape of a hole, for an image of any size.
///
/// The text form is the one of the command line; it round-trips, and serde uses it.
///
/// | text | missing pixels |
/// |---|---|
/// | `square:20` | a centered square with sides of 20 px (10, 20 and 30: the small, regular and large holes of the evaluation) |
/// | `circle:20` | centers within 10 px of the image's center: 316 px of 64x64 |
/// | `blocks:2x2:100` | 100 blocks, 2 px wide and 2 px high, at random without overlap |
/// | `half:left` | one half: `left`, `right`, `top`, `bottom` or a `random` one of them |
/// | `pixels:0.8` | that share of the pixels, drawn one by one |
/// | `pattern:0.25` | that share of the pixels, in blobs of low-frequency noise |
/// | `strokes` | free-form brush strokes |
///
/// `blocks:2x2:10` is what "10 blocks of 2x2" says to the letter (40 px); `blocks:2x2:100` covers
/// the area of `square:20`, which the same sentence claims.
///
/// ```
/// use semantic_inpaint_mask::MaskShape;
/// use semantic_inpaint_tensor::Rng;
///
/// let shape: MaskShape = "blocks:2x2:100".parse()?;
/// let mask = shape.build(64, 64, &mut Rng::from_seed(1))?;
/// assert_eq!(mask.num_missing(0), 400);
/// assert_eq!(shape.to_string(), "blocks:2x2:100");
/// # Ok::<(), semantic_inpaint_mask::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum MaskShape {
    /// A centered square; rows and columns start at `(H - size) / 2` and `(W - size) / 2`, rounded
    /// down.
    Square {
        /// Length of a side in pixels.
        size_px: usize,
    },
    /// A centered disc: pixels whose centers lie within half a diameter of the image's center.
    Circle {
        /// Diameter in pixels.
        diameter_px: usize,
    },
    /// Blocks of one size at random places; they may touch but do not overlap.
    Blocks {
        /// Rows of a block.
        height_px: usize,
        /// Columns of a block.
        width_px: usize,
        /// Number of blocks.
        count: usize,
    },
    /// One half of the image; of an odd number of rows or columns the smaller part is missing.
    Half(Side),
    /// Single pixels, drawn without replacement: exactly the rounded share is missing.
    Pixels {
        /// Missing share, above 0 and below 1.
        fraction: f64,
    },
    /// Blobs: the pixels where low-frequency noise is highest, exactly the rounded share.
    Pattern {
        /// Missing share, above 0 and below 1.
        fraction: f64,
    },
    /// Free-form strokes of a round brush, at most half of the image.
    Strokes,
}

/// A side of the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The left half.
    Left,
    /// The right half.
    Right,
    /// The upper half.
    Top,
    /// The lower half.
    Bottom,
    /// Any of the four with equal chance, drawn anew for every mask.
    Random,
}

impl MaskShape {
    /// One mask of this shape. Shapes without chance draw nothing from `rng`.
    ///
    /// # Errors
    ///
    /// [`Error::DoesNotFit`] when the shape is larger than the image, [`Error::OutOfRange`] when a
    /// size is 0 or a fraction outside (0, 1), [`Error::NothingMissing`] or [`Error::NothingKnown`]
    /// when the shape leaves no pixel missing or known, [`Error::ShapeMismatch`] when the image has no
    /// pixels.
    pub fn build(self, height: usize, width: usize, rng: &mut Rng) -> Result<Mask> {
        self.validate()?;
        check_sizes(1, height, width)?;
        let missing = match self {
            Self::Square { size_px } => self.square(size_px, height, width)?,
            Self::Circle { diameter_px } => self.circle(diameter_px, height, width)?,
            Self::Blocks {
                height_px,
                width_px,
                count,
            } => {
                let block = blocks::BlockSize {
                    height_px,
                    width_px,
                };
                blocks::place(block, count, height, width, rng).ok_or_else(|| {
                    let most = (height / height_px) * (width / width_px);
                    self.does_not_fit(height, width, format!("at most {most} of these blocks"))
                })?
            }
            Self::Half(side) => half(side, height, width, rng),
            Self::Pixels { fraction } => {
                let order = rng.permutation(height * width);
                first_missing(&order, fraction, height, width)
            }
            Self::Pattern { fraction } => {
                let order = pattern::pixels_by_noise(height, width, rng);
                first_missing(&order, fraction, height, width)
            }
            Self::Strokes => strokes::draw(height, width, rng),
        };
        Mask::from_known_array(missing.map(|&is_missing| !is_missing).insert_axis(Axis(0)))
    }

    /// `count` masks of this shape, each drawn anew.
    ///
    /// # Errors
    ///
    /// As [`MaskShape::build`], and [`Error::ShapeMismatch`] when `count` is 0.
    pub fn build_batch(
        self,
        count: usize,
        height: usize,
        width: usize,
        rng: &mut Rng,
    ) -> Result<Mask> {
        let masks: Result<Vec<Mask>> = (0..count).map(|_| self.build(height, width, rng)).collect();
        Mask::stack(&masks?)
    }

    fn square(self, size_px: usize, height: usize, width: usize) -> Result<Array2<bool>> {
        self.check_extent(size_px, height, width)?;
        let rows = span((height - size_px) / 2, size_px);
        let cols = span((width - size_px) / 2, size_px);
        Ok(missing_where(height, width, |row, col| {
            rows.contains(&row) && cols.contains(&col)
        }))
    }

    fn circle(self, diameter_px: usize, height: usize, width: usize) -> Result<Array2<bool>> {
        self.check_extent(diameter_px, height, width)?;
        // Twice the distance of a pixel's center from the image's center is a whole number.
        let twice = |position: usize, len: usize| (2 * position + 1).abs_diff(len);
        Ok(missing_where(height, width, |row, col| {
            twice(row, height).pow(2) + twice(col, width).pow(2) <= diameter_px.pow(2)
        }))
    }

    fn check_extent(self, extent_px: usize, height: usize, width: usize) -> Result<()> {
        let most = height.min(width);
        if extent_px <= most {
            return Ok(());
        }
        Err(self.does_not_fit(height, width, format!("at most {most} px")))
    }

    fn does_not_fit(self, height: usize, width: usize, remedy: String) -> Error {
        Error::DoesNotFit {
            spec: self.to_string(),
            height,
            width,
            remedy,
        }
    }
}

fn span(start: usize, len: usize) -> std::ops::Range<usize> {
    start..start + len
}

fn missing_where(
    height: usize,
    width: usize,
    is_missing: impl Fn(usize, usize) -> bool,
) -> Array2<bool> {
    Array2::from_shape_fn((height, width), |(row, col)| is_missing(row, col))
}

fn half(side: Side, height: usize, width: usize, rng: &mut Rng) -> Array2<bool> {
    let (rows, cols) = (height / 2, width / 2);
    match side {
        Side::Left => missing_where(height, width, |_, col| col < cols),
        Side::Right => missing_where(height, width, |_, col| col >= width - cols),
        Side::Top => missing_where(height, width, |row, _| row < rows),
        Side::Bottom => missing_where(height, width, |row, _| row >= height - rows),
        Side::Random => half(Side::FIXED[rng.next_index(4)], height, width, rng),
    }
}

/// Marks the first pixels of `order` as missing, the rounded share of all.
fn first_missing(order: &[usize], fraction: f64, height: usize, width: usize) -> Array2<bool> {
    let num_missing = (fraction * order.len() as f64).round() as usize;
    let mut missing = Array2::from_elem((height, width), false);
    for &pixel in &order[..num_missing.min(order.len())] {
        missing[(pixel / width, pixel % width)] = true;
    }
    missing
}
