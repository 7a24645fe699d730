use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use crate::decode::MAX_IMAGE_BYTES;
use crate::image_source::{Content, Entry, PORTION_LEN};
use crate::{Error, Result, SourceKind};

/// Bytes of encoded images that are held at once, beyond which a portion is handed on.
const PORTION_BYTES: usize = 64 << 20;

type TarReader = tar::Archive<Box<dyn Read>>;
type Visit<'a> = &'a mut dyn FnMut(Vec<Entry>) -> Result<()>;

/// Entries that are decoded together.
struct Portion<'a> {
    entries: Vec<Entry>,
    num_bytes: usize,
    visit: Visit<'a>,
}

impl<'a> Portion<'a> {
    fn new(visit: Visit<'a>) -> Self {
        Self {
            entries: Vec::with_capacity(PORTION_LEN),
            num_bytes: 0,
            visit,
        }
    }

    fn push(&mut self, name: &str, bytes: std::result::Result<Vec<u8>, String>) -> Result<()> {
        self.num_bytes += bytes.as_ref().map_or(0, Vec::len);
        self.entries.push(Entry {
            name: name.to_owned(),
            content: Content::Loaded(bytes),
        });
        if self.entries.len() < PORTION_LEN && self.num_bytes < PORTION_BYTES {
            return Ok(());
        }
        self.hand_on()
    }

    fn hand_on(&mut self) -> Result<()> {
        self.num_bytes = 0;
        (self.visit)(std::mem::take(&mut self.entries))
    }
}

pub(crate) fn zip_names(path: &Path) -> Result<Vec<String>> {
    let archive = open_zip(path)?;
    let names = archive.file_names_raw();
    Ok(names
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}

pub(crate) fn read_zip(path: &Path, names: &[String], visit: Visit<'_>) -> Result<()> {
    let mut archive = open_zip(path)?;
    let mut portion = Portion::new(visit);
    for name in names {
        let bytes = read_zip_entry(&mut archive, name);
        portion.push(name, bytes.map_err(|error| error.to_string()))?;
    }
    portion.hand_on()
}

fn open_zip(path: &Path) -> Result<ZipArchive<BufReader<File>>> {
    let file = BufReader::with_capacity(1 << 16, open(path)?);
    ZipArchive::new(file).map_err(|error| damaged(path, &error))
}

fn read_zip_entry(
    archive: &mut ZipArchive<BufReader<File>>,
    name: &str,
) -> std::result::Result<Vec<u8>, zip::result::ZipError> {
    let index = archive
        .index_for_name(name)
        .ok_or(zip::result::ZipError::FileNotFound)?;
    Ok(read_limited(archive.by_index(index)?)?)
}

pub(crate) fn tar_names(path: &Path, kind: SourceKind) -> Result<Vec<String>> {
    let mut archive = open_tar(path, kind)?;
    let mut names = Vec::new();
    for entry in archive.entries().map_err(|error| damaged(path, &error))? {
        let entry = entry.map_err(|error| damaged(path, &error))?;
        if entry.header().entry_type().is_file() {
            names.push(String::from_utf8_lossy(&entry.path_bytes()).into_owned());
        }
    }
    // Only at its very end does a gzip stream tell whether it is whole.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| damaged(path, &error))?;
    Ok(names)
}

pub(crate) fn read_tar(
    path: &Path,
    kind: SourceKind,
    names: &[String],
    visit: Visit<'_>,
) -> Result<()> {
    let mut missing: HashSet<&str> = names.iter().map(String::as_str).collect();
    let mut archive = open_tar(path, kind)?;
    let mut portion = Portion::new(visit);
    for entry in archive.entries().map_err(|error| damaged(path, &error))? {
        if missing.is_empty() {
            break;
        }
        let entry = entry.map_err(|error| damaged(path, &error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() || !missing.remove(name.as_str()) {
            continue;
        }
        let expected_len = entry.size();
        let bytes = read_limited(entry).map_err(|error| damaged(path, &error))?;
        if (bytes.len() as u64) < expected_len {
            return Err(damaged(path, &format!("it ends within {name}")));
        }
        portion.push(&name, Ok(bytes))?;
    }
    portion.hand_on()
}

/// The first file whose name is wanted; what follows it is not read.
pub(crate) fn first_in_tar(
    path: &Path,
    kind: SourceKind,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Option<String>> {
    let mut archive = open_tar(path, kind)?;
    for entry in archive.entries().map_err(|error| damaged(path, &error))? {
        let entry = entry.map_err(|error| damaged(path, &error))?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_file() && wanted(&name) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

fn open_tar(path: &Path, kind: SourceKind) -> Result<TarReader> {
    let file = BufReader::with_capacity(1 << 16, open(path)?);
    Ok(tar::Archive::new(match kind {
        SourceKind::TarGz => Box::new(MultiGzDecoder::new(file)),
        _ => Box::new(file),
    }))
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|source| Error::reading(path, source))
}

/// An entry that claims to be small may unpack to anything, so it is cut off at the limit.
fn read_limited(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_IMAGE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_IMAGE_BYTES {
        return Err(io::Error::other(format!(
            "the image is over {MAX_IMAGE_BYTES} bytes"
        )));
    }
    Ok(bytes)
}

fn damaged(path: &Path, reason: &impl ToString) -> Error {
    Error::DamagedArchive {
        path: path.into(),
        reason: reason.to_string(),
    }
}
