use std::fmt;
use std::path::Path;

use semantic_inpaint_dcgan::{DcganEncoder, DcganEncoderConfig};
use semantic_inpaint_mask::MaskShape;
use semantic_inpaint_nn::weight_file::StoredPrecision;
use semantic_inpaint_nn::{Generator, LatentEncoder as _, ModelCard, ModelFile, Network as _};
use semantic_inpaint_tensor::{Device, ImageShape, LatentPrior};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// An encoder and the holes that it was trained on, as one file.
///
/// The file is safetensors with the tensors of the [`DcganEncoder`] by their names, and sizes, holes
/// and [`ModelCard`] in its metadata.
#[derive(Debug, Clone)]
pub struct LatentEncoderModel {
    /// The network.
    pub encoder: DcganEncoder,
    /// The shapes of the holes in training.
    pub masks: Vec<MaskShape>,
    /// Where the weights come from.
    pub card: ModelCard,
}

/// What the file says of the network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    network: DcganEncoderConfig,
    masks: Vec<MaskShape>,
}

impl LatentEncoderModel {
    /// How model files of this kind name themselves.
    pub const KIND: &str = "latent-encoder";

    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// [`semantic_inpaint_nn::Error::ModelFile`] when the metadata is missing or of another kind or
    /// version; a weight error with file or parameter when the file is damaged or the shapes do not fit.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        Self::from_file(ModelFile::load(path, Self::KIND)?, device)
    }

    /// Reads a model from the bytes of its file; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// As [`LatentEncoderModel::load`].
    pub fn from_bytes(bytes: &[u8], name: &str, device: &Device) -> Result<Self> {
        Self::from_file(ModelFile::from_bytes(bytes, name, Self::KIND)?, device)
    }

    /// Writes the model to one file, whole or not at all.
    ///
    /// # Errors
    ///
    /// A weight error naming the file when it cannot be written.
    pub fn save(&self, path: &Path, precision: StoredPrecision) -> Result<()> {
        let file = ModelFile {
            config: Description {
                network: *self.encoder.config(),
                masks: self.masks.clone(),
            },
            card: self.card.clone(),
            tensors: self.encoder.params().to_tensors()?,
        };
        Ok(file.save(path, Self::KIND, precision)?)
    }

    fn from_file(file: ModelFile<Description>, device: &Device) -> Result<Self> {
        let Description { network, masks } = file.config;
        Ok(Self {
            encoder: DcganEncoder::from_tensors(network, &file.tensors, device)?,
            masks,
            card: file.card,
        })
    }
}

/// Succeeds when an encoder's latents are of the generator's kind.
pub(crate) fn check_pair(encoder: &DcganEncoder, generator: &impl Generator) -> Result<()> {
    let made_for = Pairing {
        shape: encoder.image_shape(),
        latent_len: encoder.latent_len(),
        prior: encoder.config().latent_prior,
    };
    let needed = Pairing {
        shape: generator.image_shape(),
        latent_len: generator.latent_len(),
        prior: generator.latent_prior(),
    };
    if made_for == needed {
        return Ok(());
    }
    Err(Error::OtherGenerator {
        encoder: made_for.to_string(),
        generator: needed.to_string(),
    })
}

/// What an encoder and its generator have in common.
#[derive(PartialEq)]
struct Pairing {
    shape: ImageShape,
    latent_len: usize,
    prior: LatentPrior,
}

impl fmt::Display for Pairing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            shape,
            latent_len,
            prior,
        } = self;
        write!(
            f,
            "{} x {} images of {} channels from {latent_len} {prior} latents",
            shape.height, shape.width, shape.channels
        )
    }
}
