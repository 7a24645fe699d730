use semantic_inpaint_tensor::{ImageBatch, Tensor};

use crate::{Error, Mask, Result};

#[cfg(test)]
mod tests;

/// Images with a hole: what an inpainter may see.
///
/// **Equation** (Yeh et al. 2017, section 3): `y = M ⊙ x`, missing pixels 0 (mid-gray on the scale
/// of `[-1, 1]`). Pixels are *selected*, not multiplied, so that even NaN in the hole is gone and
/// two truths that differ only in the hole give byte-identical corrupted images. The truth cannot
/// be reached from this type, neither as values nor through a gradient.
///
/// ```
/// use semantic_inpaint_mask::{CorruptedImages, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 3 };
/// let truth = ImageBatch::from_values(vec![0.5, f32::NAN, -1.0], shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(1, 3, |_row, col| col == 1)?;
/// let corrupted = CorruptedImages::new(&truth, &mask)?;
/// assert_eq!(corrupted.images().to_values()?, [0.5, 0.0, -1.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CorruptedImages {
    images: ImageBatch,
    mask: Mask,
}

impl CorruptedImages {
    /// The images with their missing pixels set to 0, on the device and in the type of `images`.
    ///
    /// A single mask serves all images.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when height or width differ, or there are neither one mask nor as
    /// many masks as images; [`Error::Tensor`] when the device fails.
    pub fn new(images: &ImageBatch, mask: &Mask) -> Result<Self> {
        let shape = images.shape();
        if (mask.height(), mask.width()) != (shape.height, shape.width) {
            return Err(Error::ShapeMismatch {
                what: "size of the mask",
                expected: format!("height {} and width {}", shape.height, shape.width),
                got: format!("height {} and width {}", mask.height(), mask.width()),
            });
        }
        let mask = mask.broadcast_to(images.count())?;
        let truth = images.tensor();
        let zeros = truth
            .zeros_like()
            .map_err(semantic_inpaint_tensor::Error::from)?;
        let images = ImageBatch::new(select_known(&mask, truth, &zeros)?.detach())?;
        Ok(Self { images, mask })
    }

    /// The images `[N, C, H, W]`: known pixels as they were, missing pixels 0.
    #[must_use]
    pub fn images(&self) -> &ImageBatch {
        &self.images
    }

    /// The masks, one for each image.
    #[must_use]
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Number of images, N.
    #[must_use]
    pub fn count(&self) -> usize {
        self.images.count()
    }

    /// The corrupted images `start .. start + count` with their masks.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the range is empty or leaves the batch.
    pub fn narrow(&self, start: usize, count: usize) -> Result<Self> {
        let mask = self.mask.narrow(start, count)?;
        Ok(Self {
            images: self.images.narrow(start, count)?,
            mask,
        })
    }

    /// The known pixels of these images, bit for bit, and the missing ones of `generated`.
    ///
    /// **Equation** (Yeh et al. 2017, section 3.3): `M ⊙ y + (1 - M) ⊙ G(z)`, again by selection.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the shapes differ; [`Error::Tensor`] when types or devices
    /// differ.
    pub fn overlay(&self, generated: &ImageBatch) -> Result<ImageBatch> {
        let (own, other) = (self.images.tensor(), generated.tensor());
        if own.dims() != other.dims() {
            return Err(Error::ShapeMismatch {
                what: "generated images",
                expected: format!("{:?}", own.dims()),
                got: format!("{:?}", other.dims()),
            });
        }
        Ok(ImageBatch::new(select_known(&self.mask, own, other)?)?)
    }
}

/// `known` where the mask is 1 and `missing` elsewhere, all `[N, C, H, W]`.
fn select_known(mask: &Mask, known: &Tensor, missing: &Tensor) -> Result<Tensor> {
    let condition = mask.to_condition(known.device())?;
    let selected = condition
        .broadcast_as(known.shape())
        .and_then(|condition| condition.where_cond(known, missing))
        .map_err(semantic_inpaint_tensor::Error::from)?;
    Ok(selected)
}
