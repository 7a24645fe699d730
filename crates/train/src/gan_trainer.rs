use semantic_inpaint_nn::loss::binary_cross_entropy;
use semantic_inpaint_nn::{Adam, Discriminator, Generator, Logits, Mode};
use semantic_inpaint_tensor::{
    DType, Device, Error as TensorError, ImageBatch, Latent, Rng, Tensor,
};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, TrainConfig};

/// Streams of the seed: the latents of step t come from stream `STEP_STREAMS + t`.
const STEP_STREAMS: u64 = 1 << 32;
const SAMPLE_STREAM: u64 = 1;

/// What one step measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: u64,
    /// `-log D(real) - log(1 - D(fake))`, means over the batch.
    pub discriminator_loss: f64,
    /// `-log D(fake)` after the discriminator's step, mean over the batch.
    pub generator_loss: f64,
    /// Mean logit of the real images.
    pub real_logit: f64,
    /// Mean logit of the generated images, before the discriminator's step.
    pub fake_logit: f64,
}

/// Trains a generator against a discriminator by the non-saturating loss (Goodfellow et al. 2014).
///
/// One step, as in DCGAN (Radford et al. 2016):
///
/// ```text
/// discriminator:  minimize  -log D(x) - log(1 - D(G(z)))      real and generated batch apart
/// generator:      minimize  -log D(G(z))                       the same z, D after its step
/// ```
///
/// An exponential average of the generator (weights and statistics) follows, with a decay of
/// `min(averaging_decay, (1 + t) / (10 + t))` at step t.
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
        })
    }

    /// Moves both networks once, on a batch of real images `[N, C, H, W]`, with the latents that
    /// belong to this step.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] when a loss is not finite; a tensor error when the shape does not fit.
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
        self.step += 1;
        let fake = self.generator.forward(latent, Mode::Train)?;
        let (discriminator_loss, real_logit, fake_logit) =
            self.discriminator_step(real, &ImageBatch::new(fake.tensor().detach())?)?;
        let generator_loss = self.generator_step(&fake)?;
        let report = StepReport {
            step: self.step,
            discriminator_loss,
            generator_loss,
            real_logit,
            fake_logit,
        };
        if !(discriminator_loss.is_finite() && generator_loss.is_finite()) {
            let step = self.step;
            return Err(Error::Diverged {
                step,
                discriminator_loss,
                generator_loss,
            });
        }
        let warm = (1.0 + self.step as f64) / (10.0 + self.step as f64);
        let decay = self.config.averaging_decay.min(warm);
        self.averaged
            .params()
            .average_towards(self.generator.params(), decay)?;
        Ok(report)
    }

    fn discriminator_step(
        &mut self,
        real: &ImageBatch,
        fake: &ImageBatch,
    ) -> Result<(f64, f64, f64)> {
        let real_logits = self.discriminator.forward(real, Mode::Train)?;
        let fake_logits = self.discriminator.forward(fake, Mode::Train)?;
        let of_real =
            binary_cross_entropy(real_logits.tensor(), 1.0 - self.config.label_smoothing)?;
        let of_fake = binary_cross_entropy(fake_logits.tensor(), 0.0)?;
        let loss = (of_real + of_fake).map_err(TensorError::from)?;
        let gradients = loss.backward().map_err(TensorError::from)?;
        self.discriminator_optimizer
            .step(self.discriminator.params(), &gradients)?;
        Ok((scalar(&loss)?, mean(&real_logits)?, mean(&fake_logits)?))
    }

    fn generator_step(&mut self, fake: &ImageBatch) -> Result<f64> {
        let logits = self.judge.forward(fake, Mode::Train)?;
        let loss = binary_cross_entropy(logits.tensor(), 1.0)?;
        let gradients = loss.backward().map_err(TensorError::from)?;
        self.generator_optimizer
            .step(self.generator.params(), &gradients)?;
        scalar(&loss)
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

fn scalar(tensor: &Tensor) -> Result<f64> {
    let value = tensor
        .to_dtype(DType::F64)
        .and_then(|tensor| tensor.to_scalar());
    Ok(value.map_err(TensorError::from)?)
}

fn mean(logits: &Logits) -> Result<f64> {
    scalar(&logits.tensor().mean_all().map_err(TensorError::from)?)
}
