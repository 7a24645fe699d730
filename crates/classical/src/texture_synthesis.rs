mod sample;

use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::{ImageBatch, Rng};
use serde::{Deserialize, Serialize};

use crate::error::check_setting;
use crate::picture::{Picture, complete};
use crate::{Error, Result};
use sample::{Sample, Window};

/// Matches up to this share above the best are drawn from (Efros and Leung 1999).
const MATCH_TOLERANCE: f64 = 0.1;
/// Pixels whose best match is worse wait; squared differences of values on a scale of 0 to 1.
const MAX_ERROR: f64 = 0.3;
/// How the bound grows when every pixel waits.
const ERROR_GROWTH: f64 = 1.1;

/// Settings of [`TextureSynthesis`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextureSynthesisConfig {
    /// Side of the square that is compared, odd, at least 3. 11 by default; it should hold the texture's
    /// largest regular feature.
    pub window_px: usize,
    /// Known pixels that may be copied, those nearest to the hole, at least 1. 4,096 by default: all of a
    /// 64 x 64 image.
    pub max_candidates: usize,
    /// Seed of the order of pixels and the choice among equal matches.
    pub seed: u64,
}

impl Default for TextureSynthesisConfig {
    fn default() -> Self {
        Self {
            window_px: 11,
            max_candidates: 4096,
            seed: 0,
        }
    }
}

/// Fills holes pixel by pixel with the known pixel whose surroundings look most alike.
///
/// **Equation** (Efros and Leung 1999, "Texture synthesis by non-parametric sampling")
///
/// ```text
/// d(p, q) = sum over o of G_o |x_{p+o} - y_{q+o}|^2 / sum over o of G_o      o in the window, p+o filled
/// x_p     = y_q   with q drawn from those with d(p, q) <= 1.1 min over q of d(p, q)
/// ```
///
/// with G a Gaussian of deviation `window_px / 6.4`. Pixels with the most filled ones in their window come
/// first, equal ones in random order. A pixel is copied from a q whose whole window is known. Where fewer
/// than an eighth of the known pixels have one (specks, scattered pixels), every known q serves, compared
/// where both are known, as long as that is at least half of the best overlap by weight.
///
/// Copies texture, knows no objects. Every image draws from the same seed, so an image's fill does not
/// depend on its batch.
///
/// **Shapes** `[N, C, H, W]` in and out. The time grows with missing pixels x candidates x window.
///
/// # Errors
///
/// [`Error::NotFinite`] when a known value is infinite or NaN; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::TextureSynthesis;
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Stripes with a period of 4 go on through the hole.
/// let shape = ImageShape { channels: 1, height: 32, width: 32 };
/// let stripes: Vec<f32> = (0..1024).map(|p| [-0.5, 0.1, 0.9, 0.1][p % 4]).collect();
/// let truth = ImageBatch::from_values(stripes.clone(), shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(32, 32, |row, col| row < 6 && col < 6)?;
/// let corrupted = CorruptedImages::new(&truth, &mask)?;
/// assert_eq!(TextureSynthesis::default().inpaint(&corrupted)?.to_values()?, stripes);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextureSynthesis {
    config: TextureSynthesisConfig,
}

impl TextureSynthesis {
    /// An inpainter with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when the window is even or below 3, or there is no candidate.
    pub fn new(config: TextureSynthesisConfig) -> Result<Self> {
        check_setting(
            "window",
            "an odd number of at least 3 pixels",
            &config.window_px,
            || config.window_px % 2 == 1 && config.window_px >= 3,
        )?;
        check_setting(
            "largest number of candidates",
            "at least 1",
            &config.max_candidates,
            || config.max_candidates > 0,
        )?;
        Ok(Self { config })
    }

    fn fill(&self, picture: &Picture<'_>, sample: &Sample) -> Vec<f32> {
        let region = picture.region;
        let mut values = picture.values.to_vec();
        let mut filled = region.known.clone();
        let mut rng = Rng::from_seed(self.config.seed);
        let mut max_error = MAX_ERROR;
        let mut waiting = region.missing.clone();
        while !waiting.is_empty() {
            let mut progress = false;
            for pixel in next_pixels(sample, &waiting, &filled, &mut rng) {
                let target = sample.target(pixel, &values, &filled);
                let matches = sample.matches(&target, picture.values, MATCH_TOLERANCE);
                if matches.best <= max_error {
                    let source = matches.pixels[rng.next_index(matches.pixels.len())];
                    for plane in values.chunks_exact_mut(filled.len()) {
                        plane[pixel] = plane[source];
                    }
                    filled[pixel] = true;
                    progress = true;
                }
            }
            waiting.retain(|&pixel| !filled[pixel]);
            if !progress {
                max_error *= ERROR_GROWTH;
            }
        }
        values
    }
}

impl Inpainter for TextureSynthesis {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        let window = Window::new(self.config.window_px);
        complete(
            corrupted,
            |region| Ok(Sample::new(region, &window, self.config.max_candidates)),
            |sample, picture| Ok(self.fill(picture, sample)),
        )
    }

    fn name(&self) -> String {
        "texture-synthesis".into()
    }
}

/// The waiting pixels beside a filled one; those with the most filled pixels in their window first.
fn next_pixels(sample: &Sample, waiting: &[usize], filled: &[bool], rng: &mut Rng) -> Vec<usize> {
    let beside = |&pixel: &usize| sample.touches(pixel, filled);
    let pixels: Vec<usize> = waiting.iter().copied().filter(beside).collect();
    let mut counted: Vec<(usize, usize)> = rng
        .permutation(pixels.len())
        .into_iter()
        .map(|index| (sample.num_filled(pixels[index], filled), pixels[index]))
        .collect();
    counted.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    counted.into_iter().map(|(_, pixel)| pixel).collect()
}
