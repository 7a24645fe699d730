use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use semantic_inpaint_nn::frozen::{Favor, Precision};

use crate::{Blend, Error, Result};

/// Settings of a latent search. The default is [`SearchConfig::paper`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// Updates of z.
    pub iterations: usize,
    /// How z moves.
    pub optimizer: LatentOptimizer,
    /// Where z may be.
    pub constraint: LatentConstraint,
    /// Where z starts.
    pub start: LatentStart,
    /// Independent starts per image; the one with the lowest objective is kept.
    pub restarts: usize,
    /// λ, the weight of the prior loss.
    pub prior_weight: f64,
    /// Form of the prior loss.
    pub prior_loss: PriorLoss,
    /// How the context loss is summed up.
    pub reduction: ContextReduction,
    /// Side of the window of the importance weights in pixels, odd.
    pub window: usize,
    /// How the fill is pasted.
    pub blend: Blend,
    /// Seed of the starts. The starts do not depend on the image or its place in a batch.
    pub seed: u64,
    /// How the networks are computed.
    pub engine: Engine,
}

/// How the networks of a search are computed. It changes the last bits of every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Engine {
    /// By [`FrozenNetwork`](semantic_inpaint_nn::frozen::FrozenNetwork), where device and networks
    /// allow it, else plainly.
    Frozen {
        /// One image or many.
        favor: Favor,
        /// What the layers between maps multiply. [`Precision::Bf16`] holds where the processor has it
        /// ([`SearchResult::precision`](crate::SearchResult::precision) says whether), until the last
        /// tenth of the iterations; that and every loss of the result are in single precision.
        #[serde(default)]
        precision: Precision,
    },
    /// By the networks' own forward pass and its gradient.
    Plain,
}

impl Default for Engine {
    fn default() -> Self {
        Self::Frozen {
            favor: Favor::default(),
            precision: Precision::default(),
        }
    }
}

/// How z moves along the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LatentOptimizer {
    /// Adam (Kingma and Ba 2015) with decays 0.9 and 0.999.
    Adam {
        /// Step size.
        learning_rate: f64,
    },
    /// Gradient descent with Nesterov's momentum: `v' = m v - a g; z += (1 + m) v' - m v`.
    Nesterov {
        /// Step size, a.
        learning_rate: f64,
        /// Momentum, m.
        momentum: f64,
    },
}

/// Where z may be after each update.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LatentConstraint {
    /// Where the generator's prior has its mass: `[-1, 1]` for the uniform prior (the paper's
    /// clipping), `[-3, 3]` for the normal one, the sphere for the spherical one.
    Prior,
    /// Every coordinate clipped to `[-bound, bound]`.
    Clip {
        /// The bound.
        bound: f64,
    },
    /// Every coordinate outside `[-bound, bound]` drawn anew, uniform within (Lipton and Tripathi
    /// 2017).
    StochasticClip {
        /// The bound.
        bound: f64,
    },
    /// Projected to the sphere of radius `sqrt(Z)`.
    Sphere,
    /// Anywhere.
    Free,
}

/// Where z starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LatentStart {
    /// A draw from the generator's prior.
    Prior,
    /// A standard normal draw, then the constraint.
    Normal,
}

/// Form of the prior loss, from D's logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PriorLoss {
    /// `log(1 - D(G(z)))`, as in the paper.
    LogOneMinusD,
    /// `-log D(G(z))`, as in the published code.
    MinusLogD,
}

/// How the weighted absolute differences become the context loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ContextReduction {
    /// Divided by the sum of the weights over all channels: a mean difference on the scale of
    /// `[-1, 1]`, the same for every mask.
    WeightedMean,
    /// The plain sum, as in the published code.
    Sum,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self::paper()
    }
}

impl SearchConfig {
    /// The settings of Yeh et al. 2017: 1500 iterations of Adam on z clipped to `[-1, 1]`, λ = 0.003
    /// on `log(1 - D(G(z)))`, window 7, Poisson blending, one start.
    ///
    /// The paper names neither the step size nor the reduction. λ = 0.003 asks for a mean, so the
    /// context loss is the weighted mean; the step size is 0.03.
    #[must_use]
    pub fn paper() -> Self {
        Self {
            iterations: 1500,
            optimizer: LatentOptimizer::Adam {
                learning_rate: 0.03,
            },
            constraint: LatentConstraint::Prior,
            start: LatentStart::Prior,
            restarts: 1,
            prior_weight: 0.003,
            prior_loss: PriorLoss::LogOneMinusD,
            reduction: ContextReduction::WeightedMean,
            window: 7,
            blend: Blend::Poisson,
            seed: 0,
            engine: Engine::default(),
        }
    }

    /// The settings that published code runs with: 3000 iterations of Nesterov's momentum 0.9 with
    /// step 3e-4 from a normal start, z clipped to `[-1, 1]`, λ = 0.2 on `-log D(G(z))` beside the
    /// summed context loss, window 7, overlay.
    ///
    /// They are those of the re-implementation `guptag22/Semantic_image_inpainting_using_GAN`, which
    /// took all but the window (15 there) from the paper authors' `moodoki/semantic_image_inpainting`
    /// of 2018. Two faults are not repeated: the former's importance weights were inverted (low next
    /// to the hole), and its networks ran on the statistics of the batch.
    #[must_use]
    pub fn authors() -> Self {
        Self {
            iterations: 3000,
            optimizer: LatentOptimizer::Nesterov {
                learning_rate: 3e-4,
                momentum: 0.9,
            },
            constraint: LatentConstraint::Clip { bound: 1.0 },
            start: LatentStart::Normal,
            prior_weight: 0.2,
            prior_loss: PriorLoss::MinusLogD,
            reduction: ContextReduction::Sum,
            blend: Blend::Overlay,
            ..Self::paper()
        }
    }

    /// Succeeds when every setting is in its range. The window is checked with the mask.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] with the first that is not.
    pub fn validate(&self) -> Result<()> {
        let invalid = |what, expected, got: String| {
            Err(Error::InvalidSetting {
                what,
                expected,
                got,
            })
        };
        for (what, count) in [("iterations", self.iterations), ("restarts", self.restarts)] {
            if count == 0 {
                return invalid(what, "at least 1", "0".into());
            }
        }
        if !(self.prior_weight.is_finite() && self.prior_weight >= 0.0) {
            return invalid("prior weight", "at least 0", self.prior_weight.to_string());
        }
        let (learning_rate, momentum) = match self.optimizer {
            LatentOptimizer::Adam { learning_rate } => (learning_rate, 0.0),
            LatentOptimizer::Nesterov {
                learning_rate,
                momentum,
            } => (learning_rate, momentum),
        };
        if !(learning_rate.is_finite() && learning_rate > 0.0) {
            return invalid(
                "learning rate of z",
                "a positive number",
                learning_rate.to_string(),
            );
        }
        if !(0.0..1.0).contains(&momentum) {
            return invalid(
                "momentum of z",
                "at least 0 and below 1",
                momentum.to_string(),
            );
        }
        if let LatentConstraint::Clip { bound } | LatentConstraint::StochasticClip { bound } =
            self.constraint
            && !(bound.is_finite() && bound > 0.0)
        {
            return invalid("bound of z", "a positive number", bound.to_string());
        }
        Ok(())
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_valid_and_round_trip() {
        for preset in [Preset::Paper, Preset::Authors] {
            preset.config().validate().unwrap();
            assert_eq!(preset.to_string().parse::<Preset>().unwrap(), preset);
        }
        assert!("best".parse::<Preset>().is_err());
    }

    #[test]
    fn settings_outside_their_range_are_named() {
        let paper = SearchConfig::paper();
        let broken = [
            (
                SearchConfig {
                    iterations: 0,
                    ..paper
                },
                "iterations",
            ),
            (
                SearchConfig {
                    restarts: 0,
                    ..paper
                },
                "restarts",
            ),
            (
                SearchConfig {
                    prior_weight: f64::NAN,
                    ..paper
                },
                "prior weight",
            ),
            (
                SearchConfig {
                    prior_weight: -1.0,
                    ..paper
                },
                "prior weight",
            ),
            (
                SearchConfig {
                    optimizer: LatentOptimizer::Adam { learning_rate: 0.0 },
                    ..paper
                },
                "learning rate",
            ),
            (
                SearchConfig {
                    constraint: LatentConstraint::Clip { bound: -1.0 },
                    ..paper
                },
                "bound",
            ),
        ];
        for (config, name) in broken {
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains(name), "{message}");
        }
    }
}
