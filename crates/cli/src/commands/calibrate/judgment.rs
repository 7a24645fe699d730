use std::fmt;

use anyhow::{Context as _, Result};
use semantic_inpaint::latent_search::{Calibration, CalibrationSample, ExpectedPsnr};
use semantic_inpaint::metrics::rank_correlation;

/// What was expected of fills by calibrations that had not seen their images, and what they are.
pub(super) struct Judgment {
    /// By mask.
    pairs: Vec<Vec<Pair>>,
}

#[derive(Clone, Copy)]
struct Pair {
    expected: Option<ExpectedPsnr>,
    hole_psnr_db: f64,
}

/// How well expectations agree with the truth.
pub(super) struct Agreement {
    num_fills: usize,
    mean_psnr_db: f64,
    rank_correlation: Option<f64>,
    mean_error_db: f64,
    share_inside: f64,
}

impl Judgment {
    /// Of samples by mask and image: those of every second image, by a calibration of the others, and the reverse.
    pub(super) fn of_halves(samples: &[Vec<CalibrationSample>]) -> Result<Self> {
        let half = |parity: usize| {
            let of_mask = |samples: &Vec<CalibrationSample>| {
                let own = samples
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| index % 2 == parity);
                own.map(|(_, sample)| *sample).collect::<Vec<_>>()
            };
            let own: Vec<CalibrationSample> = samples.iter().flat_map(of_mask).collect();
            Calibration::fit(&own).context("half of the images are too few: raise --count")
        };
        // The even images are judged by the odd ones.
        let halves = [half(1)?, half(0)?];
        let pairs = samples.iter().map(|samples| {
            let pair = |(index, sample): (usize, &CalibrationSample)| Pair {
                expected: halves[index % 2].expect(&sample.evidence),
                hole_psnr_db: sample.hole_psnr_db,
            };
            samples.iter().enumerate().map(pair).collect()
        });
        Ok(Self {
            pairs: pairs.collect(),
        })
    }

    pub(super) fn masks(&self) -> impl Iterator<Item = Agreement> + '_ {
        self.pairs.iter().map(|pairs| Agreement::of(pairs))
    }

    pub(super) fn whole(&self) -> Agreement {
        Agreement::of(&self.pairs.concat())
    }
}

impl Agreement {
    fn of(pairs: &[Pair]) -> Self {
        let told = pairs
            .iter()
            .filter_map(|pair| Some((pair.expected?, pair.hole_psnr_db)));
        let told: Vec<(ExpectedPsnr, f64)> = told.collect();
        let mean = |value: &dyn Fn(&(ExpectedPsnr, f64)) -> f64| {
            told.iter().map(value).sum::<f64>() / told.len() as f64
        };
        let (expected, found): (Vec<f64>, Vec<f64>) = told
            .iter()
            .map(|(expected, found)| (expected.psnr_db, *found))
            .unzip();
        let inside = |(expected, found): &(ExpectedPsnr, f64)| {
            let interval = expected.low_db..=expected.high_db;
            f64::from(u8::from(interval.contains(found)))
        };
        Self {
            num_fills: told.len(),
            mean_psnr_db: mean(&|(_, found)| *found),
            rank_correlation: rank_correlation(&expected, &found),
            mean_error_db: mean(&|(expected, found)| (expected.psnr_db - found).abs()),
            share_inside: mean(&inside),
        }
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} fills of {:.2} dB in the hole",
            self.num_fills, self.mean_psnr_db
        )?;
        if let Some(correlation) = self.rank_correlation {
            write!(f, ", rank correlation {correlation:.2}")?;
        }
        let (error, share) = (self.mean_error_db, 100.0 * self.share_inside);
        write!(
            f,
            ", expectation off by {error:.2} dB, {share:.0} % in the interval"
        )
    }
}
