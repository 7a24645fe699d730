//! `train dcgan`.

mod overrides;
mod scorer;

use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use semantic_inpaint::data::ContactSheet;
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::nn::weight_file::{self, StoredPrecision};
use semantic_inpaint::train::{GanTrainer, TrainConfig};
use semantic_inpaint::{DcganConfig, DcganModel, Device, ModelCard, Rng};
use serde::{Deserialize, Serialize};

use super::held_out::HeldOut;
use super::run::{Prepared, RunOptions, read_images};
use super::settings::{DataConfig, RunSettings};
use super::watch::ModelFiles;
use crate::interrupt;
use crate::status::Status;
use overrides::Overrides;
use scorer::Scorer;

/// Train a DCGAN: generator and discriminator from random weights
///
/// The run's folder gets config.toml (complete), events.jsonl, samples/, curves/, tensorboard/,
/// checkpoints/ and, at every checkpoint, model.safetensors: the averaged generator and the
/// discriminator, ready for `inpaint --model`. best.safetensors is the model with the lowest sliced
/// Wasserstein distance to the training images so far, or with --score-reconstruct the one that comes
/// nearest to held-out images. A run that was stopped at any moment goes on with --resume and ends with the same
/// weights, bit for bit on the CPU.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    overrides: Overrides,
}

/// Every setting of a run, as its `config.toml` holds them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RunConfig {
    model: DcganConfig,
    train: TrainConfig,
    data: DataConfig,
    score: ScoreConfig,
}

/// How checkpoints are scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScoreConfig {
    /// Samples, and real images in each half; 0 for no scores.
    samples: usize,
    /// Images of the validation part, which is not trained on then; 0 for none.
    reconstruct: usize,
}

impl Default for ScoreConfig {
    fn default() -> Self {
        Self {
            samples: 500,
            reconstruct: 0,
        }
    }
}

impl ScoreConfig {
    fn held_out(&self) -> HeldOut {
        HeldOut {
            count: self.reconstruct,
            option: "--score-reconstruct",
        }
    }
}

impl RunSettings for RunConfig {
    fn validate(&self) -> Result<()> {
        self.data.validate()?;
        self.score.held_out().validate(self.data.split)?;
        self.model.validate()?;
        self.train.validate()?;
        if self.model.image_channels != 3 {
            bail!("training images are RGB: set image_channels = 3");
        }
        Ok(())
    }

    fn image_size_px(&self) -> usize {
        self.model.image_size_px
    }

    fn train(&self) -> &TrainConfig {
        &self.train
    }

    fn train_mut(&mut self) -> &mut TrainConfig {
        &mut self.train
    }

    fn data(&self) -> &DataConfig {
        &self.data
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    let options = &arguments.run;
    let settings: RunConfig = options.settings(&arguments.overrides, Overrides::apply)?;
    let device = &options.device.open()?;
    let (set, held_out) = settings.score.held_out().divide(read_images(&settings)?)?;
    interrupt::listen()?;
    let prepared = Prepared {
        name: "dcgan",
        options,
        settings: &settings,
        set: &set,
        device,
        trainer: trainer(&settings, device)?,
        scorer: Scorer::new(&settings, &set, held_out.as_ref(), device)?,
        models: DcganFiles(settings.model),
    };
    prepared.carry_out()
}

fn trainer(
    settings: &RunConfig,
    device: &Device,
) -> Result<GanTrainer<DcganGenerator, DcganDiscriminator>> {
    let mut rng = Rng::from_seed(settings.train.seed);
    let generator = DcganGenerator::initialize(settings.model, &mut rng, device)?;
    let discriminator = DcganDiscriminator::initialize(settings.model, &mut rng, device)?;
    Ok(GanTrainer::new(
        generator,
        discriminator,
        settings.train.clone(),
    )?)
}

/// Model files of networks of these sizes.
struct DcganFiles(DcganConfig);

impl ModelFiles for DcganFiles {
    fn write(&self, checkpoint: &Path, card: ModelCard, file: &Path) -> Result<()> {
        let load = |name: &str| weight_file::load(&checkpoint.join(name));
        let (config, cpu) = (self.0, &Device::Cpu);
        let generator = load("averaged_generator.safetensors")?.tensors;
        let discriminator = load("discriminator.safetensors")?.tensors;
        let discriminator = DcganDiscriminator::from_tensors(config, &discriminator, cpu)?;
        let model = DcganModel {
            generator: DcganGenerator::from_tensors(config, &generator, cpu)?,
            discriminator: Some(discriminator),
            card,
        };
        Ok(model.save(file, StoredPrecision::F32)?)
    }

    fn card(&self, file: &Path) -> Option<ModelCard> {
        let model = DcganModel::load(file, &Device::Cpu);
        model.ok().map(|model| model.card)
    }

    fn sheet(&self) -> ContactSheet {
        ContactSheet::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::train::settings::{from_toml, to_toml};

    #[test]
    fn settings_round_trip_and_are_complete() {
        let mut config = RunConfig::default();
        config.data.limit = Some(7);
        let text = to_toml(&config).unwrap();
        let path = Path::new("config.toml");
        assert_eq!(from_toml::<RunConfig>(&text, path).unwrap(), config);
        for key in ["learning_rate", "flip", "latent_prior", "framing", "seed"] {
            assert!(text.contains(key), "{key} is not in {text}");
        }
    }

    #[test]
    fn unknown_settings_are_named_with_file_and_line() {
        let text = "[train]\nsteps = 3\nstep = 4\n";
        let error = from_toml::<RunConfig>(text, Path::new("own.toml")).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("own.toml, line 3"), "{message}");
        assert!(message.contains("`step`"), "{message}");
    }
}
