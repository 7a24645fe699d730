use std::path::PathBuf;

use thiserror::Error;

use crate::{Fault, StepReport};

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in training.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting lies outside its range.
    #[error("{what} must be {expected}, got {got}")]
    InvalidSetting {
        /// The setting's name.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was found.
        got: String,
    },
    /// A loss or a weight is no longer a finite number. Earlier checkpoints are untouched.
    #[error(
        "training diverged at step {step} (discriminator loss {discriminator_loss}, generator loss \
         {generator_loss}): resume from a checkpoint with a lower learning rate"
    )]
    Diverged {
        /// The step at which it was seen.
        step: u64,
        /// The discriminator's loss there.
        discriminator_loss: f64,
        /// The generator's loss there.
        generator_loss: f64,
    },
    /// The run kept failing after it had returned to good checkpoints with lower learning rates.
    #[error(
        "training failed at step {step}: {fault}, and {returns} returns to a checkpoint did not \
         help: start anew with a lower learning rate or a gradient penalty"
    )]
    Unstable {
        /// The step at which the fault was seen.
        step: u64,
        /// The fault.
        fault: Fault,
        /// Returns made.
        returns: u64,
    },
    /// A trainer could not make a step for a reason of its own.
    #[error(transparent)]
    Trainer(Box<dyn std::error::Error + Send + Sync>),
    /// The score of a checkpoint failed.
    #[error("no score for the checkpoint of step {step}: {source}")]
    Score {
        /// The checkpoint's step.
        step: u64,
        /// What the score said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The source of real images failed.
    #[error("no batch of real images for step {step}: {source}")]
    Batch {
        /// The step that needed it.
        step: u64,
        /// What the source said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The run's folder holds another run.
    #[error("{} already holds a run: resume it, or choose another folder", path.display())]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// There is no checkpoint to resume from.
    #[error("{} holds no complete checkpoint: start a new run", path.display())]
    NoCheckpoint {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the run is damaged.
    #[error("{}: {reason}: resume from an earlier checkpoint by removing this one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A file of the run could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The curves of a run cannot be drawn.
    #[error("the curves cannot be drawn: {reason}: remove damaged lines from events.jsonl")]
    Curves {
        /// What the drawing library said.
        reason: String,
    },
    /// A network or weight file failed.
    #[error(transparent)]
    Network(#[from] semantic_inpaint_nn::Error),
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}

impl Error {
    pub(crate) fn diverged(report: &StepReport) -> Self {
        Self::Diverged {
            step: report.step,
            discriminator_loss: report.discriminator_loss,
            generator_loss: report.generator_loss,
        }
    }
}

/// Names the file in an input or output error.
pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.into();
    move |source| Error::Io { path, source }
}
