//! The archive that `torch.save` writes: `NAME/data.pkl` describes tensors, `NAME/data/KEY` are the
//! numbers of one storage each, not compressed.

use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read};

use semantic_inpaint_tensor::Tensor;
use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::pickle::{self, MAX_ENTRIES, Pickled, Value};
use super::read::{Fault, to_tensor};
use super::record::TensorRecord;

type Result<T> = std::result::Result<T, Fault>;
type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// The state dict in the bytes of an archive.
pub(super) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>> {
    // The archive starts where the file does. Left to find that out, zip 9.8 takes the second entry
    // for the first where PyTorch's extra 76 bytes at the end equal the length of a directory entry,
    // that is for files whose name without ending has 21 characters.
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    let mut archive = ZipArchive::with_config(config, Cursor::new(bytes))
        .map_err(|e| Fault::damaged(e.to_string()))?;
    let root = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.strip_suffix("data.pkl")?.to_string()))
        .find(|root| root.is_empty() || root.ends_with('/'))
        .ok_or(Fault::UnknownFormat)?;
    let byte_order = format!("{root}byteorder");
    if archive.index_for_name(&byte_order).is_some()
        && entry(&mut archive, &byte_order)? != b"little"
    {
        return Err(Fault::damaged(
            "the numbers are stored big-endian, which is not read",
        ));
    }
    let program = entry(&mut archive, &format!("{root}data.pkl"))?;
    let pickled = pickle::read(&program)?;
    let mut storages = Storages {
        archive,
        root,
        bytes: HashMap::new(),
        numbers_left: bytes.len(),
        bytes_left: bytes.len(),
    };
    select(&pickled)?
        .into_iter()
        .map(|(name, record)| {
            let tensor = storages.tensor(&name, record)?;
            Ok((name, tensor))
        })
        .collect()
}

/// The bytes of one entry, as many as the archive holds at most: entries are not compressed.
fn entry(archive: &mut Archive<'_>, name: &str) -> Result<Vec<u8>> {
    let mut file = archive
        .by_name(name)
        .map_err(|e| Fault::damaged(format!("{name}: {e}")))?;
    if file.compression() != CompressionMethod::Stored {
        return Err(Fault::damaged(format!(
            "{name} is compressed, which torch.save does not do"
        )));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)
        .map_err(|e| Fault::damaged(format!("{name}: {e}")))?;
    Ok(bytes)
}

/// The tensors at the top of a pickled object, else those of the dictionaries directly below.
fn select(pickled: &Pickled) -> Result<Vec<(String, &TensorRecord)>> {
    let top: Vec<_> = tensors(pickled, pickled.root())
        .map(|(name, record)| (name.to_string(), record))
        .collect();
    if !top.is_empty() {
        return Ok(top);
    }
    let below: Vec<_> = entries(pickled, pickled.root())
        .flat_map(|(key, dict)| tensors(pickled, dict).map(move |tensor| (key, tensor)))
        .take(MAX_ENTRIES + 1)
        .collect();
    if below.len() > MAX_ENTRIES {
        return Err(Fault::damaged(format!("more than {MAX_ENTRIES} tensors")));
    }
    let several = below.windows(2).any(|pair| pair[0].0 != pair[1].0);
    let full_name = |key, name: &str| {
        if several {
            format!("{key}.{name}")
        } else {
            name.into()
        }
    };
    Ok(below
        .into_iter()
        .map(|(key, (name, record))| (full_name(key, name), record))
        .collect())
}

fn tensors<'a>(
    pickled: &'a Pickled,
    dict: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a TensorRecord)> {
    entries(pickled, dict).filter_map(|(name, value)| match value {
        Value::Tensor(record) => Some((name, record)),
        _ => None,
    })
}

/// The entries of a dictionary whose keys are text; none for anything else.
fn entries<'a>(
    pickled: &'a Pickled,
    dict: &'a Value,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let entries = if let Value::Dict(entries) = dict {
        entries.as_slice()
    } else {
        &[]
    };
    entries
        .iter()
        .filter_map(|&(key, value)| match pickled.value(key) {
            Value::Text(name) => Some((name.as_str(), pickled.value(value))),
            _ => None,
        })
}

struct Storages<'a> {
    archive: Archive<'a>,
    root: String,
    bytes: HashMap<String, Vec<u8>>,
    /// How many numbers and storage bytes may still be read. Each takes a byte of the file at least:
    /// only a file whose tensors or entries overlap, to exhaust the memory, asks for more.
    numbers_left: usize,
    bytes_left: usize,
}

impl Storages<'_> {
    fn storage(&mut self, key: &str) -> Result<&[u8]> {
        if !self.bytes.contains_key(key) {
            let bytes = entry(&mut self.archive, &format!("{}data/{key}", self.root))?;
            self.bytes_left = self
                .bytes_left
                .checked_sub(bytes.len())
                .ok_or_else(larger_than_file)?;
            self.bytes.insert(key.to_string(), bytes);
        }
        Ok(&self.bytes[key])
    }

    fn tensor(&mut self, name: &str, record: &TensorRecord) -> Result<Tensor> {
        let damaged = |reason: &str| Fault::damaged(format!("`{name}` {reason}"));
        let span = record
            .span()
            .ok_or_else(|| damaged("has a shape that does not fit its storage"))?;
        self.numbers_left = self
            .numbers_left
            .checked_sub(span)
            .ok_or_else(larger_than_file)?;
        let bytes = self.storage(&record.storage.key)?;
        let size = record.storage.dtype.size_in_bytes();
        let used = record
            .offset
            .checked_mul(size)
            .zip(span.checked_mul(size))
            .and_then(|(start, len)| bytes.get(start..start.checked_add(len)?))
            .ok_or_else(|| damaged("lies outside its storage"))?;
        if record.is_contiguous() {
            return to_tensor(used, record.storage.dtype, &record.shape);
        }
        let values: Vec<u8> = record
            .positions()
            .flat_map(|i| &used[i * size..(i + 1) * size])
            .copied()
            .collect();
        to_tensor(&values, record.storage.dtype, &record.shape)
    }
}

fn larger_than_file() -> Fault {
    Fault::damaged("the tensors are larger than the file")
}
