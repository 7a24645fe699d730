use anyhow::Result;
use clap::Args;
use semantic_inpaint::dcgan::DiscriminatorNorm;
use semantic_inpaint::train::{DiffAugment, Objective, TrainConfig};
use semantic_inpaint::{DcganConfig, LatentPrior};

use super::RunConfig;
use crate::commands::train::options::{CourseOptions, DataOptions, set};

/// Settings of a new run; what is not given is as in --config, or its default.
#[derive(Debug, Default, PartialEq, Args)]
pub(super) struct Overrides {
    #[command(flatten)]
    data: DataOptions,

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
    /// Real images are called 1 - SHARE instead of 1 [default: 0]
    #[arg(long, allow_negative_numbers = true, value_name = "SHARE")]
    label_smoothing: Option<f64>,
    #[command(flatten)]
    course: CourseOptions,
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
    /// Hold the validation part out of training, search the latents of its first COUNT images at each
    /// checkpoint, nothing missing, and keep the one whose images come nearest as the best; 0 is none
    /// [default: 0]
    #[arg(long, value_name = "COUNT")]
    score_reconstruct: Option<usize>,
}

impl Overrides {
    pub(super) fn apply(&self, config: &mut RunConfig) -> Result<()> {
        self.data.apply(&mut config.data)?;
        self.course.apply(&mut config.train);
        self.apply_to_model(&mut config.model);
        self.apply_to_training(&mut config.train);
        set(&mut config.score.samples, self.score_samples.as_ref());
        set(
            &mut config.score.reconstruct,
            self.score_reconstruct.as_ref(),
        );
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
        set(&mut train.generator.learning_rate, generator_rate.as_ref());
        let rate = &mut train.discriminator.learning_rate;
        set(rate, discriminator_rate.as_ref());
        set(&mut train.objective, self.objective.as_ref());
        set(&mut train.gradient_penalty.weight, self.r1_weight.as_ref());
        set(&mut train.gradient_penalty.every, self.r1_every.as_ref());
        set(&mut train.augmentation, self.augment.as_ref());
        set(&mut train.label_smoothing, self.label_smoothing.as_ref());
        let stability = &mut train.stability;
        set(&mut stability.collapse_ratio, self.collapse_ratio.as_ref());
        set(&mut stability.collapse_after, self.collapse_after.as_ref());
    }
}
