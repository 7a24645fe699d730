use ndarray::ArrayView2;
use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::ImageBatch;

use crate::Result;
use crate::host_images::{HostImages, masks_for};

/// How visible the border of the hole is in each image: the mean absolute jump of the gradient.
///
/// **Equation**: for every pair of neighbors in a row or a column, one known (k) and one missing (m),
/// with k' behind k and m' behind m on the same line (k', k | m, m'):
///
/// ```text
/// jump = | (x_m - x_k) - mean of { x_k - x_k', x_m' - x_m } |
/// ```
///
/// that is, the step across the border less the steps on either side of it. A pixel behind counts
/// only where it lies in the image and on the same side of the border; without any the mean is 0.
/// The score is the mean over all pairs and channels, on the scale of `[-1, 1]`.
///
/// A step between two flat areas scores its height, a gradient that runs on across the border 0. The
/// truth is not involved, so that the score of the true images is the baseline of their content:
/// near it a border is invisible, far above it there is a seam. Lower is better. **Range** `[0, 4]`.
///
/// ```
/// use semantic_inpaint_mask::Mask;
/// use semantic_inpaint_metrics::seam_score;
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 4 };
/// let mask = Mask::from_missing(1, 4, |_row, col| col >= 2)?;
/// let step = ImageBatch::from_values(vec![0.0, 0.0, 0.5, 0.5], shape, &Device::Cpu)?;
/// assert_eq!(seam_score(&step, &mask)?, [0.5]);
/// let ramp = ImageBatch::from_values(vec![0.0, 0.25, 0.5, 0.75], shape, &Device::Cpu)?;
/// assert_eq!(seam_score(&ramp, &mask)?, [0.0]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] or [`Error::Mask`] when the mask does not fit the images,
/// [`Error::NotFinite`] when an image holds NaN or an infinity.
///
/// [`Error::ShapeMismatch`]: crate::Error::ShapeMismatch
/// [`Error::Mask`]: crate::Error::Mask
/// [`Error::NotFinite`]: crate::Error::NotFinite
pub fn seam_score(images: &ImageBatch, mask: &Mask) -> Result<Vec<f64>> {
    let masks = masks_for(images, mask)?;
    Ok(seam_scores(&HostImages::new(images, "image")?, &masks))
}

pub(crate) fn seam_scores(images: &HostImages, masks: &Mask) -> Vec<f64> {
    let score = |index| {
        let known = masks.known(index);
        let mut mean = RunningMean::default();
        for channel in images.image(index).outer_iter() {
            add_jumps(&channel, &known, &mut mean);
            add_jumps(&channel.t(), &known.t(), &mut mean);
        }
        mean.value()
    };
    (0..images.count()).map(score).collect()
}

#[derive(Default)]
struct RunningMean {
    sum: f64,
    count: usize,
}

impl RunningMean {
    /// A mask has both kinds of pixels, hence a border, hence a count above 0.
    fn value(&self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}

/// Adds the jumps across the borders within the rows.
fn add_jumps(values: &ArrayView2<'_, f32>, known: &ArrayView2<'_, bool>, mean: &mut RunningMean) {
    for (values, known) in values.outer_iter().zip(known.outer_iter()) {
        for right in 1..known.len() {
            let left = right - 1;
            if known[left] == known[right] {
                continue;
            }
            let step = |from: usize, to: usize| f64::from(values[to]) - f64::from(values[from]);
            let before = (left > 0 && known[left - 1] == known[left]).then(|| step(left - 1, left));
            let after = (right + 1 < known.len() && known[right + 1] == known[right])
                .then(|| step(right, right + 1));
            let beside = match (before, after) {
                (Some(before), Some(after)) => f64::midpoint(before, after),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => 0.0,
            };
            mean.sum += (step(left, right) - beside).abs();
            mean.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use semantic_inpaint_tensor::{Device, ImageShape};

    use super::*;

    fn score(height: usize, width: usize, mask: &Mask, value: impl Fn(usize, usize) -> f32) -> f64 {
        let pixels = (0..height * width).map(|pixel| value(pixel / width, pixel % width));
        let shape = ImageShape {
            channels: 1,
            height,
            width,
        };
        let images = ImageBatch::from_values(pixels.collect(), shape, &Device::Cpu).unwrap();
        seam_score(&images, mask).unwrap()[0]
    }

    fn center() -> Mask {
        Mask::from_missing(12, 12, |row, col| {
            (4..8).contains(&row) && (3..9).contains(&col)
        })
        .unwrap()
    }

    #[test]
    fn a_flat_hole_in_a_flat_image_scores_the_height_of_its_step() {
        let mask = center();
        let value = |row, col| {
            if mask.is_known(0, row, col) {
                -0.25
            } else {
                0.5
            }
        };
        assert_eq!(score(12, 12, &mask, value), 0.75);
    }

    #[test]
    fn planes_have_no_seam() {
        let plane = |row: usize, col: usize| row as f32 / 16.0 - col as f32 / 32.0;
        assert_eq!(score(12, 12, &center(), plane), 0.0);
    }

    #[test]
    fn single_missing_pixels_are_measured_against_their_surroundings() {
        let mask = Mask::from_missing(5, 5, |row, col| row == 2 && col == 2).unwrap();
        let value = |row, col| if row == 2 && col == 2 { 1.0 } else { 0.0 };
        assert_eq!(score(5, 5, &mask, value), 1.0);
    }

    #[test]
    fn a_border_without_pixels_behind_scores_the_step_itself() {
        let mask = Mask::from_missing(1, 2, |_, col| col == 1).unwrap();
        assert_eq!(score(1, 2, &mask, |_, col| 0.5 * col as f32), 0.5);
    }

    #[test]
    fn only_one_side_behind_is_used_alone() {
        // k' = 0, k = 0.25, m = 0.75: the step of 0.5 less the one of 0.25 before it.
        let mask = Mask::from_missing(1, 3, |_, col| col == 2).unwrap();
        assert_eq!(score(1, 3, &mask, |_, col| [0.0, 0.25, 0.75][col]), 0.25);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn brightness_changes_nothing_and_contrast_scales(
            values in prop::collection::vec(-8_i8..8, 144),
            shift in -4_i8..4,
        ) {
            let value = |row: usize, col: usize| f32::from(values[row * 12 + col]) / 32.0;
            let plain = score(12, 12, &center(), value);
            let bright = score(12, 12, &center(), |r, c| value(r, c) + f32::from(shift) / 8.0);
            let contrast = score(12, 12, &center(), |r, c| 2.0 * value(r, c));
            prop_assert!((plain - bright).abs() < 1e-9);
            prop_assert!((2.0 * plain - contrast).abs() < 1e-9);
        }
    }
}
