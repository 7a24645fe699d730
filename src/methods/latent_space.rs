use semantic_inpaint_latent_search::{
    Mirroring, SearchAnswer, SearchConfig, SearchObserver, SearchProgress,
};
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_nn::Generator as _;
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, Latent, Rng};

use super::Method;
use crate::Result;

/// Latents that are drawn from the prior.
const NUM_SAMPLES: usize = 300;
/// Points of a path, about.
const NUM_POINTS: usize = 60;
/// The stream of the search's seed that draws them.
const SAMPLE_STREAM: u64 = 1 << 42;

/// A search's path through the latent space, and where the generator's images come from.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentSpace {
    /// Latents drawn from the generator's prior: 300 of its length Z.
    pub samples: Vec<Vec<f32>>,
    /// The latent with the lowest objective so far, from the start to the end: about 60 of length Z.
    pub path: Vec<Vec<f32>>,
}

impl Method {
    /// The path of this method's search on the first image, from its first starting point, and draws from
    /// the prior around it; `None` for a method without a search, and for an image that
    /// [`MethodName::Auto`](crate::MethodName::Auto) gives to a fill.
    ///
    /// With one starting point it is the path to the very latent that [`Method::complete`] finds. An
    /// observer that stops the search gets the path so far; its frames are not asked for.
    ///
    /// # Errors
    ///
    /// As [`Method::complete`].
    pub fn latent_space(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<Option<LatentSpace>> {
        let (method, _) = self.chosen(corrupted.mask(), 0, 1.0);
        let (Some(config), Some(model)) = (method.search(), method.model()) else {
            return Ok(None);
        };
        let single = method.clone().with_search(SearchConfig {
            restarts: 1,
            mirror: Mirroring::None,
            halve_every: None,
            answer: SearchAnswer::Best,
            ..*config
        });
        let mut keeper = PathKeeper {
            observer,
            every: config.iterations.div_ceil(NUM_POINTS).max(1),
            iterations: config.iterations,
            path: Ok(Vec::new()),
        };
        single.complete_observed(&corrupted.narrow(0, 1)?, &mut keeper)?;
        let path = keeper.path?;
        let rng = &mut Rng::from_seed_and_stream(config.seed, SAMPLE_STREAM);
        let (prior, len) = (model.generator.latent_prior(), model.generator.latent_len());
        let samples = prior.sample(NUM_SAMPLES, len, rng, &Device::Cpu)?;
        let samples = samples.tensor().to_vec2().map_err(TensorError::from)?;
        Ok(Some(LatentSpace { samples, path }))
    }
}

/// Keeps the latents of the frames, and passes the rest on.
struct PathKeeper<'a> {
    observer: &'a mut dyn SearchObserver,
    every: usize,
    iterations: usize,
    path: Rows,
}

/// Rows of a tensor, or why they cannot be read.
type Rows = std::result::Result<Vec<Vec<f32>>, TensorError>;

impl SearchObserver for PathKeeper<'_> {
    fn iterated(&mut self, progress: &SearchProgress) {
        self.observer.iterated(progress);
    }

    fn wants_objectives(&mut self, iteration: usize) -> bool {
        self.observer.wants_objectives(iteration)
    }

    fn wants_frame(&mut self, iteration: usize) -> bool {
        iteration.is_multiple_of(self.every) || iteration == self.iterations
    }

    fn latents(&mut self, _iteration: usize, latents: &Latent) {
        let rows = latents.tensor().to_vec2().map_err(TensorError::from);
        match (&mut self.path, rows) {
            (Ok(path), Ok(rows)) => path.extend(rows.into_iter().take(1)),
            (Ok(_), Err(error)) => self.path = Err(error),
            (Err(_), _) => {}
        }
    }

    fn frame(&mut self, _iteration: usize, _generated: &ImageBatch) {}

    fn wants_stop(&mut self) -> bool {
        self.observer.wants_stop()
    }
}
