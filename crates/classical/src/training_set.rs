use semantic_inpaint_tensor::{Error as TensorError, ImageBatch, ImageShape};

use crate::{Error, Result};

/// Training images on the host, none of them empty.
#[derive(Debug)]
pub(crate) struct TrainingSet {
    pub(crate) shape: ImageShape,
    images: Images,
}

#[derive(Debug)]
enum Images {
    /// By planes, `[N, C, H, W]`.
    Values(Vec<f32>),
    /// By pixels, `[N, H, W, C]`, a quarter of the memory.
    Levels(Vec<u8>),
}

impl TrainingSet {
    pub(crate) fn new(images: &ImageBatch) -> Result<Self> {
        let (shape, values) = (images.shape(), images.to_values()?);
        let mut images = values.chunks_exact(shape.num_values());
        let is_finite = |image: &[f32]| image.iter().all(|value| value.is_finite());
        if let Some(index) = images.position(|image| !is_finite(image)) {
            return Err(Error::TrainingNotFinite { index });
        }
        Ok(Self {
            shape,
            images: Images::Values(values),
        })
    }

    pub(crate) fn from_levels(shape: ImageShape, levels: Vec<u8>) -> Result<Self> {
        check_length(shape, &levels)?;
        Ok(Self {
            shape,
            images: Images::Levels(levels),
        })
    }

    pub(crate) fn count(&self) -> usize {
        let num_values = match &self.images {
            Images::Values(values) => values.len(),
            Images::Levels(levels) => levels.len(),
        };
        num_values / self.shape.num_values()
    }

    /// The planes of an image, `[C, H, W]`.
    pub(crate) fn planes(&self, index: usize) -> Vec<f32> {
        let shape = self.shape;
        let own = index * shape.num_values()..(index + 1) * shape.num_values();
        match &self.images {
            Images::Values(values) => values[own].to_vec(),
            Images::Levels(levels) => {
                let levels = &levels[own];
                (0..shape.channels)
                    .flat_map(|channel| levels.iter().skip(channel).step_by(shape.channels))
                    .map(|&level| to_value(level))
                    .collect()
            }
        }
    }

    /// The sum of the squared differences from other planes at some pixels.
    pub(crate) fn squared_distance(&self, index: usize, planes: &[f32], pixels: &[usize]) -> f64 {
        let shape = self.shape;
        let start = index * shape.num_values();
        match &self.images {
            Images::Values(values) => summed(shape, planes, pixels, |channel, pixel| {
                values[start + channel * shape.num_pixels() + pixel]
            }),
            Images::Levels(levels) => summed(shape, planes, pixels, |channel, pixel| {
                to_value(levels[start + pixel * shape.channels + channel])
            }),
        }
    }
}

/// The sum of squared differences between `planes` and the values of a channel and pixel.
fn summed(
    shape: ImageShape,
    planes: &[f32],
    pixels: &[usize],
    value: impl Fn(usize, usize) -> f32,
) -> f64 {
    let planes = planes.chunks_exact(shape.num_pixels()).enumerate();
    planes.fold(0.0, |sum, (channel, plane)| {
        let square = |&pixel: &usize| f64::from(value(channel, pixel) - plane[pixel]).powi(2);
        sum + pixels.iter().map(square).sum::<f64>()
    })
}

/// Succeeds when levels are those of at least one whole image.
pub(crate) fn check_length(shape: ImageShape, levels: &[u8]) -> Result<()> {
    let per_image = shape.num_values();
    if per_image > 0 && !levels.is_empty() && levels.len().is_multiple_of(per_image) {
        return Ok(());
    }
    Err(Error::Tensor(TensorError::ShapeMismatch {
        what: "training levels",
        expected: format!("a positive multiple of {per_image} values"),
        got: vec![levels.len()],
    }))
}

/// The value in `[-1, 1]` of a level 0 to 255.
fn to_value(level: u8) -> f32 {
    f32::from(level) / 127.5 - 1.0
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
