use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use semantic_inpaint::data::{Flip, Split};
use semantic_inpaint::{Framing, LatentPrior};

use super::run_config::RunConfig;

/// Settings of a new run; what is not given is as in --config, or its default.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct Overrides {
    /// Training images: a folder, an archive (.zip, .tar, .tar.gz) or a prepared set
    #[arg(long, value_name = "SPEC")]
    data: Option<PathBuf>,
    /// How images become square: crop108 (the face in an aligned CelebA image), squash (the whole
    /// image) or center-crop [default: center-crop]
    #[arg(long)]
    framing: Option<Framing>,
    /// Part of the images: all, train or validation [default: all]
    #[arg(long)]
    split: Option<Split>,
    /// Take only the first COUNT images by name
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
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

    /// Images per step [default: 64]
    #[arg(long)]
    batch_size: Option<usize>,
    /// Step size of both optimizers [default: 0.0002]
    #[arg(long, allow_negative_numbers = true)]
    learning_rate: Option<f64>,
    /// Seed of weights, latents, order and flips [default: 0]
    #[arg(long)]
    seed: Option<u64>,
    /// Real images are called 1 - SHARE instead of 1 [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    /// What the averaged generator keeps of itself in each step [default: 0.999]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    averaging_decay: Option<f64>,
    /// Steps between two grids of samples [default: 500]
    #[arg(long, value_name = "STEPS")]
    sample_every: Option<u64>,
    /// Steps between two checkpoints [default: 500]
    #[arg(long, value_name = "STEPS")]
    checkpoint_every: Option<u64>,
    /// Newest checkpoints to keep [default: 3]
    #[arg(long, value_name = "COUNT")]
    keep_checkpoints: Option<usize>,
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
        let data = &mut config.data;
        if let Some(source) = &self.data {
            // A run must be resumable from another working directory.
            data.source = std::path::absolute(source).context("the path of --data is empty")?;
        }
        set(&mut data.framing, self.framing.as_ref());
        set(&mut data.split, self.split.as_ref());
        data.limit = self.limit.or(data.limit);
        set(&mut data.flip, self.flip.as_ref());
        set(&mut data.dataset_name, self.dataset_name.as_ref());
        set(&mut data.licence, self.licence.as_ref());

        let model = &mut config.model;
        let (generator, discriminator) = (self.generator_channels, self.discriminator_channels);
        set(&mut model.image_size_px, self.size.as_ref());
        set(
            &mut model.generator_channels,
            generator.or(self.width).as_ref(),
        );
        set(
            &mut model.discriminator_channels,
            discriminator.or(self.width).as_ref(),
        );
        set(&mut model.latent_len, self.latent_len.as_ref());
        set(&mut model.latent_prior, self.latent_prior.as_ref());

        let train = &mut config.train;
        set(&mut train.batch_size, self.batch_size.as_ref());
        set(
            &mut train.generator.learning_rate,
            self.learning_rate.as_ref(),
        );
        set(
            &mut train.discriminator.learning_rate,
            self.learning_rate.as_ref(),
        );
        set(&mut train.seed, self.seed.as_ref());
        set(&mut train.label_smoothing, self.label_smoothing.as_ref());
        set(&mut train.averaging_decay, self.averaging_decay.as_ref());
        set(&mut train.sample_every, self.sample_every.as_ref());
        set(&mut train.checkpoint_every, self.checkpoint_every.as_ref());
        set(&mut train.keep_checkpoints, self.keep_checkpoints.as_ref());
        set(&mut config.score.samples, self.score_samples.as_ref());
        Ok(())
    }
}
