use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::unknown;
use crate::{Error, Result};

/// Which restarts of a search work on the mirrored image.
///
/// Photos are as likely as their mirror images, and generators are trained on both, yet neither the search
/// nor an encoder treats both alike. What a restart finds for the mirrored image is mirrored back before it is
/// ranked with the others, shown or made part of the answer, so that their mean is over errors that have less
/// in common: self-ensembling over mirror images (Timofte et al. 2016, arXiv 1511.02228, section 3.5), here
/// of searches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Mirroring {
    /// None.
    #[default]
    None,
    /// The second of every two, from the draw of the first, or from what the encoder makes of the mirrored
    /// image. With an even number of restarts the answer to a mirrored image is the mirrored answer.
    Alternate,
}

/// Which way round an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Orientation {
    /// As it was given.
    Upright,
    /// Left and right exchanged.
    Mirrored,
}

impl Mirroring {
    /// Which way round the image of a restart is.
    pub(crate) fn orientation(self, restart: usize) -> Orientation {
        match self {
            Self::Alternate if restart % 2 == 1 => Orientation::Mirrored,
            _ => Orientation::Upright,
        }
    }

    /// The number of a restart among those of its orientation.
    pub(crate) fn draw_of(self, restart: usize) -> usize {
        match self {
            Self::None => restart,
            Self::Alternate => restart / 2,
        }
    }
}

impl fmt::Display for Mirroring {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Alternate => "alternate",
        })
    }
}

impl FromStr for Mirroring {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "none" => Ok(Self::None),
            "alternate" => Ok(Self::Alternate),
            _ => Err(unknown("mirroring", "none or alternate", text)),
        }
    }
}
