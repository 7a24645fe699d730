use std::str::FromStr;

use anyhow::{Result, bail};
use clap::Args;
use semantic_inpaint::MaskShape;
use semantic_inpaint::context_encoder::{
    Connection, ContextEncoderConfig, Error, JointLoss, MaskChannel, Output,
};
use semantic_inpaint::train::TrainConfig;

use super::RunConfig;
use crate::commands::train::options::{CourseOptions, DataOptions, set};

/// What the network's step size is multiplied by to the discriminator's.
const RATE_FACTOR: f64 = 10.0;

/// Settings of a new run; what is not given is as in --config, or its default.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct Overrides {
    #[command(flatten)]
    data: DataOptions,

    /// The holes to learn, separated by commas: square:SIZE, circle:DIAMETER, blocks:WxH:COUNT,
    /// half:SIDE, pixels:SHARE, pattern:SHARE or strokes; of several each image gets one at random
    #[arg(long, value_name = "SHAPE,..", value_delimiter = ',')]
    masks: Vec<MaskShape>,
    /// Whether the network sees the mask as a fourth channel: with, for several masks, or without
    /// [default: without]
    #[arg(long, value_name = "with|without")]
    mask_channel: Option<MaskChannel>,
    /// What is predicted: whole, or the centered patch that covers hole and overlap [default: patch
    /// where all holes are centered squares or circles]
    #[arg(long, value_name = "whole|patch")]
    output: Option<OutputChoice>,
    /// What connects encoder and decoder: bottleneck:LENGTH, or channel-wise, the paper's
    /// fully-connected layer of each channel [default: bottleneck:4000]
    #[arg(long, value_name = "KIND")]
    connection: Option<Connection>,
    /// Short for --connection bottleneck:LENGTH
    #[arg(long, value_name = "LENGTH", conflicts_with = "connection")]
    bottleneck: Option<usize>,
    /// Height and width of the images in pixels: 32, 64 or 128 [default: 64]
    #[arg(long)]
    size: Option<usize>,
    /// Base width of both networks [default: 64]
    #[arg(long, value_name = "CHANNELS")]
    width: Option<usize>,
    /// Base width of the discriminator, where it differs
    #[arg(long, value_name = "CHANNELS")]
    discriminator_channels: Option<usize>,

    /// Width in pixels of the band of known pixels around a hole that is predicted, too [default: 4]
    #[arg(long, value_name = "PIXELS")]
    overlap: Option<usize>,
    /// Weight of that band, a missing pixel having 1 [default: 10]
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT")]
    overlap_weight: Option<f64>,
    /// Weight of the known pixels beyond it [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT")]
    far_weight: Option<f64>,
    /// Share of the adversarial loss, the rest being that of the reconstruction; 0 trains without a
    /// discriminator [default: 0.001]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    adversarial_weight: Option<f64>,
    /// Step size of the discriminator; the network's is ten times that [default: 0.0002]
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Step size of the network, where it is not ten times the discriminator's
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    generator_learning_rate: Option<f64>,

    #[command(flatten)]
    course: CourseOptions,
    /// Hold the validation part (a tenth, by a hash of the name) out of training, and score each
    /// checkpoint by the holes of so many of its images; 0 for no scores [default: 0]
    #[arg(long, value_name = "COUNT")]
    score_images: Option<usize>,
}

/// What is to be predicted, as the user says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputChoice {
    Whole,
    Patch,
}

impl FromStr for OutputChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "whole" => Ok(Self::Whole),
            "patch" => Ok(Self::Patch),
            _ => Err(Error::InvalidSetting {
                what: "output",
                expected: "whole or patch".into(),
                got: format!("`{text}`"),
            }),
        }
    }
}

impl Overrides {
    pub(super) fn apply(&self, config: &mut RunConfig) -> Result<()> {
        self.data.apply(&mut config.data)?;
        self.course.apply(&mut config.train);
        self.apply_to_rates(&mut config.train);
        self.apply_to_loss(&mut config.loss);
        self.apply_to_model(&mut config.model);
        let channels = self.discriminator_channels.or(self.width);
        set(&mut config.adversary.channels, channels.as_ref());
        set(&mut config.score.images, self.score_images.as_ref());
        if !self.masks.is_empty() {
            config.masks.clone_from(&self.masks);
        }
        self.apply_output(config)
    }

    fn apply_to_model(&self, model: &mut ContextEncoderConfig) {
        set(&mut model.image_size_px, self.size.as_ref());
        set(&mut model.base_channels, self.width.as_ref());
        set(&mut model.mask_channel, self.mask_channel.as_ref());
        let bottleneck = self.bottleneck.map(|len| Connection::Bottleneck { len });
        set(
            &mut model.connection,
            self.connection.or(bottleneck).as_ref(),
        );
    }

    /// Chooses a patch by the holes, where the user names one or the other.
    fn apply_output(&self, config: &mut RunConfig) -> Result<()> {
        let size_px = config.model.image_size_px;
        let covering = || Output::covering(&config.masks, config.loss.overlap_px, size_px);
        config.model.output = match self.output {
            Some(OutputChoice::Whole) => Output::Whole,
            Some(OutputChoice::Patch) => match covering()? {
                Output::Whole => bail!(
                    "no centered patch that is smaller than the image covers these holes: use \
                     --output whole"
                ),
                patch => patch,
            },
            None if self.masks.is_empty() => return Ok(()),
            None => covering()?,
        };
        Ok(())
    }

    fn apply_to_loss(&self, loss: &mut JointLoss) {
        set(&mut loss.overlap_px, self.overlap.as_ref());
        set(&mut loss.overlap_weight, self.overlap_weight.as_ref());
        set(&mut loss.far_weight, self.far_weight.as_ref());
        set(
            &mut loss.adversarial_weight,
            self.adversarial_weight.as_ref(),
        );
    }

    fn apply_to_rates(&self, train: &mut TrainConfig) {
        let rate = self.learning_rate;
        set(&mut train.discriminator.learning_rate, rate.as_ref());
        let ten_times = rate.map(|rate| RATE_FACTOR * rate);
        let rate = self.generator_learning_rate.or(ten_times);
        set(&mut train.generator.learning_rate, rate.as_ref());
    }
}
