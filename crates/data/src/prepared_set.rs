use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensors};
use semantic_inpaint_tensor::WholeFile;
use serde::{Deserialize, Serialize};

use crate::sha256::sha256_of;
use crate::{Error, ImageSet, Result, SetRecord};

const TENSOR: &str = "images";
const METADATA: &str = "semantic_inpaint_set";
/// 1 had no digest of the pixels; it is still read.
const FORMAT: u32 = 2;
/// Bytes of the number that says how long the header is.
const HEADER_LEN_BYTES: usize = 8;
/// What safetensors readers accept.
const MAX_HEADER_BYTES: usize = 100_000_000;

/// The JSON text in the file's metadata.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: u32,
    record: SetRecord,
    names: Vec<String>,
    /// SHA-256 of the pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// What the set was made of and how, for a cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

impl ImageSet {
    /// Writes the set to one `.safetensors` file, at once or not at all.
    ///
    /// The file holds the tensor `images`, U8 `[N, H, W, 3]`, and under `semantic_inpaint_set` in its
    /// metadata the JSON text of format number, record, names and the SHA-256 of the pixels.
    ///
    /// # Errors
    ///
    /// [`Error::Unwritable`] naming the path, [`Error::Encoding`] when the names exceed the format's
    /// 100 MB for metadata.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        save_with_key(self, path.as_ref(), None)
    }

    /// The set in a file written by [`ImageSet::save`].
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unreadable`], and [`Error::InvalidPreparedSet`] when the file is
    /// truncated, is no safetensors file, its tensor, names and record do not fit together, or its
    /// pixels are not those that were written.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        Ok(load_with_key(path.as_ref())?.0)
    }
}

pub(crate) fn save_with_key(set: &ImageSet, path: &Path, key: Option<&str>) -> Result<()> {
    let header = header(set, key).map_err(|reason| Error::Encoding {
        what: path.display().to_string(),
        reason,
    })?;
    let unwritable = |source| Error::writing(path, source);
    let mut file = WholeFile::create(path).map_err(unwritable)?;
    // Written piece by piece: the pixels of a large set would not fit into memory twice.
    for part in [
        &(header.len() as u64).to_le_bytes()[..],
        &header,
        set.pixels(),
    ] {
        file.write_all(part).map_err(unwritable)?;
    }
    file.finish().map_err(unwritable)
}

pub(crate) fn load_with_key(path: &Path) -> Result<(ImageSet, Option<String>)> {
    let bytes = fs::read(path).map_err(|source| Error::reading(path, source))?;
    parse(bytes).map_err(|reason| Error::InvalidPreparedSet {
        path: path.into(),
        reason,
    })
}

/// The header of a safetensors file: JSON text, padded so that the pixels are aligned.
fn header(set: &ImageSet, key: Option<&str>) -> std::result::Result<Vec<u8>, String> {
    let description = Description {
        format: FORMAT,
        record: set.record().clone(),
        names: set.names().to_vec(),
        sha256: Some(sha256_of(set.pixels())),
        key: key.map(str::to_owned),
    };
    let text = serde_json::to_string(&description).map_err(|error| error.to_string())?;
    let images = TensorInfo {
        dtype: Dtype::U8,
        shape: vec![set.count(), set.size_px(), set.size_px(), 3],
        data_offsets: (0, set.pixels().len()),
    };
    let metadata = HashMap::from([(METADATA.to_owned(), text)]);
    let metadata = Metadata::new(Some(metadata), vec![(TENSOR.to_owned(), images)])
        .map_err(|error| error.to_string())?;
    let mut header = serde_json::to_vec(&metadata).map_err(|error| error.to_string())?;
    header.resize(header.len().next_multiple_of(8), b' ');
    if header.len() > MAX_HEADER_BYTES {
        return Err(format!(
            "names and record take more than {MAX_HEADER_BYTES} bytes"
        ));
    }
    Ok(header)
}

fn parse(mut bytes: Vec<u8>) -> std::result::Result<(ImageSet, Option<String>), String> {
    let (header_len, header) =
        SafeTensors::read_metadata(&bytes).map_err(|error| error.to_string())?;
    let text = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(METADATA));
    let text = text.ok_or_else(|| format!("it has no metadata `{METADATA}`"))?;
    let Description {
        format,
        record,
        names,
        sha256,
        key,
    } = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if !(1..=FORMAT).contains(&format) {
        return Err(format!(
            "its format is {format}, this version reads up to {FORMAT}"
        ));
    }
    let images = header.info(TENSOR).filter(|_| header.tensors().len() == 1);
    let images = images.ok_or_else(|| format!("its only tensor is not `{TENSOR}`"))?;
    let expected = [names.len(), record.size_px, record.size_px, 3];
    if images.dtype != Dtype::U8 || images.shape != expected {
        let (dtype, shape) = (images.dtype, &images.shape);
        return Err(format!(
            "tensor `{TENSOR}`: expected U8 {expected:?}, got {dtype:?} {shape:?}"
        ));
    }
    // What is left are the pixels, in the memory that they were read into.
    bytes.drain(..HEADER_LEN_BYTES + header_len);
    if sha256.is_some_and(|sha256| sha256 != sha256_of(&bytes)) {
        return Err("its pixels are not those that were written".into());
    }
    let set = ImageSet::from_parts(bytes, names, record).map_err(|error| error.to_string())?;
    Ok((set, key))
}
