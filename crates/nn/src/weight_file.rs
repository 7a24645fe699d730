//! Weight files: safetensors with one metadata entry, written whole or not at all.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::safetensors::Load;
use half::f16;
use safetensors::tensor::{Dtype, View};
use safetensors::{SafeTensors, serialize};
use semantic_inpaint_tensor::{DType, Device, Tensor};

use crate::{Error, Result};

/// The metadata entry under which this project keeps its JSON.
const METADATA_KEY: &str = "semantic_inpaint";

/// How many bits a stored weight has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredPrecision {
    /// 32 bits: exact.
    F32,
    /// 16 bits: half the size, about three decimal digits.
    F16,
}

/// What a weight file holds.
#[derive(Debug)]
pub struct WeightFile {
    /// The tensors by name, on the CPU, in the type of the file.
    pub tensors: BTreeMap<String, Tensor>,
    /// The project's metadata as JSON text, where there is any.
    pub metadata: Option<String>,
}

/// Writes tensors and metadata (JSON text) to `path`: first under a temporary name beside it, then
/// renamed, so that a full disk leaves what was there before.
///
/// # Errors
///
/// [`Error::Io`] naming the file.
pub fn save(
    path: &Path,
    tensors: &BTreeMap<String, Tensor>,
    metadata: &str,
    precision: StoredPrecision,
) -> Result<()> {
    let stored = tensors
        .iter()
        .map(|(name, tensor)| Ok((name.clone(), Stored::new(tensor, precision)?)))
        .collect::<Result<Vec<_>>>()?;
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), metadata.to_owned())]);
    let bytes = serialize(stored, Some(metadata)).map_err(|error| Error::WeightFile {
        file: path.display().to_string(),
        reason: error.to_string(),
    })?;
    write_whole(path, &bytes)
}

/// Reads a weight file.
///
/// # Errors
///
/// [`Error::Io`] when it cannot be read, [`Error::WeightFile`] when it is damaged or no safetensors.
pub fn load(path: &Path) -> Result<WeightFile> {
    let bytes = std::fs::read(path).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })?;
    from_bytes(&bytes, &path.display().to_string())
}

/// Reads a weight file from memory; `name` stands for it in errors.
///
/// # Errors
///
/// [`Error::WeightFile`] when the bytes are damaged or no safetensors.
pub fn from_bytes(bytes: &[u8], name: &str) -> Result<WeightFile> {
    let damaged = |reason: String| Error::WeightFile {
        file: name.to_owned(),
        reason,
    };
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| damaged(error.to_string()))?;
    let metadata = header
        .metadata()
        .as_ref()
        .and_then(|map| map.get(METADATA_KEY))
        .cloned();
    let file = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
    let mut tensors = BTreeMap::new();
    for (name, view) in file.tensors() {
        let tensor = view
            .load(&Device::Cpu)
            .map_err(|error| damaged(format!("{name}: {error}")))?;
        tensors.insert(name, tensor);
    }
    Ok(WeightFile { tensors, metadata })
}

/// Writes a file under a temporary name beside it, then renames it: it appears whole or not at all.
///
/// # Errors
///
/// [`Error::Io`] naming the file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    semantic_inpaint_tensor::write_whole(path, bytes).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}

struct Stored {
    bytes: Vec<u8>,
    shape: Vec<usize>,
    dtype: Dtype,
}

impl Stored {
    fn new(tensor: &Tensor, precision: StoredPrecision) -> Result<Self> {
        let values: Vec<f32> = tensor
            .to_device(&Device::Cpu)?
            .to_dtype(DType::F32)?
            .flatten_all()?
            .to_vec1()?;
        let (bytes, dtype) = match precision {
            StoredPrecision::F32 => (
                values
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect(),
                Dtype::F32,
            ),
            StoredPrecision::F16 => {
                let bytes = values
                    .iter()
                    .flat_map(|&value| f16::from_f32(value).to_le_bytes());
                (bytes.collect(), Dtype::F16)
            }
        };
        Ok(Self {
            bytes,
            shape: tensor.dims().to_vec(),
            dtype,
        })
    }
}

impl View for Stored {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensors() -> BTreeMap<String, Tensor> {
        let values = Tensor::new(&[[1.0f32, -2.5], [1e-3, 3.0]], &Device::Cpu).unwrap();
        BTreeMap::from([("a.weight".to_owned(), values)])
    }

    #[test]
    fn files_round_trip_with_metadata() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        for (precision, tolerance) in [(StoredPrecision::F32, 0.0), (StoredPrecision::F16, 1e-6)] {
            save(&path, &tensors(), "{\"format\":1}", precision).unwrap();
            let file = load(&path).unwrap();
            assert_eq!(file.metadata.as_deref(), Some("{\"format\":1}"));
            let got = file.tensors["a.weight"].to_dtype(DType::F32).unwrap();
            let difference = (got - &tensors()["a.weight"]).unwrap().abs().unwrap();
            let largest: f32 = difference.max_all().unwrap().to_scalar().unwrap();
            assert!(largest <= tolerance, "{largest}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn damaged_files_are_refused_with_their_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        save(&path, &tensors(), "{}", StoredPrecision::F32).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let hostile_header = [u64::MAX.to_le_bytes().to_vec(), b"{}".to_vec()].concat();
        for bytes in [
            &whole[..whole.len() - 1],
            &whole[..20],
            &[],
            b"\x80\x02}q\x00.",
            &hostile_header,
        ] {
            std::fs::write(&path, bytes).unwrap();
            let message = load(&path).unwrap_err().to_string();
            assert!(message.contains("weights.safetensors"), "{message}");
        }
    }

    #[test]
    fn unwritable_places_are_named() {
        let error = save(
            Path::new("/nonexistent/w.safetensors"),
            &tensors(),
            "",
            StoredPrecision::F32,
        );
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("/nonexistent/w.safetensors")
        );
    }
}
