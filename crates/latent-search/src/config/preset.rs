use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, SearchConfig};

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
}

impl Preset {
    /// The settings.
    #[must_use]
    pub fn config(self) -> SearchConfig {
        match self {
            Self::Paper => SearchConfig::paper(),
            Self::Authors => SearchConfig::authors(),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Paper => "paper",
            Self::Authors => "authors",
        })
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "paper" => Ok(Self::Paper),
            "authors" => Ok(Self::Authors),
            _ => Err(Error::InvalidSetting {
                what: "preset",
                expected: "paper or authors",
                got: format!("`{text}`"),
            }),
        }
    }
}
