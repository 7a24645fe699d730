use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::ImageBatch;

use crate::host_images::ImagePair;
use crate::{Region, Result, mean_squared_error};

/// The square of the distance from black to white on the scale of `[-1, 1]`.
const SQUARED_PEAK: f64 = 4.0;

/// The peak signal-to-noise ratio of each image over all pixels, in decibels.
///
/// **Equation**: `PSNR = 10 log10(2^2 / MSE)`, as black and white are 2 apart on `[-1, 1]`. This
/// equals the usual PSNR of the same images on `[0, 1]` (peak 1) or `[0, 255]` (peak 255). The mean
/// is taken over pixels and channels together, no color conversion. **Range**: equal images have
/// `f64::INFINITY`, black against white 0. Higher is better.
///
/// ```
/// use semantic_inpaint_metrics::psnr;
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 2 };
/// let truth = ImageBatch::from_values(vec![0.0, 0.0], shape, &Device::Cpu)?;
/// let completed = ImageBatch::from_values(vec![0.2, -0.2], shape, &Device::Cpu)?;
/// assert!((psnr(&truth, &completed)?[0] - 20.0).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when the shapes differ, [`Error::NotFinite`] when an image holds NaN or
/// an infinity.
///
/// [`Error::ShapeMismatch`]: crate::Error::ShapeMismatch
/// [`Error::NotFinite`]: crate::Error::NotFinite
pub fn psnr(truth: &ImageBatch, completed: &ImageBatch) -> Result<Vec<f64>> {
    let images = ImagePair::new(truth, completed)?;
    Ok(images.map(|truth, completed| {
        let squares = truth.iter().zip(&completed).map(|(&truth, &completed)| {
            let error = f64::from(completed) - f64::from(truth);
            error * error
        });
        decibels(squares.sum::<f64>() / truth.len() as f64)
    }))
}

/// The peak signal-to-noise ratio of each image over a region, in decibels.
///
/// As [`psnr`], with the mean squared error taken over the region alone. A method that keeps the
/// known pixels has a PSNR over [`Region::Whole`] that exceeds the one over [`Region::Hole`] by
/// `10 log10(pixels / missing pixels)`: 10.1 dB for a square of 20 in 64x64.
///
/// # Errors
///
/// As [`mean_squared_error`].
pub fn region_psnr(
    truth: &ImageBatch,
    completed: &ImageBatch,
    mask: &Mask,
    region: Region,
) -> Result<Vec<f64>> {
    let errors = mean_squared_error(truth, completed, mask, region)?;
    Ok(errors.into_iter().map(decibels).collect())
}

/// PSNR of a mean squared error on the scale of `[-1, 1]`.
pub(crate) fn decibels(mean_squared_error: f64) -> f64 {
    10.0 * (SQUARED_PEAK / mean_squared_error).log10()
}
