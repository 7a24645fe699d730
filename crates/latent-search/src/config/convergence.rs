use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{invalid, unknown};
use crate::{Error, Result};

/// When a search is done with an image: as soon as a window of iterations has lowered the image's lowest
/// objective by no more than a share of it.
///
/// Windows follow each other from the first iteration on, and anew from where a search in another precision
/// goes over to single precision. Every image is judged by itself, so its result does not depend on the
/// images beside it; the search ends with its last image. The spelling is `ITERATIONS:SHARE`.
///
/// ```
/// use semantic_inpaint_latent_search::Convergence;
///
/// let after: Convergence = "100:0.01".parse()?;
/// assert_eq!((after.iterations, after.improvement), (100, 0.01));
/// # Ok::<(), semantic_inpaint_latent_search::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convergence {
    /// Iterations of a window, at least 1.
    pub iterations: usize,
    /// The share, at least 0 and below 1; with 0 an image goes on as long as a window lowers it at all.
    pub improvement: f64,
}

impl Convergence {
    /// Whether a window that began with one lowest objective and ended with another was in vain.
    pub(crate) fn is_reached(self, before: f64, now: f64) -> bool {
        before - now <= self.improvement * before.abs()
    }

    /// Succeeds when both numbers are in their range.
    pub(super) fn validate(self) -> Result<()> {
        if self.iterations == 0 {
            let what = "iterations without improvement";
            return Err(invalid(what, "at least 1", "0".into()));
        }
        if !(0.0..1.0).contains(&self.improvement) {
            let (what, got) = ("improvement to go on for", self.improvement.to_string());
            return Err(invalid(what, "a share of at least 0 and below 1", got));
        }
        Ok(())
    }
}

impl fmt::Display for Convergence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.iterations, self.improvement)
    }
}

impl FromStr for Convergence {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parsed = text.split_once(':').and_then(|(iterations, improvement)| {
            Some(Self {
                iterations: iterations.parse().ok()?,
                improvement: improvement.parse().ok()?,
            })
        });
        let expected = "ITERATIONS:SHARE, as 100:0.01";
        let parsed = parsed.ok_or_else(|| unknown("convergence", expected, text))?;
        parsed.validate()?;
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_round_trip_and_others_are_refused() {
        let text = "50:0.001";
        assert_eq!(text.parse::<Convergence>().unwrap().to_string(), text);
        for text in ["50", "0.1:50", ":", "50:x", "50:0.1:2"] {
            let message = text.parse::<Convergence>().unwrap_err().to_string();
            assert!(message.contains("ITERATIONS:SHARE"), "{message}");
        }
        for (text, range) in [
            ("0:0.1", "at least 1"),
            ("9:1", "below 1"),
            ("9:nan", "below 1"),
        ] {
            let message = text.parse::<Convergence>().unwrap_err().to_string();
            assert!(message.contains(range), "{message}");
        }
    }

    #[test]
    fn a_window_is_in_vain_when_it_gains_no_more_than_the_share() {
        let share = |improvement| Convergence {
            iterations: 1,
            improvement,
        };
        assert!(share(0.1).is_reached(2.0, 1.85) && !share(0.1).is_reached(2.0, 1.75));
        assert!(share(0.1).is_reached(-2.0, -2.15) && !share(0.1).is_reached(-2.0, -2.25));
        assert!(share(0.0).is_reached(2.0, 2.0) && !share(0.0).is_reached(2.0, 1.999));
    }
}
