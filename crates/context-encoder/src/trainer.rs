use semantic_inpaint_mask::{CorruptedImages, Inpainter as _, Mask, MaskShape};
use semantic_inpaint_nn::{AdamConfig, Discriminator, Mode};
use semantic_inpaint_tensor::{ImageBatch, Rng};
use semantic_inpaint_train::{
    Adversaries, GeneratorLoss, Result as TrainResult, StepReport, TrainConfig, Trainer,
};

use crate::joint_loss::judged_part;
use crate::{
    ContextEncoder, ContextEncoderInpainter, Error, JointLoss, Result, reconstruction_loss,
};

/// Streams of the seed: the masks of step t come from stream `MASK_STREAMS + t`.
const MASK_STREAMS: u64 = 1 << 34;
const SAMPLE_STREAM: u64 = 2;

/// What the generator's rate is multiplied by to the discriminator's, in the released code.
const RATE_FACTOR: f64 = 10.0;

/// Settings of a Context Encoder's training.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextEncoderTraining {
    /// The holes. One shape trains a network for it; of several, each image of each step gets one, and
    /// shapes with chance are drawn anew.
    pub masks: Vec<MaskShape>,
    /// The weights of the loss.
    pub loss: JointLoss,
    /// All that training has in common with that of a GAN. The number of samples is not used: they are
    /// the images that the trainer is given.
    pub train: TrainConfig,
}

impl ContextEncoderTraining {
    /// The publication's settings for these holes: Adam with beta1 0.5, the discriminator at 0.0002, the
    /// generator ten times as fast.
    #[must_use]
    pub fn new(masks: Vec<MaskShape>) -> Self {
        Self {
            masks,
            loss: JointLoss::default(),
            train: Self::train_config(),
        }
    }

    /// The rates and sizes of [`ContextEncoderTraining::new`].
    #[must_use]
    pub fn train_config() -> TrainConfig {
        let discriminator = AdamConfig::default();
        TrainConfig {
            generator: AdamConfig {
                learning_rate: RATE_FACTOR * discriminator.learning_rate,
                ..discriminator
            },
            discriminator,
            sample_count: 16,
            ..TrainConfig::default()
        }
    }
}

/// Trains a [`ContextEncoder`] against a discriminator of its output.
///
/// One step, with the masks of that step: the prediction and the [`reconstruction_loss`]; a step of the
/// discriminator on the true and the predicted output; a step of the network by the [`JointLoss`]. Where
/// a pixel has no weight, the discriminator sees the truth in both. An exponential average of the
/// network follows, as in a [`GanTrainer`](semantic_inpaint_train::GanTrainer).
///
/// Everything random is a function of the seed and the step, so that a resumed run makes the steps of
/// one that was not stopped.
#[derive(Debug)]
pub struct ContextEncoderTrainer<D> {
    adversaries: Adversaries<ContextEncoder, D>,
    masks: Vec<MaskShape>,
    loss: JointLoss,
    sample_truth: ImageBatch,
    sample_corrupted: CorruptedImages,
}

impl<D: Discriminator> ContextEncoderTrainer<D> {
    /// A trainer at step 0 whose samples show the completion of `sample_images`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when a setting is out of range or the discriminator's images are no
    /// outputs of the network; [`Error::Mask`] when a hole does not fit, [`Error::HoleOutsidePatch`].
    pub fn new(
        network: ContextEncoder,
        discriminator: D,
        settings: ContextEncoderTraining,
        sample_images: &ImageBatch,
    ) -> Result<Self> {
        let config = *network.config();
        let ContextEncoderTraining { masks, loss, train } = settings;
        loss.validate()?;
        config.output.check_shapes(&masks)?;
        if train.batch_size < 2 {
            let expected = "at least 2, for batch normalization";
            return Err(Error::setting(
                "batch size",
                expected,
                train.batch_size.to_string(),
            ));
        }
        if discriminator.image_shape() != config.output_shape() {
            let expected = format!("the network's output shape {:?}", config.output_shape());
            let got = format!("{:?}", discriminator.image_shape());
            return Err(Error::setting(
                "the discriminator's image shape",
                &expected,
                got,
            ));
        }
        let rng = &mut Rng::from_seed_and_stream(train.seed, SAMPLE_STREAM);
        let drawn = Mask::draw(
            &masks,
            sample_images.count(),
            config.image_size_px,
            config.image_size_px,
            rng,
        )?;
        let sample_corrupted = CorruptedImages::new(sample_images, &drawn)?;
        config.output.check_holes(&drawn)?;
        Ok(Self {
            adversaries: Adversaries::new(network, discriminator, train)?,
            masks,
            loss,
            sample_truth: sample_images.clone(),
            sample_corrupted,
        })
    }

    /// Moves both networks once, on a batch of true images `[N, 3, S, S]` with given masks, one for all
    /// or one for each.
    ///
    /// # Errors
    ///
    /// [`Error::ImageSize`], [`Error::HoleOutsidePatch`], [`Error::Mask`] when images or masks do not
    /// fit; [`Error::Train`] when a loss is not finite.
    pub fn step_with(&mut self, images: &ImageBatch, mask: &Mask) -> Result<StepReport> {
        let corrupted = CorruptedImages::new(images, mask)?;
        let network = self.adversaries.generator();
        let output = network.config().output;
        let prediction = network.predict(&corrupted, Mode::Train)?;
        let truth = ImageBatch::new(output.crop(images.tensor())?)?;
        let device = images.tensor().device();
        let weights = self.loss.pixel_weights(corrupted.mask(), output, device)?;
        let reconstruction = reconstruction_loss(&prediction, &truth, &weights)?;
        let judged = judged_part(&prediction, &truth, &weights)?;
        let loss = GeneratorLoss::Joint {
            reconstruction: &reconstruction,
            adversarial_weight: self.loss.adversarial_weight,
        };
        Ok(self.adversaries.step(&truth, &judged, loss)?)
    }

    /// The network as it is being trained.
    pub fn network(&self) -> &ContextEncoder {
        self.adversaries.generator()
    }

    /// The running average of the network: the one to use.
    pub fn averaged_network(&self) -> &ContextEncoder {
        self.adversaries.averaged_generator()
    }

    fn step_on(&mut self, images: &ImageBatch) -> Result<StepReport> {
        let stream = MASK_STREAMS + self.adversaries.steps();
        let seed = self.adversaries.config().seed;
        let mut rng = Rng::from_seed_and_stream(seed, stream);
        let size_px = self.network().config().image_size_px;
        let mask = Mask::draw(&self.masks, images.count(), size_px, size_px, &mut rng)?;
        self.step_with(images, &mask)
    }

    fn triples(&self) -> Result<ImageBatch> {
        let network = self.averaged_network();
        let filled = network.filled(&self.sample_corrupted)?;
        let inpainter = ContextEncoderInpainter::new(network)?;
        let completed = inpainter.inpaint(&self.sample_corrupted)?;
        let columns = [&self.sample_truth, &filled, &completed];
        Ok(ImageBatch::interleave(&columns)?)
    }
}

impl<D: Discriminator> Trainer for ContextEncoderTrainer<D> {
    type Generator = ContextEncoder;
    type Discriminator = D;

    fn adversaries(&self) -> &Adversaries<ContextEncoder, D> {
        &self.adversaries
    }

    fn adversaries_mut(&mut self) -> &mut Adversaries<ContextEncoder, D> {
        &mut self.adversaries
    }

    fn step(&mut self, real: &ImageBatch) -> TrainResult<StepReport> {
        Ok(self.step_on(real)?)
    }

    /// Of each sample image three: the image, the image with its hole filled as the network sees it, and
    /// its completion by the averaged network.
    fn samples(&self) -> TrainResult<ImageBatch> {
        Ok(self.triples()?)
    }

    /// Nothing: a completion is held to its image.
    fn diversity(&self) -> TrainResult<Option<f64>> {
        Ok(None)
    }
}
