use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use semantic_inpaint::data::{ContactSheet, ReadOptions, ShuffledBatches};
use semantic_inpaint::tensor::passes::Precision;
use semantic_inpaint::train::{
    CheckpointScore, Error as TrainError, Outcome, RunDirectory, Trainer, train_with_score,
};
use semantic_inpaint::{Device, DeviceChoice, ImageBatch, ImageSet, ImageSource};

use super::environment;
use super::settings::{self, RunSettings};
use super::watch::{self, ModelFiles, Watch};
use crate::commands::prepare::{Cached, read_cached_set, read_set};
use crate::output;
use crate::status::Status;

/// Real images in the picture that samples are compared with.
const NUM_REAL: usize = 64;

/// Where a run is, and how far it goes.
#[derive(Debug, Args)]
pub(super) struct RunOptions {
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    pub(super) out: PathBuf,
    /// Go on from the last checkpoint with the run's own settings; only --steps may be given anew
    #[arg(long, conflicts_with = "config")]
    pub(super) resume: bool,
    /// Settings in the form of a run's config.toml; options on the command line come first
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Steps of the whole run; one step moves each network once [default: 10000]
    #[arg(long)]
    steps: Option<u64>,
    /// auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value_t)]
    pub(super) device: DeviceChoice,
}

impl RunOptions {
    /// The settings: of the run that is resumed, or of file and command line, whose options are applied
    /// by `apply`.
    pub(super) fn settings<S: RunSettings, O: Default + PartialEq>(
        &self,
        options: &O,
        apply: impl FnOnce(&O, &mut S) -> Result<()>,
    ) -> Result<S> {
        let mut settings = if self.resume {
            if *options != O::default() {
                bail!("--resume takes the run's own settings: leave out all others but --steps");
            }
            let run = RunDirectory::open(&self.out).with_context(|| {
                format!(
                    "{} holds no run to resume: name the folder of one, or leave out --resume",
                    self.out.display()
                )
            })?;
            let file = run.path().join("config.toml");
            settings::from_toml(&run.config()?, &file)?
        } else {
            let mut settings = match &self.config {
                Some(path) => settings::read(path)?,
                None => S::default(),
            };
            apply(options, &mut settings)?;
            settings
        };
        if let Some(steps) = self.steps {
            settings.train_mut().steps = steps;
        }
        settings.validate()?;
        Ok(settings)
    }
}

/// The images of a run, at least a batch.
pub(super) fn read_images(settings: &impl RunSettings) -> Result<ImageSet> {
    let data = settings.data();
    let source = ImageSource::open(&data.source)?;
    let options = ReadOptions {
        framing: data.framing,
        size_px: settings.image_size_px(),
        classes: data.classes.clone(),
        split: data.split,
        limit: data.limit,
        max_unreadable_share: data.max_unreadable_share,
        min_images: settings.train().batch_size,
    };
    let Some(folder) = &data.cache else {
        return read_set(&source, &options);
    };
    let Cached { set, path, verb } = read_cached_set(folder, &source, &options)?;
    output::note(format_args!("{verb} {}", path.display()));
    Ok(set)
}

/// The first training images, whose completions show how far a network is that fills holes.
pub(super) fn sample_images(
    settings: &impl RunSettings,
    set: &ImageSet,
    device: &Device,
) -> Result<ImageBatch> {
    let count = settings.train().sample_count.min(set.count());
    Ok(set.batch(&(0..count).collect::<Vec<_>>(), device)?)
}

/// The grid of such samples: image, hole and completion beside each other, twice in a row.
pub(super) fn completion_sheet() -> ContactSheet {
    ContactSheet {
        num_columns: 6,
        ..ContactSheet::default()
    }
}

/// A run that is ready to start or to go on.
pub(super) struct Prepared<'a, S, T, C, M> {
    /// The kind of model, as the command names it.
    pub(super) name: &'static str,
    pub(super) options: &'a RunOptions,
    pub(super) settings: &'a S,
    /// The images that are trained on.
    pub(super) set: &'a ImageSet,
    pub(super) device: &'a Device,
    pub(super) trainer: T,
    pub(super) scorer: C,
    pub(super) models: M,
}

impl<S, T, C, M> Prepared<'_, S, T, C, M>
where
    S: RunSettings,
    T: Trainer,
    C: CheckpointScore<T::Generator>,
    M: ModelFiles,
{
    pub(super) fn carry_out(mut self) -> Result<Status> {
        let train = self.settings.train();
        say_precision(train.precision, self.device);
        let flip = self.settings.data().flip;
        let batches = ShuffledBatches::new(self.set.clone(), train.batch_size, train.seed, flip)?;
        let run = match self.options.resume {
            true => self.reopen()?,
            false => self.create()?,
        };
        let steps = self.trainer.adversaries().steps();
        if steps >= train.steps {
            output::line(format_args!(
                "{}: all {steps} steps are made; give more with --steps",
                run.path().display()
            ))?;
            return Ok(Status::Done);
        }
        let watch = Watch::new(run.clone(), self.settings, self.models, self.set, steps);
        let mut watch = watch.with_context(|| kept_checkpoint(&run))?;
        let source = |step: u64| batches.batch(step, self.device);
        let trainer = &mut self.trainer;
        let outcome = train_with_score(trainer, &source, &run, &mut self.scorer, &mut watch);
        let fault = watch.finish();
        let outcome = outcome.with_context(|| kept_checkpoint(&run))?;
        if let Some(fault) = fault {
            return Err(fault.context(kept_checkpoint(&run)));
        }
        say_how_it_ended(outcome, self.name, &run, trainer.adversaries().steps())
    }

    fn create(&self) -> Result<RunDirectory> {
        let environment = environment::describe(self.device)?;
        let text = settings::to_toml(self.settings)?;
        let run = RunDirectory::create(&self.options.out, &text, &environment)?;
        let count = self.set.count().min(NUM_REAL);
        let photos: Result<Vec<_>, _> = (0..count).map(|index| self.set.photo(index)).collect();
        let sheet = ContactSheet::default().render(&photos?)?;
        sheet.save(run.samples().join("real.png"))?;
        Ok(run)
    }

    fn reopen(&mut self) -> Result<RunDirectory> {
        let folder: &Path = &self.options.out;
        let run = RunDirectory::open(folder)?;
        match run.last_checkpoint() {
            Ok((step, checkpoint)) => {
                let adversaries = self.trainer.adversaries_mut();
                adversaries.restore_checkpoint(&checkpoint)?;
                output::note(format_args!("going on from step {step}"));
            }
            Err(TrainError::NoCheckpoint { .. }) => {
                output::note("the run has no checkpoint yet: starting at step 0");
            }
            Err(error) => return Err(error.into()),
        }
        let text = settings::to_toml(self.settings)?;
        if text != run.config()? {
            semantic_inpaint::data::write_atomically(folder.join("config.toml"), text.as_bytes())?;
        }
        Ok(run)
    }
}

/// Tells when a run cannot multiply what it was asked to.
fn say_precision(asked: Precision, device: &Device) {
    let used = asked.available_on(device);
    if used != asked {
        output::note(format_args!(
            "precision: {used}, this processor has no {asked}"
        ));
    }
}

fn kept_checkpoint(run: &RunDirectory) -> String {
    match run.last_checkpoint() {
        Ok((step, _)) => format!(
            "training stopped, the checkpoint of step {step} is kept (go on with --resume --out {})",
            run.path().display()
        ),
        Err(_) => "training stopped before the first checkpoint".into(),
    }
}

fn say_how_it_ended(
    outcome: Outcome,
    name: &str,
    run: &RunDirectory,
    steps: u64,
) -> Result<Status> {
    let folder = run.path().display();
    match outcome {
        Outcome::Finished => {
            output::line(format_args!(
                "made {steps} steps; the model is {}",
                watch::model_file(run).display()
            ))?;
            Ok(Status::Done)
        }
        Outcome::Stopped => {
            output::line(format_args!(
                "stopped after step {steps}, a checkpoint is kept; go on with: semantic-inpaint \
                 train {name} --resume --out {folder}"
            ))?;
            Ok(Status::Interrupted)
        }
    }
}
