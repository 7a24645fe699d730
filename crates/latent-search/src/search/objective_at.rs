use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::{Device, Error as TensorError, Latent, Tensor};

use super::state::State;
use super::{LatentSearch, check_shape};
use crate::objective::Objective;
use crate::{Error, Result};

/// The objective of a search as a function of the latents, one for each image: for optimizers of one's
/// own, and to measure what an iteration costs. All buffers are made once.
///
/// ```
/// use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
/// use semantic_inpaint_latent_search::{LatentSearch, SearchConfig};
/// use semantic_inpaint_mask::{CorruptedImages, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, LatentPrior, Rng};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let networks = DcganConfig { generator_channels: 4, image_size_px: 32, ..DcganConfig::default() };
/// let rng = &mut Rng::from_seed(1);
/// let generator = DcganGenerator::initialize(networks, rng, &Device::Cpu)?;
/// let config = SearchConfig { prior_weight: 0.0, ..SearchConfig::paper() };
/// let search = LatentSearch::new(&generator, None::<&DcganDiscriminator>, config)?;
///
/// let photos = ImageBatch::new(rng.uniform(-1.0, 1.0, (2, 3, 32, 32), &Device::Cpu)?)?;
/// let mask = Mask::from_missing(32, 32, |row, _| row < 9)?;
/// let mut objective = search.objective(&CorruptedImages::new(&photos, &mask)?)?;
/// let z = LatentPrior::Uniform.sample(2, 100, rng, &Device::Cpu)?;
/// let found = objective.value_and_gradient(&z)?;
/// assert_eq!(found.objective.len(), 2);
/// assert_eq!(found.gradient.dims(), [2, 100]);
/// # Ok(())
/// # }
/// ```
pub struct SearchObjective<'a, G, D> {
    search: &'a LatentSearch<G, D>,
    state: State,
}

/// The objective at some latents.
#[derive(Debug, Clone)]
pub struct ObjectiveValue {
    /// The context loss of each image.
    pub context_loss: Vec<f64>,
    /// The prior loss of each image, without its weight; 0 where it was not asked for.
    pub prior_loss: Vec<f64>,
    /// Context loss plus weighted prior loss, plus the weighted latent loss where it has weight.
    pub objective: Vec<f64>,
    /// The derivative of each image's objective with respect to its latent, `[N, Z]` on the CPU.
    pub gradient: Tensor,
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentSearch<G, D> {
    /// What [`LatentSearch::search`] minimizes for these images, in the search's precision.
    ///
    /// # Errors
    ///
    /// As [`LatentSearch::search`].
    pub fn objective(&self, corrupted: &CorruptedImages) -> Result<SearchObjective<'_, G, D>> {
        check_shape(self.generator.image_shape(), corrupted.images().shape())?;
        let objective = Objective::new(corrupted, &self.config, self.objective_device())?;
        Ok(SearchObjective {
            search: self,
            state: State::at(self, &objective, self.drawn_walks(objective.rows(), 1)?)?,
        })
    }
}

impl<G: Generator + Sync, D: Discriminator + Sync> SearchObjective<'_, G, D> {
    /// Losses and gradient at latents `[N, Z]`, a row for each image.
    ///
    /// # Errors
    ///
    /// [`Error::LatentShape`]; [`Error::NotFinite`].
    pub fn value_and_gradient(&mut self, latent: &Latent) -> Result<ObjectiveValue> {
        let latent_len = self.search.generator.latent_len();
        let num_images = self.state.num_images();
        if latent.tensor().dims() != [num_images, latent_len] {
            return Err(Error::LatentShape {
                expected: [num_images, latent_len],
                got: latent.tensor().dims().to_vec(),
            });
        }
        let z = latent.tensor().flatten_all().and_then(|z| z.to_vec1());
        let z: Vec<f32> = z.map_err(TensorError::from)?;
        self.state.place(&z);
        self.search.evaluate(&mut self.state, 0)?;
        let mut gradient = Vec::with_capacity(num_images * latent_len);
        let (mut context, mut prior) = (Vec::new(), Vec::new());
        for evaluation in self.state.evaluations() {
            context.extend_from_slice(&evaluation.context);
            prior.extend_from_slice(&evaluation.prior);
            gradient.extend_from_slice(&evaluation.gradient);
        }
        let config = &self.search.config;
        let losses = context.iter().zip(&prior).zip(z.chunks_exact(latent_len));
        let double = |losses: &[f32]| losses.iter().copied().map(f64::from).collect();
        let gradient = Tensor::from_vec(gradient, (num_images, latent_len), &Device::Cpu);
        Ok(ObjectiveValue {
            objective: losses
                .map(|((&context, &prior), z)| config.objective_of(context, prior, z))
                .collect(),
            context_loss: double(&context),
            prior_loss: double(&prior),
            gradient: gradient.map_err(TensorError::from)?,
        })
    }
}

impl<G, D> std::fmt::Debug for SearchObjective<'_, G, D> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("SearchObjective");
        shown.field("num_images", &self.state.num_images());
        shown.finish_non_exhaustive()
    }
}
