use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::latent_search::{context_loss, prior_loss};
use semantic_inpaint::nn::{Discriminator as _, Generator as _, Mode, Network as _};
use semantic_inpaint::tensor::ops::{AdamMoments, AdamRates, adam_step};
use semantic_inpaint::tensor::{Tensor, Var};
use semantic_inpaint::{CorruptedImages, ImportanceWeights, Latent, SearchConfig};

use super::{Material, Result};

/// Adam as the preset `paper` has it.
const RATES: AdamRates = AdamRates {
    learning_rate: 0.03,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
};

/// The reference: the search's objective as a graph of tensors with automatic gradients, and Adam
/// on z, clipped to `[-1, 1]`.
pub(crate) struct Graph {
    generator: DcganGenerator,
    discriminator: DcganDiscriminator,
    corrupted: CorruptedImages,
    weights: ImportanceWeights,
    config: SearchConfig,
    z: Var,
    moments: AdamMoments,
    iteration: u64,
}

impl Graph {
    pub(crate) fn new(material: &mut Material, count: usize) -> Result<Self> {
        let config = SearchConfig::paper();
        let corrupted = material.corrupted(count)?;
        let (generator, rng) = (&material.generator, &mut material.rng);
        let device = corrupted.images().tensor().device();
        let prior = generator.latent_prior();
        let z = prior.sample(count, generator.latent_len(), rng, device)?;
        Ok(Self {
            generator: generator.frozen()?,
            discriminator: material.discriminator.frozen()?,
            weights: ImportanceWeights::new(corrupted.mask(), config.window)?,
            moments: AdamMoments::zeros_like(z.tensor())?,
            z: Var::from_tensor(z.tensor())?,
            corrupted,
            config,
            iteration: 0,
        })
    }

    /// The sum of the images' objectives, and its gradient to z, `[N, Z]`.
    pub(crate) fn value_and_gradient(&self) -> Result<(f32, Tensor)> {
        let latent = Latent::new(self.z.as_tensor().clone())?;
        let generated = self.generator.forward(&latent, Mode::Eval)?;
        let (corrupted, weights) = (&self.corrupted, &self.weights);
        let context = context_loss(
            &generated,
            corrupted,
            weights,
            self.config.distance,
            self.config.reduction,
        )?;
        let logits = self.discriminator.forward(&generated, Mode::Eval)?;
        let prior = prior_loss(&logits, self.config.prior_loss)?;
        let objective = (context + (prior * self.config.prior_weight)?)?.sum_all()?;
        let gradients = objective.backward()?;
        let gradient = gradients.get(&self.z).ok_or("no gradient to z")?;
        Ok((objective.to_scalar()?, gradient.clone()))
    }

    /// An iteration of the search.
    pub(crate) fn iterate(&mut self) -> Result<()> {
        let (_, gradient) = self.value_and_gradient()?;
        self.iteration += 1;
        adam_step(&self.z, &gradient, &self.moments, RATES, self.iteration)?;
        Ok(self.z.set(&self.z.clamp(-1.0, 1.0)?)?)
    }
}
