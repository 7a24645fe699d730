use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::unknown;
use crate::{Error, Result};

/// Which image a search answers with, out of those of its restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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
}

impl SearchAnswer {
    /// Restarts that it needs.
    pub(crate) fn num_restarts(self) -> usize {
        match self {
            Self::Best => 1,
            Self::Mean { of } => of,
        }
    }
}

impl fmt::Display for SearchAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Best => formatter.write_str("best"),
            Self::Mean { of } => write!(formatter, "mean:{of}"),
        }
    }
}

impl FromStr for SearchAnswer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let of = text.strip_prefix("mean:").and_then(|of| of.parse().ok());
        match (text, of) {
            ("best", _) => Ok(Self::Best),
            (_, Some(of)) => Ok(Self::Mean { of }),
            _ => Err(unknown("answer", "best or mean:RESTARTS", text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_round_trip() {
        for text in ["best", "mean:4"] {
            assert_eq!(text.parse::<SearchAnswer>().unwrap().to_string(), text);
        }
        let message = "mean".parse::<SearchAnswer>().unwrap_err().to_string();
        assert!(message.contains("mean:RESTARTS"), "{message}");
    }
}
