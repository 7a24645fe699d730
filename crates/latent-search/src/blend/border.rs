//! Color and exposure of generated images, matched to the known pixels round the hole.

use std::fmt;
use std::str::FromStr;

use rayon::prelude::*;
use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights};
use semantic_inpaint_tensor::ImageBatch;
use serde::{Deserialize, Serialize};

use crate::config::unknown;
use crate::{Error, Result};

/// Rounds of reweighting.
const ROUNDS: usize = 20;
/// Where residuals begin to count less, in standard deviations (Huber 1981).
const HUBER: f64 = 1.345;
/// What makes a standard deviation of a median absolute one, for normal residuals.
const DEVIATION: f64 = 1.4826;
/// The smallest spread of residuals, and of generated values that a gain is fitted to.
const SMALLEST: f64 = 1e-6;
/// The least and the largest gain.
const GAINS: [f64; 2] = [0.5, 2.0];

/// How a generated image is brought to the color and exposure of its surroundings before it is blended.
///
/// Written `none`, `offset` and `gain-offset` in text, configuration and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BorderMatch {
    /// Not at all, as in the paper.
    #[default]
    None,
    /// By a number for each channel that is added: color alone. Poisson blending does that by itself.
    Offset,
    /// By a gain and an offset for each channel: contrast as well.
    GainOffset,
}

impl fmt::Display for BorderMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Offset => "offset",
            Self::GainOffset => "gain-offset",
        })
    }
}

impl FromStr for BorderMatch {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "none" => Ok(Self::None),
            "offset" => Ok(Self::Offset),
            "gain-offset" => Ok(Self::GainOffset),
            _ => {
                let expected = "none, offset or gain-offset";
                Err(unknown("match of the border", expected, text))
            }
        }
    }
}

/// The generated images with color and exposure as the known pixels around their holes have them.
///
/// **Equation**, for each image and channel over the known pixels i, with the generated values g, the known ones
/// y and the importance weights W:
///
/// ```text
/// g' = clamp(a g + b, -1, 1),   a, b = argmin sum_i W_i h((a g_i + b - y_i) / s)
/// ```
///
/// with Huber's function h, which makes pixels that fit nothing count little, and s the spread of the residuals
/// (1.4826 times their weighted median, Huber 1981, *Robust Statistics*, section 7.8), found by 20 rounds of
/// reweighted least squares. The gain a stays within 0.5 and 2; it is 1 for [`BorderMatch::Offset`] and where the
/// generated values are all alike. It is the gain and bias compensation of panoramas (Brown and Lowe 2007,
/// section 6) with one image fixed.
///
/// An image whose known pixels have no weight comes back as it is, bit for bit, as does every image with
/// [`BorderMatch::None`]. Missing pixels of `corrupted` are not read, and each image is matched on its own.
///
/// **Shapes** images `[N, C, H, W]`, weights `[N, 1, H, W]`; the result has the generated images' device and type.
///
/// # Errors
///
/// [`Error::BlendShape`] when the batches differ in shape, [`Error::BorderWeights`] when the weights do;
/// [`Error::BorderNotFinite`] when a value that counts is not finite; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_latent_search::{BorderMatch, match_border};
/// use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 3 };
/// let image = ImageBatch::from_values(vec![0.5, 0.0, 0.25], shape, &Device::Cpu)?;
/// let generated = ImageBatch::from_values(vec![0.25, 0.0, 0.0], shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(1, 3, |_, col| col == 1)?;
/// let corrupted = CorruptedImages::new(&image, &mask)?;
///
/// let weights = ImportanceWeights::new(&mask, 3)?;
/// let matched = match_border(&corrupted, &generated, &weights, BorderMatch::Offset)?;
/// assert_eq!(matched.to_values()?, [0.5, 0.25, 0.25]);
/// # Ok(())
/// # }
/// ```
pub fn match_border(
    corrupted: &CorruptedImages,
    generated: &ImageBatch,
    weights: &ImportanceWeights,
    border: BorderMatch,
) -> Result<ImageBatch> {
    let (images, shape) = (corrupted.images(), generated.shape());
    if images.tensor().dims() != generated.tensor().dims() {
        return Err(Error::BlendShape {
            corrupted: images.tensor().dims().to_vec(),
            generated: generated.tensor().dims().to_vec(),
        });
    }
    let expected = (generated.count(), shape.height, shape.width);
    if weights.values().dim() != expected {
        let (expected, got) = (expected.into(), weights.values().dim().into());
        return Err(Error::BorderWeights { expected, got });
    }
    if border == BorderMatch::None {
        return Ok(generated.clone());
    }
    let (known, mut matched) = (images.to_values()?, generated.to_values()?);
    let pixels = shape.num_pixels();
    matched
        .par_chunks_mut(pixels)
        .zip(known.par_chunks(pixels))
        .enumerate()
        .try_for_each(|(plane, (matched, known))| {
            let weights = weights.values().outer_iter().nth(plane / shape.channels);
            let weights = weights.into_iter().flatten().copied();
            let ring = ring(matched, known, weights);
            let Some(tone) = Tone::fit(&ring, border) else {
                return Ok(());
            };
            if !(tone.gain.is_finite() && tone.offset.is_finite()) {
                return Err(Error::BorderNotFinite {
                    image: plane / shape.channels,
                    channel: plane % shape.channels,
                });
            }
            for value in matched {
                *value = tone.apply(f64::from(*value)).clamp(-1.0, 1.0) as f32;
            }
            Ok(())
        })?;
    let like = generated.tensor();
    let matched = ImageBatch::from_values(matched, shape, like.device())?;
    let matched = matched.tensor().to_dtype(like.dtype());
    Ok(ImageBatch::new(
        matched.map_err(semantic_inpaint_tensor::Error::from)?,
    )?)
}

/// A known pixel that counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    generated: f64,
    known: f64,
    weight: f64,
}

fn ring(generated: &[f32], known: &[f32], weights: impl Iterator<Item = f32>) -> Vec<Point> {
    let points = generated.iter().zip(known).zip(weights);
    let points = points.map(|((&generated, &known), weight)| Point {
        generated: generated.into(),
        known: known.into(),
        weight: weight.into(),
    });
    points.filter(|point| point.weight > 0.0).collect()
}

/// A gain and an offset.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tone {
    gain: f64,
    offset: f64,
}

impl Tone {
    fn apply(self, value: f64) -> f64 {
        self.gain * value + self.offset
    }

    /// The best for these points; `None` without any.
    pub(super) fn fit(ring: &[Point], border: BorderMatch) -> Option<Self> {
        if ring.is_empty() {
            return None;
        }
        let mut points = ring.to_vec();
        let mut tone = Self::least_squares(&points, border);
        for _ in 0..ROUNDS {
            let residual = |point: &Point| (tone.apply(point.generated) - point.known).abs();
            let spread = (DEVIATION * weighted_median(ring, residual)).max(SMALLEST);
            for (point, original) in points.iter_mut().zip(ring) {
                let share = HUBER * spread / residual(original).max(f64::MIN_POSITIVE);
                point.weight = original.weight * share.min(1.0);
            }
            tone = Self::least_squares(&points, border);
        }
        Some(tone)
    }

    fn least_squares(points: &[Point], border: BorderMatch) -> Self {
        let total: f64 = points.iter().map(|point| point.weight).sum();
        let mean = |value: &dyn Fn(&Point) -> f64| {
            points.iter().map(|p| p.weight * value(p)).sum::<f64>() / total
        };
        let (generated, known) = (mean(&|p| p.generated), mean(&|p| p.known));
        let spread = mean(&|p| (p.generated - generated).powi(2));
        let common = mean(&|p| (p.generated - generated) * (p.known - known));
        let gain = match border {
            BorderMatch::GainOffset if spread > SMALLEST => common / spread,
            _ => 1.0,
        };
        let gain = gain.clamp(GAINS[0], GAINS[1]);
        Self {
            gain,
            offset: known - gain * generated,
        }
    }
}

/// The value that half of the weight lies below.
fn weighted_median(points: &[Point], value: impl Fn(&Point) -> f64) -> f64 {
    let mut values: Vec<(f64, f64)> = points.iter().map(|p| (value(p), p.weight)).collect();
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let half = values.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for &(value, weight) in &values {
        below += weight;
        if below >= half {
            return value;
        }
    }
    0.0
}
