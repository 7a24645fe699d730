//! Images that are done before their search is.

use semantic_inpaint_nn::{Discriminator, Generator};

use super::LatentSearch;
use super::halving::{best_of, by_image};
use super::state::State;
use crate::{Result, SearchConfig};

/// The window of iterations that decides which images are done.
#[derive(Debug)]
pub(super) struct Window {
    /// The iteration that it begins with.
    start: usize,
    /// The lowest objective of each image then.
    before: Vec<f64>,
    /// The iteration after which each image was done.
    pub(super) converged: Vec<Option<usize>>,
    /// Whether their rows still go on.
    is_news: bool,
}

impl Window {
    /// The first, of so many images.
    pub(super) fn new(num_images: usize) -> Self {
        Self {
            start: 0,
            before: vec![f64::INFINITY; num_images],
            converged: vec![None; num_images],
            is_news: false,
        }
    }

    /// Begins anew with an iteration that is still to be made.
    pub(super) fn begin_at(&mut self, iteration: usize) {
        self.start = iteration;
    }

    /// Whether the images' objectives matter to it after an iteration.
    pub(super) fn reads(&self, iteration: usize, config: &SearchConfig) -> bool {
        config.stop_when.is_some_and(|convergence| {
            iteration == self.start || iteration == self.start + convergence.iterations
        })
    }
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentSearch<G, D> {
    /// Notes which images are done, as their window was in vain.
    pub(super) fn settle(&self, state: &mut State, iteration: usize) {
        let is_last = iteration == self.config.iterations;
        let window = &mut state.window;
        let Some(convergence) = self.config.stop_when.filter(|_| !is_last) else {
            return;
        };
        if !window.reads(iteration, &self.config) {
            return;
        }
        if iteration > window.start {
            let objectives = window.before.iter().zip(&state.best);
            for (converged, (&before, &now)) in window.converged.iter_mut().zip(objectives) {
                if converged.is_none() && convergence.is_reached(before, now) {
                    *converged = Some(iteration);
                    window.is_news = true;
                }
            }
        }
        window.start = iteration;
        window.before.clone_from(&state.best);
    }

    /// Puts the rows of images that are done aside, as many as halving would leave in the end. `iteration`
    /// is the last one made.
    pub(super) fn finish_converged(&self, state: &mut State, iteration: usize) -> Result<()> {
        if !std::mem::take(&mut state.window.is_news) {
            return Ok(());
        }
        state.fetch(iteration)?;
        let rows = state.groups.drain(..).flat_map(|group| group.rows);
        let mut going_on = Vec::new();
        for (image, rows) in by_image(rows, state.best.len()).into_iter().enumerate() {
            match state.window.converged[image] {
                Some(_) => state
                    .finished
                    .extend(best_of(rows, self.config.restarts_left())),
                None => going_on.extend(rows),
            }
        }
        state.group(self.frozen.as_ref(), going_on)
    }
}

impl State {
    /// Whether all images are done.
    pub(super) fn is_settled(&self) -> bool {
        self.window.converged.iter().all(Option::is_some)
    }
}
