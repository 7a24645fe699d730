use std::path::Path;

use serde::Deserialize;

use crate::{Error, Framing, Result, SetRecord};

/// What is known about a data set: where it comes from, on what terms, and what it should hold.
///
/// Written as TOML in `datasets/NAME/manifest.toml`.
///
/// ```
/// use semantic_inpaint_data::Manifest;
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let manifest = Manifest::parse("example", r#"
///     name = "example"
///     title = "An example"
///     homepage = "https://example.org"
///     licence = "CC0"
///     citation = "Nobody, 2020"
///     framing = "center-crop"
///     split = "by file name hash"
///
///     [[archives]]
///     file = "images.tar.gz"
///     num_images = 12
/// "#)?;
/// assert_eq!(manifest.archives[0].num_images, 12);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Short name, that of the folder.
    pub name: String,
    /// Full name.
    pub title: String,
    /// The publisher's page.
    pub homepage: String,
    /// The terms in words.
    pub licence: String,
    /// The publication to cite.
    pub citation: String,
    /// The framing that the project uses for it.
    pub framing: Framing,
    /// How training and validation images are told apart, in words.
    pub split: String,
    /// The archives, as their publisher ships them.
    pub archives: Vec<ManifestArchive>,
    /// Parts that the publisher defines by ranges of numbers in file names.
    #[serde(default)]
    pub parts: Vec<ManifestPart>,
}

/// One archive of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestArchive {
    /// File name as published.
    pub file: String,
    /// Image files in it.
    pub num_images: usize,
    /// SHA-256 of the file in hexadecimal digits, where the publisher or a verified copy gives one.
    pub sha256: Option<String>,
}

/// A part of a data set that its publisher defines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestPart {
    /// Name of the part.
    pub name: String,
    /// Number in the first file's name.
    pub first: usize,
    /// Number in the last file's name.
    pub last: usize,
}

impl Manifest {
    /// The manifest in a TOML text. `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidManifest`] with the line at fault.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let invalid = |reason: String| Error::InvalidManifest {
            name: name.into(),
            reason,
        };
        let manifest: Self = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if let Some(part) = manifest.parts.iter().find(|part| part.first > part.last) {
            return Err(invalid(format!(
                "part `{}` ends before it begins",
                part.name
            )));
        }
        Ok(manifest)
    }

    /// The manifest in a file.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unreadable`], [`Error::InvalidManifest`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|source| Error::reading(path, source))?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Succeeds when a set read from one of the archives found as many images as expected; also when
    /// it was read from something that the manifest does not list, such as an unpacked folder.
    ///
    /// # Errors
    ///
    /// [`Error::UnexpectedCount`].
    pub fn check_count(&self, record: &SetRecord) -> Result<()> {
        match self
            .archives
            .iter()
            .find(|archive| archive.file == record.source)
        {
            Some(archive) if archive.num_images != record.num_found => {
                Err(Error::UnexpectedCount {
                    source_name: record.source.clone(),
                    expected: archive.num_images,
                    found: record.num_found,
                })
            }
            _ => Ok(()),
        }
    }
}

impl ManifestPart {
    /// Number of images in the part.
    #[must_use]
    pub fn num_images(&self) -> usize {
        self.last - self.first + 1
    }
}
