use anyhow::Result;
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::latent_search::{context_loss, prior_loss};
use semantic_inpaint::nn::{Discriminator as _, Generator as _, Mode, Network as _};
use semantic_inpaint::tensor::ops::{AdamMoments, AdamRates, adam_step};
use semantic_inpaint::tensor::{Tensor, Var};
use semantic_inpaint::{CorruptedImages, ImportanceWeights, Latent, Rng, SearchConfig};

use super::clock::Clock;
use super::workload::Workload;

/// Adam as the search's preset has it.
const RATES: AdamRates = AdamRates {
    learning_rate: 0.03,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
};

/// The search's iteration as a graph of tensors with automatic gradients: what the search computes,
/// in its plain form.
pub(super) struct Graph {
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
    pub(super) fn new(
        generator: &DcganGenerator,
        discriminator: &DcganDiscriminator,
        corrupted: CorruptedImages,
        config: SearchConfig,
        rng: &mut Rng,
    ) -> Result<Self> {
        let device = corrupted.images().tensor().device();
        let (count, len) = (corrupted.count(), generator.latent_len());
        let z = generator.latent_prior().sample(count, len, rng, device)?;
        Ok(Self {
            generator: generator.frozen()?,
            discriminator: discriminator.frozen()?,
            weights: ImportanceWeights::new(corrupted.mask(), config.window)?,
            moments: AdamMoments::zeros_like(z.tensor())?,
            z: Var::from_tensor(z.tensor())?,
            corrupted,
            config,
            iteration: 0,
        })
    }

    /// The sum of the images' objectives, and its gradient to z, `[N, Z]`.
    fn value_and_gradient(&self) -> Result<(Tensor, Tensor)> {
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
        let gradient = gradients.get(&self.z).cloned();
        let gradient = gradient.map_or_else(|| self.z.zeros_like(), Ok)?;
        Ok((objective, gradient))
    }

    fn iterate(&mut self) -> Result<()> {
        let (objective, gradient) = self.value_and_gradient()?;
        objective.to_scalar::<f32>()?;
        self.iteration += 1;
        adam_step(&self.z, &gradient, &self.moments, RATES, self.iteration)?;
        Ok(self.z.set(&self.z.clamp(-1.0, 1.0)?)?)
    }
}

impl Workload for Graph {
    fn run(&mut self, clock: &mut Clock<'_>) -> Result<()> {
        loop {
            self.iterate()?;
            if clock.tick().is_break() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use semantic_inpaint::latent_search::Silent;
    use semantic_inpaint::{DcganConfig, Device, ImageBatch, LatentSearch, MaskShape};

    use super::*;

    #[test]
    fn the_graph_and_the_search_lower_the_same_objective() {
        let model = DcganConfig {
            generator_channels: 4,
            discriminator_channels: 4,
            image_size_px: 32,
            ..DcganConfig::default()
        };
        let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
        let generator = DcganGenerator::initialize(model, rng, cpu).unwrap();
        let discriminator = DcganDiscriminator::initialize(model, rng, cpu).unwrap();
        let truth = rng.uniform(-1.0, 1.0, (1, 3, 32, 32), cpu).unwrap();
        let mask = "square:10"
            .parse::<MaskShape>()
            .unwrap()
            .build(32, 32, rng)
            .unwrap();
        let corrupted = CorruptedImages::new(&ImageBatch::new(truth).unwrap(), &mask).unwrap();
        let config = SearchConfig {
            iterations: 5,
            ..SearchConfig::paper()
        };
        let search = LatentSearch::new(&generator, Some(&discriminator), config).unwrap();
        let found = search.search(&corrupted, &mut Silent).unwrap();
        let mut graph = Graph::new(&generator, &discriminator, corrupted, config, rng).unwrap();
        // The search starts from its own seed; its best latent is the place where both are compared.
        graph.z.set(found.latent.tensor()).unwrap();
        let (at_best, _) = graph.value_and_gradient().unwrap();
        let at_best = f64::from(at_best.to_scalar::<f32>().unwrap());
        assert!(
            (at_best - found.objective[0]).abs() < 1e-5,
            "{at_best} {found:?}"
        );
        for _ in 0..20 {
            graph.iterate().unwrap();
        }
        let (later, _) = graph.value_and_gradient().unwrap();
        assert!(f64::from(later.to_scalar::<f32>().unwrap()) < at_best);
    }
}
