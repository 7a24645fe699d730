use std::path::Path;

use serde::Deserialize;

use crate::{Error, Framing, ImageSource, Result, SetRecord, SourceKind};

/// What is known about a data set: where it comes from, on what terms, and what it should hold.
///
/// Written as TOML in `datasets/NAME/manifest.toml`; those of the project's data sets are built in
/// ([`Manifest::named`]).
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
///     image_folder = "images/"
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
    /// The framing that the project measures with.
    pub framing: Framing,
    /// How training and validation images are told apart, in words.
    pub split: String,
    /// The folder within the archives that holds the images, ending in `/`.
    pub image_folder: String,
    /// The archives of images.
    pub archives: Vec<ManifestFile>,
    /// Files that list the publisher's parts, where they are not in the archives.
    #[serde(default)]
    pub lists: Vec<ManifestFile>,
    /// Parts that the publisher defines by ranges of numbers in file names.
    #[serde(default)]
    pub parts: Vec<ManifestPart>,
}

/// One file of a data set as its publisher ships it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// File name as published.
    pub file: String,
    /// Pictures in it; 0 for lists.
    #[serde(default)]
    pub num_images: usize,
    /// Where the publisher lets programs download it from.
    pub url: Option<String>,
    /// Its size, where it is known for certain.
    pub num_bytes: Option<u64>,
    /// SHA-256 in lower-case hexadecimal digits, where it is known for certain.
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

const KNOWN: [(&str, &str); 3] = [
    ("celeba", include_str!("../manifests/celeba.toml")),
    ("dtd", include_str!("../manifests/dtd.toml")),
    ("pets", include_str!("../manifests/pets.toml")),
];

impl Manifest {
    /// The manifest of a data set of the project: `celeba`, `dtd` or `pets`.
    ///
    /// ```
    /// use semantic_inpaint_data::Manifest;
    ///
    /// assert_eq!(Manifest::named("celeba")?.archives[0].file, "img_align_celeba.zip");
    /// # Ok::<_, semantic_inpaint_data::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`].
    pub fn named(name: &str) -> Result<Self> {
        match KNOWN.iter().find(|(known, _)| *known == name) {
            Some((name, text)) => Self::parse(name, text),
            None => Err(Error::UnknownName {
                what: "data set",
                got: name.into(),
                expected: "celeba, dtd or pets",
            }),
        }
    }

    /// The manifests of all data sets of the project.
    pub fn known() -> impl Iterator<Item = Self> {
        KNOWN
            .iter()
            .filter_map(|(name, text)| Self::parse(name, text).ok())
    }

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
        if !manifest.image_folder.ends_with('/') {
            return Err(invalid("`image_folder` must end with /".into()));
        }
        for file in manifest.archives.iter().chain(&manifest.lists) {
            file.check().map_err(invalid)?;
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

    /// Succeeds unless the source is an archive whose images lie elsewhere than those of the data set.
    ///
    /// # Errors
    ///
    /// [`Error::WrongArchive`], and those of [`ImageSource::image_names`].
    pub fn check_layout(&self, source: &ImageSource) -> Result<()> {
        if matches!(source.kind(), SourceKind::Folder | SourceKind::Prepared) {
            return Ok(());
        }
        let found = source.any_image_name()?;
        let plain = found.as_deref().map(|name| name.trim_start_matches("./"));
        if plain.is_some_and(|name| name.starts_with(&self.image_folder)) {
            return Ok(());
        }
        Err(Error::WrongArchive {
            source_name: source.name(),
            dataset: self.name.clone(),
            expected: self.image_folder.clone(),
            found: found.map_or("no image".into(), |name| format!("`{name}`")),
        })
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

impl ManifestFile {
    fn check(&self) -> std::result::Result<(), String> {
        let file = &self.file;
        if file.is_empty() || file.starts_with('.') || file.contains(['/', '\\']) {
            return Err(format!("`{file}` is not a plain file name"));
        }
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(is_digit);
        if !self.sha256.as_ref().is_none_or(is_digest) {
            return Err(format!(
                "`sha256` of {file} is not 64 lower-case hexadecimal digits"
            ));
        }
        let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if !self.url.as_ref().is_none_or(is_web) {
            return Err(format!("`url` of {file} does not begin with https://"));
        }
        Ok(())
    }
}

impl ManifestPart {
    /// Number of images in the part.
    #[must_use]
    pub fn num_images(&self) -> usize {
        self.last - self.first + 1
    }
}
