use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use semantic_inpaint_tensor::Tensor;
use semantic_inpaint_tensor::ops::{AdamMoments, AdamRates, adam_step};
use serde::{Deserialize, Serialize};

use crate::{Error, Params, Result};

/// Settings of [`Adam`]; the defaults are DCGAN's (Radford et al. 2016).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamConfig {
    /// Step size. Default 2e-4.
    pub learning_rate: f64,
    /// Decay of the mean gradient. Default 0.5.
    pub beta1: f64,
    /// Decay of the mean squared gradient. Default 0.999.
    pub beta2: f64,
    /// Added to the root of the mean squared gradient. Default 1e-8.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self {
            learning_rate: 2e-4,
            beta1: 0.5,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl AdamConfig {
    /// Succeeds when every setting is in its range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] with the first that is not.
    pub fn validate(&self) -> Result<()> {
        let invalid = |what, expected, got: f64| {
            Err(Error::InvalidSetting {
                what,
                expected,
                got: got.to_string(),
            })
        };
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return invalid("learning rate", "a positive number", self.learning_rate);
        }
        for (what, beta) in [("beta1", self.beta1), ("beta2", self.beta2)] {
            if !(0.0..1.0).contains(&beta) {
                return invalid(what, "at least 0 and below 1", beta);
            }
        }
        if !(self.epsilon.is_finite() && self.epsilon >= 0.0) {
            return invalid("epsilon", "at least 0", self.epsilon);
        }
        Ok(())
    }
}

/// The optimizer Adam (Kingma and Ba 2015) over a network's weights, with state that can be saved.
#[derive(Debug)]
pub struct Adam {
    config: AdamConfig,
    step: u64,
    moments: BTreeMap<String, AdamMoments>,
}

impl Adam {
    /// An optimizer at step 0 for the trainable weights of `params`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`]; a tensor error when memory cannot be allocated.
    pub fn new(params: &Params, config: AdamConfig) -> Result<Self> {
        config.validate()?;
        let moments = |(name, var): (&str, &semantic_inpaint_tensor::Var)| -> Result<_> {
            Ok((name.to_owned(), AdamMoments::zeros_like(var)?))
        };
        let moments = params.trainable().map(moments).collect::<Result<_>>()?;
        Ok(Self {
            config,
            step: 0,
            moments,
        })
    }

    /// Moves every trainable weight of `params` that has a gradient by one step.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`] when `params` holds a weight that the optimizer was not made for.
    pub fn step(&mut self, params: &Params, gradients: &GradStore) -> Result<()> {
        self.step += 1;
        let AdamConfig {
            learning_rate,
            beta1,
            beta2,
            epsilon,
        } = self.config;
        let rates = AdamRates {
            learning_rate,
            beta1,
            beta2,
            epsilon,
        };
        for (name, var) in params.trainable() {
            let moments = self
                .moments
                .get(name)
                .ok_or_else(|| Error::MissingParameter {
                    name: name.to_owned(),
                })?;
            if let Some(gradient) = gradients.get(var) {
                adam_step(var, gradient, moments, rates, self.step)?;
            }
        }
        Ok(())
    }

    /// Number of steps made.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> AdamConfig {
        self.config
    }

    /// Changes the step size from the next step on; the moments stay.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`]; nothing changes then.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<()> {
        let config = AdamConfig {
            learning_rate,
            ..self.config
        };
        config.validate()?;
        self.config = config;
        Ok(())
    }

    /// Copies of the moments: `NAME.first` and `NAME.second` for every weight.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    pub fn to_tensors(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut tensors = BTreeMap::new();
        for (name, moments) in &self.moments {
            tensors.insert(format!("{name}.first"), moments.first().copy()?);
            tensors.insert(format!("{name}.second"), moments.second().copy()?);
        }
        Ok(tensors)
    }

    /// Restores what [`Adam::to_tensors`] and [`Adam::steps`] gave.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`] or [`Error::ParameterShape`] with the name; nothing changes then.
    pub fn restore(&mut self, tensors: &BTreeMap<String, Tensor>, step: u64) -> Result<()> {
        let mut restored = BTreeMap::new();
        for (name, moments) in &self.moments {
            let find = |part: &str| -> Result<Tensor> {
                let name = format!("{name}.{part}");
                let tensor = tensors
                    .get(&name)
                    .ok_or_else(|| Error::MissingParameter { name: name.clone() })?;
                if tensor.dims() != moments.first().dims() {
                    let expected = moments.first().dims().to_vec();
                    let found = tensor.dims().to_vec();
                    return Err(Error::ParameterShape {
                        name,
                        expected,
                        found,
                    });
                }
                Ok(tensor.to_device(moments.first().device())?)
            };
            let both = AdamMoments::from_tensors(&find("first")?, &find("second")?)?;
            restored.insert(name.clone(), both);
        }
        self.moments = restored;
        self.step = step;
        Ok(())
    }
}
