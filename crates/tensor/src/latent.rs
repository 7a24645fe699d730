use std::fmt;
use std::str::FromStr;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, Rng};

/// A batch of points in a generator's latent space.
///
/// **Shape** `[N, Z]`; **type** any float. Cloning shares the storage.
#[derive(Debug, Clone)]
pub struct Latent(Tensor);

impl Latent {
    /// Wraps a tensor of shape `[N, Z]`.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the rank is not 2, [`Error::DTypeMismatch`] when the values are
    /// not floats.
    pub fn new(tensor: Tensor) -> Result<Self> {
        if tensor.rank() != 2 {
            return Err(Error::ShapeMismatch {
                what: "latent",
                expected: "[N, Z]".into(),
                got: tensor.dims().to_vec(),
            });
        }
        if !tensor.dtype().is_float() {
            return Err(Error::DTypeMismatch {
                what: "latent",
                expected: "a float type",
                got: tensor.dtype(),
            });
        }
        Ok(Self(tensor))
    }

    /// Number of points, N.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.dims()[0]
    }

    /// Length of one point, Z.
    #[must_use]
    pub fn latent_len(&self) -> usize {
        self.0.dims()[1]
    }

    /// The tensor, `[N, Z]`.
    #[must_use]
    pub fn tensor(&self) -> &Tensor {
        &self.0
    }

    /// The tensor, `[N, Z]`, by value.
    #[must_use]
    pub fn into_tensor(self) -> Tensor {
        self.0
    }
}

/// The distribution that a generator was trained to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LatentPrior {
    /// Every coordinate uniform on `[-1, 1]` (Radford et al. 2016, Yeh et al. 2017).
    #[default]
    Uniform,
    /// Every coordinate standard normal (the PyTorch tutorial).
    Normal,
    /// Uniform on the sphere of radius `sqrt(Z)`, where a normal latent concentrates.
    Sphere,
}

impl LatentPrior {
    /// Draws `count` points, `[count, latent_len]` in f32.
    ///
    /// # Errors
    ///
    /// A candle error when the upload to the device fails.
    pub fn sample(
        self,
        count: usize,
        latent_len: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> Result<Latent> {
        let tensor = match self {
            Self::Uniform => rng.uniform(-1.0, 1.0, (count, latent_len), device)?,
            Self::Normal => rng.normal(0.0, 1.0, (count, latent_len), device)?,
            Self::Sphere => {
                let normal = rng.normal(0.0, 1.0, (count, latent_len), device)?;
                let norm = normal.sqr()?.sum_keepdim(1)?.sqrt()?;
                (normal.broadcast_div(&norm)? * (latent_len as f64).sqrt())?
            }
        };
        Latent::new(tensor)
    }
}

impl fmt::Display for LatentPrior {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Uniform => "uniform",
            Self::Normal => "normal",
            Self::Sphere => "sphere",
        })
    }
}

impl FromStr for LatentPrior {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "uniform" => Ok(Self::Uniform),
            "normal" => Ok(Self::Normal),
            "sphere" => Ok(Self::Sphere),
            _ => Err(Error::OutOfRange {
                what: "latent prior",
                expected: "uniform, normal or sphere".into(),
                got: format!("`{text}`"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(prior: LatentPrior) -> Vec<Vec<f32>> {
        let latent = prior
            .sample(200, 100, &mut Rng::from_seed(3), &Device::Cpu)
            .unwrap();
        latent.tensor().to_vec2().unwrap()
    }

    #[test]
    fn uniform_stays_in_the_box_and_fills_it() {
        let values = sample(LatentPrior::Uniform).concat();
        assert!(values.iter().all(|value| (-1.0..=1.0).contains(value)));
        let variance = values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32;
        assert!((variance - 1.0 / 3.0).abs() < 0.01, "{variance}");
    }

    #[test]
    fn sphere_has_radius_sqrt_z() {
        for row in sample(LatentPrior::Sphere) {
            let radius = row.iter().map(|value| value * value).sum::<f32>().sqrt();
            assert!((radius - 10.0).abs() < 1e-4);
        }
    }

    #[test]
    fn normal_has_unit_variance() {
        let values = sample(LatentPrior::Normal).concat();
        let variance = values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32;
        assert!((variance - 1.0).abs() < 0.03, "{variance}");
    }
}
