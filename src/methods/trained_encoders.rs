use semantic_inpaint_context_encoder::{ContextEncoderInpainter, ContextEncoderModel};
use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask, MaskShape};
use semantic_inpaint_tensor::{Error as TensorError, ImageBatch, Rng, Tensor};

use crate::{Error, Result};

/// Context Encoders, of which each hole is given to the one that was trained for it.
pub(super) struct TrainedEncoders {
    encoders: Vec<TrainedEncoder>,
    size_px: usize,
}

struct TrainedEncoder {
    inpainter: ContextEncoderInpainter,
    masks: Vec<MaskShape>,
}

impl TrainedEncoder {
    fn size_px(&self) -> usize {
        self.inpainter.network().config().image_size_px
    }

    /// Whether this very hole is one that it was trained on.
    fn knows(&self, mask: &Mask) -> bool {
        self.masks.iter().any(|shape| {
            let drawn = shape.build(mask.height(), mask.width(), &mut Rng::from_seed(0));
            drawn.is_ok_and(|drawn| drawn.known(0) == mask.known(0))
        })
    }
}

impl TrainedEncoders {
    /// Of models of one size, in the order in which they are preferred.
    pub(super) fn new(models: &[ContextEncoderModel]) -> Result<Self> {
        let encoder = |model: &ContextEncoderModel| {
            Ok(TrainedEncoder {
                inpainter: ContextEncoderInpainter::new(&model.network)?,
                masks: model.masks.clone(),
            })
        };
        let encoders: Vec<TrainedEncoder> = models.iter().map(encoder).collect::<Result<_>>()?;
        let size_px = encoders.first().ok_or(Error::NoEncoder)?.size_px();
        let mut sizes = encoders.iter().map(TrainedEncoder::size_px);
        match sizes.find(|&size| size != size_px) {
            Some(other) => Err(Error::EncoderSizes {
                sizes: [size_px, other],
            }),
            None => Ok(Self { encoders, size_px }),
        }
    }

    pub(super) fn size_px(&self) -> usize {
        self.size_px
    }

    /// One image by the first network that knows its hole, else by the first that covers it.
    fn complete(&self, corrupted: &CorruptedImages) -> Result<Tensor> {
        let mask = corrupted.mask();
        let (known, others): (Vec<_>, Vec<_>) =
            (self.encoders.iter()).partition(|encoder| encoder.knows(mask));
        let mut fault = None;
        for encoder in known.into_iter().chain(others) {
            match encoder.inpainter.inpaint(corrupted) {
                Ok(completed) => return Ok(completed.into_tensor()),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        Err(fault.map_or(Error::NoEncoder, Error::from))
    }
}

impl Inpainter for TrainedEncoders {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        let images =
            (0..corrupted.count()).map(|index| self.complete(&corrupted.narrow(index, 1)?));
        let images = images.collect::<Result<Vec<_>>>()?;
        Ok(ImageBatch::new(
            Tensor::cat(&images, 0).map_err(TensorError::from)?,
        )?)
    }

    fn name(&self) -> String {
        "context-encoder".into()
    }
}
