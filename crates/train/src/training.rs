use semantic_inpaint_tensor::ImageBatch;

use crate::session::Session;
use crate::{CheckpointScore, Observer, Result, RunDirectory, Trainer, Unscored};

/// Gives the real images of each step.
///
/// The batch must be a function of the step alone, so that a resumed run sees what it would have
/// seen. Closures `Fn(u64) -> Result<ImageBatch, E>` are sources.
pub trait BatchSource {
    /// The batch of step `step`, counted from 0: `[batch_size, C, H, W]`.
    ///
    /// # Errors
    ///
    /// Whatever the source says; training stops with it.
    fn batch(
        &self,
        step: u64,
    ) -> std::result::Result<ImageBatch, Box<dyn std::error::Error + Send + Sync>>;
}

impl<F, E> BatchSource for F
where
    F: Fn(u64) -> std::result::Result<ImageBatch, E>,
    E: std::error::Error + Send + Sync + 'static,
{
    fn batch(
        &self,
        step: u64,
    ) -> std::result::Result<ImageBatch, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self(step)?)
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All steps of the configuration were made.
    Finished,
    /// The observer asked to stop; the run can be resumed.
    Stopped,
}

/// Trains until the configured number of steps is reached or the observer asks to stop, from wherever
/// the trainer stands. Either way the last thing written is a checkpoint.
///
/// What happens when the run diverges or collapses is for the
/// [`StabilityConfig`](crate::StabilityConfig) to say. With returns allowed, a run without checkpoint
/// writes one before it starts.
///
/// # Errors
///
/// [`Error::Batch`](crate::Error::Batch) when the source fails;
/// [`Error::Diverged`](crate::Error::Diverged), or [`Error::Unstable`](crate::Error::Unstable) when
/// the returns are used up; [`Error::Io`](crate::Error::Io) naming the file. The newest checkpoint
/// stays usable.
pub fn train<T: Trainer>(
    trainer: &mut T,
    source: &impl BatchSource,
    run: &RunDirectory,
    observer: &mut impl Observer,
) -> Result<Outcome> {
    train_with_score(trainer, source, run, &mut Unscored, observer)
}

/// As [`train`], and keeps the checkpoint with the lowest decisive score beside the newest ones.
///
/// Scores are saved with their checkpoint ([`RunDirectory::scores`]), and their names are logged.
/// Checkpoints are scored at multiples of [`checkpoint_every`](crate::TrainConfig::checkpoint_every)
/// and at the end; one that is written because the observer asks to stop is not, so that a stopped
/// run keeps what it would have kept.
///
/// # Errors
///
/// As [`train`]; [`Error::Score`](crate::Error::Score) when the score fails.
pub fn train_with_score<T: Trainer>(
    trainer: &mut T,
    source: &impl BatchSource,
    run: &RunDirectory,
    score: &mut impl CheckpointScore<T::Generator>,
    observer: &mut impl Observer,
) -> Result<Outcome> {
    Session::start(trainer, source, run, score, observer)?.run()
}
