use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, LatentStart, Result, SearchConfig};

/// A named set of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Preset {
    /// [`SearchConfig::paper`].
    #[default]
    Paper,
    /// [`SearchConfig::authors`].
    Authors,
    /// [`SearchConfig::fast`].
    Fast,
    /// [`SearchConfig::best`].
    Best,
}

impl Preset {
    /// The settings.
    #[must_use]
    pub fn config(self) -> SearchConfig {
        match self {
            Self::Paper => SearchConfig::paper(),
            Self::Authors => SearchConfig::authors(),
            Self::Fast => SearchConfig::fast(),
            Self::Best => SearchConfig::best(),
        }
    }

    /// The settings with an encoder of the generator's latents. The published ones only start from its guess.
    #[must_use]
    pub fn config_with_encoder(self) -> SearchConfig {
        match self {
            Self::Fast => SearchConfig::fast_with_encoder(),
            Self::Best => SearchConfig::best_with_encoder(),
            Self::Paper | Self::Authors => SearchConfig {
                start: LatentStart::encoder(),
                ..self.config()
            },
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Paper => "paper",
            Self::Authors => "authors",
            Self::Fast => "fast",
            Self::Best => "best",
        })
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "paper" => Ok(Self::Paper),
            "authors" => Ok(Self::Authors),
            "fast" => Ok(Self::Fast),
            "best" => Ok(Self::Best),
            _ => Err(Error::InvalidSetting {
                what: "preset",
                expected: "paper, authors, fast or best",
                got: format!("`{text}`"),
            }),
        }
    }
}
