use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use semantic_inpaint::data::{Flip, Split};
use semantic_inpaint::dcgan::DiscriminatorNorm;
use semantic_inpaint::train::{DiffAugment, Objective, StabilityConfig, TrainConfig};
use semantic_inpaint::{DcganConfig, Framing, LatentPrior};

use super::run_config::{DataConfig, RunConfig};

/// Settings of a new run; what is not given is as in --config, or its default.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct Overrides {
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

    /// Height and width of the images in pixels: 32, 64 or 128 [default: 64]
    #[arg(long)]
    size: Option<usize>,
    /// Base width of both networks [default: 64]
    #[arg(long, value_name = "CHANNELS")]
    width: Option<usize>,
    /// Base width of the generator, where it differs
    #[arg(long, value_name = "CHANNELS")]
    generator_channels: Option<usize>,
    /// Base width of the discriminator, where it differs
    #[arg(long, value_name = "CHANNELS")]
    discriminator_channels: Option<usize>,
    /// Length of the latent [default: 100]
    #[arg(long)]
    latent_len: Option<usize>,
    /// Distribution of the latents: uniform, normal or sphere [default: uniform]
    #[arg(long)]
    latent_prior: Option<LatentPrior>,
    /// What keeps the discriminator's layers in scale: batch (normalization), spectral
    /// (normalization, saved as plain weights) or none [default: batch]
    #[arg(long, value_name = "NORM")]
    discriminator_norm: Option<DiscriminatorNorm>,

    /// Images per step [default: 64]
    #[arg(long)]
    batch_size: Option<usize>,
    /// Step size of both optimizers [default: 0.0002]
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    learning_rate: Option<f64>,
    /// Step size of the generator, where it differs
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    generator_learning_rate: Option<f64>,
    /// Step size of the discriminator, where it differs
    #[arg(long, allow_negative_numbers = true, value_name = "RATE")]
    discriminator_learning_rate: Option<f64>,
    /// What the networks minimize: non-saturating, hinge, or wasserstein, which needs --r1-weight
    /// [default: non-saturating]
    #[arg(long)]
    objective: Option<Objective>,
    /// Weight of R1, the penalty on the discriminator's gradient at real images; 0 is none
    /// [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "WEIGHT")]
    r1_weight: Option<f64>,
    /// Steps between two R1 penalties, each of which counts that many times [default: 16]
    #[arg(long, value_name = "STEPS")]
    r1_every: Option<u64>,
    /// Random changes to all that the discriminator sees, for small sets of images: some of
    /// color,translation,cutout, or none [default: none]
    #[arg(long, value_name = "PARTS")]
    augment: Option<DiffAugment>,
    /// Seed of weights, latents, order and flips [default: 0]
    #[arg(long)]
    seed: Option<u64>,
    /// Real images are called 1 - SHARE instead of 1 [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// What the averaged generator keeps of itself in each step [default: 0.999]
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

    /// How often a run that diverges or collapses may return to its last good checkpoint, with lower
    /// step sizes, before it ends with an error; with 0 such faults are only told [default: 0]
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
    /// Share of their early diversity below which samples are duplicates [default: 0.25]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    collapse_ratio: Option<f64>,
    /// The first samples from this step on give the early diversity [default: 1000]
    #[arg(long, value_name = "STEP")]
    collapse_after: Option<u64>,
    /// Samples that each checkpoint is scored with, as many real images in each half; 0 for no scores
    /// [default: 500]
    #[arg(long, value_name = "COUNT")]
    score_samples: Option<usize>,
}

fn set<T: Clone>(target: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        *target = value.clone();
    }
}

impl Overrides {
    pub(super) fn apply(&self, config: &mut RunConfig) -> Result<()> {
        self.apply_to_data(&mut config.data)?;
        self.apply_to_model(&mut config.model);
        self.apply_to_training(&mut config.train);
        self.apply_to_stability(&mut config.train.stability);
        set(&mut config.score.samples, self.score_samples.as_ref());
        Ok(())
    }

    fn apply_to_data(&self, data: &mut DataConfig) -> Result<()> {
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

    fn apply_to_model(&self, model: &mut DcganConfig) {
        let generator = self.generator_channels.or(self.width);
        let discriminator = self.discriminator_channels.or(self.width);
        set(&mut model.image_size_px, self.size.as_ref());
        set(&mut model.generator_channels, generator.as_ref());
        set(&mut model.discriminator_channels, discriminator.as_ref());
        set(&mut model.latent_len, self.latent_len.as_ref());
        set(&mut model.latent_prior, self.latent_prior.as_ref());
        let norm = self.discriminator_norm.as_ref();
        set(&mut model.discriminator_norm, norm);
    }

    fn apply_to_training(&self, train: &mut TrainConfig) {
        let generator_rate = self.generator_learning_rate.or(self.learning_rate);
        let discriminator_rate = self.discriminator_learning_rate.or(self.learning_rate);
        set(&mut train.batch_size, self.batch_size.as_ref());
        set(&mut train.generator.learning_rate, generator_rate.as_ref());
        let rate = &mut train.discriminator.learning_rate;
        set(rate, discriminator_rate.as_ref());
        set(&mut train.seed, self.seed.as_ref());
        set(&mut train.objective, self.objective.as_ref());
        set(&mut train.gradient_penalty.weight, self.r1_weight.as_ref());
        set(&mut train.gradient_penalty.every, self.r1_every.as_ref());
        set(&mut train.augmentation, self.augment.as_ref());
        set(&mut train.label_smoothing, self.label_smoothing.as_ref());
        set(&mut train.averaging_decay, self.averaging_decay.as_ref());
        set(&mut train.averaging_warmup, self.averaging_warmup.as_ref());
        set(&mut train.sample_every, self.sample_every.as_ref());
        set(&mut train.checkpoint_every, self.checkpoint_every.as_ref());
        set(&mut train.keep_checkpoints, self.keep_checkpoints.as_ref());
    }

    fn apply_to_stability(&self, stability: &mut StabilityConfig) {
        set(&mut stability.max_returns, self.max_returns.as_ref());
        set(&mut stability.rate_factor, self.rate_factor.as_ref());
        let logit = self.saturation_logit.as_ref();
        set(&mut stability.saturation_logit, logit);
        let steps = self.saturation_steps.as_ref();
        set(&mut stability.saturation_steps, steps);
        set(&mut stability.collapse_ratio, self.collapse_ratio.as_ref());
        set(&mut stability.collapse_after, self.collapse_after.as_ref());
    }
}
