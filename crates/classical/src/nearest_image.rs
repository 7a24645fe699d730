use std::fmt;

use rayon::prelude::*;
use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::{ImageBatch, ImageShape};
use serde::{Deserialize, Serialize};

use crate::error::check_setting;
use crate::picture::{Picture, Region, complete};
use crate::sparse::{HoleSystem, Operator};
use crate::training_set::{TrainingSet, check_shape};
use crate::{Error, Result};

/// How a training image is put into the hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seam {
    /// As it is; seams stay visible.
    Paste,
    /// Plus the membrane of the differences at the hole's border, which is Poisson blending.
    #[default]
    Membrane,
}

/// Settings of [`NearestImage`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NearestImageConfig {
    /// Known pixels up to this far from the hole (the larger of rows and columns) are compared, at
    /// least 1. 8 by default.
    pub context_px: usize,
    /// How the training image is put into the hole.
    pub seam: Seam,
}

impl Default for NearestImageConfig {
    fn default() -> Self {
        Self {
            context_px: 8,
            seam: Seam::Membrane,
        }
    }
}

/// Fills holes from the training image that agrees best with the pixels around them.
///
/// **Equation** (Hays and Efros 2007, "Scene completion using millions of photographs", in small: images
/// of one size, no search over shifts, no graph cut; blending: Perez et al. 2003, eq. 7)
///
/// ```text
/// t = argmin over training images of   sum of (t_k - y_k)^2   over known k within context_px of the hole
/// x = t + membrane(y - t)   in the hole
/// ```
///
/// with the membrane of [`Harmonic`](crate::Harmonic): 0 Laplacian in the hole, y - t at its border. Among
/// equals the first training image is taken.
///
/// **Shapes** `[N, C, H, W]` in and out, C, H and W as those of the training images.
///
/// # Errors
///
/// [`Error::TrainingShape`] when the corrupted images are of another shape; [`Error::NotFinite`] when a
/// known value is infinite or NaN; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::{NearestImage, NearestImageConfig};
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let shape = ImageShape { channels: 1, height: 1, width: 3 };
/// let training = vec![0.9, 0.8, 0.7, -0.1, 0.5, -0.1];
/// let training = ImageBatch::from_values(training, shape, &Device::Cpu)?;
/// let truth = ImageBatch::from_values(vec![0.0, 0.6, 0.0], shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(1, 3, |_, col| col == 1)?;
/// let nearest = NearestImage::new(&training, NearestImageConfig::default())?;
/// let completed = nearest.inpaint(&CorruptedImages::new(&truth, &mask)?)?;
/// assert!((completed.to_values()?[1] - 0.6).abs() < 1e-6);
/// # Ok(())
/// # }
/// ```
pub struct NearestImage {
    training: TrainingSet,
    config: NearestImageConfig,
}

impl NearestImage {
    /// The inpainter of these training images, which it copies to the host.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when no pixel would be compared; [`Error::TrainingNotFinite`] when a
    /// training image holds an infinite or NaN value; a tensor error when the device fails.
    pub fn new(training: &ImageBatch, config: NearestImageConfig) -> Result<Self> {
        Self::of(TrainingSet::new(training)?, config)
    }

    /// The inpainter of training images of 8 bits, `[N, H, W, C]`, in a quarter of the memory that
    /// [`NearestImage::new`] takes. Level L is the value L / 127.5 - 1.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when no pixel would be compared; a tensor error when `levels` are not
    /// those of one or more images of this shape.
    pub fn from_levels(
        levels: Vec<u8>,
        shape: ImageShape,
        config: NearestImageConfig,
    ) -> Result<Self> {
        Self::of(TrainingSet::from_levels(shape, levels)?, config)
    }

    fn of(training: TrainingSet, config: NearestImageConfig) -> Result<Self> {
        check_setting("context", "at least 1 pixel", &config.context_px, || {
            config.context_px > 0
        })?;
        Ok(Self { training, config })
    }

    /// The known pixels that are compared.
    fn context(&self, region: &Region) -> Vec<usize> {
        let distance = region.distances_to(|pixel| !region.known[pixel]);
        let near =
            |&pixel: &usize| region.known[pixel] && distance[pixel] <= self.config.context_px;
        (0..distance.len()).filter(near).collect()
    }

    /// The planes of the training image with the smallest distance at the pixels of `context`.
    fn nearest(&self, picture: &Picture<'_>, context: &[usize]) -> Vec<f32> {
        let indices = (0..self.training.count()).into_par_iter();
        let training = &self.training;
        let distance = |index| training.squared_distance(index, picture.values, context);
        let distances: Vec<f64> = indices.map(distance).collect();
        let ranked = distances.iter().enumerate();
        let best = ranked.min_by(|(_, one), (_, other)| one.total_cmp(other));
        self.training.planes(best.map_or(0, |(index, _)| index))
    }
}

impl Inpainter for NearestImage {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        check_shape(self.training.shape, corrupted.images().shape())?;
        complete(
            corrupted,
            |region| {
                let system = HoleSystem::new(region, Operator::Laplacian)?;
                Ok((self.context(region), system))
            },
            |(context, system), picture| {
                let found = self.nearest(picture, context);
                Ok(match self.config.seam {
                    Seam::Paste => found,
                    Seam::Membrane => with_membrane(&found, picture, system),
                })
            },
        )
    }

    fn name(&self) -> String {
        "nearest-image".into()
    }
}

/// The planes of `found` plus the membrane of what the picture differs from them.
fn with_membrane(found: &[f32], picture: &Picture<'_>, system: &HoleSystem) -> Vec<f32> {
    let found = found.chunks_exact(picture.num_pixels());
    let planes = picture.planes().zip(found).map(|(mut plane, found)| {
        for (value, &own) in plane.iter_mut().zip(found) {
            *value -= f64::from(own);
        }
        system.fill(&mut plane);
        let sum = plane.into_iter().zip(found);
        sum.map(|(value, &own)| (value + f64::from(own)) as f32)
            .collect::<Vec<f32>>()
    });
    planes.flatten().collect()
}

impl fmt::Debug for NearestImage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NearestImage")
            .field("num_training", &self.training.count())
            .field("shape", &self.training.shape)
            .field("config", &self.config)
            .finish()
    }
}
