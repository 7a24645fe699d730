use semantic_inpaint_tensor::ImageBatch;

use crate::CorruptedImages;

/// A method that fills holes.
///
/// An inpainter sees corrupted images only, so it cannot peek at the truth. It must be a function of
/// its argument: the same corrupted images give the same completed ones, and an image's completion
/// does not depend on the other images of its batch.
///
/// ```
/// use semantic_inpaint_mask::{CorruptedImages, Error, Inpainter, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// /// Leaves every hole mid-gray.
/// struct Gray;
///
/// impl Inpainter for Gray {
///     type Error = Error;
///
///     fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch, Error> {
///         Ok(corrupted.images().clone())
///     }
///
///     fn name(&self) -> String {
///         "gray".into()
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 2 };
/// let truth = ImageBatch::from_values(vec![0.5, 1.0], shape, &Device::Cpu)?;
/// let corrupted = CorruptedImages::new(&truth, &Mask::from_missing(1, 2, |_, col| col == 1)?)?;
/// assert_eq!(Gray.inpaint(&corrupted)?.to_values()?, [0.5, 0.0]);
/// # Ok(())
/// # }
/// ```
pub trait Inpainter {
    /// What can go wrong.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The completed images, `[N, C, H, W]` in `[-1, 1]`, of the shape and order of `corrupted`.
    ///
    /// # Errors
    ///
    /// As the method's own documentation says.
    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch, Self::Error>;

    /// The method's name for tables and file names, in kebab case.
    fn name(&self) -> String;
}

impl<T: Inpainter + ?Sized> Inpainter for &T {
    type Error = T::Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch, Self::Error> {
        (**self).inpaint(corrupted)
    }

    fn name(&self) -> String {
        (**self).name()
    }
}
