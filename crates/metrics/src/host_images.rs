use ndarray::{Array4, ArrayView3, Axis};
use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::{ImageBatch, ImageShape};

use crate::{Error, Result};

/// A batch on the host, `[N, C, H, W]`, all values finite.
pub(crate) struct HostImages {
    values: Array4<f32>,
}

impl HostImages {
    pub(crate) fn new(images: &ImageBatch, what: &'static str) -> Result<Self> {
        let ImageShape {
            channels,
            height,
            width,
        } = images.shape();
        let values = images.to_values()?;
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            let index = position / images.shape().num_values();
            return Err(Error::NotFinite {
                what,
                index,
                value: values[position],
            });
        }
        let dims = (images.count(), channels, height, width);
        let got = format!("{} values", values.len());
        let values = Array4::from_shape_vec(dims, values).map_err(|_| Error::ShapeMismatch {
            what: "image values",
            expected: format!("{dims:?}"),
            got,
        })?;
        Ok(Self { values })
    }

    /// As [`HostImages::new`], of images that must have this shape.
    pub(crate) fn of_shape(images: &ImageBatch, expected: ImageShape) -> Result<Self> {
        if images.shape() != expected {
            return Err(Error::ShapeMismatch {
                what: "images of a set",
                expected: format!("{expected:?}"),
                got: format!("{:?}", images.shape()),
            });
        }
        Self::new(images, "image")
    }

    pub(crate) fn count(&self) -> usize {
        self.values.dim().0
    }

    /// Image `index`, `[C, H, W]`.
    pub(crate) fn image(&self, index: usize) -> ArrayView3<'_, f32> {
        self.values.index_axis(Axis(0), index)
    }
}

/// True and completed images of one shape.
pub(crate) struct ImagePair {
    pub(crate) truth: HostImages,
    pub(crate) completed: HostImages,
}

impl ImagePair {
    pub(crate) fn new(truth: &ImageBatch, completed: &ImageBatch) -> Result<Self> {
        let (expected, got) = (truth.tensor().dims(), completed.tensor().dims());
        if expected != got {
            return Err(Error::ShapeMismatch {
                what: "completed images",
                expected: format!("{expected:?}"),
                got: format!("{got:?}"),
            });
        }
        Ok(Self {
            truth: HostImages::new(truth, "true image")?,
            completed: HostImages::new(completed, "completed image")?,
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.truth.count()
    }

    /// Height and width of an image.
    pub(crate) fn size(&self) -> (usize, usize) {
        let (_, _, height, width) = self.truth.values.dim();
        (height, width)
    }

    /// A score of each pair, `[C, H, W]` both.
    pub(crate) fn map(
        &self,
        score: impl Fn(ArrayView3<'_, f32>, ArrayView3<'_, f32>) -> f64,
    ) -> Vec<f64> {
        let pairs = (0..self.count()).map(|i| (self.truth.image(i), self.completed.image(i)));
        pairs
            .map(|(truth, completed)| score(truth, completed))
            .collect()
    }
}

/// One mask for each image.
pub(crate) fn masks_for(images: &ImageBatch, mask: &Mask) -> Result<Mask> {
    let shape = images.shape();
    if (mask.height(), mask.width()) != (shape.height, shape.width) {
        return Err(Error::ShapeMismatch {
            what: "size of the mask",
            expected: format!("height {} and width {}", shape.height, shape.width),
            got: format!("height {} and width {}", mask.height(), mask.width()),
        });
    }
    Ok(mask.broadcast_to(images.count())?)
}
