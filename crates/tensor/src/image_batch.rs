use candle_core::{DType, Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Channels, height and width of an image in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageShape {
    /// Number of channels: 3 for RGB, 1 for gray.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl ImageShape {
    /// The shape of a square RGB image.
    #[must_use]
    pub const fn square_rgb(size_px: usize) -> Self {
        Self {
            channels: 3,
            height: size_px,
            width: size_px,
        }
    }

    /// Number of values in one image: channels x height x width.
    #[must_use]
    pub const fn num_values(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Number of pixels in one image: height x width.
    #[must_use]
    pub const fn num_pixels(self) -> usize {
        self.height * self.width
    }
}

/// A batch of images.
///
/// **Shape** `[N, C, H, W]` with C = 1 or 3; **type** any float; **range** `[-1, 1]`, -1 black and
/// 1 white. Rank, type and channels are checked when a batch is made; the range only by
/// [`ImageBatch::check_range`], because looking at every value would force a device to catch up.
/// Cloning shares the storage.
#[derive(Debug, Clone)]
pub struct ImageBatch {
    tensor: Tensor,
    shape: ImageShape,
}

impl ImageBatch {
    /// Wraps a tensor of shape `[N, C, H, W]`.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the rank is not 4, a size is 0 or C is neither 1 nor 3;
    /// [`Error::DTypeMismatch`] when the values are not floats.
    pub fn new(tensor: Tensor) -> Result<Self> {
        let mismatch = || Error::ShapeMismatch {
            what: "images",
            expected: "[N, C, H, W] with C = 1 or 3 and no size 0".into(),
            got: tensor.dims().to_vec(),
        };
        let &[count, channels, height, width] = tensor.dims() else {
            return Err(mismatch());
        };
        if !matches!(channels, 1 | 3) || count * height * width == 0 {
            return Err(mismatch());
        }
        if !tensor.dtype().is_float() {
            return Err(Error::DTypeMismatch {
                what: "images",
                expected: "a float type",
                got: tensor.dtype(),
            });
        }
        Ok(Self {
            shape: ImageShape {
                channels,
                height,
                width,
            },
            tensor,
        })
    }

    /// Builds a batch from values in the order of `[N, C, H, W]`.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the number of values is not a positive multiple of one image's.
    pub fn from_values(values: Vec<f32>, shape: ImageShape, device: &Device) -> Result<Self> {
        let per_image = shape.num_values();
        if per_image == 0 || values.is_empty() || !values.len().is_multiple_of(per_image) {
            return Err(Error::ShapeMismatch {
                what: "image values",
                expected: format!("a positive multiple of {per_image} values"),
                got: vec![values.len()],
            });
        }
        let dims = (
            values.len() / per_image,
            shape.channels,
            shape.height,
            shape.width,
        );
        Self::new(Tensor::from_vec(values, dims, device)?)
    }

    /// Puts several batches of one shape behind each other.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when `batches` is empty; a candle error when shapes differ.
    pub fn concatenate(batches: &[Self]) -> Result<Self> {
        if batches.is_empty() {
            return Err(Error::ShapeMismatch {
                what: "batches",
                expected: "at least one".into(),
                got: vec![0],
            });
        }
        let tensors: Vec<&Tensor> = batches.iter().map(Self::tensor).collect();
        Self::new(Tensor::cat(&tensors, 0)?)
    }

    /// The first image of each batch, then the second of each, and so on.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when there is no image; a candle error when batches differ in shape or are
    /// shorter than the first.
    pub fn interleave(batches: &[&Self]) -> Result<Self> {
        let count = batches.first().map_or(0, |batch| batch.count());
        let image = |index| batches.iter().map(move |batch| batch.narrow(index, 1));
        let images = (0..count).flat_map(image).collect::<Result<Vec<_>>>()?;
        Self::concatenate(&images)
    }

    /// Number of images, N.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tensor.dims()[0]
    }

    /// Shape of one image.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    /// The tensor, `[N, C, H, W]`.
    #[must_use]
    pub fn tensor(&self) -> &Tensor {
        &self.tensor
    }

    /// The tensor, `[N, C, H, W]`, by value.
    #[must_use]
    pub fn into_tensor(self) -> Tensor {
        self.tensor
    }

    /// Images `start .. start + count`, sharing the storage.
    ///
    /// # Errors
    ///
    /// A candle error when the range leaves the batch.
    pub fn narrow(&self, start: usize, count: usize) -> Result<Self> {
        Self::new(self.tensor.narrow(0, start, count)?)
    }

    /// The values on the host as f32, in the order of `[N, C, H, W]`.
    ///
    /// # Errors
    ///
    /// A candle error when the device fails.
    pub fn to_values(&self) -> Result<Vec<f32>> {
        Ok(self.tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
    }

    /// Succeeds when every value is finite and in `[-1, 1]`, within 1e-6.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] with the first offending value.
    pub fn check_range(&self) -> Result<()> {
        match self
            .to_values()?
            .into_iter()
            .find(|value| value.is_nan() || value.abs() > 1.0 + 1e-6)
        {
            None => Ok(()),
            Some(value) => Err(Error::OutOfRange {
                what: "image value",
                expected: "in [-1, 1]".into(),
                got: value.to_string(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_ranks_channels_and_types_are_refused() {
        let cpu = &Device::Cpu;
        for dims in [
            vec![3, 4, 4],
            vec![1, 2, 4, 4],
            vec![0, 3, 4, 4],
            vec![1, 3, 0, 4],
        ] {
            assert!(ImageBatch::new(Tensor::zeros(dims, DType::F32, cpu).unwrap()).is_err());
        }
        assert!(ImageBatch::new(Tensor::zeros((1, 3, 4, 4), DType::U8, cpu).unwrap()).is_err());
    }

    #[test]
    fn range_check_finds_values_outside_and_nan() {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 2,
        };
        let batch = |values: [f32; 2]| {
            ImageBatch::from_values(values.to_vec(), shape, &Device::Cpu).unwrap()
        };
        batch([-1.0, 1.0]).check_range().unwrap();
        assert!(batch([0.0, 1.1]).check_range().is_err());
        assert!(batch([f32::NAN, 0.0]).check_range().is_err());
    }

    #[test]
    fn interleaving_goes_through_the_batches_image_by_image() {
        let shape = ImageShape {
            channels: 1,
            height: 1,
            width: 1,
        };
        let batch = |values: [f32; 2]| {
            ImageBatch::from_values(values.to_vec(), shape, &Device::Cpu).unwrap()
        };
        let [one, two] = [batch([0.1, 0.2]), batch([0.3, 0.4])];
        let mixed = ImageBatch::interleave(&[&one, &two]).unwrap();
        assert_eq!(mixed.to_values().unwrap(), [0.1, 0.3, 0.2, 0.4]);
        assert!(ImageBatch::interleave(&[]).is_err());
        assert!(ImageBatch::interleave(&[&mixed, &one]).is_err());
    }
}
