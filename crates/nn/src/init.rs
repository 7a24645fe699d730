use semantic_inpaint_tensor::{DType, Device, Rng, Tensor};

use crate::Result;

/// How a parameter starts.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Init {
    /// All 0.
    Zeros,
    /// All 1.
    Ones,
    /// Normal around 0 with this standard deviation.
    Normal {
        /// Standard deviation.
        deviation: f32,
    },
    /// Normal around 1 with this standard deviation, as DCGAN starts the scales of batch
    /// normalization (Radford et al. 2016).
    NormalAroundOne {
        /// Standard deviation.
        deviation: f32,
    },
    /// A random direction: all values together have length 1.
    UnitVector,
}

impl Init {
    /// A tensor of f32 values.
    pub(crate) fn sample(self, shape: &[usize], rng: &mut Rng, device: &Device) -> Result<Tensor> {
        Ok(match self {
            Self::Zeros => Tensor::zeros(shape, DType::F32, device)?,
            Self::Ones => Tensor::ones(shape, DType::F32, device)?,
            Self::Normal { deviation } => rng.normal(0.0, deviation, shape, device)?,
            Self::NormalAroundOne { deviation } => rng.normal(1.0, deviation, shape, device)?,
            Self::UnitVector => {
                let normal = rng.normal(0.0, 1.0, shape, device)?;
                normal.broadcast_div(&normal.sqr()?.sum_all()?.sqrt()?)?
            }
        })
    }
}
