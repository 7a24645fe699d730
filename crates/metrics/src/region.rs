use ndarray::{Array2, ArrayView3, Axis, Zip};
use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::ImageBatch;

use crate::host_images::{ImagePair, masks_for};
use crate::{Error, Result};

/// The pixels over which a score is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Region {
    /// Every pixel: what most papers print. A small hole drowns in known pixels.
    Whole,
    /// The missing pixels: what an inpainter is responsible for.
    Hole,
    /// The known pixels: any error here is damage.
    Known,
    /// The rim of the hole: missing pixels with a known pixel at most `width_px` rows and columns
    /// away. Known pixels are left out, as most methods keep them and would halve every error.
    Border {
        /// Thickness of the rim in pixels, at least 1.
        width_px: usize,
    },
}

impl Region {
    /// The pixels of the region for mask `index`, `[H, W]`; at least one of them is in it.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyRegion`] for a border of width 0.
    ///
    /// # Panics
    ///
    /// When `index` is out of bounds, as slices do.
    pub fn pixels(self, mask: &Mask, index: usize) -> Result<Array2<bool>> {
        let known = mask.known(index);
        Ok(match self {
            Self::Whole => Array2::from_elem(known.dim(), true),
            Self::Hole => known.map(|is_known| !is_known),
            Self::Known => known.to_owned(),
            Self::Border { width_px: 0 } => return Err(Error::EmptyRegion),
            Self::Border { width_px } => {
                let near_known = dilate(known.to_owned(), width_px);
                Zip::from(&near_known)
                    .and(known)
                    .map_collect(|&near, &is_known| near && !is_known)
            }
        })
    }
}

/// Every pixel within `radius` rows and columns of a set one: runs along rows, then along columns.
fn dilate(mut pixels: Array2<bool>, radius: usize) -> Array2<bool> {
    for axis in [Axis(1), Axis(0)] {
        for mut line in pixels.lanes_mut(axis) {
            let set: Vec<bool> = line.to_vec();
            let len = set.len();
            for (position, target) in line.iter_mut().enumerate() {
                let window = position.saturating_sub(radius)
                    ..position.saturating_add(radius).saturating_add(1).min(len);
                *target = set[window].contains(&true);
            }
        }
    }
    pixels
}

/// The mean squared error of each image over a region, on the scale of `[-1, 1]`.
///
/// **Equation**, with R the region's pixels and C the channels:
///
/// ```text
/// MSE = 1 / (C |R|) * sum over c and i in R of (truth_ci - completed_ci)^2
/// ```
///
/// A single mask serves all images.
///
/// # Errors
///
/// [`Error::ShapeMismatch`] or [`Error::Mask`] when the sizes differ, [`Error::NotFinite`] when an
/// image holds NaN or an infinity, [`Error::EmptyRegion`] for a border of width 0.
pub fn mean_squared_error(
    truth: &ImageBatch,
    completed: &ImageBatch,
    mask: &Mask,
    region: Region,
) -> Result<Vec<f64>> {
    let masks = masks_for(truth, mask)?;
    mean_over(
        &ImagePair::new(truth, completed)?,
        &masks,
        region,
        |error| error * error,
    )
}

/// The mean absolute error (L1) of each image over a region, on the scale of `[-1, 1]`.
///
/// Half of it is the error on the scale of `[0, 1]`. A single mask serves all images.
///
/// # Errors
///
/// As [`mean_squared_error`].
pub fn mean_absolute_error(
    truth: &ImageBatch,
    completed: &ImageBatch,
    mask: &Mask,
    region: Region,
) -> Result<Vec<f64>> {
    let masks = masks_for(truth, mask)?;
    mean_over(&ImagePair::new(truth, completed)?, &masks, region, f64::abs)
}

/// The mean of `cost(completed - truth)` over the pixels of the region and the channels.
pub(crate) fn mean_over(
    images: &ImagePair,
    masks: &Mask,
    region: Region,
    cost: impl Fn(f64) -> f64,
) -> Result<Vec<f64>> {
    let mut means = Vec::with_capacity(images.count());
    for index in 0..images.count() {
        let pixels = region.pixels(masks, index)?;
        let (truth, completed) = (images.truth.image(index), images.completed.image(index));
        means.push(mean_cost(&truth, &completed, &pixels, &cost));
    }
    Ok(means)
}

fn mean_cost(
    truth: &ArrayView3<'_, f32>,
    completed: &ArrayView3<'_, f32>,
    pixels: &Array2<bool>,
    cost: impl Fn(f64) -> f64,
) -> f64 {
    let mut sum = 0.0;
    for (truth, completed) in truth.outer_iter().zip(completed.outer_iter()) {
        Zip::from(&truth)
            .and(&completed)
            .and(pixels)
            .for_each(|&truth, &completed, &is_in| {
                if is_in {
                    sum += cost(f64::from(completed) - f64::from(truth));
                }
            });
    }
    let num_pixels = pixels.iter().filter(|&&is_in| is_in).count();
    sum / (num_pixels * truth.dim().0) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(region: Region, mask: &Mask) -> Vec<(usize, usize)> {
        let pixels = region.pixels(mask, 0).unwrap();
        pixels
            .indexed_iter()
            .filter(|&(_, &is_in)| is_in)
            .map(|(at, _)| at)
            .collect()
    }

    #[test]
    fn hole_and_known_divide_the_whole() {
        let mask = Mask::from_missing(6, 5, |row, col| row > 2 && col > 1).unwrap();
        let (hole, known) = (set(Region::Hole, &mask), set(Region::Known, &mask));
        assert_eq!((hole.len(), known.len()), (9, 21));
        let mut both = [hole, known].concat();
        both.sort_unstable();
        assert_eq!(both, set(Region::Whole, &mask));
    }

    #[test]
    fn the_border_is_the_rim_of_the_hole() {
        let mask = Mask::from_missing(9, 9, |row, col| row < 5 && col < 5).unwrap();
        let rim: Vec<_> = set(Region::Hole, &mask);
        let expected: Vec<_> = rim
            .iter()
            .copied()
            .filter(|&(row, col)| row == 4 || col == 4)
            .collect();
        assert_eq!(set(Region::Border { width_px: 1 }, &mask), expected);
        let expected: Vec<_> = rim
            .iter()
            .copied()
            .filter(|&(row, col)| row >= 3 || col >= 3)
            .collect();
        assert_eq!(set(Region::Border { width_px: 2 }, &mask), expected);
    }

    #[test]
    fn a_wide_border_is_the_whole_hole_and_one_of_width_zero_is_refused() {
        let mask = Mask::from_missing(9, 9, |row, col| row < 5 && col < 5).unwrap();
        for width_px in [5, 100, usize::MAX] {
            assert_eq!(
                set(Region::Border { width_px }, &mask),
                set(Region::Hole, &mask)
            );
        }
        let error = Region::Border { width_px: 0 }.pixels(&mask, 0).unwrap_err();
        assert!(matches!(error, Error::EmptyRegion));
    }

    #[test]
    fn the_rim_includes_pixels_that_touch_known_ones_by_a_corner() {
        let mask = Mask::from_known(5, 5, |row, col| row == 0 && col == 0).unwrap();
        let rim = set(Region::Border { width_px: 1 }, &mask);
        assert_eq!(rim, [(0, 1), (1, 0), (1, 1)]);
    }
}
