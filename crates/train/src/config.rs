use semantic_inpaint_nn::AdamConfig;
use semantic_inpaint_tensor::passes::Precision;
use serde::{Deserialize, Serialize};

use crate::{DiffAugment, Error, GradientPenalty, Objective, Result, StabilityConfig};

/// Settings of a training run; the defaults are DCGAN's (Radford et al. 2016).
///
/// What each option does, and when to turn it, is told in `docs/training.md`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Steps of the whole run; one step moves the discriminator once and the generator once.
    pub steps: u64,
    /// Images per step. Default 64.
    pub batch_size: usize,
    /// What the convolutions of both networks and their gradients multiply, where the device
    /// [has it](Precision::available_on); weights, sums, normalization and optimizers stay in single precision
    /// (Micikevicius et al. 2018). bfloat16 has the range of single precision, so losses need no scale. Default f32.
    pub precision: Precision,
    /// Seed of every random number of the run.
    pub seed: u64,
    /// What the two networks minimize. Default non-saturating.
    pub objective: Objective,
    /// The generator's optimizer; its rate may differ from the discriminator's (Heusel et al. 2017).
    pub generator: AdamConfig,
    /// The discriminator's optimizer.
    pub discriminator: AdamConfig,
    /// What real images are called instead of 1: `1 - label_smoothing`. Default 0; of the
    /// non-saturating objective alone.
    pub label_smoothing: f64,
    /// The penalty on the discriminator's gradient, R1. Default none.
    pub gradient_penalty: GradientPenalty,
    /// Random changes to what the discriminator sees. Default none.
    pub augmentation: DiffAugment,
    /// What the averaged generator keeps of itself at each step, once warm. Default 0.999.
    pub averaging_decay: f64,
    /// Steps over which that grows linearly from 0. With 0, the default, it is at most
    /// `(1 + t) / (10 + t)` at step t instead.
    pub averaging_warmup: u64,
    /// When the run counts as failing, and what is done about it.
    pub stability: StabilityConfig,
    /// Images in a sample grid, always from the same latents. Default 64.
    pub sample_count: usize,
    /// Steps between two sample grids.
    pub sample_every: u64,
    /// Steps between two checkpoints.
    pub checkpoint_every: u64,
    /// Newest checkpoints to keep.
    pub keep_checkpoints: usize,
    /// Steps between two lines of the event log.
    pub log_every: u64,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 10_000,
            batch_size: 64,
            precision: Precision::F32,
            seed: 0,
            objective: Objective::NonSaturating,
            generator: AdamConfig::default(),
            discriminator: AdamConfig::default(),
            label_smoothing: 0.0,
            gradient_penalty: GradientPenalty::default(),
            augmentation: DiffAugment::NONE,
            averaging_decay: 0.999,
            averaging_warmup: 0,
            stability: StabilityConfig::default(),
            sample_count: 64,
            sample_every: 500,
            checkpoint_every: 500,
            keep_checkpoints: 3,
            log_every: 10,
        }
    }
}

impl TrainConfig {
    /// Succeeds when every setting is in its range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] with the first that is not.
    pub fn validate(&self) -> Result<()> {
        self.generator.validate()?;
        self.discriminator.validate()?;
        let counts = [
            ("steps", self.steps),
            ("batch size", self.batch_size as u64),
            ("sample count", self.sample_count as u64),
            ("steps between samples", self.sample_every),
            ("steps between checkpoints", self.checkpoint_every),
            (
                "number of checkpoints to keep",
                self.keep_checkpoints as u64,
            ),
            ("steps between log lines", self.log_every),
        ];
        for (what, count) in counts {
            if count == 0 {
                return Err(Error::InvalidSetting {
                    what,
                    expected: "at least 1",
                    got: "0".into(),
                });
            }
        }
        if !(0.0..1.0).contains(&self.averaging_decay) {
            return Err(Error::InvalidSetting {
                what: "averaging decay",
                expected: "at least 0 and below 1",
                got: self.averaging_decay.to_string(),
            });
        }
        self.validate_objective()?;
        self.stability.validate()
    }

    fn validate_objective(&self) -> Result<()> {
        self.gradient_penalty.validate()?;
        let invalid = |what, expected, got: f64| {
            Err(Error::InvalidSetting {
                what,
                expected,
                got: got.to_string(),
            })
        };
        let smoothing = self.label_smoothing;
        if !(0.0..0.5).contains(&smoothing) {
            return invalid("label smoothing", "at least 0 and below 0.5", smoothing);
        }
        if smoothing > 0.0 && self.objective != Objective::NonSaturating {
            let expected = "0 with this objective, which has no labels";
            return invalid("label smoothing", expected, smoothing);
        }
        if self.objective == Objective::Wasserstein && self.gradient_penalty.weight == 0.0 {
            let expected = "above 0 with the Wasserstein objective";
            return invalid("weight of the gradient penalty", expected, 0.0);
        }
        Ok(())
    }
}
