use semantic_inpaint_tensor::{
    Error as TensorError, ImageBatch, ImageShape, Latent, LatentPrior, Tensor,
};

use semantic_inpaint_tensor::passes::Precision;

use crate::frozen::Layer;
use crate::{Error, Mode, Params, Result};

/// A network with named parameters.
pub trait Network: Sized {
    /// The parameters that the layers read.
    fn params(&self) -> &Params;

    /// The same architecture over other parameters.
    ///
    /// # Errors
    ///
    /// [`Error::MissingParameter`](crate::Error::MissingParameter).
    fn with_params(&self, params: Params) -> Result<Self>;

    /// A copy in which nothing can change, for searches: no weight gradients, fixed statistics.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    fn frozen(&self) -> Result<Self> {
        self.with_params(self.params().frozen()?)
    }

    /// The network over the same parameters whose layers multiply in this precision, where the device has it.
    ///
    /// # Errors
    ///
    /// None of its own; those of [`Network::with_params`].
    fn in_precision(self, precision: Precision) -> Result<Self> {
        self.with_params(self.params().clone().with_precision(precision))
    }

    /// The network in evaluation mode as a chain of layers, from which a
    /// [`FrozenNetwork`](crate::frozen::FrozenNetwork) is made; nothing where it is no chain.
    ///
    /// # Errors
    ///
    /// A tensor error when memory cannot be allocated.
    fn layers(&self) -> Result<Option<Vec<Layer>>> {
        Ok(None)
    }
}

/// Maps latents to images.
pub trait Generator: Network {
    /// Length of one latent, Z.
    fn latent_len(&self) -> usize;

    /// The distribution of latents that the generator was trained on.
    fn latent_prior(&self) -> LatentPrior;

    /// Shape of one image.
    fn image_shape(&self) -> ImageShape;

    /// The images of latents: `[N, Z]` to `[N, C, H, W]` in `[-1, 1]`.
    ///
    /// # Errors
    ///
    /// A tensor error when the latent length differs; [`Error::Frozen`](crate::Error::Frozen) when a
    /// frozen network is run in training mode.
    fn forward(&self, latent: &Latent, mode: Mode) -> Result<ImageBatch>;
}

/// Judges whether images are real.
pub trait Discriminator: Network {
    /// Shape of one image.
    fn image_shape(&self) -> ImageShape;

    /// The logits of images: `[N, C, H, W]` to `[N]`; the sigmoid of a logit is the probability of
    /// being real.
    ///
    /// # Errors
    ///
    /// A tensor error when the image shape differs; [`Error::Frozen`](crate::Error::Frozen) when a
    /// frozen network is run in training mode.
    fn forward(&self, images: &ImageBatch, mode: Mode) -> Result<Logits>;

    /// The logits of images, as [`Discriminator::forward`] gives them, and the gradient of their sum
    /// with respect to the images: `[N, C, H, W]` to `[N]` and `[N, C, H, W]`.
    ///
    /// Both are expressions in the weights: a loss on the gradient can be differentiated by the
    /// weights once more, which a gradient from `backward` cannot.
    ///
    /// # Errors
    ///
    /// [`Error::NoInputGradient`](crate::Error::NoInputGradient) where an architecture does not
    /// provide it, which is the default; else as [`Discriminator::forward`].
    fn forward_with_input_gradient(
        &self,
        _images: &ImageBatch,
        _mode: Mode,
    ) -> Result<(Logits, Tensor)> {
        Err(Error::NoInputGradient)
    }
}

/// Guesses latents from what is known of images: a generator's approximate inverse.
pub trait LatentEncoder: Network {
    /// Shape of one image.
    fn image_shape(&self) -> ImageShape;

    /// Length of one latent, Z.
    fn latent_len(&self) -> usize;

    /// The latents of images, `[N, C, H, W]` with their missing pixels 0, and masks `[N, 1, H, W]`,
    /// 1 where known: `[N, Z]`, within the bounds of the generator's prior.
    ///
    /// # Errors
    ///
    /// A tensor error when a shape differs; [`Error::Frozen`](crate::Error::Frozen) when a frozen
    /// network is run in training mode.
    fn encode(&self, known: &ImageBatch, mask: &Tensor, mode: Mode) -> Result<Latent>;
}

/// A discriminator's outputs before the sigmoid.
///
/// **Shape** `[N]`.
#[derive(Debug, Clone)]
pub struct Logits(Tensor);

impl Logits {
    /// Wraps a tensor of shape `[N]`.
    ///
    /// # Errors
    ///
    /// A shape mismatch when the rank is not 1.
    pub fn new(tensor: Tensor) -> Result<Self> {
        if tensor.rank() == 1 {
            return Ok(Self(tensor));
        }
        let got = tensor.dims().to_vec();
        Err(TensorError::ShapeMismatch {
            what: "logits",
            expected: "[N]".into(),
            got,
        }
        .into())
    }

    /// The tensor, `[N]`.
    #[must_use]
    pub fn tensor(&self) -> &Tensor {
        &self.0
    }
}
