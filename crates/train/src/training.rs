use std::time::Instant;

use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::ImageBatch;

use crate::event_log::EventLog;
use crate::{Error, Event, GanTrainer, Observer, Result, RunDirectory, StepReport};

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
/// # Errors
///
/// [`Error::Batch`] when the source fails, [`Error::Diverged`], [`Error::Io`] naming the file; the
/// newest checkpoint stays usable.
pub fn train<G: Generator, D: Discriminator>(
    trainer: &mut GanTrainer<G, D>,
    source: &impl BatchSource,
    run: &RunDirectory,
    observer: &mut impl Observer,
) -> Result<Outcome> {
    let mut session = Session {
        log: EventLog::open(&run.events(), trainer.steps())?,
        started: Instant::now(),
        first_step: trainer.steps(),
        run,
    };
    session.log.write(&Event::Started {
        step: trainer.steps(),
    })?;
    if trainer.steps() == 0 {
        observer.sampled(0, &trainer.samples()?);
    }
    while trainer.steps() < trainer.config().steps {
        let step = trainer.steps();
        let real = source
            .batch(step)
            .map_err(|source| Error::Batch { step, source })?;
        let report = trainer.step(&real)?;
        observer.stepped(&report);
        let stop = observer.wants_stop();
        session.record(trainer, &report, observer, stop)?;
        if stop {
            return Ok(Outcome::Stopped);
        }
    }
    session.log.write(&Event::Ended {
        step: trainer.steps(),
    })?;
    Ok(Outcome::Finished)
}

struct Session<'a> {
    log: EventLog,
    started: Instant,
    first_step: u64,
    run: &'a RunDirectory,
}

impl Session<'_> {
    fn record<G: Generator, D: Discriminator>(
        &mut self,
        trainer: &GanTrainer<G, D>,
        report: &StepReport,
        observer: &mut impl Observer,
        stop: bool,
    ) -> Result<()> {
        let (step, config) = (report.step, trainer.config());
        let last = stop || step == config.steps;
        if last || step % config.log_every == 0 {
            let seconds = self.started.elapsed().as_secs_f64();
            let images = (step - self.first_step) as f64 * config.batch_size as f64;
            let images_per_second = images / seconds.max(f64::MIN_POSITIVE);
            self.log.write(&Event::Step {
                report: *report,
                seconds,
                images_per_second,
            })?;
        }
        if last || step % config.sample_every == 0 {
            observer.sampled(step, &trainer.samples()?);
        }
        if last || step % config.checkpoint_every == 0 {
            let folder = self.run.checkpoint(step);
            trainer.save_checkpoint(&folder)?;
            self.run.checkpoint_written(step, config.keep_checkpoints)?;
            self.log.write(&Event::Checkpoint { step })?;
            let scores = observer.score(step, &folder);
            if !scores.is_empty() {
                self.log.write(&Event::Scored { step, scores })?;
            }
            observer.saved(step, &folder);
        }
        Ok(())
    }
}
