use ndarray::{Array2, ArrayView2, ArrayView3, Axis, Zip};
use semantic_inpaint_tensor::ImageBatch;

use crate::host_images::ImagePair;
use crate::{Error, Result};

/// Pixels along a side of the window: 5 on each side of its center.
const WINDOW_PX: usize = 11;
/// Standard deviation of the window's Gaussian in pixels.
const SIGMA_PX: f64 = 1.5;
/// `(K1 L)^2` and `(K2 L)^2` with K1 = 0.01, K2 = 0.03 and the range of values L = 1.
const LUMINANCE_FLOOR: f64 = 0.01 * 0.01;
const CONTRAST_FLOOR: f64 = 0.03 * 0.03;

/// The mean structural similarity of each image.
///
/// **Equation** (Wang et al. 2004, eq. 13 and 17), with mean μ, variance σ² and covariance σ_xy under
/// a window w of 11 x 11 pixels (Gaussian of standard deviation 1.5 px, summing to 1):
///
/// ```text
///            (2 μ_x μ_y + C1) (2 σ_xy + C2)
/// SSIM = -------------------------------------   C1 = 0.01^2   C2 = 0.03^2
///         (μ_x^2 + μ_y^2 + C1) (σ_x^2 + σ_y^2 + C2)
/// ```
///
/// averaged over all positions where the window lies inside the image, then over channels. Images
/// are mapped to `[0, 1]` first. Variances are those of the population (weights w, no correction).
/// **Range** `[-1, 1]`; equal images have 1. Higher is better.
///
/// Equals `structural_similarity(..., gaussian_weights=True, sigma=1.5, win_size=11,
/// use_sample_covariance=False, data_range=1)` of scikit-image.
///
/// ```
/// use semantic_inpaint_metrics::ssim;
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 16, width: 16 };
/// let values: Vec<f32> = (0..256).map(|pixel| (pixel as f32).sin()).collect();
/// let images = ImageBatch::from_values(values, shape, &Device::Cpu)?;
/// assert!((ssim(&images, &images)?[0] - 1.0).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when the shapes differ, [`Error::TooSmall`] when a side is shorter than
/// 11 pixels, [`Error::NotFinite`] when an image holds NaN or an infinity.
pub fn ssim(truth: &ImageBatch, completed: &ImageBatch) -> Result<Vec<f64>> {
    ssim_of(&ImagePair::new(truth, completed)?)
}

pub(crate) fn ssim_of(images: &ImagePair) -> Result<Vec<f64>> {
    let (height, width) = images.size();
    if height.min(width) < WINDOW_PX {
        return Err(Error::TooSmall {
            metric: "SSIM",
            height,
            width,
            min_px: WINDOW_PX,
        });
    }
    Ok(images.map(|truth, completed| image_ssim(&truth, &completed)))
}

fn image_ssim(truth: &ArrayView3<'_, f32>, completed: &ArrayView3<'_, f32>) -> f64 {
    let window = gaussian();
    let channels = truth.outer_iter().zip(completed.outer_iter());
    let sum: f64 = channels
        .map(|(x, y)| channel_ssim(&to_unit(&x), &to_unit(&y), &window))
        .sum();
    sum / truth.dim().0 as f64
}

/// From `[-1, 1]` to `[0, 1]`.
fn to_unit(channel: &ArrayView2<'_, f32>) -> Array2<f64> {
    channel.map(|&value| (f64::from(value) + 1.0) / 2.0)
}

fn channel_ssim(x: &Array2<f64>, y: &Array2<f64>, window: &[f64; WINDOW_PX]) -> f64 {
    let (mean_x, mean_y) = (blur(x, window), blur(y, window));
    let (square_x, square_y) = (blur(&(x * x), window), blur(&(y * y), window));
    let product = blur(&(x * y), window);
    let mut sum = 0.0;
    Zip::from(&mean_x)
        .and(&mean_y)
        .and(&square_x)
        .and(&square_y)
        .and(&product)
        .for_each(|&mean_x, &mean_y, &square_x, &square_y, &product| {
            let variances = square_x - mean_x * mean_x + square_y - mean_y * mean_y;
            let covariance = product - mean_x * mean_y;
            let luminance = (2.0 * mean_x * mean_y + LUMINANCE_FLOOR)
                / (mean_x * mean_x + mean_y * mean_y + LUMINANCE_FLOOR);
            sum += luminance * (2.0 * covariance + CONTRAST_FLOOR) / (variances + CONTRAST_FLOOR);
        });
    sum / mean_x.len() as f64
}

/// The window along one axis; the two-dimensional one is its outer product with itself.
fn gaussian() -> [f64; WINDOW_PX] {
    let center = (WINDOW_PX / 2) as f64;
    let weights: [f64; WINDOW_PX] = std::array::from_fn(|position| {
        let distance = position as f64 - center;
        (-distance * distance / (2.0 * SIGMA_PX * SIGMA_PX)).exp()
    });
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}

/// Weighted means under the window at every position where it lies inside, `[H - 10, W - 10]`.
fn blur(values: &Array2<f64>, window: &[f64; WINDOW_PX]) -> Array2<f64> {
    blur_along(&blur_along(values, window, Axis(1)), window, Axis(0))
}

fn blur_along(values: &Array2<f64>, window: &[f64; WINDOW_PX], axis: Axis) -> Array2<f64> {
    let mut dim = values.raw_dim();
    dim[axis.0] -= WINDOW_PX - 1;
    let mut blurred = Array2::zeros(dim);
    for (offset, &weight) in window.iter().enumerate() {
        let end = offset + blurred.len_of(axis);
        let shifted = values.slice_axis(axis, (offset..end).into());
        blurred.scaled_add(weight, &shifted);
    }
    blurred
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_sums_to_one_and_is_symmetric() {
        let window = gaussian();
        assert!((window.iter().sum::<f64>() - 1.0).abs() < 1e-15);
        for offset in 0..WINDOW_PX {
            assert_eq!(window[offset], window[WINDOW_PX - 1 - offset]);
        }
        // Ratio of neighbors at the center: exp(-1 / (2 * 1.5^2)).
        assert!((window[4] / window[5] - (-1.0_f64 / 4.5).exp()).abs() < 1e-15);
    }

    #[test]
    fn a_blur_keeps_constants_and_straight_lines() {
        let values = Array2::from_shape_fn((14, 12), |(row, col)| 3.0 * row as f64 - col as f64);
        let blurred = blur(&values, &gaussian());
        assert_eq!(blurred.dim(), (4, 2));
        for ((row, col), value) in blurred.indexed_iter() {
            assert!((value - values[(row + 5, col + 5)]).abs() < 1e-12);
        }
    }
}
