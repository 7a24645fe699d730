//! `train dcgan`: a new run, or one that goes on.

mod board;
mod environment;
mod overrides;
mod run_config;
mod scorer;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use semantic_inpaint::data::{ContactSheet, ReadOptions, ShuffledBatches};
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::train::{
    Error as TrainError, GanTrainer, Outcome, RunDirectory, train_with_score,
};
use semantic_inpaint::{Device, DeviceChoice, ImageSet, ImageSource, Rng};

use super::prepare::{Cached, read_cached_set, read_set};
use crate::status::Status;
use crate::{interrupt, output};
use overrides::Overrides;
use run_config::RunConfig;
use scorer::Scorer;
use watch::Watch;

/// Real images in the picture that samples are compared with.
const NUM_REAL: usize = 64;

type Trainer = GanTrainer<DcganGenerator, DcganDiscriminator>;

/// Train a DCGAN: generator and discriminator from random weights
///
/// The run's folder gets config.toml (complete), events.jsonl, samples/, curves/, tensorboard/,
/// checkpoints/ and, at every checkpoint, model.safetensors: the averaged generator and the
/// discriminator, ready for `inpaint --model`. best.safetensors is the model with the lowest sliced
/// Wasserstein distance to the training images so far. A run that was stopped at any moment goes on with --resume and ends with the same
/// weights, bit for bit on the CPU.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder of the run
    #[arg(long, value_name = "RUN")]
    out: PathBuf,
    /// Go on from the last checkpoint with the run's own settings; only --steps may be given anew
    #[arg(long, conflicts_with = "config")]
    resume: bool,
    /// Settings in the form of a run's config.toml; options on the command line come first
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Steps of the whole run; one step moves each network once [default: 10000]
    #[arg(long)]
    steps: Option<u64>,
    #[command(flatten)]
    overrides: Overrides,
    /// auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value_t)]
    device: DeviceChoice,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    let config = config(arguments)?;
    config.validate()?;
    let device = arguments.device.open()?;
    let set = read_images(&config)?;
    interrupt::listen()?;
    let batches = ShuffledBatches::new(
        set.clone(),
        config.train.batch_size,
        config.train.seed,
        config.data.flip,
    )?;
    let mut trainer = trainer(&config, &device)?;
    let run = if arguments.resume {
        reopen(&arguments.out, &config, &mut trainer)?
    } else {
        create(&arguments.out, &config, &device, &set)?
    };
    if trainer.steps() >= config.train.steps {
        output::line(format_args!(
            "{}: all {} steps are made; give more with --steps",
            run.path().display(),
            trainer.steps()
        ))?;
        return Ok(Status::Done);
    }
    let watch = Watch::new(run.clone(), &config, &set, trainer.steps());
    let mut watch = watch.with_context(|| kept_checkpoint(&run))?;
    let mut scorer = Scorer::new(&config, &set, &device)?;
    let source = |step: u64| batches.batch(step, &device);
    let outcome = train_with_score(&mut trainer, &source, &run, &mut scorer, &mut watch);
    let fault = watch.finish();
    let outcome = outcome.with_context(|| kept_checkpoint(&run))?;
    if let Some(fault) = fault {
        return Err(fault.context(kept_checkpoint(&run)));
    }
    say_how_it_ended(outcome, &run, trainer.steps())
}

/// The settings: of the run that is resumed, or of file and command line.
fn config(arguments: &Arguments) -> Result<RunConfig> {
    let mut config = if arguments.resume {
        if arguments.overrides != Overrides::default() {
            bail!("--resume takes the run's own settings: leave out all others but --steps");
        }
        let run = RunDirectory::open(&arguments.out)
            .with_context(|| format!("{} holds no run to resume", arguments.out.display()))?;
        let file = run.path().join("config.toml");
        RunConfig::from_toml(&run.config()?, &file)?
    } else {
        let mut config = match &arguments.config {
            Some(path) => RunConfig::read(path)?,
            None => RunConfig::default(),
        };
        arguments.overrides.apply(&mut config)?;
        config
    };
    if let Some(steps) = arguments.steps {
        config.train.steps = steps;
    }
    Ok(config)
}

fn read_images(config: &RunConfig) -> Result<ImageSet> {
    let source = ImageSource::open(&config.data.source)?;
    let data = &config.data;
    let options = ReadOptions {
        framing: data.framing,
        size_px: config.model.image_size_px,
        classes: data.classes.clone(),
        split: data.split,
        limit: data.limit,
        max_unreadable_share: data.max_unreadable_share,
        min_images: config.train.batch_size,
    };
    let Some(folder) = &data.cache else {
        return read_set(&source, &options);
    };
    let Cached { set, path, verb } = read_cached_set(folder, &source, &options)?;
    output::note(format_args!("{verb} {}", path.display()));
    Ok(set)
}

fn trainer(config: &RunConfig, device: &Device) -> Result<Trainer> {
    let mut rng = Rng::from_seed(config.train.seed);
    let generator = DcganGenerator::initialize(config.model, &mut rng, device)?;
    let discriminator = DcganDiscriminator::initialize(config.model, &mut rng, device)?;
    Ok(GanTrainer::new(
        generator,
        discriminator,
        config.train.clone(),
    )?)
}

fn create(
    folder: &Path,
    config: &RunConfig,
    device: &Device,
    set: &ImageSet,
) -> Result<RunDirectory> {
    let environment = environment::describe(device)?;
    let run = RunDirectory::create(folder, &config.to_toml()?, &environment)?;
    let count = set.count().min(NUM_REAL);
    let photos: Result<Vec<_>, _> = (0..count).map(|index| set.photo(index)).collect();
    let sheet = ContactSheet::default().render(&photos?)?;
    sheet.save(run.samples().join("real.png"))?;
    Ok(run)
}

fn reopen(folder: &Path, config: &RunConfig, trainer: &mut Trainer) -> Result<RunDirectory> {
    let run = RunDirectory::open(folder)?;
    match run.last_checkpoint() {
        Ok((step, checkpoint)) => {
            trainer.restore_checkpoint(&checkpoint)?;
            output::note(format_args!("going on from step {step}"));
        }
        Err(TrainError::NoCheckpoint { .. }) => {
            output::note("the run has no checkpoint yet: starting at step 0");
        }
        Err(error) => return Err(error.into()),
    }
    let text = config.to_toml()?;
    if text != run.config()? {
        semantic_inpaint::data::write_atomically(folder.join("config.toml"), text.as_bytes())?;
    }
    Ok(run)
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

fn say_how_it_ended(outcome: Outcome, run: &RunDirectory, steps: u64) -> Result<Status> {
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
                 train dcgan --resume --out {folder}"
            ))?;
            Ok(Status::Interrupted)
        }
    }
}
