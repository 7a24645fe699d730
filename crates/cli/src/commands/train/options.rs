use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use semantic_inpaint::Framing;
use semantic_inpaint::data::{Flip, Split};
use semantic_inpaint::tensor::passes::Precision;
use semantic_inpaint::train::{StabilityConfig, TrainConfig};

use super::settings::DataConfig;

/// Puts a value that was given in its place.
pub(super) fn set<T: Clone>(target: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        *target = value.clone();
    }
}

/// The training images.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct DataOptions {
    /// Training images: a folder, an archive (.zip, .tar, .tar.gz) or a prepared set
    #[arg(long, value_name = "SPEC")]
    data: Option<PathBuf>,
    /// How images become square: crop108 (the face in an aligned CelebA image), squash (the whole
    /// image), center-crop (the largest centered square) or random-crops:COUNT[:PERCENT[:SEED]] (COUNT
    /// squares of each image, each at least PERCENT of its shorter side) [default: center-crop]
    #[arg(long)]
    framing: Option<Framing>,
    /// Take only these classes, separated by commas: folders of images, or beginnings of their names
    /// [default: all]
    #[arg(long, value_name = "CLASS,..", value_delimiter = ',')]
    classes: Vec<String>,
    /// Part of the images: all, train or validation (a tenth, by a hash of the name), or the
    /// publisher's published-train, published-validation or published-test [default: all]
    #[arg(long)]
    split: Option<Split>,
    /// Take only the first COUNT images by name
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Share of the images that may be unreadable, from 0 to 1 [default: 0.01]
    #[arg(long, value_name = "SHARE")]
    max_unreadable: Option<f64>,
    /// Folder in which prepared sets are kept and found again by content and settings, so that a run
    /// reads its images in a moment
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
    /// Mirror images at random: none or horizontal [default: horizontal]
    #[arg(long)]
    flip: Option<Flip>,
    /// What the training images are, for the model card [default: the name of the source]
    #[arg(long, value_name = "TEXT")]
    dataset_name: Option<String>,
    /// Terms under which the weights may be used, for the model card
    #[arg(long, value_name = "TEXT")]
    licence: Option<String>,
}

impl DataOptions {
    pub(super) fn apply(&self, data: &mut DataConfig) -> Result<()> {
        if let Some(source) = &self.data {
            // A run must be resumable from another working directory.
            data.source = std::path::absolute(source).context("the path of --data is empty")?;
        }
        set(&mut data.framing, self.framing.as_ref());
        if !self.classes.is_empty() {
            data.classes.clone_from(&self.classes);
        }
        set(&mut data.split, self.split.as_ref());
        set(&mut data.max_unreadable_share, self.max_unreadable.as_ref());
        if let Some(cache) = &self.cache {
            let cache = std::path::absolute(cache).context("the path of --cache is empty")?;
            data.cache = Some(cache);
        }
        data.limit = self.limit.or(data.limit);
        set(&mut data.flip, self.flip.as_ref());
        set(&mut data.dataset_name, self.dataset_name.as_ref());
        set(&mut data.licence, self.licence.as_ref());
        Ok(())
    }
}

/// How a run goes on from step to step.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct CourseOptions {
    /// Images per step [default: 64]
    #[arg(long)]
    batch_size: Option<usize>,
    /// What convolutions and their gradients multiply: f32, bf16 (several times faster with AMX or on a GPU,
    /// a little noisier) or, on a GPU, tf32 [default: f32]
    #[arg(long)]
    precision: Option<Precision>,
    /// Seed of weights, order, flips and all else that is random [default: 0]
    #[arg(long)]
    seed: Option<u64>,
    /// What the averaged network keeps of itself in each step [default: 0.999]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    averaging_decay: Option<f64>,
    /// Steps over which that grows linearly from 0; with 0 it grows as (1 + t) / (10 + t)
    /// [default: 0]
    #[arg(long, value_name = "STEPS")]
    averaging_warmup: Option<u64>,
    /// Steps between two grids of samples [default: 500]
    #[arg(long, value_name = "STEPS")]
    sample_every: Option<u64>,
    /// Steps between two checkpoints [default: 500]
    #[arg(long, value_name = "STEPS")]
    checkpoint_every: Option<u64>,
    /// Newest checkpoints to keep [default: 3]
    #[arg(long, value_name = "COUNT")]
    keep_checkpoints: Option<usize>,

    /// How often a run that fails may return to its last good checkpoint, with lower step sizes,
    /// before it ends with an error; with 0 faults are only told [default: 0]
    #[arg(long, value_name = "COUNT")]
    max_returns: Option<u64>,
    /// What both step sizes are multiplied by at each return [default: 0.5]
    #[arg(long, allow_negative_numbers = true, value_name = "FACTOR")]
    rate_factor: Option<f64>,
    /// Mean size of the logits above which the discriminator is saturated [default: 20]
    #[arg(long, allow_negative_numbers = true, value_name = "LOGIT")]
    saturation_logit: Option<f64>,
    /// Saturated steps in a row that are a fault [default: 200]
    #[arg(long, value_name = "STEPS")]
    saturation_steps: Option<u64>,
}

impl CourseOptions {
    pub(super) fn apply(&self, train: &mut TrainConfig) {
        set(&mut train.batch_size, self.batch_size.as_ref());
        set(&mut train.precision, self.precision.as_ref());
        set(&mut train.seed, self.seed.as_ref());
        set(&mut train.averaging_decay, self.averaging_decay.as_ref());
        set(&mut train.averaging_warmup, self.averaging_warmup.as_ref());
        set(&mut train.sample_every, self.sample_every.as_ref());
        set(&mut train.checkpoint_every, self.checkpoint_every.as_ref());
        set(&mut train.keep_checkpoints, self.keep_checkpoints.as_ref());
        self.apply_to_stability(&mut train.stability);
    }

    fn apply_to_stability(&self, stability: &mut StabilityConfig) {
        set(&mut stability.max_returns, self.max_returns.as_ref());
        set(&mut stability.rate_factor, self.rate_factor.as_ref());
        let logit = self.saturation_logit.as_ref();
        set(&mut stability.saturation_logit, logit);
        let steps = self.saturation_steps.as_ref();
        set(&mut stability.saturation_steps, steps);
    }
}
