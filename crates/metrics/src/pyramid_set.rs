use rayon::prelude::*;
use semantic_inpaint_tensor::{ImageBatch, ImageShape};

use crate::host_images::HostImages;
use crate::laplacian::laplacian_pyramid;
use crate::{Error, Result};

/// Pixels along the shorter side of the smallest level (Karras et al. 2018).
const SMALLEST_PX: usize = 16;

/// The Laplacian pyramids of a set of images, for [`sliced_wasserstein`](crate::sliced_wasserstein).
///
/// It is filled batch by batch, so that the images themselves need not be in memory together. It
/// holds 4/3 of their values as f32: 65 kB for an image of 3x64x64, 0.65 GB for 10,000 of them.
///
/// Levels halve from the images' size on for as long as both sides stay at least 16 pixels and are
/// even: 64, 32 and 16 for 64x64, as in the paper.
#[derive(Debug, Clone)]
pub struct PyramidSet {
    shape: ImageShape,
    levels: Vec<Level>,
}

/// One level of all images of a set, each `[C, H, W]` in row-major order.
#[derive(Debug, Clone)]
pub(crate) struct Level {
    pub(crate) shape: ImageShape,
    pub(crate) images: Vec<Vec<f32>>,
}

impl PyramidSet {
    /// An empty set for images of a shape.
    ///
    /// # Errors
    ///
    /// [`Error::TooSmall`] when a side is shorter than 16 pixels.
    pub fn new(shape: ImageShape) -> Result<Self> {
        let ImageShape { height, width, .. } = shape;
        if height.min(width) < SMALLEST_PX {
            return Err(Error::TooSmall {
                metric: "Laplacian pyramids",
                height,
                width,
                min_px: SMALLEST_PX,
            });
        }
        let halved = |larger: &ImageShape| {
            let (height, width) = (larger.height / 2, larger.width / 2);
            let even = larger.height.is_multiple_of(2) && larger.width.is_multiple_of(2);
            (even && height.min(width) >= SMALLEST_PX).then_some(ImageShape {
                height,
                width,
                ..*larger
            })
        };
        let levels = std::iter::successors(Some(shape), halved).map(|shape| Level {
            shape,
            images: Vec::new(),
        });
        Ok(Self {
            shape,
            levels: levels.collect(),
        })
    }

    /// Adds the images of a batch `[N, C, H, W]`, whose order matters: equal images at equal places
    /// of two sets give equal descriptors.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the images have another shape, [`Error::NotFinite`] when one
    /// holds NaN or an infinity; nothing is added then.
    pub fn add(&mut self, images: &ImageBatch) -> Result<()> {
        let images = HostImages::of_shape(images, self.shape)?;
        let num_levels = self.levels.len();
        let pyramid = |index| -> Vec<Vec<f32>> {
            let levels = laplacian_pyramid(&images.image(index), num_levels);
            levels
                .iter()
                .map(|level| level.iter().copied().collect())
                .collect()
        };
        let pyramids: Vec<_> = (0..images.count()).into_par_iter().map(pyramid).collect();
        for pyramid in pyramids {
            for (level, image) in self.levels.iter_mut().zip(pyramid) {
                level.images.push(image);
            }
        }
        Ok(())
    }

    /// Number of images.
    #[must_use]
    pub fn count(&self) -> usize {
        self.levels.first().map_or(0, |level| level.images.len())
    }

    /// The shape of an image.
    #[must_use]
    pub fn shape(&self) -> ImageShape {
        self.shape
    }

    pub(crate) fn levels(&self) -> &[Level] {
        &self.levels
    }
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_tensor::Device;

    use super::*;

    fn sizes(height: usize, width: usize) -> Vec<(usize, usize)> {
        let shape = ImageShape {
            channels: 3,
            height,
            width,
        };
        let set = PyramidSet::new(shape).unwrap();
        let size = |level: &Level| (level.shape.height, level.shape.width);
        set.levels().iter().map(size).collect()
    }

    #[test]
    fn levels_end_at_sixteen_pixels_or_an_odd_side() {
        assert_eq!(sizes(64, 64), [(64, 64), (32, 32), (16, 16)]);
        assert_eq!(sizes(16, 16), [(16, 16)]);
        assert_eq!(sizes(128, 64), [(128, 64), (64, 32), (32, 16)]);
        assert_eq!(sizes(50, 100), [(50, 100), (25, 50)]);
    }

    #[test]
    fn images_in_batches_give_the_same_set_as_together() {
        let mut rng = semantic_inpaint_tensor::Rng::from_seed(1);
        let values = rng
            .uniform(-1.0, 1.0, (5, 3, 32, 32), &Device::Cpu)
            .unwrap();
        let images = ImageBatch::new(values).unwrap();
        let mut whole = PyramidSet::new(images.shape()).unwrap();
        whole.add(&images).unwrap();
        let mut parts = PyramidSet::new(images.shape()).unwrap();
        parts.add(&images.narrow(0, 2).unwrap()).unwrap();
        parts.add(&images.narrow(2, 3).unwrap()).unwrap();
        assert_eq!((whole.count(), parts.count()), (5, 5));
        for (whole, parts) in whole.levels().iter().zip(parts.levels()) {
            assert_eq!(whole.images, parts.images);
        }
    }

    #[test]
    fn images_that_do_not_fit_are_refused_and_nothing_is_added() {
        let mut set = PyramidSet::new(ImageShape::square_rgb(16)).unwrap();
        let batch = |value: f32, size_px: usize| {
            let shape = ImageShape::square_rgb(size_px);
            ImageBatch::from_values(vec![value; 3 * size_px * size_px], shape, &Device::Cpu)
        };
        let error = set.add(&batch(0.0, 32).unwrap()).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
        let error = set.add(&batch(f32::NAN, 16).unwrap()).unwrap_err();
        assert!(matches!(error, Error::NotFinite { .. }), "{error}");
        assert_eq!(set.count(), 0);
        let error = PyramidSet::new(ImageShape::square_rgb(15)).unwrap_err();
        assert!(matches!(error, Error::TooSmall { .. }), "{error}");
    }
}
