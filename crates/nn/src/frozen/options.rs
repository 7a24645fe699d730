use std::fmt;
use std::str::FromStr;

use semantic_inpaint_tensor::passes::{InstructionSet, Precision};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How a frozen network computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrozenOptions {
    /// Vector instructions.
    pub instruction_set: InstructionSet,
    /// One image or many.
    pub favor: Favor,
    /// What the layers between maps multiply, where it is [available](Precision::available).
    pub precision: Precision,
}

impl Default for FrozenOptions {
    /// The fastest instruction set of this processor, for few images, in single precision.
    fn default() -> Self {
        Self {
            instruction_set: InstructionSet::detect(),
            favor: Favor::default(),
            precision: Precision::default(),
        }
    }
}

/// What a frozen network is made for. The choice changes the last bits of results; the number of
/// images does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Favor {
    /// One image or two: the fewest weights are read where maps are small.
    #[default]
    Latency,
    /// More images: the fewest multiplications.
    Throughput,
}

impl fmt::Display for Favor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Latency => "latency",
            Self::Throughput => "throughput",
        })
    }
}

impl FromStr for Favor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "latency" => Ok(Self::Latency),
            "throughput" => Ok(Self::Throughput),
            _ => Err(Error::InvalidSetting {
                what: "favor",
                expected: "latency or throughput",
                got: format!("`{text}`"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_refused() {
        for favor in [Favor::Latency, Favor::Throughput] {
            assert_eq!(favor.to_string().parse::<Favor>().unwrap(), favor);
        }
        let error = "speed".parse::<Favor>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "favor must be latency or throughput, got `speed`"
        );
    }
}
