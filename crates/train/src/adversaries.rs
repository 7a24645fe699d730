use semantic_inpaint_nn::{Adam, AdamConfig, Discriminator, Logits, Mode, Network};
use semantic_inpaint_tensor::{
    DType, Device, Error as TensorError, ImageBatch, Result as TensorResult, Rng, Tensor,
};
use serde::{Deserialize, Serialize};

use crate::stability::Health;
use crate::{Error, Result, TrainConfig};

/// Streams of the seed: the augmentations of step t come from stream `AUGMENTATION_STREAMS + t`.
const AUGMENTATION_STREAMS: u64 = 1 << 33;

/// What one step measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: u64,
    /// The discriminator's loss by the [`Objective`](crate::Objective), without penalty.
    pub discriminator_loss: f64,
    /// What the generator minimizes, the whole of it, after the discriminator's step.
    pub generator_loss: f64,
    /// The reconstruction in the generator's loss before its weight, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconstruction_loss: Option<f64>,
    /// The [`GradientPenalty`](crate::GradientPenalty), at the steps that have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gradient_penalty: Option<f64>,
    /// Mean logit of the real images.
    pub real_logit: f64,
    /// Mean logit of the generated images, before the discriminator's step.
    pub fake_logit: f64,
    /// Mean absolute logit of both.
    #[serde(default)]
    pub mean_logit_size: f64,
}

/// What a generator minimizes, with A its loss against the discriminator by the
/// [`Objective`](crate::Objective).
#[derive(Debug, Clone, Copy)]
pub enum GeneratorLoss<'a> {
    /// A alone.
    Adversarial,
    /// `(1 - w) R + w A` with a reconstruction loss R (Pathak et al. 2016, section 3.3).
    Joint {
        /// R, a scalar that depends on the generator's weights.
        reconstruction: &'a Tensor,
        /// w, at least 0 and below 1. With 0 the discriminator is neither asked nor moved.
        adversarial_weight: f64,
    },
}

/// Two networks that are trained against each other, and all that their checkpoints hold: weights, the
/// running average of the generator, both optimizers, the number of steps.
///
/// A [`Trainer`](crate::Trainer) is made of these and of what its generator maps to images.
#[derive(Debug)]
pub struct Adversaries<G, D> {
    generator: G,
    discriminator: D,
    /// The discriminator's storage without weight gradients, for the generator's step.
    judge: D,
    averaged: G,
    pub(crate) generator_optimizer: Adam,
    pub(crate) discriminator_optimizer: Adam,
    config: TrainConfig,
    pub(crate) step: u64,
    pub(crate) health: Health,
}

/// What the discriminator's half of a step measured.
#[derive(Default)]
struct Judged {
    loss: f64,
    penalty: Option<f64>,
    real_logit: f64,
    fake_logit: f64,
    mean_logit_size: f64,
}

impl<G: Network, D: Discriminator> Adversaries<G, D> {
    /// Both networks at step 0.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`].
    pub fn new(generator: G, discriminator: D, config: TrainConfig) -> Result<Self> {
        config.validate()?;
        // What is used in the end multiplies as everything else does.
        let averaged = generator.with_params(generator.params().duplicate()?)?;
        let (generator, discriminator) = (
            generator.in_precision(config.precision)?,
            discriminator.in_precision(config.precision)?,
        );
        Ok(Self {
            averaged,
            judge: discriminator.with_params(discriminator.params().without_gradients()?)?,
            generator_optimizer: Adam::new(generator.params(), config.generator)?,
            discriminator_optimizer: Adam::new(discriminator.params(), config.discriminator)?,
            generator,
            discriminator,
            config,
            step: 0,
            health: Health::default(),
        })
    }

    /// Moves both networks once: the discriminator on real images and on `fake`, `[N, C, H, W]`, then
    /// the generator, through which `fake` was made in training mode, by its loss. All that the
    /// discriminator sees is augmented; the running average follows.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] when a loss is not finite; a tensor error when the shape does not fit;
    /// [`semantic_inpaint_nn::Error::NoInputGradient`] when the discriminator cannot be penalized.
    pub fn step(
        &mut self,
        real: &ImageBatch,
        fake: &ImageBatch,
        loss: GeneratorLoss<'_>,
    ) -> Result<StepReport> {
        let mut rng = self.rng(AUGMENTATION_STREAMS + self.step);
        self.step += 1;
        let (judged, generator_loss, reconstruction_loss) =
            self.move_both(real, fake, loss, &mut rng)?;
        let report = StepReport {
            step: self.step,
            discriminator_loss: judged.loss,
            generator_loss,
            reconstruction_loss,
            gradient_penalty: judged.penalty,
            real_logit: judged.real_logit,
            fake_logit: judged.fake_logit,
            mean_logit_size: judged.mean_logit_size,
        };
        // A penalty without bounds shows in the logits of the next step at the latest.
        let measured = [judged.loss, generator_loss, judged.mean_logit_size];
        if !measured.into_iter().all(f64::is_finite) {
            return Err(Error::diverged(&report));
        }
        self.averaged
            .params()
            .average_towards(self.generator.params(), self.decay())?;
        Ok(report)
    }

    /// Both halves of a step: what the discriminator's measured, the generator's loss, and the
    /// reconstruction in it.
    fn move_both(
        &mut self,
        real: &ImageBatch,
        fake: &ImageBatch,
        loss: GeneratorLoss<'_>,
        rng: &mut Rng,
    ) -> Result<(Judged, f64, Option<f64>)> {
        let (reconstruction, weight) = match loss {
            GeneratorLoss::Adversarial => {
                let judged = self.discriminator_step(real, fake, rng)?;
                let adversarial = self.adversarial_loss(fake, rng)?;
                return Ok((judged, self.generator_step(&adversarial)?, None));
            }
            GeneratorLoss::Joint {
                reconstruction,
                adversarial_weight,
            } => (reconstruction, adversarial_weight),
        };
        let mut judged = Judged::default();
        let mut total = (reconstruction * (1.0 - weight)).map_err(TensorError::from)?;
        if weight > 0.0 {
            judged = self.discriminator_step(real, fake, rng)?;
            let weighted = self.adversarial_loss(fake, rng)? * weight;
            let sum = weighted.and_then(|weighted| total + weighted);
            total = sum.map_err(TensorError::from)?;
        }
        let reconstruction = scalar(reconstruction)?;
        Ok((judged, self.generator_step(&total)?, Some(reconstruction)))
    }

    fn discriminator_step(
        &mut self,
        real: &ImageBatch,
        fake: &ImageBatch,
        rng: &mut Rng,
    ) -> Result<Judged> {
        let config = &self.config;
        let real = config.augmentation.apply(real, rng)?;
        let fake = ImageBatch::new(fake.tensor().detach())?;
        let fake = config.augmentation.apply(&fake, rng)?;
        let (penalized, settings) = (&self.discriminator, config.gradient_penalty);
        let (real_logits, penalty) = if settings.is_due(self.step) {
            let (logits, gradient) = penalized.forward_with_input_gradient(&real, Mode::Train)?;
            (logits, Some(settings.of(&gradient)?))
        } else {
            (penalized.forward(&real, Mode::Train)?, None)
        };
        let fake_logits = self.discriminator.forward(&fake, Mode::Train)?;
        let loss = config.objective.discriminator_loss(
            &real_logits,
            &fake_logits,
            config.label_smoothing,
        )?;
        let total = match &penalty {
            Some(penalty) => (&loss + (penalty * settings.every as f64)).map_err(TensorError::from),
            None => Ok(loss.clone()),
        };
        let gradients = total?.backward().map_err(TensorError::from)?;
        self.discriminator_optimizer
            .step(self.discriminator.params(), &gradients)?;
        Ok(Judged {
            loss: scalar(&loss)?,
            penalty: penalty.as_ref().map(scalar).transpose()?,
            real_logit: mean(&real_logits)?,
            fake_logit: mean(&fake_logits)?,
            mean_logit_size: (mean_size(&real_logits)? + mean_size(&fake_logits)?) / 2.0,
        })
    }

    fn adversarial_loss(&self, fake: &ImageBatch, rng: &mut Rng) -> Result<Tensor> {
        let shown = self.config.augmentation.apply(fake, rng)?;
        let logits = self.judge.forward(&shown, Mode::Train)?;
        self.config.objective.generator_loss(&logits)
    }

    fn generator_step(&mut self, loss: &Tensor) -> Result<f64> {
        let gradients = loss.backward().map_err(TensorError::from)?;
        self.generator_optimizer
            .step(self.generator.params(), &gradients)?;
        Ok(scalar(loss)?)
    }

    /// What the averaged generator keeps of itself after this step.
    fn decay(&self) -> f64 {
        let (step, decay) = (self.step as f64, self.config.averaging_decay);
        let warm = match self.config.averaging_warmup {
            0 => (1.0 + step) / (10.0 + step),
            steps => decay * step / steps as f64,
        };
        decay.min(warm)
    }

    /// Succeeds when no weight or statistic of any network is infinite or not a number.
    pub(crate) fn has_finite_weights(&self) -> Result<bool> {
        let networks = [
            self.generator.params(),
            self.discriminator.params(),
            self.averaged.params(),
        ];
        for (_, tensor, _) in networks.into_iter().flat_map(|params| params.iter()) {
            if !is_finite(tensor)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Takes over what a run remembers of itself, and the learning rates that follow from it.
    pub(crate) fn set_health(&mut self, health: Health) -> Result<()> {
        self.health = health;
        let scaled = |config: AdamConfig| config.learning_rate * health.rate_scale;
        self.generator_optimizer
            .set_learning_rate(scaled(self.config.generator))?;
        self.discriminator_optimizer
            .set_learning_rate(scaled(self.config.discriminator))?;
        Ok(())
    }

    /// The random numbers of a stream of the run's seed.
    pub(crate) fn rng(&self, stream: u64) -> Rng {
        Rng::from_seed_and_stream(self.config.seed, stream)
    }

    /// The device that the networks live on.
    pub fn device(&self) -> Device {
        let first = self.generator.params().iter().next();
        first.map_or(Device::Cpu, |(_, tensor, _)| tensor.device().clone())
    }

    /// Number of steps made.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// What the configured learning rates are multiplied by at present: 1, and less after each return
    /// to a good checkpoint.
    pub fn rate_scale(&self) -> f64 {
        self.health.rate_scale
    }

    /// The settings.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The generator as it is being trained.
    pub fn generator(&self) -> &G {
        &self.generator
    }

    /// The discriminator.
    pub fn discriminator(&self) -> &D {
        &self.discriminator
    }

    /// The running average of the generator: the one to use.
    pub fn averaged_generator(&self) -> &G {
        &self.averaged
    }
}

fn scalar(tensor: &Tensor) -> TensorResult<f64> {
    Ok(tensor.to_dtype(DType::F64)?.to_scalar()?)
}

fn mean(logits: &Logits) -> TensorResult<f64> {
    scalar(&logits.tensor().mean_all()?)
}

fn mean_size(logits: &Logits) -> TensorResult<f64> {
    scalar(&logits.tensor().abs()?.mean_all()?)
}

/// Any infinity or NaN makes the sum of the values times 0 differ from 0.
fn is_finite(tensor: &Tensor) -> TensorResult<bool> {
    Ok(scalar(&(tensor.detach() * 0.0)?.sum_all()?)? == 0.0)
}
