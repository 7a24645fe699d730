use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, StepReport};

/// When a run counts as failing, and what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StabilityConfig {
    /// How often a run may return to its last good checkpoint before it ends with an error. With 0,
    /// the default, nothing is returned to: a loss that is no number ends the run, other faults are
    /// told in the event log alone.
    pub max_returns: u64,
    /// What both learning rates are multiplied by at each return. Default 0.5.
    pub rate_factor: f64,
    /// Mean size of the logits above which the discriminator counts as saturated. Default 20.
    pub saturation_logit: f64,
    /// Saturated steps in a row that are a fault. Default 200.
    pub saturation_steps: u64,
    /// Share of their early diversity below which samples count as duplicates. Default 0.25.
    pub collapse_ratio: f64,
    /// The first samples from this step on give the early diversity. Default 1000.
    pub collapse_after: u64,
}

impl Default for StabilityConfig {
    fn default() -> Self {
        Self {
            max_returns: 0,
            rate_factor: 0.5,
            saturation_logit: 20.0,
            saturation_steps: 200,
            collapse_ratio: 0.25,
            collapse_after: 1000,
        }
    }
}

impl StabilityConfig {
    pub(crate) fn validate(self) -> Result<()> {
        let invalid = |what, expected, got: f64| {
            Err(Error::InvalidSetting {
                what,
                expected,
                got: got.to_string(),
            })
        };
        let is_share = |value: f64| value > 0.0 && value < 1.0;
        if !is_share(self.rate_factor) {
            return invalid("rate factor", "above 0 and below 1", self.rate_factor);
        }
        if !is_share(self.collapse_ratio) {
            return invalid("collapse ratio", "above 0 and below 1", self.collapse_ratio);
        }
        if !(self.saturation_logit > 0.0 && self.saturation_logit.is_finite()) {
            return invalid("saturation logit", "above 0", self.saturation_logit);
        }
        if self.saturation_steps == 0 {
            return invalid("saturation steps", "at least 1", 0.0);
        }
        Ok(())
    }
}

/// What went wrong in a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fault {
    /// A loss or a weight is no longer a finite number.
    NotFinite,
    /// The discriminator was far too sure of itself for
    /// [`saturation_steps`](StabilityConfig::saturation_steps) steps in a row.
    Saturated {
        /// Mean size of the logits at the last of them.
        mean_logit_size: f64,
    },
    /// The samples from the fixed latents have become alike.
    Collapsed {
        /// Root mean square difference of a value between two samples.
        diversity: f64,
        /// The same early in the run.
        early_diversity: f64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFinite => formatter.write_str("a loss or weight is not finite"),
            Self::Saturated { mean_logit_size } => write!(
                formatter,
                "the discriminator is saturated, its logits are {mean_logit_size:.1} in the mean"
            ),
            Self::Collapsed {
                diversity,
                early_diversity,
            } => write!(
                formatter,
                "the samples are alike, they differ by {diversity:.3} where they differed by \
                 {early_diversity:.3}"
            ),
        }
    }
}

/// A return to the last good checkpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Return {
    /// The step at which the fault was seen.
    pub from: u64,
    /// The step of the checkpoint; training goes on from there.
    pub to: u64,
    /// The fault.
    pub fault: Fault,
    /// Returns of this run, with this one.
    pub returns: u64,
    /// What the configured learning rates are multiplied by from now on.
    pub rate_scale: f64,
}

/// What a run remembers to judge itself by; part of every checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Health {
    last_step: u64,
    saturated_steps: u64,
    early_diversity: Option<f64>,
    last_diverse_step: u64,
    is_collapsed: bool,
    pub(crate) returns: u64,
    pub(crate) rate_scale: f64,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            last_step: 0,
            saturated_steps: 0,
            early_diversity: None,
            last_diverse_step: 0,
            is_collapsed: false,
            returns: 0,
            rate_scale: 1.0,
        }
    }
}

impl Health {
    /// Takes note of a step; the fault that it completes, told once for a row of saturated steps.
    pub(crate) fn stepped(
        &mut self,
        report: &StepReport,
        config: &StabilityConfig,
    ) -> Option<Fault> {
        let mean_logit_size = report.mean_logit_size;
        self.last_step = report.step;
        if mean_logit_size <= config.saturation_logit {
            self.saturated_steps = 0;
            return None;
        }
        self.saturated_steps += 1;
        (self.saturated_steps == config.saturation_steps)
            .then_some(Fault::Saturated { mean_logit_size })
    }

    /// Takes note of samples; the fault that they are, told once until they are diverse again.
    pub(crate) fn sampled(
        &mut self,
        step: u64,
        diversity: f64,
        config: &StabilityConfig,
    ) -> Option<Fault> {
        if self.early_diversity.is_none() && step >= config.collapse_after {
            self.early_diversity = Some(diversity);
        }
        let early_diversity = self.early_diversity?;
        let was_collapsed = self.is_collapsed;
        self.is_collapsed = diversity < config.collapse_ratio * early_diversity;
        if !self.is_collapsed {
            self.last_diverse_step = step;
        }
        (self.is_collapsed && !was_collapsed).then_some(Fault::Collapsed {
            diversity,
            early_diversity,
        })
    }

    /// The last steps at which the discriminator was not saturated and the samples were diverse, as
    /// far as is known.
    pub(crate) fn good_steps(&self) -> [u64; 2] {
        let diverse = match self.early_diversity {
            Some(_) => self.last_diverse_step,
            None => self.last_step,
        };
        [self.last_step.saturating_sub(self.saturated_steps), diverse]
    }

    /// The last step that `fault` had not yet spoiled.
    pub(crate) fn good_until(&self, fault: &Fault) -> u64 {
        let [unsaturated, diverse] = self.good_steps();
        match fault {
            Fault::Collapsed { .. } => unsaturated.min(diverse),
            Fault::NotFinite | Fault::Saturated { .. } => unsaturated,
        }
    }

    /// This state, of a checkpoint, after a return to it from the state `failed`.
    pub(crate) fn after_return(self, failed: &Self, rate_factor: f64) -> Self {
        Self {
            returns: failed.returns + 1,
            rate_scale: failed.rate_scale * rate_factor,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: StabilityConfig = StabilityConfig {
        max_returns: 1,
        rate_factor: 0.5,
        saturation_logit: 5.0,
        saturation_steps: 3,
        collapse_ratio: 0.5,
        collapse_after: 10,
    };

    fn report(step: u64, mean_logit_size: f64) -> StepReport {
        StepReport {
            step,
            discriminator_loss: 1.0,
            generator_loss: 1.0,
            reconstruction_loss: None,
            gradient_penalty: None,
            real_logit: 0.0,
            fake_logit: 0.0,
            mean_logit_size,
        }
    }

    #[test]
    fn saturation_is_a_fault_after_steps_in_a_row_and_told_once() {
        let mut health = Health::default();
        let mut faults = Vec::new();
        for (step, size) in (1..).zip([6.0, 7.0, 5.0, 6.0, 7.0, 8.0, 9.0, 1.0]) {
            if let Some(fault) = health.stepped(&report(step, size), &CONFIG) {
                assert_eq!(health.good_until(&fault), 3);
                faults.push((step, fault));
            }
        }
        let mean_logit_size = 8.0;
        assert_eq!(faults, [(6, Fault::Saturated { mean_logit_size })]);
    }

    #[test]
    fn samples_are_compared_with_the_first_from_a_step_on_and_told_once() {
        let mut health = Health::default();
        let mut faults = Vec::new();
        for (step, diversity) in [
            (0, 0.01),
            (5, 2.0),
            (10, 1.0),
            (15, 0.6),
            (20, 0.4),
            (25, 0.3),
            (30, 0.7),
            (35, 0.4),
        ] {
            health.stepped(&report(step, 1.0), &CONFIG);
            if let Some(fault) = health.sampled(step, diversity, &CONFIG) {
                faults.push((step, health.good_until(&fault)));
            }
        }
        assert_eq!(faults, [(20, 15), (35, 30)]);
    }

    #[test]
    fn a_state_from_before_these_settings_is_a_healthy_one() {
        assert_eq!(
            serde_json::from_str::<Health>("{}").unwrap(),
            Health::default()
        );
    }
}
