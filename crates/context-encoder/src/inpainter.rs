use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_nn::{Mode, Network as _};
use semantic_inpaint_tensor::{ImageBatch, Result as TensorResult};

use crate::{ContextEncoder, Result};

/// Completes images by one pass through a trained [`ContextEncoder`].
///
/// **Equation** (Pathak et al. 2016): `M * y + (1 - M) * F(y)` with F the network, by selection: known
/// pixels keep every bit. An image's completion does not depend on the others of its batch, and not on
/// what the hole held.
#[derive(Debug, Clone)]
pub struct ContextEncoderInpainter {
    network: ContextEncoder,
}

impl ContextEncoderInpainter {
    /// An inpainter with a copy of the network's weights as they are now.
    ///
    /// # Errors
    ///
    /// [`Error::Network`](crate::Error::Network) when memory cannot be allocated.
    pub fn new(network: &ContextEncoder) -> Result<Self> {
        Ok(Self {
            network: network.frozen()?,
        })
    }

    /// The network.
    #[must_use]
    pub fn network(&self) -> &ContextEncoder {
        &self.network
    }
}

impl Inpainter for ContextEncoderInpainter {
    type Error = crate::Error;

    /// # Errors
    ///
    /// [`Error::ImageSize`](crate::Error::ImageSize) when the images are of another size than the
    /// network's; [`Error::HoleOutsidePatch`](crate::Error::HoleOutsidePatch) when it predicts a patch
    /// that does not cover a hole.
    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        let prediction = self.network.predict(corrupted, Mode::Eval)?;
        let config = self.network.config();
        let whole = config.output.embed(&prediction, config.image_size_px)?;
        let whole = like(&whole, corrupted.images())?;
        Ok(corrupted.overlay(&whole)?)
    }

    fn name(&self) -> String {
        "context-encoder".into()
    }
}

/// The images in the type and on the device of others, apart from the graph that made them.
fn like(images: &ImageBatch, others: &ImageBatch) -> TensorResult<ImageBatch> {
    let others = others.tensor();
    let tensor = images.tensor().detach().to_device(others.device())?;
    ImageBatch::new(tensor.to_dtype(others.dtype())?)
}
