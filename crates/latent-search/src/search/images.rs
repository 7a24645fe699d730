//! Latents and their images, which are upright or mirrored.

use semantic_inpaint_nn::{Discriminator, Generator, Mode};
use semantic_inpaint_tensor::{Error as TensorError, ImageBatch, Latent, Tensor};

use super::state::Row;
use super::{LatentSearch, ROWS_PER_PASS};
use crate::{Orientation, Result};

/// A latent for each of several images, and which way round what it generates is.
#[derive(Debug, Clone, Default)]
pub(super) struct Latents {
    pub(super) z: Vec<Vec<f32>>,
    pub(super) orientation: Vec<Orientation>,
}

impl Latents {
    /// The best latents of rows.
    pub(super) fn best_of<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        rows.map(|row| (row.best.z.clone(), row.orientation))
            .collect()
    }

    /// Where rows are.
    pub(super) fn present<'a>(rows: impl Iterator<Item = &'a Row>) -> Self {
        rows.map(|row| (row.walk.z.clone(), row.orientation))
            .collect()
    }
}

impl FromIterator<(Vec<f32>, Orientation)> for Latents {
    fn from_iter<I: IntoIterator<Item = (Vec<f32>, Orientation)>>(pairs: I) -> Self {
        let (z, orientation) = pairs.into_iter().unzip();
        Self { z, orientation }
    }
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentSearch<G, D> {
    /// The images of latents, all upright.
    pub(super) fn upright(&self, latents: &Latents) -> Result<ImageBatch> {
        let images = self.generate(&latents.z)?;
        if !latents.orientation.contains(&Orientation::Mirrored) {
            return Ok(images);
        }
        let turned = latents.orientation.iter().enumerate();
        let turned = turned.map(|(index, orientation)| {
            let image = images.narrow(index, 1)?;
            Ok(match orientation {
                Orientation::Upright => image,
                Orientation::Mirrored => ImageBatch::new(mirrored(image.tensor())?)?,
            })
        });
        Ok(ImageBatch::concatenate(
            &turned.collect::<Result<Vec<_>>>()?,
        )?)
    }

    /// What latents generate, as it is.
    pub(super) fn generate(&self, latent: &[Vec<f32>]) -> Result<ImageBatch> {
        let image = |group: &[Vec<f32>]| -> Result<ImageBatch> {
            if let Some(networks) = &self.frozen {
                let shape = self.generator.image_shape();
                let dims = (group.len(), shape.channels, shape.height, shape.width);
                let images = networks.generate(&group.concat())?;
                let images = Tensor::from_vec(images, dims, &self.device);
                return Ok(ImageBatch::new(images.map_err(TensorError::from)?)?);
            }
            let latent = self.to_latent(group)?;
            let images = self.generator.forward(&latent, Mode::Eval)?;
            Ok(ImageBatch::new(images.into_tensor().detach())?)
        };
        let images = latent
            .chunks(ROWS_PER_PASS)
            .map(image)
            .collect::<Result<Vec<_>>>()?;
        Ok(ImageBatch::concatenate(&images)?)
    }

    pub(super) fn to_latent(&self, rows: &[Vec<f32>]) -> Result<Latent> {
        let dims = (rows.len(), self.generator.latent_len());
        let tensor = Tensor::from_vec(rows.concat(), dims, &self.device);
        Ok(Latent::new(tensor.map_err(TensorError::from)?)?)
    }
}

/// Maps `[N, C, H, W]` with left and right exchanged.
pub(crate) fn mirrored(maps: &Tensor) -> Result<Tensor> {
    Ok(maps.flip(&[3]).map_err(TensorError::from)?)
}
