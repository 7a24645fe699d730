use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::bf16::{Factors, TileUnit, Unit};
use super::instruction_set::InstructionSet;
use crate::{Device, Error, Result};

/// The numbers that the passes between maps multiply. Sums are always in single precision, and so is
/// everything in a pass that is not a product of matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Single precision. On a processor that multiplies tiles of bfloat16 numbers (AMX) every factor of a pass
    /// between maps is the sum of two of these, and a product is three of theirs: several times faster,
    /// and right to some millionths of the largest value, as [tiles of 4](super::Tiling::Four) are.
    #[default]
    F32,
    /// Factors rounded to 11 significant bits, on CUDA devices alone: about eight times finer than
    /// bfloat16, at half its speed.
    Tf32,
    /// Factors rounded to bfloat16, 8 significant bits: faster on processors that multiply pairs of
    /// them, and wrong by about a hundredth.
    Bf16,
}

impl Precision {
    /// All of them, the most exact first.
    pub const ALL: [Self; 3] = [Self::F32, Self::Tf32, Self::Bf16];

    /// `f32`, `tf32` or `bf16`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }

    /// Whether operations on a device compute in it.
    #[must_use]
    pub fn is_available_on(self, device: &Device) -> bool {
        self.available_on(device) == self
    }

    /// What passes on the CPU compute in when they are asked for this: [`Precision::F32`] where the
    /// processor or the chosen vector instructions multiply nothing else.
    #[must_use]
    pub fn available(self, set: InstructionSet) -> Self {
        match (self, self.unit(set)) {
            (Self::Bf16, Some(_)) => Self::Bf16,
            _ => Self::F32,
        }
    }

    /// What operations on a device compute in when they are asked for this: everything on CUDA devices, what is
    /// [available](Self::available) on the CPU.
    #[must_use]
    pub fn available_on(self, device: &Device) -> Self {
        if device.is_cuda() {
            return self;
        }
        self.available(InstructionSet::detect())
    }

    /// What multiplies tiles of rounded factors, if that is what this precision is and the processor has it.
    pub(crate) fn tiles(self, set: InstructionSet) -> Option<TileUnit> {
        match (self, self.unit(set)) {
            (Self::Bf16, Some(Unit::Tiles(unit, _))) => Some(unit),
            _ => None,
        }
    }

    /// What multiplies in this precision, if it is not the vector instructions themselves.
    pub(super) fn unit(self, set: InstructionSet) -> Option<Unit> {
        match self {
            Self::F32 | Self::Tf32 => Unit::detect(set, Factors::Split),
            Self::Bf16 => Unit::detect(set, Factors::Rounded),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "f32" => Ok(Self::F32),
            "tf32" => Ok(Self::Tf32),
            "bf16" => Ok(Self::Bf16),
            _ => Err(Error::OutOfRange {
                what: "precision",
                expected: "f32, tf32 or bf16".into(),
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
        for precision in Precision::ALL {
            assert_eq!(
                precision.to_string().parse::<Precision>().unwrap(),
                precision
            );
        }
        let message = "half".parse::<Precision>().unwrap_err().to_string();
        assert!(message.contains("f32, tf32 or bf16"), "{message}");
    }

    #[test]
    fn instruction_sets_without_pairs_compute_in_single_precision() {
        let portable = InstructionSet::portable();
        assert_eq!(Precision::Bf16.available(portable), Precision::F32);
        assert_eq!(
            Precision::Tf32.available(InstructionSet::detect()),
            Precision::F32
        );
        assert_eq!(
            Precision::F32.available(InstructionSet::detect()),
            Precision::F32
        );
    }
}
