use std::path::{Path, absolute};

use anyhow::{Context as _, Result};
use clap::Args;
use semantic_inpaint::MaskShape;

use super::RunConfig;
use crate::commands::train::options::{CourseOptions, DataOptions, set};
use crate::model_choice::ModelChoice;

/// Settings of a new run; what is not given is as in --config, or its default.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct Overrides {
    #[command(flatten)]
    data: DataOptions,

    /// The generator whose latents are guessed: celeba, dtd, pets, a model file or the folder
    /// of a run [default: celeba]
    #[arg(long, value_name = "NAME|FILE")]
    model: Option<String>,
    /// The holes to learn, separated by commas: square:SIZE, circle:DIAMETER, blocks:WxH:COUNT,
    /// half:SIDE, pixels:SHARE, pattern:SHARE or strokes; of several each image gets one at random
    /// [default: nine, of every kind]
    #[arg(long, value_name = "SHAPE,..", value_delimiter = ',')]
    masks: Vec<MaskShape>,
    /// Base width of the encoder [default: 32]
    #[arg(long, value_name = "CHANNELS")]
    width: Option<usize>,
    /// How much an error at a missing pixel counts against one at a known pixel [default: 10]
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT")]
    hole_weight: Option<f64>,
    /// Step size of the encoder [default: 0.001]
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    learning_rate: Option<f64>,

    #[command(flatten)]
    course: CourseOptions,
    /// Hold the validation part (a tenth, by a hash of the name) out of training, and score each
    /// checkpoint by the holes of so many of its images; 0 for no scores [default: 0]
    #[arg(long, value_name = "COUNT")]
    score_images: Option<usize>,
}

impl Overrides {
    pub(super) fn apply(&self, config: &mut RunConfig) -> Result<()> {
        self.data.apply(&mut config.data)?;
        self.course.apply(&mut config.train);
        if let Some(name) = &self.model {
            config.model.generator = resumable(name)?;
        }
        if !self.masks.is_empty() {
            config.masks.clone_from(&self.masks);
        }
        set(&mut config.model.base_channels, self.width.as_ref());
        set(&mut config.hole_weight, self.hole_weight.as_ref());
        let rate = &mut config.train.generator.learning_rate;
        set(rate, self.learning_rate.as_ref());
        set(&mut config.score.images, self.score_images.as_ref());
        Ok(())
    }
}

/// The name of a built-in model, or a path that is the same from every working directory.
fn resumable(name: &str) -> Result<String> {
    let Ok(choice) = name.parse::<ModelChoice>();
    match choice {
        ModelChoice::Pretrained(model) => Ok(model.to_string()),
        ModelChoice::File(path) => {
            let path = absolute(Path::new(&path)).context("the path of --model is empty")?;
            Ok(path.display().to_string())
        }
    }
}
