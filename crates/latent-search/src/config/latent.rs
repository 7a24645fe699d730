use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::unknown;
use crate::{Error, Result};

/// Where z may be after each update.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LatentConstraint {
    /// Where the generator's prior has its mass: `[-1, 1]` for the uniform prior (the paper's
    /// clipping), `[-3, 3]` for the normal one, the sphere for the spherical one.
    Prior,
    /// Every coordinate clipped to `[-bound, bound]`.
    Clip {
        /// The bound.
        bound: f64,
    },
    /// Every coordinate outside `[-bound, bound]` drawn anew, uniform within (Lipton and Tripathi
    /// 2017).
    StochasticClip {
        /// The bound.
        bound: f64,
    },
    /// Projected to the sphere of radius `sqrt(Z)`.
    Sphere,
    /// Anywhere.
    Free,
}

/// Where z starts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LatentStart {
    /// A draw from the generator's prior.
    Prior,
    /// A standard normal draw, then the constraint.
    Normal,
    /// The best of so many draws from the generator's prior, by the context loss of their images; restart
    /// r starts from the r-th best (nearest-neighbor initialization, Lahiri et al. 2019, arXiv
    /// 1908.04968). The draws are the same for all images; making their images costs as many passes
    /// through the generator, once for all images of a search.
    Nearest {
        /// Draws, at least as many as restarts.
        candidates: usize,
    },
    /// What an encoder makes of the known pixels
    /// ([`LatentSearch::with_encoder`](crate::LatentSearch::with_encoder)), as Zhu et al. 2016, section 3.1
    /// (arXiv 1609.03552); restart r > 0 starts from that plus a share of a draw from the generator's
    /// prior, then the constraint.
    Encoder {
        /// The share of the draws, at least 0.
        spread: f64,
    },
}

/// The share of draws beside an encoder's latent where none is named.
const USUAL_SPREAD: f64 = 0.5;

/// How the step size of z changes in the course of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LatentSchedule {
    /// Not at all, as in the paper.
    #[default]
    Constant,
    /// It falls along half a cosine to 0 at the end.
    Cosine,
}

impl LatentStart {
    /// [`LatentStart::Encoder`] with half a draw beside the guess.
    #[must_use]
    pub fn encoder() -> Self {
        Self::Encoder {
            spread: USUAL_SPREAD,
        }
    }
}

impl LatentSchedule {
    /// The share of the step size after `iteration` of so many updates, counted from 0.
    pub(crate) fn scale(self, iteration: usize, iterations: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => 0.5 + 0.5 * (PI * iteration as f64 / iterations as f64).cos(),
        }
    }
}

impl fmt::Display for LatentStart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prior => formatter.write_str("prior"),
            Self::Normal => formatter.write_str("normal"),
            Self::Nearest { candidates } => write!(formatter, "nearest:{candidates}"),
            Self::Encoder { spread } => write!(formatter, "encoder:{spread}"),
        }
    }
}

impl FromStr for LatentStart {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let candidates = text
            .strip_prefix("nearest:")
            .and_then(|count| count.parse().ok());
        let spread = text
            .strip_prefix("encoder:")
            .and_then(|share| share.parse().ok());
        match (text, candidates, spread) {
            ("prior", ..) => Ok(Self::Prior),
            ("normal", ..) => Ok(Self::Normal),
            ("encoder", ..) => Ok(Self::encoder()),
            (_, Some(candidates), _) => Ok(Self::Nearest { candidates }),
            (_, _, Some(spread)) => Ok(Self::Encoder { spread }),
            _ => Err(unknown(
                "start",
                "prior, normal, nearest:CANDIDATES, encoder or encoder:SPREAD",
                text,
            )),
        }
    }
}

impl fmt::Display for LatentSchedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Constant => "constant",
            Self::Cosine => "cosine",
        })
    }
}

impl FromStr for LatentSchedule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "constant" => Ok(Self::Constant),
            "cosine" => Ok(Self::Cosine),
            _ => Err(unknown("schedule", "constant or cosine", text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_round_trip_and_others_are_refused_with_the_known_ones() {
        for text in ["prior", "normal", "nearest:500", "encoder:0.25"] {
            assert_eq!(text.parse::<LatentStart>().unwrap().to_string(), text);
        }
        for text in ["constant", "cosine"] {
            assert_eq!(text.parse::<LatentSchedule>().unwrap().to_string(), text);
        }
        for text in ["nearest", "nearest:", "nearest:-1", "near:3"] {
            let message = text.parse::<LatentStart>().unwrap_err().to_string();
            assert!(message.contains("nearest:CANDIDATES"), "{message}");
        }
        assert!("linear".parse::<LatentSchedule>().is_err());
    }

    #[test]
    fn a_cosine_falls_from_the_whole_step_to_almost_none() {
        let scales: Vec<f64> = (0..500)
            .map(|at| LatentSchedule::Cosine.scale(at, 500))
            .collect();
        assert_eq!(
            (scales[0], LatentSchedule::Constant.scale(499, 500)),
            (1.0, 1.0)
        );
        assert!((scales[250] - 0.5).abs() < 1e-12);
        assert!(scales.windows(2).all(|pair| pair[0] > pair[1]));
        assert!((0.0..1e-4).contains(&scales[499]));
    }
}
