//! Networks of one weight each, whose training can be foretold.

use semantic_inpaint_nn::{
    Discriminator, Generator, Init, Logits, Mode, Network, ParamSpec, Params, Result, Role,
};
use semantic_inpaint_tensor::{
    Device, Error as TensorError, ImageBatch, ImageShape, Latent, LatentPrior, Rng, Tensor,
};
use semantic_inpaint_train::{GanTrainer, TrainConfig};

const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 2,
    width: 2,
};

/// `G(z) = gain z`, the gain being 1 at first.
#[derive(Debug, Clone)]
pub(crate) struct Gain(Params);

/// `D(x) = offset - 100 mean(x^2)`: whoever wants to please it makes all images alike.
#[derive(Debug, Clone)]
pub(crate) struct Grayness(Params);

pub(crate) fn trainer(config: TrainConfig) -> GanTrainer<Gain, Grayness> {
    let params = |name: &str, init| {
        let spec = ParamSpec::new(name, [1], init, Role::Weight);
        Params::initialize(&[spec], &mut Rng::from_seed(1), &Device::Cpu).unwrap()
    };
    let (gain, offset) = (params("gain", Init::Ones), params("offset", Init::Zeros));
    GanTrainer::new(Gain(gain), Grayness(offset), config).unwrap()
}

/// The real images of a step.
pub(crate) fn real(step: u64) -> std::result::Result<ImageBatch, TensorError> {
    let mut rng = Rng::from_seed_and_stream(5, step);
    ImageBatch::new(rng.uniform(-1.0, 1.0, (4, 3, 2, 2), &Device::Cpu)?)
}

impl Network for Gain {
    fn params(&self) -> &Params {
        &self.0
    }

    fn with_params(&self, params: Params) -> Result<Self> {
        Ok(Self(params))
    }
}

impl Generator for Gain {
    fn latent_len(&self) -> usize {
        SHAPE.num_values()
    }

    fn latent_prior(&self) -> LatentPrior {
        LatentPrior::Uniform
    }

    fn image_shape(&self) -> ImageShape {
        SHAPE
    }

    fn forward(&self, latent: &Latent, _mode: Mode) -> Result<ImageBatch> {
        let values = latent.tensor().broadcast_mul(self.0.tensor("gain")?)?;
        Ok(ImageBatch::new(values.reshape(((), 3, 2, 2))?)?)
    }
}

impl Network for Grayness {
    fn params(&self) -> &Params {
        &self.0
    }

    fn with_params(&self, params: Params) -> Result<Self> {
        Ok(Self(params))
    }
}

impl Discriminator for Grayness {
    fn image_shape(&self) -> ImageShape {
        SHAPE
    }

    fn forward(&self, images: &ImageBatch, _mode: Mode) -> Result<Logits> {
        let squares: Tensor = images.tensor().sqr()?.flatten_from(1)?.mean(1)?;
        Logits::new((squares * -100.0)?.broadcast_add(self.0.tensor("offset")?)?)
    }
}
