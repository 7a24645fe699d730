use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::ImageBatch;
use serde::{Deserialize, Serialize};

use crate::host_images::{ImagePair, masks_for};
use crate::psnr::decibels;
use crate::region::mean_over;
use crate::seam::seam_scores;
use crate::ssim::ssim_of;
use crate::{Region, Result, Summary, null_infinity};

/// The scores of one completed image.
///
/// Serialized with the fields' names; a PSNR of equal images is infinite and becomes `null`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// PSNR over the whole image in dB; see [`psnr`](crate::psnr). Higher is better.
    #[serde(with = "null_infinity")]
    pub psnr: f64,
    /// PSNR over the missing pixels in dB; see [`region_psnr`](crate::region_psnr). Higher is better.
    #[serde(with = "null_infinity")]
    pub hole_psnr: f64,
    /// SSIM over the whole image; see [`ssim`](crate::ssim). Higher is better.
    pub ssim: f64,
    /// Mean absolute error over the missing pixels on `[-1, 1]`; see
    /// [`mean_absolute_error`](crate::mean_absolute_error). Lower is better.
    pub hole_l1: f64,
    /// Gradient jump across the border of the hole; see [`seam_score`](crate::seam_score). Lower is
    /// better.
    pub seam: f64,
}

/// The means of [`Scores`] over images, each with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoresSummary {
    /// Mean of [`Scores::psnr`]: the mean of decibels, not the PSNR of a mean error.
    pub psnr: Summary,
    /// Mean of [`Scores::hole_psnr`].
    pub hole_psnr: Summary,
    /// Mean of [`Scores::ssim`].
    pub ssim: Summary,
    /// Mean of [`Scores::hole_l1`].
    pub hole_l1: Summary,
    /// Mean of [`Scores::seam`].
    pub seam: Summary,
}

impl ScoresSummary {
    /// The summary of each score over the images.
    ///
    /// # Errors
    ///
    /// [`Error::NoMean`](crate::Error::NoMean) when `scores` is empty or holds NaN.
    pub fn new(scores: &[Scores]) -> Result<Self> {
        let summarize =
            |score: fn(&Scores) -> f64| Summary::new(&scores.iter().map(score).collect::<Vec<_>>());
        Ok(Self {
            psnr: summarize(|scores| scores.psnr)?,
            hole_psnr: summarize(|scores| scores.hole_psnr)?,
            ssim: summarize(|scores| scores.ssim)?,
            hole_l1: summarize(|scores| scores.hole_l1)?,
            seam: summarize(|scores| scores.seam)?,
        })
    }
}

/// The scores of each completed image, in the order of the batch.
///
/// A single mask serves all images. All arithmetic is f64 on the host.
///
/// ```
/// use semantic_inpaint_mask::{CorruptedImages, MaskShape};
/// use semantic_inpaint_metrics::{ScoresSummary, score};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut rng = Rng::from_seed(1);
/// let truth = ImageBatch::new(rng.uniform(-1.0, 1.0, (4, 3, 64, 64), &Device::Cpu)?)?;
/// let mask = "square:20".parse::<MaskShape>()?.build(64, 64, &mut rng)?;
/// let gray = CorruptedImages::new(&truth, &mask)?;
///
/// let scores = score(&truth, gray.images(), &mask)?;
/// // Known pixels are kept, so the two differ by the share of the hole: 10 log10(4096 / 400).
/// assert!((scores[0].psnr - scores[0].hole_psnr - 10.103).abs() < 1e-3);
///
/// let summary = ScoresSummary::new(&scores)?;
/// assert!(summary.hole_psnr.half_width.unwrap() < 1.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] or [`Error::Mask`] when sizes differ, [`Error::TooSmall`] when an image
/// is too small for SSIM, [`Error::NotFinite`] when an image holds NaN or an infinity.
///
/// [`Error::ShapeMismatch`]: crate::Error::ShapeMismatch
/// [`Error::Mask`]: crate::Error::Mask
/// [`Error::TooSmall`]: crate::Error::TooSmall
/// [`Error::NotFinite`]: crate::Error::NotFinite
pub fn score(truth: &ImageBatch, completed: &ImageBatch, mask: &Mask) -> Result<Vec<Scores>> {
    let masks = masks_for(truth, mask)?;
    let images = ImagePair::new(truth, completed)?;
    let squared = |region| mean_over(&images, &masks, region, |error| error * error);
    let whole = squared(Region::Whole)?;
    let hole = squared(Region::Hole)?;
    let hole_l1 = mean_over(&images, &masks, Region::Hole, f64::abs)?;
    let ssim = ssim_of(&images)?;
    let seam = seam_scores(&images.completed, &masks);
    let scores = (0..images.count()).map(|index| Scores {
        psnr: decibels(whole[index]),
        hole_psnr: decibels(hole[index]),
        ssim: ssim[index],
        hole_l1: hole_l1[index],
        seam: seam[index],
    });
    Ok(scores.collect())
}
