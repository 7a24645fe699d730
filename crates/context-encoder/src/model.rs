use std::path::Path;

use semantic_inpaint_mask::{MaskShape, Side};
use semantic_inpaint_nn::weight_file::StoredPrecision;
use semantic_inpaint_nn::{ModelCard, ModelFile, Network as _};
use semantic_inpaint_tensor::Device;
use serde::{Deserialize, Serialize};

use crate::{ContextEncoder, ContextEncoderConfig, Result};

/// A Context Encoder and the holes that it was trained on, as one file.
///
/// The file is safetensors with the tensors of the [`ContextEncoder`] by their names, and sizes, fill
/// color, holes and [`ModelCard`] in its metadata.
#[derive(Debug, Clone)]
pub struct ContextEncoderModel {
    /// The network.
    pub network: ContextEncoder,
    /// The shapes of the holes in training.
    pub masks: Vec<MaskShape>,
    /// Where the weights come from.
    pub card: ModelCard,
}

/// What the file says of the network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    network: ContextEncoderConfig,
    masks: Vec<MaskShape>,
}

impl ContextEncoderModel {
    /// How model files of this kind name themselves.
    pub const KIND: &str = "context-encoder";

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
    /// As [`ContextEncoderModel::load`].
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
                network: *self.network.config(),
                masks: self.masks.clone(),
            },
            card: self.card.clone(),
            tensors: self.network.params().to_tensors()?,
        };
        Ok(file.save(path, Self::KIND, precision)?)
    }

    /// Whether holes of this shape were among those in training; a random half is any half.
    ///
    /// A network may cover other holes as well, and fills them worse.
    #[must_use]
    pub fn learned(&self, shape: MaskShape) -> bool {
        self.masks.iter().any(|&learned| {
            let is_any_half = learned == MaskShape::Half(Side::Random);
            learned == shape || is_any_half && matches!(shape, MaskShape::Half(_))
        })
    }

    fn from_file(file: ModelFile<Description>, device: &Device) -> Result<Self> {
        let Description { network, masks } = file.config;
        Ok(Self {
            network: ContextEncoder::from_tensors(network, &file.tensors, device)?,
            masks,
            card: file.card,
        })
    }
}
