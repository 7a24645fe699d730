use std::collections::BTreeMap;
use std::path::Path;

use semantic_inpaint_tensor::ImageBatch;

use crate::{Fault, Return, StepReport};

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

    /// Scores of the checkpoint that is complete in this folder, by name and lower for better ones, for
    /// the event log; asked before [`Observer::saved`]. None by default.
    fn score(&mut self, _step: u64, _folder: &Path) -> BTreeMap<String, f64> {
        BTreeMap::new()
    }

    /// Whether to end the run after the step just made; a checkpoint is written first.
    fn wants_stop(&mut self) -> bool {
        false
    }
}

/// An observer that does nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
