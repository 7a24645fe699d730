use semantic_inpaint_dcgan::DcganEncoder;
use semantic_inpaint_mask::{CorruptedImages, Mask, MaskShape};
use semantic_inpaint_nn::{AdamConfig, Generator, LatentEncoder, Mode};
use semantic_inpaint_tensor::{ImageBatch, Rng};
use semantic_inpaint_train::{
    Adversaries, GeneratorLoss, Result as TrainResult, StepReport, TrainConfig, Trainer,
};

use crate::model::check_pair;
use crate::{Error, Result, Unjudged, weighted_error};

/// Streams of the seed: the masks of step t come from stream `MASK_STREAMS + t`.
const MASK_STREAMS: u64 = 1 << 34;
const SAMPLE_STREAM: u64 = 2;

/// Settings of an encoder's training.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentEncoderTraining {
    /// The holes: each image of each step gets one of these shapes, and shapes with chance are drawn
    /// anew.
    pub masks: Vec<MaskShape>,
    /// How much an error at a missing pixel counts against one at a known pixel.
    pub hole_weight: f64,
    /// All that training has in common with that of a GAN. The objective, the discriminator's rate and
    /// the number of samples are not used.
    pub train: TrainConfig,
}

impl LatentEncoderTraining {
    /// A missing pixel counts ten times; Adam with step 0.001 and beta1 0.5.
    #[must_use]
    pub fn new(masks: Vec<MaskShape>) -> Self {
        Self {
            masks,
            hole_weight: 10.0,
            train: Self::train_config(),
        }
    }

    /// The rates and sizes of [`LatentEncoderTraining::new`].
    #[must_use]
    pub fn train_config() -> TrainConfig {
        let published = AdamConfig::default();
        TrainConfig {
            generator: AdamConfig {
                learning_rate: 1e-3,
                ..published
            },
            sample_count: 16,
            ..TrainConfig::default()
        }
    }

    /// Succeeds when every setting is in its range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] with the first that is not; [`Error::Train`].
    pub fn validate(&self) -> Result<()> {
        let invalid = |what, expected, got: String| {
            Err(Error::InvalidSetting {
                what,
                expected,
                got,
            })
        };
        if self.masks.is_empty() {
            let expected = "at least one shape, for example square:20";
            return invalid("training masks", expected, "none".into());
        }
        if !(self.hole_weight.is_finite() && self.hole_weight > 0.0) {
            let got = self.hole_weight.to_string();
            return invalid("weight of the hole", "a positive number", got);
        }
        if self.train.batch_size < 2 {
            let got = self.train.batch_size.to_string();
            return invalid("batch size", "at least 2, for batch normalization", got);
        }
        Ok(self.train.validate()?)
    }
}

/// Trains a [`DcganEncoder`] through a generator that stays as it is.
///
/// One step, with the masks of that step: the images that the generator makes of the encoder's latents,
/// and a step of the encoder by their [`weighted_error`]. An exponential average of the encoder follows,
/// as in a [`GanTrainer`](semantic_inpaint_train::GanTrainer).
///
/// Everything random is a function of the seed and the step, so that a resumed run makes the steps of
/// one that was not stopped.
#[derive(Debug)]
pub struct LatentEncoderTrainer<G> {
    adversaries: Adversaries<DcganEncoder, Unjudged>,
    generator: G,
    masks: Vec<MaskShape>,
    hole_weight: f64,
    sample_truth: ImageBatch,
    sample_corrupted: CorruptedImages,
}

impl<G: Generator> LatentEncoderTrainer<G> {
    /// A trainer at step 0 whose samples show the completion of `sample_images`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when a setting is out of range; [`Error::OtherGenerator`] when encoder
    /// and generator do not fit; [`Error::Mask`] when a hole does not fit.
    pub fn new(
        encoder: DcganEncoder,
        generator: &G,
        settings: LatentEncoderTraining,
        sample_images: &ImageBatch,
    ) -> Result<Self> {
        settings.validate()?;
        check_pair(&encoder, generator)?;
        let shape = generator.image_shape();
        let judge = Unjudged::new(shape, sample_images.tensor().device())?;
        let LatentEncoderTraining {
            masks,
            hole_weight,
            train,
        } = settings;
        let rng = &mut Rng::from_seed_and_stream(train.seed, SAMPLE_STREAM);
        let drawn = Mask::draw(
            &masks,
            sample_images.count(),
            shape.height,
            shape.width,
            rng,
        )?;
        Ok(Self {
            generator: generator.frozen()?.in_precision(train.precision)?,
            adversaries: Adversaries::new(encoder, judge, train)?,
            masks,
            hole_weight,
            sample_truth: sample_images.clone(),
            sample_corrupted: CorruptedImages::new(sample_images, &drawn)?,
        })
    }

    /// Moves the encoder once, on a batch of true images `[N, C, H, W]` with given masks, one for all or
    /// one for each.
    ///
    /// # Errors
    ///
    /// [`Error::Mask`] or a tensor error when images or masks do not fit; [`Error::Train`] when the loss
    /// is not finite.
    pub fn step_with(&mut self, images: &ImageBatch, mask: &Mask) -> Result<StepReport> {
        let corrupted = CorruptedImages::new(images, mask)?;
        let encoder = self.adversaries.generator();
        let prediction = predict(encoder, &self.generator, &corrupted, Mode::Train)?;
        let known = corrupted.mask().to_tensor(images.tensor().device())?;
        let error = weighted_error(&prediction, images, &known, self.hole_weight)?;
        let loss = GeneratorLoss::Joint {
            reconstruction: &error,
            adversarial_weight: 0.0,
        };
        Ok(self.adversaries.step(images, &prediction, loss)?)
    }

    /// The running average of the encoder: the one to use.
    pub fn averaged_encoder(&self) -> &DcganEncoder {
        self.adversaries.averaged_generator()
    }

    fn step_on(&mut self, images: &ImageBatch) -> Result<StepReport> {
        let stream = MASK_STREAMS + self.adversaries.steps();
        let seed = self.adversaries.config().seed;
        let mut rng = Rng::from_seed_and_stream(seed, stream);
        let shape = self.generator.image_shape();
        let count = images.count();
        let mask = Mask::draw(&self.masks, count, shape.height, shape.width, &mut rng)?;
        self.step_with(images, &mask)
    }

    fn triples(&self) -> Result<ImageBatch> {
        let corrupted = &self.sample_corrupted;
        let encoder = self.averaged_encoder();
        let prediction = predict(encoder, &self.generator, corrupted, Mode::Eval)?;
        let prediction = ImageBatch::new(prediction.into_tensor().detach())?;
        let completed = corrupted.overlay(&prediction)?;
        let columns = [&self.sample_truth, corrupted.images(), &completed];
        Ok(ImageBatch::interleave(&columns)?)
    }
}

/// The images that a generator makes of an encoder's latents, `[N, C, H, W]` in `[-1, 1]`: whole ones, known
/// pixels included. The generator runs in evaluation mode, the encoder in `mode`.
///
/// # Errors
///
/// A tensor error when shapes do not fit.
pub fn predict(
    encoder: &impl LatentEncoder,
    generator: &impl Generator,
    corrupted: &CorruptedImages,
    mode: Mode,
) -> Result<ImageBatch> {
    let device = corrupted.images().tensor().device();
    let mask = corrupted.mask().to_tensor(device)?;
    let latent = encoder.encode(corrupted.images(), &mask, mode)?;
    Ok(generator.forward(&latent, Mode::Eval)?)
}

impl<G: Generator> Trainer for LatentEncoderTrainer<G> {
    type Generator = DcganEncoder;
    type Discriminator = Unjudged;

    fn adversaries(&self) -> &Adversaries<DcganEncoder, Unjudged> {
        &self.adversaries
    }

    fn adversaries_mut(&mut self) -> &mut Adversaries<DcganEncoder, Unjudged> {
        &mut self.adversaries
    }

    fn step(&mut self, real: &ImageBatch) -> TrainResult<StepReport> {
        Ok(self.step_on(real)?)
    }

    /// Of each sample image three: the image, the image with its hole, and its completion.
    fn samples(&self) -> TrainResult<ImageBatch> {
        Ok(self.triples()?)
    }

    /// Nothing: a completion is held to its image.
    fn diversity(&self) -> TrainResult<Option<f64>> {
        Ok(None)
    }
}
