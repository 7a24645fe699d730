use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::unknown;
use crate::{Error, Result};

/// How much each known pixel counts in the context loss; the hole has weight 0 with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextWeights {
    /// By the missing pixels in a window round it, as in the paper: 0 far from the hole. The window's
    /// side is [`SearchConfig::window`](crate::SearchConfig::window).
    #[default]
    Window,
    /// All alike, 1.
    Uniform,
}

/// How far a generated pixel is from a known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextDistance {
    /// `|G(z) - y|`, as in the paper.
    #[default]
    Absolute,
    /// `(G(z) - y)^2`, as in searches by compressed sensing (Bora et al. 2017): the distance whose
    /// mean PSNR measures.
    Squared,
}

/// How the weighted distances of pixels become the context loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextReduction {
    /// Divided by the sum of the weights over all channels: a mean distance on the scale of
    /// `[-1, 1]`, the same for every mask.
    WeightedMean,
    /// The plain sum, as in the published code.
    Sum,
}

impl fmt::Display for ContextWeights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Window => "window",
            Self::Uniform => "uniform",
        })
    }
}

impl FromStr for ContextWeights {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "window" => Ok(Self::Window),
            "uniform" => Ok(Self::Uniform),
            _ => Err(unknown("context weights", "window or uniform", text)),
        }
    }
}

impl fmt::Display for ContextDistance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Absolute => "absolute",
            Self::Squared => "squared",
        })
    }
}

impl FromStr for ContextDistance {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "absolute" => Ok(Self::Absolute),
            "squared" => Ok(Self::Squared),
            _ => Err(unknown("context distance", "absolute or squared", text)),
        }
    }
}
