//! `train latent-encoder`.

mod overrides;

use std::path::Path;

use anyhow::{Result, bail};
use clap::Args;
use semantic_inpaint::data::ContactSheet;
use semantic_inpaint::dcgan::{DcganEncoder, DcganEncoderConfig, DcganGenerator};
use semantic_inpaint::latent_encoder::{
    LatentEncoderModel, LatentEncoderTrainer, LatentEncoderTraining, predict,
};
use semantic_inpaint::nn::Mode;
use semantic_inpaint::nn::weight_file::{self, StoredPrecision};
use semantic_inpaint::train::TrainConfig;
use semantic_inpaint::{Device, ImageSet, MaskShape, ModelCard, Rng};
use serde::{Deserialize, Serialize};

use super::hole_scorer::{Completer, HoleScoreConfig, HoleScorer};
use super::run::{Prepared, RunOptions, completion_sheet, read_images, sample_images};
use super::settings::{DataConfig, RunSettings};
use super::watch::ModelFiles;
use crate::interrupt;
use crate::model_choice::ModelChoice;
use crate::status::Status;
use overrides::Overrides;

/// Holes of every kind and size, for an encoder that starts any search.
const MASKS: [&str; 9] = [
    "square:10",
    "square:20",
    "square:30",
    "circle:20",
    "blocks:2x2:100",
    "half:random",
    "pixels:0.5",
    "pixels:0.8",
    "strokes",
];

/// Train an encoder that guesses where a latent search should start
///
/// The encoder sees an image with a hole, and learns the latent whose image by the generator of --model
/// is nearest; the generator stays as it is. Take the images that the generator was trained on. The
/// run's folder is that of `train dcgan`; samples/ shows image, hole and completion of some training
/// images, model.safetensors is the averaged encoder. With --score-images the validation part is held
/// out, and best.safetensors is the encoder with the highest PSNR in its holes. A run that was stopped
/// at any moment goes on with --resume and ends with the same weights, bit for bit on the CPU.
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
    /// How much an error at a missing pixel counts against one at a known pixel.
    hole_weight: f64,
    model: ModelConfig,
    train: TrainConfig,
    data: DataConfig,
    score: HoleScoreConfig,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ModelConfig {
    /// The generator's name, file or run.
    generator: String,
    /// Channels of the encoder's widest map.
    base_channels: usize,
    /// Side of the generator's images.
    image_size_px: usize,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            generator: "celeba".into(),
            base_channels: 32,
            image_size_px: 64,
        }
    }
}

impl Default for RunConfig {
    fn default() -> Self {
        let shapes = MASKS.iter().filter_map(|text| text.parse().ok());
        let training = LatentEncoderTraining::new(shapes.collect());
        Self {
            masks: training.masks,
            hole_weight: training.hole_weight,
            model: ModelConfig::default(),
            train: training.train,
            data: DataConfig::default(),
            score: HoleScoreConfig::default(),
        }
    }
}

impl RunConfig {
    fn training(&self) -> LatentEncoderTraining {
        LatentEncoderTraining {
            masks: self.masks.clone(),
            hole_weight: self.hole_weight,
            train: self.train.clone(),
        }
    }
}

impl RunSettings for RunConfig {
    fn validate(&self) -> Result<()> {
        self.data.validate()?;
        self.training().validate()?;
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
    let generator = load_generator(&mut settings, options, device)?;
    let sizes = DcganEncoderConfig::of_generator(generator.config(), settings.model.base_channels);
    sizes.validate()?;
    let (set, held_out) = settings.score.held_out().divide(read_images(&settings)?)?;
    let trainer = trainer(&settings, sizes, &generator, &set, device)?;
    interrupt::listen()?;
    let (score, seed) = (&settings.score, settings.train.seed);
    let completer = |encoder: &DcganEncoder| Ok(completer(encoder, &generator));
    let prepared = Prepared {
        name: "latent-encoder",
        options,
        settings: &settings,
        set: &set,
        device,
        trainer,
        scorer: HoleScorer::new(score, &settings.masks, seed, held_out, device, completer)?,
        models: LatentEncoderFiles {
            sizes,
            masks: settings.masks.clone(),
        },
    };
    prepared.carry_out()
}

/// The generator that the settings name, whose size a new run takes over.
fn load_generator(
    settings: &mut RunConfig,
    options: &RunOptions,
    device: &Device,
) -> Result<DcganGenerator> {
    let Ok(choice) = settings.model.generator.parse::<ModelChoice>();
    let generator = choice.load(device)?.generator;
    let size_px = generator.config().image_size_px;
    if options.resume && size_px != settings.model.image_size_px {
        bail!(
            "{choice} makes images of {size_px} px, the run is one of {} px: put the generator back \
             that it began with",
            settings.model.image_size_px
        );
    }
    settings.model.image_size_px = size_px;
    Ok(generator)
}

/// What fills held-out holes with an encoder as it is now, through its generator.
fn completer(encoder: &DcganEncoder, generator: &DcganGenerator) -> Completer {
    let (encoder, generator) = (encoder.clone(), generator.clone());
    Box::new(move |corrupted| {
        let images = predict(&encoder, &generator, corrupted, Mode::Eval)?;
        Ok(corrupted.overlay(&images)?)
    })
}

fn trainer(
    settings: &RunConfig,
    sizes: DcganEncoderConfig,
    generator: &DcganGenerator,
    set: &ImageSet,
    device: &Device,
) -> Result<LatentEncoderTrainer<DcganGenerator>> {
    let mut rng = Rng::from_seed(settings.train.seed);
    let encoder = DcganEncoder::initialize(sizes, &mut rng, device)?;
    let samples = sample_images(settings, set, device)?;
    let training = settings.training();
    Ok(LatentEncoderTrainer::new(
        encoder, generator, training, &samples,
    )?)
}

/// Model files of encoders of these sizes, trained on these holes.
struct LatentEncoderFiles {
    sizes: DcganEncoderConfig,
    masks: Vec<MaskShape>,
}

impl ModelFiles for LatentEncoderFiles {
    fn write(&self, checkpoint: &Path, card: ModelCard, file: &Path) -> Result<()> {
        let tensors =
            weight_file::load(&checkpoint.join("averaged_generator.safetensors"))?.tensors;
        let model = LatentEncoderModel {
            encoder: DcganEncoder::from_tensors(self.sizes, &tensors, &Device::Cpu)?,
            masks: self.masks.clone(),
            card,
        };
        Ok(model.save(file, StoredPrecision::F32)?)
    }

    fn card(&self, file: &Path) -> Option<ModelCard> {
        let model = LatentEncoderModel::load(file, &Device::Cpu);
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
    fn settings_round_trip_and_every_default_hole_is_a_shape() {
        let config = RunConfig::default();
        assert_eq!(config.masks.len(), MASKS.len());
        let text = to_toml(&config).unwrap();
        let path = Path::new("config.toml");
        assert_eq!(from_toml::<RunConfig>(&text, path).unwrap(), config);
        let text = "masks = [\"square:8\"]\n[train]\nsteps = 3\n";
        let config: RunConfig = from_toml(text, path).unwrap();
        assert_eq!((config.masks.len(), config.train.steps), (1, 3));
        assert_eq!(config.train.generator.learning_rate, 1e-3);
    }
}
