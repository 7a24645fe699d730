use semantic_inpaint_nn::{Adam, AdamConfig, Discriminator, Generator, Logits, Mode};
use semantic_inpaint_tensor::{
    DType, Device, Error as TensorError, ImageBatch, Latent, Result as TensorResult, Rng, Tensor,
};
use serde::{Deserialize, Serialize};

use crate::diversity::diversity;
use crate::stability::Health;
use crate::{Error, Result, TrainConfig};

/// Streams of the seed: the latents of step t come from stream `STEP_STREAMS + t`, its augmentations
/// from `AUGMENTATION_STREAMS + t`.
const STEP_STREAMS: u64 = 1 << 32;
const AUGMENTATION_STREAMS: u64 = 1 << 33;
const SAMPLE_STREAM: u64 = 1;

/// What one step measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: u64,
    /// The discriminator's loss by the [`Objective`](crate::Objective), without penalty.
    pub discriminator_loss: f64,
    /// The generator's loss after the discriminator's step.
    pub generator_loss: f64,
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

/// Trains a generator against a discriminator.
///
/// One step, as in DCGAN (Radford et al. 2016), by the [`Objective`](crate::Objective)'s losses:
///
/// ```text
/// discriminator:  real and generated batch apart, each augmented; perhaps a gradient penalty
/// generator:      the same z, augmented anew, D after its step
/// ```
///
/// An exponential average of the generator (weights and statistics) follows, with a decay of
/// `min(averaging_decay, (1 + t) / (10 + t))` at step t, or with a linear warm-up.
#[derive(Debug)]
pub struct GanTrainer<G, D> {
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
struct Judged {
    loss: f64,
    penalty: Option<f64>,
    real_logit: f64,
    fake_logit: f64,
    mean_logit_size: f64,
}

impl<G: Generator, D: Discriminator> GanTrainer<G, D> {
    /// A trainer at step 0.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`]; a tensor error when the networks' image shapes differ.
    pub fn new(generator: G, discriminator: D, config: TrainConfig) -> Result<Self> {
        config.validate()?;
        if generator.image_shape() != discriminator.image_shape() {
            return Err(Error::InvalidSetting {
                what: "the discriminator's image shape",
                expected: "the generator's",
                got: format!("{:?}", discriminator.image_shape()),
            });
        }
        Ok(Self {
            averaged: generator.with_params(generator.params().duplicate()?)?,
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

    /// Moves both networks once, on a batch of real images `[N, C, H, W]`, with the latents that
    /// belong to this step.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] when a loss is not finite; a tensor error when the shape does not fit;
    /// [`semantic_inpaint_nn::Error::NoInputGradient`] when the discriminator cannot be penalized.
    pub fn step(&mut self, real: &ImageBatch) -> Result<StepReport> {
        let mut rng = self.rng(STEP_STREAMS + self.step);
        let z = self.draw(real.count(), &mut rng)?;
        self.step_with(real, &z)
    }

    /// Moves both networks once, with given latents `[N, Z]`.
    ///
    /// # Errors
    ///
    /// As [`GanTrainer::step`].
    pub fn step_with(&mut self, real: &ImageBatch, latent: &Latent) -> Result<StepReport> {
        let augmentation = self.config.augmentation;
        let mut rng = self.rng(AUGMENTATION_STREAMS + self.step);
        self.step += 1;
        let fake = self.generator.forward(latent, Mode::Train)?;
        let real = augmentation.apply(real, &mut rng)?;
        let detached = ImageBatch::new(fake.tensor().detach())?;
        let detached = augmentation.apply(&detached, &mut rng)?;
        let judged = self.discriminator_step(&real, &detached)?;
        let generator_loss = self.generator_step(&augmentation.apply(&fake, &mut rng)?)?;
        let report = StepReport {
            step: self.step,
            discriminator_loss: judged.loss,
            generator_loss,
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

    fn discriminator_step(&mut self, real: &ImageBatch, fake: &ImageBatch) -> Result<Judged> {
        let config = &self.config;
        let (penalized, settings) = (&self.discriminator, config.gradient_penalty);
        let (real_logits, penalty) = if settings.is_due(self.step) {
            let (logits, gradient) = penalized.forward_with_input_gradient(real, Mode::Train)?;
            (logits, Some(settings.of(&gradient)?))
        } else {
            (penalized.forward(real, Mode::Train)?, None)
        };
        let fake_logits = self.discriminator.forward(fake, Mode::Train)?;
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

    fn generator_step(&mut self, fake: &ImageBatch) -> Result<f64> {
        let logits = self.judge.forward(fake, Mode::Train)?;
        let loss = self.config.objective.generator_loss(&logits)?;
        let gradients = loss.backward().map_err(TensorError::from)?;
        self.generator_optimizer
            .step(self.generator.params(), &gradients)?;
        Ok(scalar(&loss)?)
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

    /// Images of the averaged generator from the run's fixed latents, `[sample_count, C, H, W]`.
    ///
    /// # Errors
    ///
    /// A tensor error when the device fails.
    pub fn samples(&self) -> Result<ImageBatch> {
        let z = self.draw(self.config.sample_count, &mut self.rng(SAMPLE_STREAM))?;
        let images = self.averaged.forward(&z, Mode::Eval)?;
        Ok(ImageBatch::new(images.into_tensor().detach())?)
    }

    /// How much the generator, as it is being trained, tells the run's fixed latents apart.
    pub(crate) fn diversity(&self) -> Result<f64> {
        let z = self.draw(self.config.sample_count, &mut self.rng(SAMPLE_STREAM))?;
        Ok(diversity(&self.generator.forward(&z, Mode::Eval)?)?)
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

    fn draw(&self, count: usize, rng: &mut Rng) -> Result<Latent> {
        let prior = self.generator.latent_prior();
        Ok(prior.sample(count, self.generator.latent_len(), rng, &self.device())?)
    }

    fn rng(&self, stream: u64) -> Rng {
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
