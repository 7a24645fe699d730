//! `train context-encoder`.

mod overrides;

use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use semantic_inpaint::context_encoder::{
    ContextEncoder, ContextEncoderConfig, ContextEncoderInpainter, ContextEncoderModel,
    ContextEncoderTrainer, ContextEncoderTraining, JointLoss,
};
use semantic_inpaint::data::ContactSheet;
use semantic_inpaint::dcgan::{DcganDiscriminator, DiscriminatorNorm};
use semantic_inpaint::mask::Inpainter as _;
use semantic_inpaint::nn::weight_file::{self, StoredPrecision};
use semantic_inpaint::train::TrainConfig;
use semantic_inpaint::{DcganConfig, Device, ImageSet, MaskShape, ModelCard, Rng};
use serde::{Deserialize, Serialize};

use super::hole_scorer::{Completer, HoleScoreConfig, HoleScorer};
use super::run::{Prepared, RunOptions, completion_sheet, read_images, sample_images};
use super::settings::{DataConfig, RunSettings};
use super::watch::ModelFiles;
use crate::interrupt;
use crate::status::Status;
use overrides::Overrides;

/// Train a Context Encoder, which fills a hole in one pass (Pathak et al. 2016)
///
/// With one mask it learns that hole alone, as in the publication; with several, separated by commas,
/// and --mask-channel with, it learns them all. The run's folder is that of `train dcgan`; samples/ shows
/// image, hole and completion of some training images, model.safetensors is the averaged network. With
/// --score-images the validation part is held out, and best.safetensors is the model with the highest
/// PSNR in its holes. A run that was stopped at any moment goes on with --resume and ends with the same
/// weights, bit for bit on the CPU.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    run: RunOptions,
    #[command(flatten)]
    overrides: Overrides,
}

/// Every setting of a run, as its `config.toml` holds them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RunConfig {
    /// The holes that are trained on.
    masks: Vec<MaskShape>,
    model: ContextEncoderConfig,
    adversary: AdversaryConfig,
    loss: JointLoss,
    train: TrainConfig,
    data: DataConfig,
    score: HoleScoreConfig,
}

/// The discriminator, whose images are the network's outputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AdversaryConfig {
    channels: usize,
    norm: DiscriminatorNorm,
}

impl Default for AdversaryConfig {
    fn default() -> Self {
        Self {
            channels: 64,
            norm: DiscriminatorNorm::Batch,
        }
    }
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            masks: Vec::new(),
            model: ContextEncoderConfig::default(),
            adversary: AdversaryConfig::default(),
            loss: JointLoss::default(),
            train: ContextEncoderTraining::train_config(),
            data: DataConfig::default(),
            score: HoleScoreConfig::default(),
        }
    }
}

impl RunConfig {
    fn discriminator(&self) -> DcganConfig {
        DcganConfig {
            image_size_px: self.model.output_shape().width,
            discriminator_channels: self.adversary.channels,
            discriminator_norm: self.adversary.norm,
            ..DcganConfig::default()
        }
    }
}

impl RunSettings for RunConfig {
    fn validate(&self) -> Result<()> {
        self.data.validate()?;
        if self.masks.is_empty() {
            bail!("no holes to learn: name them with --masks, for example square:20");
        }
        self.model.validate()?;
        self.discriminator().validate()?;
        self.loss.validate()?;
        self.train.validate()?;
        self.score.held_out().validate(self.data.split)
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
    let mut settings: RunConfig = options.settings(&arguments.overrides, Overrides::apply)?;
    let device = &options.device.open()?;
    let (set, held_out) = settings.score.held_out().divide(read_images(&settings)?)?;
    if !options.resume {
        settings.model.fill = set.mean_color();
    }
    let trainer = trainer(&settings, &set, device)?;
    interrupt::listen()?;
    let (score, seed) = (&settings.score, settings.train.seed);
    let prepared = Prepared {
        name: "context-encoder",
        options,
        settings: &settings,
        set: &set,
        device,
        trainer,
        scorer: HoleScorer::new(score, &settings.masks, seed, held_out, device, completer)?,
        models: ContextEncoderFiles {
            config: settings.model,
            masks: settings.masks.clone(),
        },
    };
    prepared.carry_out()
}

fn trainer(
    settings: &RunConfig,
    set: &ImageSet,
    device: &Device,
) -> Result<ContextEncoderTrainer<DcganDiscriminator>> {
    let mut rng = Rng::from_seed(settings.train.seed);
    let network = ContextEncoder::initialize(settings.model, &mut rng, device)?;
    let discriminator = DcganDiscriminator::initialize(settings.discriminator(), &mut rng, device)?;
    let training = ContextEncoderTraining {
        masks: settings.masks.clone(),
        loss: settings.loss,
        train: settings.train.clone(),
    };
    let samples = sample_images(settings, set, device)?;
    Ok(ContextEncoderTrainer::new(
        network,
        discriminator,
        training,
        &samples,
    )?)
}

/// What fills held-out holes with a network as it is now.
fn completer(network: &ContextEncoder) -> Result<Completer> {
    let inpainter = ContextEncoderInpainter::new(network)?;
    Ok(Box::new(move |corrupted| Ok(inpainter.inpaint(corrupted)?)))
}

/// Model files of networks of these sizes, trained on these holes.
struct ContextEncoderFiles {
    config: ContextEncoderConfig,
    masks: Vec<MaskShape>,
}

impl ModelFiles for ContextEncoderFiles {
    fn write(&self, checkpoint: &Path, card: ModelCard, file: &Path) -> Result<()> {
        let tensors =
            weight_file::load(&checkpoint.join("averaged_generator.safetensors"))?.tensors;
        let model = ContextEncoderModel {
            network: ContextEncoder::from_tensors(self.config, &tensors, &Device::Cpu)?,
            masks: self.masks.clone(),
            card,
        };
        Ok(model.save(file, StoredPrecision::F32)?)
    }

    fn card(&self, file: &Path) -> Option<ModelCard> {
        let model = ContextEncoderModel::load(file, &Device::Cpu);
        model.ok().map(|model| model.card)
    }

    fn sheet(&self) -> ContactSheet {
        completion_sheet()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::train::settings::{from_toml, to_toml};

    #[test]
    fn settings_round_trip_and_what_a_file_leaves_out_is_as_in_a_new_run() {
        let config = RunConfig {
            masks: vec!["square:20".parse().unwrap(), "pixels:0.8".parse().unwrap()],
            ..RunConfig::default()
        };
        let text = to_toml(&config).unwrap();
        let path = Path::new("config.toml");
        assert_eq!(from_toml::<RunConfig>(&text, path).unwrap(), config);
        assert!(
            text.contains("masks = [\"square:20\", \"pixels:0.8\"]"),
            "{text}"
        );
        let text = "[train]\nsteps = 3\n[train.generator]\nbeta1 = 0.9\n";
        let config: RunConfig = from_toml(text, path).unwrap();
        assert_eq!(config.train.generator.learning_rate, 2e-3);
        assert_eq!((config.train.steps, config.train.generator.beta1), (3, 0.9));
    }
}
