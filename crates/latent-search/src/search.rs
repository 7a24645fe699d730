mod convergence;
mod halving;
mod images;
mod objective_at;
mod on_device;
mod polish;
mod ranking;
mod starts;
mod state;

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_nn::frozen::Precision;
use semantic_inpaint_nn::{Discriminator, Generator, LatentEncoder};
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Latent};

use crate::confidence::Evidence;
use crate::engine::FastNetworks;
use crate::objective::Objective;
use crate::{Error, Orientation, Result, SearchConfig, SearchObserver};
use images::Latents;
pub(crate) use images::mirrored;
pub use objective_at::{ObjectiveValue, SearchObjective};
use on_device::Reading;
pub use ranking::{RankedCompletion, RankedCompletions};
use starts::{Known, LatentGuess};
use state::{Group, Path, State};

/// Rows at most that share one pass through the networks: enough for wide matrix products.
const ROWS_PER_PASS: usize = 32;
/// Points kept of a search's course.
const TRACE_POINTS: usize = 150;

/// Searches the latent space of a generator for images that continue the known pixels.
///
/// It holds frozen copies of the networks: no weight takes a gradient and no statistic moves.
#[derive(Debug)]
pub struct LatentSearch<G, D> {
    generator: G,
    discriminator: Option<D>,
    encoder: Option<Arc<dyn LatentGuess>>,
    frozen: Option<FastNetworks>,
    config: SearchConfig,
    device: Device,
}

/// What a search found, for each image the best of all its restarts and iterations.
#[derive(Debug, Clone)]
pub struct SearchResult {
    /// The latents, `[N, Z]`.
    pub latent: Latent,
    /// Which way round what they generate is.
    pub orientation: Vec<Orientation>,
    /// Their images, upright, `[N, C, H, W]` in `[-1, 1]`, before blending; with
    /// [`SearchAnswer::Mean`](crate::SearchAnswer::Mean) the mean of several restarts' images instead.
    pub generated: ImageBatch,
    /// The context loss of each image's latent, at least 0.
    pub context_loss: Vec<f64>,
    /// The prior loss of each image, without its weight; 0 where it was not asked for.
    pub prior_loss: Vec<f64>,
    /// Context loss plus weighted prior loss, plus the weighted latent loss where it has weight.
    pub objective: Vec<f64>,
    /// What speaks for and against each image's fill; empty for whole images, which have no hole.
    pub evidence: Vec<Evidence>,
    /// The restart that each image's result comes from.
    pub restart: Vec<usize>,
    /// The course of the search, at most about 150 points.
    pub trace: Vec<TracePoint>,
    /// Iterations made, with the image that needed most.
    pub iterations: usize,
    /// The iterations after which each image was done by [`SearchConfig::stop_when`]; `None` for those that
    /// went on to the end.
    pub converged: Vec<Option<usize>>,
    /// What the layers between maps multiplied until the last tenth of the iterations. All losses are
    /// in single precision, but those of the trace before that tenth.
    pub precision: Precision,
    /// Whether an observer ended the search early.
    pub stopped: bool,
}

/// A search at its end.
struct Course {
    state: State,
    /// Where the first restart of each image started, and the first of the mirrored image.
    starts: Vec<Latents>,
    trace: Vec<TracePoint>,
    iterations: usize,
    stopped: bool,
}

/// The lowest objective of each image up to an iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct TracePoint {
    /// Updates of z made.
    pub iteration: usize,
    /// The lowest objective so far, an entry per image.
    pub objective: Vec<f64>,
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentSearch<G, D> {
    /// A search with these networks, which are copied and frozen.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`]; [`Error::NoDiscriminator`] when the prior loss has weight and there
    /// is no discriminator.
    pub fn new(generator: &G, discriminator: Option<&D>, config: SearchConfig) -> Result<Self> {
        config.validate()?;
        if config.prior_weight > 0.0 && discriminator.is_none() {
            return Err(Error::NoDiscriminator);
        }
        let first = generator.params().iter().next();
        let (generator, discriminator) = (
            generator.frozen()?,
            discriminator.map(D::frozen).transpose()?,
        );
        let device = first.map_or(Device::Cpu, |(_, tensor, _)| tensor.device().clone());
        let frozen = FastNetworks::new(&device, &generator, discriminator.as_ref(), &config)?;
        Ok(Self {
            generator,
            discriminator,
            encoder: None,
            frozen,
            config,
            device,
        })
    }

    /// The same with a frozen copy of an encoder, for [`LatentStart::Encoder`](crate::LatentStart::Encoder).
    ///
    /// # Errors
    ///
    /// [`Error::EncoderShape`] when the encoder is for other images or latents than the generator's.
    pub fn with_encoder<E>(self, encoder: &E) -> Result<Self>
    where
        E: LatentEncoder + fmt::Debug + Send + Sync + 'static,
    {
        let dims = |shape: ImageShape, len| [shape.channels, shape.height, shape.width, len];
        let made_for = dims(encoder.image_shape(), encoder.latent_len());
        let generator = dims(self.generator.image_shape(), self.generator.latent_len());
        if made_for != generator {
            return Err(Error::EncoderShape {
                encoder: made_for,
                generator,
            });
        }
        Ok(Self {
            encoder: Some(Arc::new(encoder.frozen()?)),
            ..self
        })
    }

    /// The settings.
    pub fn config(&self) -> &SearchConfig {
        &self.config
    }

    /// What the layers between maps multiply until the last tenth of the iterations:
    /// [`Precision::F32`] where processor, device or networks have nothing else, whatever the settings
    /// ask for.
    pub fn precision(&self) -> Precision {
        let frozen = self.frozen.as_ref();
        frozen.map_or(Precision::F32, FastNetworks::precision)
    }

    /// The frozen generator.
    pub fn generator(&self) -> &G {
        &self.generator
    }

    /// Finds for each image the latent with the lowest objective.
    ///
    /// The best iterate is kept, not the last one. The search ends early when the observer asks for
    /// it; the best so far is the result then. It ends for an image that [`SearchConfig::stop_when`] finds
    /// done, while the others go on. A search in another precision than [`Precision::F32`]
    /// goes on in it for its last tenth of iterations, rounded up, from where it is; the best latent
    /// before that is judged again in single precision.
    ///
    /// On a CUDA device iterations are started without waiting for them, and the host reads the
    /// objectives about 150 times: the observer's progress is that of the last reading, unless it
    /// [wants more](SearchObserver::wants_objectives).
    ///
    /// # Errors
    ///
    /// [`Error::ImageShape`] when the images are not of the generator's size;
    /// [`Error::NothingToMatch`] when no known pixel has weight; [`Error::NotFinite`].
    pub fn search(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<SearchResult> {
        let course = self.course(corrupted, observer)?;
        Ok(self.finish(course, Some(corrupted))?.result)
    }

    /// Finds for each image, no part of which is missing, the latent with the lowest objective: how
    /// near the generator comes to it.
    ///
    /// Every pixel has weight 1, whatever [`SearchConfig::weights`] says. Otherwise as
    /// [`LatentSearch::search`]. [`SearchConfig::reconstruction`] has settings for it.
    ///
    /// # Errors
    ///
    /// [`Error::ImageShape`] when the images are not of the generator's size; [`Error::NotFinite`].
    pub fn reconstruct(
        &self,
        images: &ImageBatch,
        observer: &mut dyn SearchObserver,
    ) -> Result<SearchResult> {
        check_shape(self.generator.image_shape(), images.shape())?;
        let objective = Objective::of_whole(images, &self.config, self.objective_device())?;
        let walks = self.walks(&objective, self.config.restarts, || Known::all(images))?;
        let course = self.run(State::at(self, &objective, walks)?, observer)?;
        Ok(self.finish(course, None)?.result)
    }

    /// A search of corrupted images to its end.
    fn course(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<Course> {
        check_shape(self.generator.image_shape(), corrupted.images().shape())?;
        let objective = Objective::new(corrupted, &self.config, self.objective_device())?;
        let walks = self.walks(&objective, self.config.restarts, || Known::of(corrupted))?;
        self.run(State::at(self, &objective, walks)?, observer)
    }

    fn run(&self, mut state: State, observer: &mut dyn SearchObserver) -> Result<Course> {
        let starts = state.first_latents();
        let iterations = self.config.iterations;
        let trace_every = iterations.div_ceil(TRACE_POINTS);
        let mut trace = Vec::with_capacity(iterations / trace_every.max(1) + 2);
        let mut iteration = 0;
        let stopped = loop {
            self.finish_converged(&mut state, iteration)?;
            if iteration == polish::start(iterations) {
                self.polish(&mut state, iteration)?;
            }
            self.halve(&mut state, iteration)?;
            let wants_frame = observer.wants_frame(iteration);
            let is_traced = iteration % trace_every == 0 || iteration == iterations;
            let is_read = is_traced
                || observer.wants_objectives(iteration)
                || state.window.reads(iteration, &self.config);
            self.iterate(&mut state, iteration, Reading::of(wants_frame, is_read))?;
            state.note_best();
            if is_traced {
                trace.push(TracePoint {
                    iteration,
                    objective: state.best.clone(),
                });
            }
            if wants_frame {
                let latents = state.best_latents();
                observer.latents(iteration, &self.to_latent(&latents.z)?);
                observer.frame(iteration, &self.upright(&latents)?);
            }
            if iteration > 0 {
                observer.iterated(&state.progress(iteration, iterations));
            }
            self.settle(&mut state, iteration);
            let is_done = state.is_settled() || iteration == iterations;
            let stopped = !is_done && observer.wants_stop();
            if stopped || is_done {
                self.end(&mut state, iteration)?;
                break stopped;
            }
            state.update(&self.config, iteration);
            iteration += 1;
        };
        Ok(Course {
            state,
            starts,
            trace,
            iterations: iteration,
            stopped,
        })
    }

    /// Brings all rows to where a search that ends after this iteration leaves them.
    fn end(&self, state: &mut State, iteration: usize) -> Result<()> {
        self.finish_converged(state, iteration)?;
        self.polish(state, iteration)?;
        state.fetch(iteration)?;
        state.note_best();
        Ok(())
    }

    /// Drops restarts where it is time to.
    fn halve(&self, state: &mut State, iteration: usize) -> Result<()> {
        let every = self.config.halve_every;
        let is_due = every.is_some_and(|every| iteration > 0 && iteration.is_multiple_of(every));
        let least = self.config.answer.num_restarts();
        if is_due && state.has_more_than(least) {
            state.fetch(iteration)?;
            state.halve(self.frozen.as_ref(), least)?;
        }
        Ok(())
    }

    /// Losses and gradients of all rows, group by group, noting every new best.
    fn evaluate(&self, state: &mut State, iteration: usize) -> Result<()> {
        let precision = state.precision;
        let evaluate = |group: &mut Group| -> Result<()> {
            let latent_len = group.z.len() / group.rows.len();
            for (z, row) in group.z.chunks_exact_mut(latent_len).zip(&group.rows) {
                z.copy_from_slice(&row.walk.z);
            }
            match (&mut group.path, &self.frozen) {
                (Path::Frozen(objective), Some(FastNetworks::Host(networks))) => {
                    let pair = networks.pair(precision);
                    objective.evaluate(pair, &group.z, &mut group.evaluation);
                }
                (Path::Frozen(_), _) => {}
                (Path::Cuda(objective), _) => {
                    objective.evaluate(&group.z, &mut group.evaluation)?;
                }
                (Path::Plain(objective), _) => {
                    let discriminator = self.discriminator.as_ref();
                    group.evaluation =
                        objective.evaluate(&self.generator, discriminator, &group.z)?;
                }
            }
            self.config
                .add_latent_slope(&group.z, &mut group.evaluation);
            if group.note(&self.config) {
                Ok(())
            } else {
                Err(Error::NotFinite { iteration })
            }
        };
        if self.runs_in_parallel() {
            // A lone group would run on this thread and call the pool for every step of a pass.
            rayon::scope(|_| state.groups.par_iter_mut().try_for_each(evaluate))
        } else {
            state.groups.iter_mut().try_for_each(evaluate)
        }
    }
}

fn check_shape(expected: ImageShape, got: ImageShape) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    let sizes = |shape: ImageShape| [shape.channels, shape.height, shape.width];
    Err(Error::ImageShape {
        expected: sizes(expected),
        got: sizes(got),
    })
}

#[cfg(test)]
mod tests;
