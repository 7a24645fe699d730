use serde::{Deserialize, Serialize};

use super::Evidence;
use crate::config::invalid;
use crate::{Error, Result};

/// Numbers that a calibration is made of.
const NUM_TERMS: usize = 4;
/// Fills that a calibration is fitted to at least.
const MIN_SAMPLES: usize = 20;
/// The least value that a logarithm is taken of.
const SMALLEST: f64 = 1e-6;
/// How far beyond the depths of its samples a calibration answers.
const REACH: f64 = 1.25;
/// Shares of the fills that are below and above the interval.
const TAIL: f64 = 0.1;
/// Keeps the normal equations solvable where an entry of the evidence is the same for all fills.
const RIDGE: f64 = 1e-6;

/// What PSNR to expect in a hole, given the evidence: fitted to fills whose truth was known.
///
/// **Equation**, in dB:
///
/// ```text
/// PSNR = c_0 + c_r ln(ring error) + c_d ln(depth) + c_s ln(disagreement)
/// ```
///
/// by least squares; monotone in each entry of the evidence, without c_s where searches have one restart. The
/// interval adds the tenth and the ninetieth percentile of the residuals, so that of fills like those it was
/// fitted to eight in ten lie in it. A calibration belongs to one generator and one set of settings.
///
/// ```
/// use semantic_inpaint_latent_search::{Calibration, CalibrationSample, Evidence};
///
/// # fn main() -> semantic_inpaint_latent_search::Result<()> {
/// // Fills that are 1 dB nearer with every e-fold lower error of the ring.
/// let sample = |place: i32| {
///     let ring_error = 0.02 * 1.1f64.powi(place);
///     let evidence = Evidence { ring_error, disagreement: None, depth_px: 3.0 };
///     CalibrationSample { evidence, hole_psnr_db: 20.0 - (ring_error / 0.02).ln() }
/// };
/// let samples: Vec<CalibrationSample> = (0..30).map(sample).collect();
/// let calibration = Calibration::fit(&samples)?;
/// let expected = calibration.expect(&samples[10].evidence).unwrap();
/// assert!((expected.psnr_db - samples[10].hole_psnr_db).abs() < 1e-2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// c_0, in dB.
    pub intercept: f64,
    /// c_r, in dB.
    pub ring_error: f64,
    /// c_d, in dB.
    pub depth: f64,
    /// c_s, in dB; `None` for searches with one restart.
    pub disagreement: Option<f64>,
    /// The tenth and the ninetieth percentile of the residuals, in dB.
    pub residuals_db: [f64; 2],
    /// The least and the largest mean depth of the samples' holes, in pixels.
    pub depths_px: [f64; 2],
    /// Fills that it was fitted to.
    pub num_samples: usize,
}

/// A fill whose truth was known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CalibrationSample {
    /// What its search saw.
    pub evidence: Evidence,
    /// The PSNR in its hole, in dB.
    pub hole_psnr_db: f64,
}

/// The PSNR to be expected in a hole, in dB.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExpectedPsnr {
    /// In the mean.
    pub psnr_db: f64,
    /// One fill in ten is worse.
    pub low_db: f64,
    /// One fill in ten is better.
    pub high_db: f64,
}

impl Calibration {
    /// The calibration with the least squared error over these fills.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`](crate::Error::InvalidSetting) for fewer than 20 samples, values that are not
    /// finite, or samples of searches with one restart among others.
    pub fn fit(samples: &[CalibrationSample]) -> Result<Self> {
        check(samples)?;
        let mut normal = [[0.0; NUM_TERMS + 1]; NUM_TERMS];
        for sample in samples {
            let terms = terms(&sample.evidence);
            for (row, one) in normal.iter_mut().zip(terms) {
                for (sum, other) in row.iter_mut().zip(terms) {
                    *sum += one * other;
                }
                row[NUM_TERMS] += one * sample.hole_psnr_db;
            }
        }
        for (place, row) in normal.iter_mut().enumerate().skip(1) {
            row[place] += RIDGE * samples.len() as f64;
        }
        let [intercept, ring_error, depth, disagreement] = solved(normal);
        let depths = samples.iter().map(|sample| sample.evidence.depth_px);
        let has_several = samples[0].evidence.disagreement.is_some();
        let mut calibration = Self {
            intercept,
            ring_error,
            depth,
            disagreement: has_several.then_some(disagreement),
            residuals_db: [0.0; 2],
            depths_px: [
                depths.clone().fold(f64::INFINITY, f64::min),
                depths.fold(0.0, f64::max),
            ],
            num_samples: samples.len(),
        };
        let residual =
            |sample: &CalibrationSample| sample.hole_psnr_db - calibration.mean(&sample.evidence);
        let mut residuals: Vec<f64> = samples.iter().map(residual).collect();
        residuals.sort_by(f64::total_cmp);
        calibration.residuals_db = [TAIL, 1.0 - TAIL].map(|share| quantile(&residuals, share));
        Ok(calibration)
    }

    /// What to expect of a fill; `None` for evidence of another kind than that it was fitted to: with another
    /// number of restarts (one or several), or for a hole a quarter deeper than all of them, or flatter.
    #[must_use]
    pub fn expect(&self, evidence: &Evidence) -> Option<ExpectedPsnr> {
        let [least, most] = self.depths_px;
        let is_known = (least / REACH..=most * REACH).contains(&evidence.depth_px);
        if !is_known || self.disagreement.is_some() != evidence.disagreement.is_some() {
            return None;
        }
        let mean = self.mean(evidence);
        let [low, high] = self.residuals_db;
        Some(ExpectedPsnr {
            psnr_db: mean,
            low_db: mean + low,
            high_db: mean + high,
        })
    }

    fn mean(&self, evidence: &Evidence) -> f64 {
        let coefficients = [
            self.intercept,
            self.ring_error,
            self.depth,
            self.disagreement.unwrap_or(0.0),
        ];
        let terms = terms(evidence).into_iter().zip(coefficients);
        terms.map(|(term, coefficient)| term * coefficient).sum()
    }
}

fn terms(evidence: &Evidence) -> [f64; NUM_TERMS] {
    let log = |value: f64| value.max(SMALLEST).ln();
    [
        1.0,
        log(evidence.ring_error),
        log(evidence.depth_px),
        evidence.disagreement.map_or(0.0, log),
    ]
}

fn check(samples: &[CalibrationSample]) -> Result<()> {
    let refuse = |expected, got: String| -> Result<()> {
        let what = "samples of a calibration";
        Err::<(), Error>(invalid(what, expected, got))
    };
    if samples.len() < MIN_SAMPLES {
        return refuse("at least 20 fills", samples.len().to_string());
    }
    let with_restarts = samples
        .iter()
        .filter(|it| it.evidence.disagreement.is_some());
    let with_restarts = with_restarts.count();
    if with_restarts != 0 && with_restarts != samples.len() {
        let got = format!("{with_restarts} of {} with several restarts", samples.len());
        return refuse("all of one restart or all of several", got);
    }
    let values = |it: &CalibrationSample| [it.hole_psnr_db].into_iter().chain(terms(&it.evidence));
    if let Some(value) = samples
        .iter()
        .flat_map(values)
        .find(|value| !value.is_finite())
    {
        return refuse("finite", value.to_string());
    }
    Ok(())
}

/// The solution of positive definite equations, each with its right side behind it, by elimination.
fn solved(mut rows: [[f64; NUM_TERMS + 1]; NUM_TERMS]) -> [f64; NUM_TERMS] {
    for pivot in 0..NUM_TERMS {
        let scale = rows[pivot].map(|value| value / rows[pivot][pivot]);
        for (place, row) in rows.iter_mut().enumerate() {
            let factor = row[pivot];
            if place == pivot {
                *row = scale;
            } else {
                let pairs = row.iter_mut().zip(scale);
                pairs.for_each(|(value, scale)| *value -= factor * scale);
            }
        }
    }
    rows.map(|row| row[NUM_TERMS])
}

/// The value below which this share of sorted ones lies, between neighbors by a straight line.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, rest) = (place.floor() as usize, place.fract());
    let above = sorted.get(below + 1).copied().unwrap_or(sorted[below]);
    sorted[below] + rest * (above - sorted[below])
}
