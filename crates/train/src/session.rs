use std::time::{Duration, Instant};

use crate::event_log::EventLog;
use crate::{
    BatchSource, CheckpointScore, CheckpointScores, Error, Event, Fault, Observer, Outcome, Result,
    Return, RunDirectory, StepReport, TrainConfig, Trainer,
};

/// One call of `train`: the loop over the steps, and what it writes.
pub(crate) struct Session<'a, T, B, S, O> {
    trainer: &'a mut T,
    source: &'a B,
    run: &'a RunDirectory,
    score: &'a mut S,
    observer: &'a mut O,
    log: EventLog,
    started: Instant,
    /// Time that went into scores.
    scoring: Duration,
    steps_made: u64,
}

/// What has to be done after a step.
#[derive(Clone, Copy, PartialEq)]
enum Due {
    /// What its number says.
    Regular,
    /// Samples and a checkpoint, the run being at its end.
    Final,
    /// The same, the run being stopped. It does nothing else that the run would not have done there.
    Stop,
}

impl<'a, T, B, S, O> Session<'a, T, B, S, O>
where
    T: Trainer,
    B: BatchSource,
    S: CheckpointScore<T::Generator>,
    O: Observer,
{
    pub(crate) fn start(
        trainer: &'a mut T,
        source: &'a B,
        run: &'a RunDirectory,
        score: &'a mut S,
        observer: &'a mut O,
    ) -> Result<Self> {
        run.remove_leftovers()?;
        let step = trainer.adversaries().steps();
        let mut session = Self {
            log: EventLog::open(&run.events(), step)?,
            started: Instant::now(),
            scoring: Duration::ZERO,
            steps_made: 0,
            trainer,
            source,
            run,
            score,
            observer,
        };
        session.log.write(&Event::Started { step })?;
        if step == 0 {
            let samples = session.trainer.samples()?;
            session.observer.sampled(0, &samples);
        }
        let is_guarded = session.config().stability.max_returns > 0;
        if is_guarded && run.last_checkpoint().is_err() {
            session.save(step, Due::Stop)?;
        }
        Ok(session)
    }

    pub(crate) fn run(mut self) -> Result<Outcome> {
        while self.steps() < self.config().steps {
            let (fault, stop) = match self.step() {
                Ok(report) => self.stepped(&report)?,
                Err(Error::Diverged { .. }) if self.config().stability.max_returns > 0 => {
                    (Some(Fault::NotFinite), self.observer.wants_stop())
                }
                Err(error) => return Err(error),
            };
            if let Some(fault) = fault {
                self.return_from(fault)?;
            }
            if stop {
                return Ok(Outcome::Stopped);
            }
        }
        let step = self.steps();
        self.log.write(&Event::Ended { step })?;
        Ok(Outcome::Finished)
    }

    fn config(&self) -> &TrainConfig {
        self.trainer.adversaries().config()
    }

    fn steps(&self) -> u64 {
        self.trainer.adversaries().steps()
    }

    fn step(&mut self) -> Result<StepReport> {
        let step = self.steps();
        let real = self
            .source
            .batch(step)
            .map_err(|source| Error::Batch { step, source })?;
        self.trainer.step(&real)
    }

    /// Records a step that was made; a fault that the run has to return from, and whether to stop.
    fn stepped(&mut self, report: &StepReport) -> Result<(Option<Fault>, bool)> {
        self.steps_made += 1;
        self.observer.stepped(report);
        let stop = self.observer.wants_stop();
        let due = match (report.step == self.config().steps, stop) {
            (true, _) => Due::Final,
            (false, true) => Due::Stop,
            (false, false) => Due::Regular,
        };
        if due != Due::Regular || report.step.is_multiple_of(self.config().log_every) {
            self.log_step(report)?;
        }
        let fault = match self.judge(report, due)? {
            Some(fault) => self.told(report.step, fault)?,
            None => None,
        };
        if fault.is_some() {
            return Ok((fault, stop));
        }
        let every = self.config().checkpoint_every;
        if due != Due::Regular || report.step.is_multiple_of(every) {
            if !self.trainer.adversaries().has_finite_weights()? {
                return match self.config().stability.max_returns {
                    0 => Err(Error::diverged(report)),
                    _ => Ok((Some(Fault::NotFinite), stop)),
                };
            }
            self.save(report.step, due)?;
        }
        Ok((None, stop))
    }

    fn log_step(&mut self, report: &StepReport) -> Result<()> {
        let seconds = (self.started.elapsed() - self.scoring).as_secs_f64();
        let images = self.steps_made as f64 * self.config().batch_size as f64;
        self.log.write(&Event::Step {
            report: *report,
            seconds,
            images_per_second: images / seconds.max(f64::MIN_POSITIVE),
        })
    }

    /// Shows samples where they are due, and looks for faults.
    fn judge(&mut self, report: &StepReport, due: Due) -> Result<Option<Fault>> {
        let (step, stability) = (report.step, self.config().stability);
        let mut fault = self
            .trainer
            .adversaries_mut()
            .health
            .stepped(report, &stability);
        let is_regular = step.is_multiple_of(self.config().sample_every);
        if is_regular || due != Due::Regular {
            self.observer.sampled(step, &self.trainer.samples()?);
        }
        // At regular steps only: a run that is stopped must not judge itself more often.
        if is_regular && let Some(diversity) = self.trainer.diversity()? {
            let health = &mut self.trainer.adversaries_mut().health;
            fault = fault.or(health.sampled(step, diversity, &stability));
        }
        Ok(fault)
    }

    /// The fault if the run is to return from it; else it is written down.
    fn told(&mut self, step: u64, fault: Fault) -> Result<Option<Fault>> {
        if self.config().stability.max_returns > 0 {
            return Ok(Some(fault));
        }
        self.log.write(&Event::Faulty { step, fault })?;
        self.observer.faulted(step, &fault);
        Ok(None)
    }

    fn save(&mut self, step: u64, due: Due) -> Result<()> {
        let is_regular = step > 0 && step.is_multiple_of(self.config().checkpoint_every);
        let scores = match is_regular || due == Due::Final {
            true => self.scores(step)?,
            false => None,
        };
        let folder = self.run.checkpoint(step);
        self.trainer
            .adversaries()
            .save_scored_checkpoint(&folder, scores.as_ref())?;
        let (keep, needed) = (self.config().keep_checkpoints, self.needed()?);
        self.run.checkpoint_written(step, keep, &needed)?;
        let score = scores.as_ref().map(|scores| scores.decisive);
        self.log.write(&Event::Checkpoint { step, score })?;
        if let Some(CheckpointScores { named, .. }) = scores.filter(|s| !s.named.is_empty()) {
            let scores = named;
            self.log.write(&Event::Scored { step, scores })?;
        }
        self.observer.saved(step, &folder);
        Ok(())
    }

    /// The scores of the generator as it is, if it is scored and they decide anything.
    fn scores(&mut self, step: u64) -> Result<Option<CheckpointScores>> {
        let started = Instant::now();
        let scores = self
            .score
            .score(step, self.trainer.adversaries().averaged_generator());
        let scores = scores.map_err(|source| Error::Score { step, source })?;
        let scores = scores.filter(|scores| scores.decisive.is_finite());
        let took = started.elapsed();
        self.scoring += took;
        if let Some(scores) = &scores {
            self.observer.scored(step, scores, took);
        }
        Ok(scores)
    }

    /// The checkpoints that a later fault may make the run return to.
    fn needed(&self) -> Result<Vec<u64>> {
        if self.config().stability.max_returns == 0 {
            return Ok(Vec::new());
        }
        let every = self.config().checkpoint_every;
        let good = self.trainer.adversaries().health.good_steps();
        let checkpoint = |limit| Ok(self.run.good_checkpoint(limit, every)?.0);
        good.into_iter().map(checkpoint).collect()
    }

    /// Goes back to the last good checkpoint with lower learning rates.
    fn return_from(&mut self, fault: Fault) -> Result<()> {
        let (from, before) = (self.steps(), self.trainer.adversaries().health);
        let (stability, every) = (self.config().stability, self.config().checkpoint_every);
        if before.returns >= stability.max_returns {
            self.log.write(&Event::Faulty { step: from, fault })?;
            return Err(Error::Unstable {
                step: from,
                fault,
                returns: before.returns,
            });
        }
        let limit = before.good_until(&fault).min(from - 1);
        let (to, folder) = self.run.good_checkpoint(limit, every)?;
        let adversaries = self.trainer.adversaries_mut();
        adversaries.restore_checkpoint(&folder)?;
        let health = adversaries
            .health
            .after_return(&before, stability.rate_factor);
        adversaries.set_health(health)?;
        self.run.return_to(to)?;
        self.log = EventLog::open(&self.run.events(), to)?;
        let returned = Return {
            from,
            to,
            fault,
            returns: health.returns,
            rate_scale: health.rate_scale,
        };
        self.log.write_once(&Event::Returned {
            step: to,
            from,
            fault,
            returns: returned.returns,
            rate_scale: returned.rate_scale,
        })?;
        self.observer.returned(&returned);
        Ok(())
    }
}
