use std::collections::BTreeMap;
use std::fmt;

use semantic_inpaint_mask::MaskShape;
use serde::Serialize;

use super::EvaluationRow;
use crate::{Result, Summary};

/// How much one completion is better than another, image by image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The label of the other one.
    pub other: String,
    /// What the other one is: `the best classical fill`, say.
    pub role: &'static str,
    /// The mean difference of the PSNR in the hole in dB, over images that both have.
    pub difference: Summary,
}

impl Comparison {
    /// Whether the 95 % interval of the difference leaves out 0.
    #[must_use]
    pub fn is_significant(&self) -> bool {
        let Summary {
            mean, half_width, ..
        } = self.difference;
        mean.is_finite() && half_width.is_some_and(|half_width| mean.abs() > half_width)
    }
}

/// Which completion of a mask is best.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The hole.
    pub mask: MaskShape,
    /// The label with the highest mean PSNR in the hole.
    pub best: String,
    /// Its PSNR in the hole in dB.
    pub hole_psnr: Summary,
    /// Beside the best of the other family of methods, or the second best where there is one family
    /// only; `None` when nothing can be compared.
    pub comparison: Option<Comparison>,
}

/// A sentence on it.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mask,
            best,
            hole_psnr,
            comparison,
        } = self;
        write!(f, "{mask}: {best} is best with {hole_psnr} dB in the hole")?;
        let Some(comparison) = comparison else {
            return Ok(());
        };
        let Comparison {
            other,
            role,
            difference,
        } = comparison;
        let kind = match (difference.half_width, comparison.is_significant()) {
            (None, _) => "too few images for an interval",
            (Some(_), true) => "significant",
            (Some(_), false) => "not significant",
        };
        write!(
            f,
            "; {difference} dB above {other}, {role}, on the same {} images: {kind}",
            difference.count
        )
    }
}

/// The mean over images of the difference in hole PSNR between two completions of a mask, `a` less `b`,
/// in dB with its 95 % interval.
///
/// Images differ more than methods do, so that the interval of the difference is much narrower than
/// those of the two means. Only images that both have count, and of these those with a finite
/// PSNR.
///
/// ```
/// use semantic_inpaint_metrics::{EvaluationRow, Scores, paired_difference};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mask = "square:20".parse()?;
/// let row = |image: &str, method: &str, hole_psnr| EvaluationRow {
///     mask,
///     image: image.into(),
///     method: method.into(),
///     scores: Scores { psnr: 30.0, hole_psnr, ssim: 0.9, hole_l1: 0.1, seam: 0.05 },
///     seconds: 1.0,
///     confidence: None,
/// };
/// let rows = [
///     row("easy", "a", 31.0), row("easy", "b", 29.5),
///     row("hard", "a", 12.0), row("hard", "b", 11.5),
///     row("failed by b", "a", 5.0),
/// ];
/// let difference = paired_difference(&rows, mask, "a", "b")?;
/// assert_eq!((difference.mean, difference.count), (1.0, 2));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::NoMean`](crate::Error::NoMean) when no image has both.
pub fn paired_difference(
    rows: &[EvaluationRow],
    mask: MaskShape,
    a: &str,
    b: &str,
) -> Result<Summary> {
    let of = |label: &str| -> BTreeMap<&str, f64> {
        let rows = rows
            .iter()
            .filter(|row| row.mask == mask && row.method == label);
        rows.map(|row| (row.image.as_str(), row.scores.hole_psnr))
            .collect()
    };
    let (first, second) = (of(a), of(b));
    let both = first
        .iter()
        .filter_map(|(image, one)| Some(one - second.get(image)?));
    let differences: Vec<f64> = both.filter(|difference| difference.is_finite()).collect();
    Summary::new(&differences)
}
