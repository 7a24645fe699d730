use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::unknown;
use crate::{Error, Result};

/// Which image a search answers with, out of those of its restarts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SearchAnswer {
    /// That of the restart with the lowest objective, as in the paper.
    #[default]
    Best,
    /// The mean of the images of so many restarts, those with the lowest objectives. Where the known pixels
    /// leave several completions open, their mean has a lower squared error than any one of them is to be
    /// expected to have (the mean of a distribution minimizes the expected square), and is softer.
    Mean {
        /// Restarts, at most all.
        of: usize,
    },
    /// `(1 - s) m + s g` with m the mean of [`SearchAnswer::Mean`], and g the image of the latent that the
    /// encoder guessed before the search ([`LatentStart::Encoder`](crate::LatentStart::Encoder)). An encoder
    /// that was trained by the squared error guesses near the mean of what is possible; the search knows the
    /// pixels beside the hole better. Their errors differ, so that a mixture has less.
    MeanAndGuess {
        /// Restarts, at most all.
        of: usize,
        /// s, from 0 to 1.
        guess_share: f64,
    },
}

impl SearchAnswer {
    /// Restarts that it needs.
    pub(crate) fn num_restarts(self) -> usize {
        match self {
            Self::Best => 1,
            Self::Mean { of } | Self::MeanAndGuess { of, .. } => of,
        }
    }
}

impl fmt::Display for SearchAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => formatter.write_str("best"),
            Self::Mean { of } => write!(formatter, "mean:{of}"),
            Self::MeanAndGuess { of, guess_share } => {
                write!(formatter, "mean:{of}:guess:{guess_share}")
            }
        }
    }
}

impl FromStr for SearchAnswer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let answer = match parts[..] {
            ["best"] => Some(Self::Best),
            ["mean", of] => of.parse().ok().map(|of| Self::Mean { of }),
            ["mean", of, "guess", share] => {
                let numbers = of.parse().ok().zip(share.parse().ok());
                numbers.map(|(of, guess_share)| Self::MeanAndGuess { of, guess_share })
            }
            _ => None,
        };
        let expected = "best, mean:RESTARTS or mean:RESTARTS:guess:SHARE";
        answer.ok_or_else(|| unknown("answer", expected, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_round_trip() {
        for text in ["best", "mean:4", "mean:4:guess:0.25"] {
            assert_eq!(text.parse::<SearchAnswer>().unwrap().to_string(), text);
        }
        for text in ["mean", "mean:x", "mean:4:guess", "mean:4:guess:x", "best:3"] {
            let message = text.parse::<SearchAnswer>().unwrap_err().to_string();
            assert!(message.contains("mean:RESTARTS"), "{message}");
        }
    }
}
