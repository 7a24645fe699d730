mod march;
mod pixel;

use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::ImageBatch;
use serde::{Deserialize, Serialize};

use crate::error::check_setting;
use crate::picture::{Picture, complete};
use crate::{Error, Result};
use march::Front;
use pixel::Estimator;

/// Settings of [`Telea`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TeleaConfig {
    /// Radius in pixels of the neighborhood that a missing pixel is computed from, 1 to 100. OpenCV's
    /// examples use 3, the default.
    pub radius_px: usize,
}

impl Default for TeleaConfig {
    fn default() -> Self {
        Self { radius_px: 3 }
    }
}

/// Fills holes from their border inward by weighted averages of what is known: OpenCV's `INPAINT_TELEA`.
///
/// **Equation** (Telea 2004, "An image inpainting technique based on the fast marching method") Missing
/// pixels p are visited by their distance T to the hole's border, the solution of `|grad T| = 1`, and
///
/// ```text
/// w_q = |(p - q) . grad T(p)| / |p - q|^3 / (1 + |T(p) - T(q)|)      q known or filled, |p - q| <= radius
/// I_p = sum of w_q I_q / sum of w_q  +  (Jx + Jy) / sqrt(Jx^2 + Jy^2) + 1/2
/// J   = - sum of w_q (dI_q/dx rx, dI_q/dy ry)                        r = p - q
/// ```
///
/// This is what OpenCV 5.0 computes, not the paper, where they differ. The paper extrapolates each
/// `I_q` by its gradient; OpenCV adds the gradient's *direction* alone, one or two levels at most, and
/// half a level before it rounds to the nearest. Projections on `grad T` below a hundredth count as a
/// millionth, one-sided differences of I have half the weight of central ones, and differences at the
/// image's border are taken one pixel further in. Arithmetic is in f32, equal T are visited first come,
/// first served, and pixels are levels of 8 bits: known values are read as `round((v + 1) * 127.5)` and
/// fills are such levels.
///
/// A difference beside the image's border may meet a missing pixel that has no value yet. It then holds
/// the mid-gray of the corrupted images, level 128, as in OpenCV when it is given those.
///
/// **Shapes** `[N, C, H, W]` in and out.
///
/// # Errors
///
/// [`Error::NotFinite`] when a known value is infinite or NaN; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::{Telea, TeleaConfig};
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, MaskShape};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape::square_rgb(32);
/// let truth = ImageBatch::from_values(vec![0.2; shape.num_values()], shape, &Device::Cpu)?;
/// let mask = "square:8".parse::<MaskShape>()?.build(32, 32, &mut Rng::from_seed(1))?;
/// let telea = Telea::new(TeleaConfig { radius_px: 5 })?;
/// let completed = telea.inpaint(&CorruptedImages::new(&truth, &mask)?)?;
/// assert!(completed.to_values()?.iter().all(|value| (value - 0.2).abs() < 0.02));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Telea {
    config: TeleaConfig,
}

impl Telea {
    /// An inpainter with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when the radius is not 1 to 100 pixels.
    pub fn new(config: TeleaConfig) -> Result<Self> {
        check_setting("radius", "1 to 100 pixels", &config.radius_px, || {
            (1..=100).contains(&config.radius_px)
        })?;
        Ok(Self { config })
    }

    fn fill(&self, picture: &Picture<'_>) -> Vec<f32> {
        let region = picture.region;
        let mut levels: Vec<i32> = picture
            .values
            .iter()
            .map(|&value| to_level(value))
            .collect();
        let num_pixels = picture.num_pixels();
        let radius = self.config.radius_px;
        let mut front = Front::new(region, radius);
        while let Some((at, distance)) = front.next_to_fill() {
            let estimator = Estimator::new(&front, at, radius);
            for plane in levels.chunks_exact_mut(num_pixels) {
                let level = estimator.estimate(plane);
                plane[front.grid().pixel(at)] = level;
            }
            front.mark_filled(at, distance);
        }
        levels.iter().map(|&level| to_value(level)).collect()
    }
}

impl Inpainter for Telea {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        complete(corrupted, |_| Ok(()), |(), picture| Ok(self.fill(picture)))
    }

    fn name(&self) -> String {
        "telea".into()
    }
}

/// The level 0 to 255 nearest to a value in `[-1, 1]`.
fn to_level(value: f32) -> i32 {
    i32::from(((value + 1.0) * 127.5).round() as u8)
}

/// The value of a level.
fn to_value(level: i32) -> f32 {
    level as f32 / 127.5 - 1.0
}
