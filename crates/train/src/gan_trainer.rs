use std::path::Path;

use semantic_inpaint_nn::{Discriminator, Generator, Mode};
use semantic_inpaint_tensor::{Device, ImageBatch, Latent, Rng};

use crate::diversity::diversity;
use crate::{Adversaries, Error, GeneratorLoss, Result, StepReport, TrainConfig, Trainer};

/// Streams of the seed: the latents of step t come from stream `STEP_STREAMS + t`.
const STEP_STREAMS: u64 = 1 << 32;
const SAMPLE_STREAM: u64 = 1;

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
    adversaries: Adversaries<G, D>,
}

impl<G: Generator, D: Discriminator> GanTrainer<G, D> {
    /// A trainer at step 0.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`]; a tensor error when the networks' image shapes differ.
    pub fn new(generator: G, discriminator: D, config: TrainConfig) -> Result<Self> {
        if generator.image_shape() != discriminator.image_shape() {
            return Err(Error::InvalidSetting {
                what: "the discriminator's image shape",
                expected: "the generator's",
                got: format!("{:?}", discriminator.image_shape()),
            });
        }
        let adversaries = Adversaries::new(generator, discriminator, config)?;
        Ok(Self { adversaries })
    }

    /// Moves both networks once, on a batch of real images `[N, C, H, W]`, with the latents that
    /// belong to this step.
    ///
    /// # Errors
    ///
    /// Those of [`Adversaries::step`].
    pub fn step(&mut self, real: &ImageBatch) -> Result<StepReport> {
        let mut rng = self.adversaries.rng(STEP_STREAMS + self.steps());
        let z = self.draw(real.count(), &mut rng)?;
        self.step_with(real, &z)
    }

    /// Moves both networks once, with given latents `[N, Z]`.
    ///
    /// # Errors
    ///
    /// As [`GanTrainer::step`].
    pub fn step_with(&mut self, real: &ImageBatch, latent: &Latent) -> Result<StepReport> {
        let fake = self.generator().forward(latent, Mode::Train)?;
        self.adversaries
            .step(real, &fake, GeneratorLoss::Adversarial)
    }

    /// Images of the averaged generator from the run's fixed latents, `[sample_count, C, H, W]`.
    ///
    /// # Errors
    ///
    /// A tensor error when the device fails.
    pub fn samples(&self) -> Result<ImageBatch> {
        let images = self
            .averaged_generator()
            .forward(&self.fixed_latents()?, Mode::Eval)?;
        Ok(ImageBatch::new(images.into_tensor().detach())?)
    }

    fn fixed_latents(&self) -> Result<Latent> {
        let mut rng = self.adversaries.rng(SAMPLE_STREAM);
        self.draw(self.config().sample_count, &mut rng)
    }

    fn draw(&self, count: usize, rng: &mut Rng) -> Result<Latent> {
        let generator = self.generator();
        let prior = generator.latent_prior();
        Ok(prior.sample(count, generator.latent_len(), rng, &self.device())?)
    }

    /// Writes everything that a resumed run needs, as [`Adversaries::save_checkpoint`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn save_checkpoint(&self, folder: &Path) -> Result<()> {
        self.adversaries.save_checkpoint(folder)
    }

    /// Restores what [`GanTrainer::save_checkpoint`] wrote, as [`Adversaries::restore_checkpoint`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn restore_checkpoint(&mut self, folder: &Path) -> Result<()> {
        self.adversaries.restore_checkpoint(folder)
    }

    /// The device that the networks live on.
    pub fn device(&self) -> Device {
        self.adversaries.device()
    }

    /// Number of steps made.
    pub fn steps(&self) -> u64 {
        self.adversaries.steps()
    }

    /// What the configured learning rates are multiplied by at present: 1, and less after each return
    /// to a good checkpoint.
    pub fn rate_scale(&self) -> f64 {
        self.adversaries.rate_scale()
    }

    /// The settings.
    pub fn config(&self) -> &TrainConfig {
        self.adversaries.config()
    }

    /// The generator as it is being trained.
    pub fn generator(&self) -> &G {
        self.adversaries.generator()
    }

    /// The discriminator.
    pub fn discriminator(&self) -> &D {
        self.adversaries.discriminator()
    }

    /// The running average of the generator: the one to use.
    pub fn averaged_generator(&self) -> &G {
        self.adversaries.averaged_generator()
    }
}

impl<G: Generator, D: Discriminator> Trainer for GanTrainer<G, D> {
    type Generator = G;
    type Discriminator = D;

    fn adversaries(&self) -> &Adversaries<G, D> {
        &self.adversaries
    }

    fn adversaries_mut(&mut self) -> &mut Adversaries<G, D> {
        &mut self.adversaries
    }

    fn step(&mut self, real: &ImageBatch) -> Result<StepReport> {
        Self::step(self, real)
    }

    fn samples(&self) -> Result<ImageBatch> {
        Self::samples(self)
    }

    /// Of the generator as it is being trained, which tells a collapse before its average does.
    fn diversity(&self) -> Result<Option<f64>> {
        if self.config().sample_count < 2 {
            return Ok(None);
        }
        let images = self
            .generator()
            .forward(&self.fixed_latents()?, Mode::Eval)?;
        Ok(Some(diversity(&images)?))
    }
}
