use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::{Error, Result, write_atomically};

/// The beginning of a file under way: `FILE.part`, and beside it `FILE.part.from` with the address and
/// what tells the server's version of the file from others, one line each.
#[derive(Debug)]
pub(super) struct PartialFile {
    file: File,
    path: PathBuf,
    from: PathBuf,
    url: String,
    validator: Option<String>,
    num_bytes: u64,
}

impl PartialFile {
    /// What an earlier transfer from this address left, or an empty file. Nobody else opens it until
    /// it is dropped.
    pub(super) fn open(target: &Path, url: &str) -> Result<Self> {
        let path = with_suffix(target, ".part");
        let from = with_suffix(target, ".part.from");
        let unwritable = |error| Error::writing(&path, error);
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).read(true).write(true);
        let mut file = file.open(&path).map_err(unwritable)?;
        // Some network file systems have no locks; a checksum catches what then goes wrong.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::Busy { path });
        }
        let origin = fs::read_to_string(&from).unwrap_or_default();
        let mut lines = origin.lines();
        let is_same = lines.next() == Some(url);
        let validator = lines.next().filter(|line| !line.is_empty());
        let validator = validator.map(str::to_owned);
        let num_bytes = file.seek(SeekFrom::End(0)).map_err(unwritable)?;
        let mut partial = Self {
            file,
            path,
            from,
            url: url.into(),
            validator,
            num_bytes,
        };
        if !is_same {
            partial.restart(None)?;
        }
        Ok(partial)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn num_bytes(&self) -> u64 {
        self.num_bytes
    }

    pub(super) fn validator(&self) -> Option<&str> {
        self.validator.as_deref()
    }

    /// Forgets what is there and begins with another version of the file.
    pub(super) fn restart(&mut self, validator: Option<&str>) -> Result<()> {
        let unwritable = |error| Error::writing(&self.path, error);
        self.file.set_len(0).map_err(unwritable)?;
        self.file.rewind().map_err(unwritable)?;
        self.num_bytes = 0;
        self.validator = validator.map(str::to_owned);
        let origin = format!("{}\n{}\n", self.url, validator.unwrap_or_default());
        write_atomically(&self.from, origin.as_bytes())
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let unwritable = |error| Error::writing(&self.path, error);
        self.file.write_all(bytes).map_err(unwritable)?;
        self.num_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Gives the complete file its name.
    pub(super) fn finish(self, target: &Path) -> Result<()> {
        let unwritable = |error| Error::writing(target, error);
        self.file.sync_all().map_err(unwritable)?;
        fs::rename(&self.path, target).map_err(unwritable)?;
        let _ = fs::remove_file(&self.from);
        Ok(())
    }

    /// Leaves what is there to a later transfer.
    pub(super) fn keep_for_later(self) {
        if self.num_bytes == 0 {
            self.discard();
        }
    }

    /// Removes what is there.
    pub(super) fn discard(self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_file(&self.from);
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}
