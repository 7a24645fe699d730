use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::{Error, Result};

/// The SHA-256 of a file in 64 lower-case hexadecimal digits.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Unreadable`].
pub fn sha256_of_file(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    let unreadable = |source| Error::reading(path, source);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut writer = Sha256Writer::default();
    io::copy(&mut file, &mut writer).map_err(unreadable)?;
    Ok(writer.finish())
}

/// The SHA-256 of bytes in 64 lower-case hexadecimal digits.
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    let mut writer = Sha256Writer::default();
    writer.add(bytes);
    writer.finish()
}

/// Takes bytes and gives their SHA-256.
#[derive(Default)]
pub(crate) struct Sha256Writer(Sha256);

impl Sha256Writer {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> String {
        let digest = self.0.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Write for Sha256Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_fips_180() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_of(b"abc"), abc);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(sha256_of_file(&path).unwrap(), abc);
    }
}
