//! Model files: weights with a description of their network and a card, in one safetensors file.

use std::collections::BTreeMap;
use std::path::Path;

use semantic_inpaint_tensor::Tensor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::weight_file::{self, StoredPrecision, WeightFile};
use crate::{Error, Result};

/// The format that this version writes and reads.
const FORMAT: u32 = 1;

/// What a model file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ModelCard {
    /// The training images, in words.
    pub dataset: String,
    /// How an image was made into the network's input, in words: framing and size.
    pub preprocessing: String,
    /// Training steps.
    pub steps: u64,
    /// Scores by name.
    pub metrics: BTreeMap<String, f64>,
    /// Terms under which the weights may be used.
    pub licence: String,
}

/// What a model file holds: its weights by name, its card, and what a network of its kind is built of.
#[derive(Debug, Clone)]
pub struct ModelFile<C> {
    /// The configuration.
    pub config: C,
    /// Where the weights come from.
    pub card: ModelCard,
    /// The tensors of all networks, by name.
    pub tensors: BTreeMap<String, Tensor>,
}

#[derive(Serialize, Deserialize)]
struct Metadata<C> {
    format: u32,
    kind: String,
    config: C,
    #[serde(flatten)]
    card: ModelCard,
}

/// The part of the metadata that is the same for all kinds.
#[derive(Deserialize)]
struct Kind {
    kind: String,
}

impl<C: Serialize> ModelFile<C> {
    /// Writes the model to one file, whole or not at all; `kind` names the kind of network.
    ///
    /// # Errors
    ///
    /// [`Error::ModelFile`] when the configuration cannot be written; [`Error::Io`] naming the file.
    pub fn save(&self, path: &Path, kind: &str, precision: StoredPrecision) -> Result<()> {
        let metadata = Metadata {
            format: FORMAT,
            kind: kind.to_owned(),
            config: &self.config,
            card: self.card.clone(),
        };
        let text = serde_json::to_string(&metadata).map_err(|error| Error::ModelFile {
            file: path.display().to_string(),
            reason: error.to_string(),
        })?;
        weight_file::save(path, &self.tensors, &text, precision)
    }
}

impl<C: DeserializeOwned> ModelFile<C> {
    /// Reads a model file of this kind.
    ///
    /// # Errors
    ///
    /// [`Error::ModelFile`] when the metadata is missing or of another kind or version; those of
    /// [`weight_file::load`].
    pub fn load(path: &Path, kind: &str) -> Result<Self> {
        Self::from_weights(weight_file::load(path)?, &path.display().to_string(), kind)
    }

    /// Reads a model of this kind from the bytes of its file; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// As [`ModelFile::load`].
    pub fn from_bytes(bytes: &[u8], name: &str, kind: &str) -> Result<Self> {
        Self::from_weights(weight_file::from_bytes(bytes, name)?, name, kind)
    }

    fn from_weights(file: WeightFile, name: &str, kind: &str) -> Result<Self> {
        let refused = |reason: String| Error::ModelFile {
            file: name.to_owned(),
            reason,
        };
        let text = file.metadata.as_deref().ok_or_else(|| {
            refused(
                "it has no `semantic_inpaint` metadata: is it a PyTorch file? see `import`".into(),
            )
        })?;
        let unreadable = |error: serde_json::Error| refused(format!("metadata: {error}"));
        let found: Kind = serde_json::from_str(text).map_err(unreadable)?;
        if found.kind != kind {
            let reason = format!("it holds a `{}`, not a `{kind}`", found.kind);
            return Err(refused(reason));
        }
        let metadata: Metadata<C> = serde_json::from_str(text).map_err(unreadable)?;
        if metadata.format != FORMAT {
            let reason = format!("format {} is unknown: update this program", metadata.format);
            return Err(refused(reason));
        }
        Ok(Self {
            config: metadata.config,
            card: metadata.card,
            tensors: file.tensors,
        })
    }
}

/// The kind of network whose model this file is; nothing where it is no model file.
///
/// # Errors
///
/// Those of [`weight_file::load`].
pub fn kind(path: &Path) -> Result<Option<String>> {
    let metadata = weight_file::load(path)?.metadata;
    let kind = metadata.and_then(|text| serde_json::from_str::<Kind>(&text).ok());
    Ok(kind.map(|kind| kind.kind))
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_tensor::Device;

    use super::*;

    fn model() -> ModelFile<Vec<usize>> {
        let weight = Tensor::new(&[1.0f32, -2.0], &Device::Cpu).unwrap();
        ModelFile {
            config: vec![3, 5],
            card: ModelCard {
                steps: 7,
                ..ModelCard::default()
            },
            tensors: BTreeMap::from([("weight".to_owned(), weight)]),
        }
    }

    #[test]
    fn files_tell_their_kind_and_are_refused_as_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        model().save(&path, "pair", StoredPrecision::F32).unwrap();
        assert_eq!(kind(&path).unwrap().as_deref(), Some("pair"));
        let load = |kind| {
            let file = weight_file::load(&path).unwrap();
            ModelFile::<Vec<usize>>::from_weights(file, "model.safetensors", kind)
        };
        let read = load("pair").unwrap();
        assert_eq!((read.config, read.card), (model().config, model().card));
        assert_eq!(read.tensors["weight"].dims(), [2]);
        let message = load("single").unwrap_err().to_string();
        assert!(message.contains("a `pair`, not a `single`"), "{message}");
        assert!(message.contains("model.safetensors"), "{message}");
    }

    #[test]
    fn files_without_metadata_have_no_kind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        weight_file::save(&path, &model().tensors, "{}", StoredPrecision::F32).unwrap();
        assert_eq!(kind(&path).unwrap(), None);
    }
}
