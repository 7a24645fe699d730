use semantic_inpaint_tensor::{ImageBatch, Latent};

/// Where a search stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchProgress {
    /// Iterations made, from 1.
    pub iteration: usize,
    /// Iterations of the whole search.
    pub iterations: usize,
    /// Mean over the images of the lowest objective so far.
    pub mean_objective: f64,
}

/// Told how a search goes, and asked whether to go on.
pub trait SearchObserver {
    /// An iteration was made.
    fn iterated(&mut self, _progress: &SearchProgress) {}

    /// Whether the progress after this iteration is to be this iteration's. On a CUDA device it otherwise
    /// is that of the last reading, since iterations are started without waiting for them; this waits.
    /// Iteration 0 is the start.
    fn wants_objectives(&mut self, _iteration: usize) -> bool {
        false
    }

    /// Whether [`SearchObserver::frame`] wants the images after this iteration; making them costs a
    /// pass through the generator. Iteration 0 is the start.
    fn wants_frame(&mut self, _iteration: usize) -> bool {
        false
    }

    /// The best latents so far, `[N, Z]`: told before each frame, whose images are made from them; those that
    /// generate mirrored images ([`Mirroring`](crate::Mirroring)) are among them as they are.
    fn latents(&mut self, _iteration: usize, _latents: &Latent) {}

    /// The best images so far, `[N, C, H, W]`, before blending.
    fn frame(&mut self, _iteration: usize, _generated: &ImageBatch) {}

    /// Whether to end the search after this iteration; the best result so far is kept.
    fn wants_stop(&mut self) -> bool {
        false
    }
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl SearchObserver for Silent {}
