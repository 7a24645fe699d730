use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::ProgressBar;
use semantic_inpaint::data::{ContactSheet, batch_to_photos};
use semantic_inpaint::train::{
    CheckpointScores, Fault, Observer, Return, RunDirectory, StepReport, draw_curves,
};
use semantic_inpaint::{ImageBatch, ImageSet, ModelCard};

use super::board::Board;
use super::settings::RunSettings;
use crate::progress::{self, Display};
use crate::{interrupt, output};

/// Where there is no terminal to draw a bar on, a line is written this often.
const TIME_BETWEEN_LINES: Duration = Duration::from_secs(30);

/// The file of a run's newest model.
pub(super) fn model_file(run: &RunDirectory) -> PathBuf {
    run.path().join("model.safetensors")
}

/// The file of a run's best model by score.
fn best_model_file(run: &RunDirectory) -> PathBuf {
    run.path().join("best.safetensors")
}

/// How a kind of model is written for its users.
pub(super) trait ModelFiles {
    /// Writes the model of a checkpoint, whole or not at all.
    fn write(&self, checkpoint: &Path, card: ModelCard, file: &Path) -> Result<()>;

    /// The card of a model file that can be read.
    fn card(&self, file: &Path) -> Option<ModelCard>;

    /// The grid of its samples.
    fn sheet(&self) -> ContactSheet;
}

/// Shows a run's progress, writes its pictures and models, and passes on Ctrl-C.
pub(super) struct Watch<M> {
    run: RunDirectory,
    models: M,
    card: ModelCard,
    batch_size: usize,
    steps: u64,
    steps_made: u64,
    started: Instant,
    /// Time that went into scores.
    scoring: Duration,
    last_line: Option<Instant>,
    bar: ProgressBar,
    log_every: u64,
    board: Board,
    /// The first thing that could not be written; it ends the run.
    fault: Option<anyhow::Error>,
}

impl<M: ModelFiles> Watch<M> {
    pub(super) fn new(
        run: RunDirectory,
        settings: &impl RunSettings,
        models: M,
        set: &ImageSet,
        first_step: u64,
    ) -> Result<Self> {
        let (train, data) = (settings.train(), settings.data());
        let board = Board::open(&run, first_step)?;
        let bar = progress::bar("training", train.steps, Display::Terminal);
        bar.set_position(first_step);
        bar.reset_eta();
        let dataset = match data.dataset_name.as_str() {
            "" => set.record().source.clone(),
            name => name.to_owned(),
        };
        let size = set.size_px();
        let watch = Self {
            run,
            models,
            card: ModelCard {
                dataset,
                preprocessing: format!("{}, {size}x{size}, [-1, 1]", data.framing),
                licence: data.licence.clone(),
                ..ModelCard::default()
            },
            batch_size: train.batch_size,
            steps: train.steps,
            steps_made: 0,
            started: Instant::now(),
            scoring: Duration::ZERO,
            last_line: None,
            bar,
            log_every: train.log_every,
            board,
            fault: None,
        };
        // A run that was killed may have left models that are older than its checkpoints.
        watch.write_last_and_best()?;
        Ok(watch)
    }

    /// Removes the bar; what could not be written, if anything.
    pub(super) fn finish(self) -> Option<anyhow::Error> {
        self.bar.finish_and_clear();
        self.fault
    }

    fn keep_fault(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.fault.get_or_insert(error);
        }
    }

    fn write_samples(&mut self, step: u64, samples: &ImageBatch) -> Result<()> {
        let sheet = self.models.sheet().render(&batch_to_photos(samples)?)?;
        sheet.save(self.run.sample_file(step))?;
        self.board.picture("samples", step, &sheet)
    }

    /// Writes the model of a checkpoint for its users, whole or not at all.
    fn write_model(&self, step: u64, checkpoint: &Path, file: &Path) -> Result<()> {
        let scores = self.run.scores(step)?;
        let card = ModelCard {
            steps: step,
            metrics: scores.map(|scores| scores.named).unwrap_or_default(),
            ..self.card.clone()
        };
        self.models.write(checkpoint, card, file)
    }

    /// Writes the models of the newest and the best checkpoint, where there are any and their files are
    /// of other steps.
    fn write_last_and_best(&self) -> Result<()> {
        let (last, best) = (self.run.last_checkpoint(), self.run.best_checkpoint());
        for (found, file) in [
            (last, model_file(&self.run)),
            (best, best_model_file(&self.run)),
        ] {
            if let Ok((step, checkpoint)) = found
                && self.models.card(&file).map(|card| card.steps) != Some(step)
            {
                self.write_model(step, &checkpoint, &file)?;
            }
        }
        Ok(())
    }

    fn write_saved(&mut self, step: u64, checkpoint: &Path) -> Result<()> {
        self.write_model(step, checkpoint, &model_file(&self.run))?;
        if self
            .run
            .best_checkpoint()
            .is_ok_and(|(best, _)| best == step)
        {
            self.write_model(step, checkpoint, &best_model_file(&self.run))?;
        }
        Ok(draw_curves(&self.run)?)
    }

    fn say(&mut self, report: &StepReport, images_per_second: f64) {
        let StepReport {
            step,
            discriminator_loss,
            generator_loss,
            reconstruction_loss,
            ..
        } = report;
        let losses = match reconstruction_loss {
            Some(loss) => format!("reconstruction {loss:.4} D {discriminator_loss:.3}"),
            None => format!("D {discriminator_loss:.3} G {generator_loss:.3}"),
        };
        let text = format!("{losses}, {images_per_second:.0} images/s");
        if !self.bar.is_hidden() {
            self.bar.set_message(text);
            self.bar.set_position(*step);
            return;
        }
        let due = self
            .last_line
            .is_none_or(|last| last.elapsed() >= TIME_BETWEEN_LINES);
        if due {
            self.last_line = Some(Instant::now());
            let images_left = (self.steps - step) as f64 * self.batch_size as f64;
            let minutes_left = images_left / images_per_second.max(f64::MIN_POSITIVE) / 60.0;
            let steps = self.steps;
            output::note(format_args!(
                "step {step} of {steps}: {text}, {minutes_left:.0} min left"
            ));
        }
    }
}

impl<M: ModelFiles> Observer for Watch<M> {
    fn stepped(&mut self, report: &StepReport) {
        self.steps_made += 1;
        let images = self.steps_made as f64 * self.batch_size as f64;
        let seconds = (self.started.elapsed() - self.scoring).as_secs_f64();
        let images_per_second = images / seconds.max(f64::MIN_POSITIVE);
        self.say(report, images_per_second);
        if report.step.is_multiple_of(self.log_every) || report.step == self.steps {
            let written = self.board.report(report, images_per_second);
            self.keep_fault(written);
        }
    }

    fn sampled(&mut self, step: u64, samples: &ImageBatch) {
        let written = self.write_samples(step, samples);
        self.keep_fault(written);
    }

    fn scored(&mut self, step: u64, scores: &CheckpointScores, took: Duration) {
        self.scoring += took;
        let written = self.board.scores(step, &scores.named);
        self.keep_fault(written);
    }

    fn saved(&mut self, step: u64, folder: &Path) {
        let written = self.write_saved(step, folder);
        self.keep_fault(written);
    }

    fn faulted(&mut self, step: u64, fault: &Fault) {
        self.bar
            .suspend(|| output::warn(format_args!("step {step}: {fault}")));
    }

    fn returned(&mut self, returned: &Return) {
        let Return {
            from,
            to,
            fault,
            rate_scale,
            ..
        } = returned;
        self.bar.suspend(|| {
            output::warn(format_args!(
                "step {from}: {fault}; going on from step {to} with step sizes times {rate_scale}"
            ));
        });
        // The models beside the checkpoints may be of steps that were given up.
        let written = self.write_last_and_best();
        self.keep_fault(written);
    }

    fn wants_stop(&mut self) -> bool {
        interrupt::requested() || self.fault.is_some()
    }
}
