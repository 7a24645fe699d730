use semantic_inpaint_tensor::{Result as TensorResult, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// R1, the penalty on the discriminator's gradient at the images it is told are real (Mescheder et
/// al. 2018).
///
/// **Equation** with x the N real images as the discriminator sees them, augmented or not, and D its
/// logits:
///
/// ```text
/// weight / 2 * 1/N sum_n | d(sum_m D(x)_m) / dx_n |^2
/// ```
///
/// With batch normalization an image's logit depends on the whole batch, and the gradient is that of
/// the sum, as in every implementation by automatic differentiation; without it, it is each image's
/// own. At every `every`-th step the penalty enters the discriminator's loss `every` times over
/// (lazily, Karras et al. 2020), which costs little and has the same mean.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GradientPenalty {
    /// The factor of the penalty; 0, the default, leaves it out.
    pub weight: f64,
    /// Steps between two penalties. Default 16.
    pub every: u64,
}

impl Default for GradientPenalty {
    fn default() -> Self {
        Self {
            weight: 0.0,
            every: 16,
        }
    }
}

impl GradientPenalty {
    pub(crate) fn validate(self) -> Result<()> {
        if !(self.weight.is_finite() && self.weight >= 0.0) {
            return Err(Error::InvalidSetting {
                what: "weight of the gradient penalty",
                expected: "at least 0",
                got: self.weight.to_string(),
            });
        }
        if self.every == 0 {
            return Err(Error::InvalidSetting {
                what: "steps between gradient penalties",
                expected: "at least 1",
                got: "0".into(),
            });
        }
        Ok(())
    }

    /// Whether the step of this number, from 1, has the penalty: the first one has.
    pub(crate) fn is_due(self, step: u64) -> bool {
        self.weight > 0.0 && (step - 1).is_multiple_of(self.every)
    }

    /// The penalty of an input gradient `[N, C, H, W]`, a scalar.
    pub(crate) fn of(self, gradient: &Tensor) -> TensorResult<Tensor> {
        let count = gradient.dim(0)? as f64;
        Ok((gradient.sqr()?.sum_all()? * (self.weight / (2.0 * count)))?)
    }
}
