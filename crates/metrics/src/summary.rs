use serde::{Deserialize, Serialize};

use crate::{Error, Result, null_infinity};

/// A mean over images with its 95 % confidence interval.
///
/// **Equation**: `mean ± t s / sqrt(n)`, with s the sample standard deviation (n - 1) and t the
/// 97.5 % point of Student's distribution with n - 1 degrees of freedom. The interval says how far
/// the mean over *other images of the same kind* may lie; it takes the n images as independent draws
/// and their mean as normal, which holds well from some 20 images on. It says nothing about other
/// seeds or data sets, and overlapping intervals of two methods on the *same* images do not mean
/// that the methods are equal: compare the differences per image instead.
///
/// Infinite values (the PSNR of equal images) are counted apart and left out of the mean.
///
/// ```
/// use semantic_inpaint_metrics::Summary;
///
/// let summary = Summary::new(&[20.0, 22.0, 24.0])?;
/// assert_eq!(summary.mean, 22.0);
/// assert!((summary.half_width.unwrap() - 4.9683).abs() < 1e-4);
/// assert_eq!(format!("{summary:.1}"), "22.0 ± 5.0");
/// # Ok::<(), semantic_inpaint_metrics::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The mean of the finite values; positive infinity (serialized as `null`) when there are none.
    #[serde(with = "null_infinity")]
    pub mean: f64,
    /// Half of the interval's width; `None` for fewer than two finite values.
    pub half_width: Option<f64>,
    /// The sample standard deviation; `None` for fewer than two finite values.
    pub standard_deviation: Option<f64>,
    /// Number of finite values.
    pub count: usize,
    /// Number of infinite values.
    pub num_infinite: usize,
}

impl Summary {
    /// The summary of one score over images.
    ///
    /// # Errors
    ///
    /// [`Error::NoMean`] when `values` is empty, holds NaN or negative infinity.
    pub fn new(values: &[f64]) -> Result<Self> {
        let is_valid = |value: &&f64| !value.is_nan() && **value != f64::NEG_INFINITY;
        let num_invalid = values.len() - values.iter().filter(is_valid).count();
        if values.is_empty() || num_invalid > 0 {
            return Err(Error::NoMean {
                num_values: values.len(),
                num_invalid,
            });
        }
        let finite: Vec<f64> = values
            .iter()
            .copied()
            .filter(|value| value.is_finite())
            .collect();
        let count = finite.len();
        let num_infinite = values.len() - count;
        if count == 0 {
            return Ok(Self {
                mean: f64::INFINITY,
                half_width: None,
                standard_deviation: None,
                count,
                num_infinite,
            });
        }
        let mean = finite.iter().sum::<f64>() / count as f64;
        let squares: f64 = finite
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum();
        let standard_deviation = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        let half_width = standard_deviation
            .map(|deviation| student_t(count - 1) * deviation / (count as f64).sqrt());
        Ok(Self {
            mean,
            half_width,
            standard_deviation,
            count,
            num_infinite,
        })
    }
}

/// `mean ± half width` with the format's precision, 2 digits by default.
impl std::fmt::Display for Summary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = formatter.precision().unwrap_or(2);
        write!(formatter, "{:.digits$}", self.mean)?;
        match self.half_width {
            Some(half_width) => write!(formatter, " ± {half_width:.digits$}"),
            None => Ok(()),
        }
    }
}

/// The 97.5 % point of Student's t for 1 to 10 degrees of freedom.
const STUDENT_T: [f64; 10] = [
    12.706_204_736,
    4.302_652_730,
    3.182_446_305,
    2.776_445_105,
    2.570_581_836,
    2.446_911_851,
    2.364_624_252,
    2.306_004_135,
    2.262_157_163,
    2.228_138_852,
];

/// The 97.5 % point of the normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// The 97.5 % point of Student's t, within 1e-6.
///
/// Above ten degrees of freedom the expansion in powers of 1 / degrees of Abramowitz and Stegun
/// 1964, eq. 26.7.5.
fn student_t(degrees: usize) -> f64 {
    if let Some(&tabulated) = degrees
        .checked_sub(1)
        .and_then(|index| STUDENT_T.get(index))
    {
        return tabulated;
    }
    let (n, z) = (degrees as f64, NORMAL);
    let powers = |coefficients: &[f64]| {
        coefficients
            .iter()
            .fold(0.0, |sum, coefficient| sum * z * z + coefficient)
            * z
    };
    let terms = [
        powers(&[1.0, 1.0]) / 4.0,
        powers(&[5.0, 16.0, 3.0]) / 96.0,
        powers(&[3.0, 19.0, 17.0, -15.0]) / 384.0,
        powers(&[79.0, 776.0, 1482.0, -1920.0, -945.0]) / 92_160.0,
    ];
    z + terms.iter().rev().fold(0.0, |sum, term| (sum + term) / n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn student_t_equals_published_tables() {
        for (degrees, expected) in [
            (1, 12.706_205),
            (2, 4.302_653),
            (5, 2.570_582),
            (10, 2.228_139),
            (11, 2.200_985),
            (12, 2.178_813),
            (20, 2.085_963),
            (30, 2.042_272),
            (60, 2.000_298),
            (100, 1.983_972),
            (1000, 1.962_339),
        ] {
            assert!((student_t(degrees) - expected).abs() < 5e-6, "{degrees}");
        }
        assert!((student_t(1_000_000_000) - NORMAL).abs() < 1e-8);
    }

    #[test]
    fn the_interval_follows_the_definition() {
        let summary = Summary::new(&[1.0, 2.0, 3.0, 4.0]).unwrap();
        assert_eq!(
            (summary.mean, summary.count, summary.num_infinite),
            (2.5, 4, 0)
        );
        let deviation = (5.0_f64 / 3.0).sqrt();
        assert!((summary.standard_deviation.unwrap() - deviation).abs() < 1e-12);
        assert!((summary.half_width.unwrap() - 3.182_446_305 * deviation / 2.0).abs() < 1e-9);
    }

    #[test]
    fn one_value_has_no_interval() {
        let summary = Summary::new(&[7.0]).unwrap();
        assert_eq!(
            (summary.mean, summary.half_width, summary.standard_deviation),
            (7.0, None, None)
        );
        assert_eq!(summary.to_string(), "7.00");
    }

    #[test]
    fn infinite_values_are_counted_apart() {
        let summary = Summary::new(&[f64::INFINITY, 20.0, 30.0]).unwrap();
        assert_eq!(
            (summary.mean, summary.count, summary.num_infinite),
            (25.0, 2, 1)
        );
        let summary = Summary::new(&[f64::INFINITY; 3]).unwrap();
        assert_eq!(
            (summary.mean, summary.count, summary.num_infinite),
            (f64::INFINITY, 0, 3)
        );
    }

    #[test]
    fn nothing_and_nan_have_no_mean() {
        for values in [&[][..], &[1.0, f64::NAN], &[f64::NEG_INFINITY]] {
            assert!(
                matches!(Summary::new(values), Err(Error::NoMean { .. })),
                "{values:?}"
            );
        }
    }

    #[test]
    fn nineteen_of_twenty_intervals_hold_the_true_mean() {
        let mut rng = semantic_inpaint_tensor::Rng::from_seed(8);
        let covers = |rng: &mut semantic_inpaint_tensor::Rng| {
            let normal = (0..5).map(|_| (0..12).map(|_| rng.next_unit()).sum::<f64>() - 6.0);
            let summary = Summary::new(&normal.collect::<Vec<_>>()).unwrap();
            summary.mean.abs() <= summary.half_width.unwrap()
        };
        let num_covered = (0..4000).filter(|_| covers(&mut rng)).count();
        // Four standard deviations of a binomial count around 3800; a normal quantile gives 3510.
        assert!((3745..3855).contains(&num_covered), "{num_covered}");
    }
}
