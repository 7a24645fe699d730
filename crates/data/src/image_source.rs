use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use crate::decode::read_bytes;
use crate::sha256::{Sha256Writer, sha256_of_file};
use crate::{Error, Result, archive};

/// Encoded images held in memory at once.
pub(crate) const PORTION_LEN: usize = 256;

const EXTENSIONS: [&str; 8] = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif"];

/// What a source of images is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceKind {
    /// A folder, searched with all its subfolders.
    Folder,
    /// A zip archive, read in place.
    Zip,
    /// A tar archive, read in place.
    Tar,
    /// A tar archive compressed by gzip, read in place.
    TarGz,
    /// A set written by [`ImageSet::save`](crate::ImageSet::save).
    Prepared,
}

/// A place with many images: a folder, an archive as its publisher ships it, or a prepared set.
///
/// Archives are read in place and never unpacked to disk. Within a folder or archive an image is a
/// file whose extension is that of PNG, JPEG, WebP, BMP, TIFF or GIF in any case; hidden files,
/// linked folders and the `__MACOSX` folder are passed over. Names are relative to the folder or
/// archive, with `/` between parts, and images come in the byte order of their names, however the
/// archive orders them.
#[derive(Debug, Clone)]
pub struct ImageSource {
    path: PathBuf,
    kind: SourceKind,
}

/// One file of a source.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) content: Content,
}

pub(crate) enum Content {
    /// The bytes, or the reason why they could not be read.
    Loaded(std::result::Result<Vec<u8>, String>),
    /// A file that whoever decodes it reads, so that a folder's files are never in memory together.
    File(PathBuf),
}

impl Entry {
    pub(crate) fn into_bytes(self) -> std::result::Result<Vec<u8>, String> {
        match self.content {
            Content::Loaded(bytes) => bytes,
            Content::File(path) => read_bytes(&path).map_err(|error| error.to_string()),
        }
    }
}

impl ImageSource {
    /// The source at a path, its kind told by its content; `.safetensors` is a prepared set.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unreadable`], [`Error::DamagedArchive`] when the extension
    /// names an archive and the content is none, [`Error::UnknownSource`] for any other file.
    pub fn open(spec: impl AsRef<Path>) -> Result<Self> {
        let path = spec.as_ref().to_path_buf();
        let unreadable = |source| Error::reading(&path, source);
        if fs::metadata(&path).map_err(unreadable)?.is_dir() {
            return Ok(Self {
                path,
                kind: SourceKind::Folder,
            });
        }
        let mut head = Vec::new();
        let file = File::open(&path).map_err(unreadable)?;
        file.take(512).read_to_end(&mut head).map_err(unreadable)?;
        let kind = kind_of_file(&path, &head)?;
        Ok(Self { path, kind })
    }

    /// Where the source lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the source is.
    #[must_use]
    pub fn kind(&self) -> SourceKind {
        self.kind
    }

    /// The last part of the path, as records and messages call the source.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// The names of all images, sorted. A name that occurs twice counts once.
    ///
    /// A compressed archive is read through once for this.
    ///
    /// # Errors
    ///
    /// [`Error::DamagedArchive`], [`Error::Unreadable`]; for a prepared set those of
    /// [`ImageSet::load`](crate::ImageSet::load).
    pub fn image_names(&self) -> Result<Vec<String>> {
        Ok(images_among(&self.entry_names()?))
    }

    /// The SHA-256 of the content, in 64 lower-case hexadecimal digits: of the file, or of the names
    /// and bytes of all images in a folder. Where the source lies does not matter.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::Unreadable`].
    pub fn sha256(&self) -> Result<String> {
        if self.kind != SourceKind::Folder {
            return sha256_of_file(&self.path);
        }
        let names = self.image_names()?;
        let of_file = |name: &String| sha256_of_file(self.path.join(name));
        let digests: Result<Vec<String>> = names.par_iter().map(of_file).collect();
        let mut writer = Sha256Writer::default();
        for (name, digest) in names.iter().zip(digests?) {
            writer.add(name.as_bytes());
            writer.add(format!("\0{digest}\n").as_bytes());
        }
        Ok(writer.finish())
    }

    /// The names of all files, images or not, in any order.
    pub(crate) fn entry_names(&self) -> Result<Vec<String>> {
        match self.kind {
            SourceKind::Folder => {
                let mut names = Vec::new();
                list_folder(&self.path, "", &mut names)?;
                Ok(names)
            }
            SourceKind::Zip => archive::zip_names(&self.path),
            SourceKind::Tar | SourceKind::TarGz => archive::tar_names(&self.path, self.kind),
            SourceKind::Prepared => Ok(crate::ImageSet::load(&self.path)?.names().to_vec()),
        }
    }

    /// The name of an image near the source's beginning, found without reading through an archive.
    pub(crate) fn any_image_name(&self) -> Result<Option<String>> {
        match self.kind {
            SourceKind::Tar | SourceKind::TarGz => {
                archive::first_in_tar(&self.path, self.kind, &names_an_image)
            }
            _ => Ok(self.image_names()?.into_iter().next()),
        }
    }

    /// Hands the content of these files to `visit`, some hundreds at a time.
    pub(crate) fn read(
        &self,
        names: &[String],
        visit: &mut dyn FnMut(Vec<Entry>) -> Result<()>,
    ) -> Result<()> {
        match self.kind {
            SourceKind::Folder => names.chunks(PORTION_LEN).try_for_each(|names| {
                let entry = |name: &String| Entry {
                    name: name.clone(),
                    content: Content::File(self.path.join(name)),
                };
                visit(names.iter().map(entry).collect())
            }),
            SourceKind::Zip => archive::read_zip(&self.path, names, visit),
            SourceKind::Tar | SourceKind::TarGz => {
                archive::read_tar(&self.path, self.kind, names, visit)
            }
            SourceKind::Prepared => Err(Error::UnknownSource {
                path: self.path.clone(),
            }),
        }
    }
}

/// The names that are those of images, sorted, each once.
pub(crate) fn images_among(names: &[String]) -> Vec<String> {
    let images = names.iter().filter(|name| names_an_image(name));
    let mut images: Vec<String> = images.cloned().collect();
    images.sort_unstable();
    images.dedup();
    images
}

fn kind_of_file(path: &Path, head: &[u8]) -> Result<SourceKind> {
    let name = path.to_string_lossy().to_lowercase();
    if name.ends_with(".safetensors") {
        return Ok(SourceKind::Prepared);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(SourceKind::Zip);
    }
    if head.starts_with(&[0x1F, 0x8B]) {
        return Ok(SourceKind::TarGz);
    }
    if head.get(257..262) == Some(b"ustar") {
        return Ok(SourceKind::Tar);
    }
    if [".zip", ".tar", ".tar.gz", ".tgz"]
        .iter()
        .any(|extension| name.ends_with(extension))
    {
        let reason = "its first bytes are not those of such an archive".into();
        return Err(Error::DamagedArchive {
            path: path.into(),
            reason,
        });
    }
    Err(Error::UnknownSource { path: path.into() })
}

fn names_an_image(name: &str) -> bool {
    let hidden = name
        .split('/')
        .any(|part| part.starts_with('.') && part != ".");
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    !hidden
        && !name.split('/').any(|part| part == "__MACOSX")
        && extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

fn list_folder(folder: &Path, prefix: &str, names: &mut Vec<String>) -> Result<()> {
    let unreadable = |source| Error::reading(folder, source);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(unreadable)?.is_dir() {
            list_folder(&entry.path(), &format!("{name}/"), names)?;
        } else {
            names.push(name);
        }
    }
    Ok(())
}
