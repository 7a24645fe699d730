use semantic_inpaint_nn::{Discriminator, Logits, Mode, Network, Params, Result as NnResult};
use semantic_inpaint_tensor::{DType, Device, ImageBatch, ImageShape, Rng, Tensor};

/// A discriminator without weights and without opinion, for training without an adversary: every logit
/// is 0.
#[derive(Debug, Clone)]
pub struct Unjudged {
    shape: ImageShape,
    params: Params,
}

impl Unjudged {
    /// A judge of images of this shape.
    ///
    /// # Errors
    ///
    /// A tensor error when the device fails.
    pub fn new(shape: ImageShape, device: &Device) -> NnResult<Self> {
        let params = Params::initialize(&[], &mut Rng::from_seed(0), device)?;
        Ok(Self { shape, params })
    }
}

impl Network for Unjudged {
    fn params(&self) -> &Params {
        &self.params
    }

    fn with_params(&self, params: Params) -> NnResult<Self> {
        Ok(Self {
            shape: self.shape,
            params,
        })
    }
}

impl Discriminator for Unjudged {
    fn image_shape(&self) -> ImageShape {
        self.shape
    }

    fn forward(&self, images: &ImageBatch, _mode: Mode) -> NnResult<Logits> {
        let device = images.tensor().device();
        let zeros = Tensor::zeros(images.count(), DType::F32, device);
        Logits::new(zeros.map_err(semantic_inpaint_tensor::Error::from)?)
    }
}
