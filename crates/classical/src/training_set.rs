use semantic_inpaint_tensor::{ImageBatch, ImageShape};

use crate::{Error, Result};

/// Training images on the host.
#[derive(Debug)]
pub(crate) struct TrainingSet {
    pub(crate) shape: ImageShape,
    pub(crate) values: Vec<f32>,
}

impl TrainingSet {
    pub(crate) fn new(images: &ImageBatch) -> Result<Self> {
        let set = Self {
            shape: images.shape(),
            values: images.to_values()?,
        };
        let is_finite = |image: &[f32]| image.iter().all(|value| value.is_finite());
        if let Some(index) = set.images().position(|image| !is_finite(image)) {
            return Err(Error::TrainingNotFinite { index });
        }
        Ok(set)
    }

    pub(crate) fn images(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.shape.num_values())
    }
}

/// Succeeds when corrupted images have the shape of the training images.
pub(crate) fn check_shape(training: ImageShape, corrupted: ImageShape) -> Result<()> {
    let sizes = |shape: ImageShape| [shape.channels, shape.height, shape.width];
    if training == corrupted {
        return Ok(());
    }
    Err(Error::TrainingShape {
        expected: sizes(training),
        got: sizes(corrupted),
    })
}
