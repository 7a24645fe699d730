use std::path::Path;
use std::time::Duration;

use semantic_inpaint_tensor::ImageBatch;

use crate::{CheckpointScores, Fault, Return, StepReport};

/// Told what a run does, and asked whether to go on. Display and picture files live outside.
pub trait Observer {
    /// A step was made.
    fn stepped(&mut self, _report: &StepReport) {}

    /// New samples from the fixed latents, `[N, C, H, W]`.
    fn sampled(&mut self, _step: u64, _samples: &ImageBatch) {}

    /// A checkpoint is complete in this folder.
    fn saved(&mut self, _step: u64, _folder: &Path) {}

    /// A fault was seen at a step, and the run goes on as it is.
    fn faulted(&mut self, _step: u64, _fault: &Fault) {}

    /// A fault was seen, and the run goes on from a checkpoint.
    fn returned(&mut self, _return: &Return) {}

    /// The generator was scored, which took so long and is no part of the run's speed; its checkpoint
    /// comes next.
    fn scored(&mut self, _step: u64, _scores: &CheckpointScores, _took: Duration) {}

    /// Whether to end the run after the step just made; a checkpoint is written first.
    fn wants_stop(&mut self) -> bool {
        false
    }
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
