use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use semantic_inpaint::data::{Error, Manifest, Split};

use super::transfer;
use crate::output;

/// A data set that the user named, by its name or by the file of its manifest.
#[derive(Debug, Clone)]
pub(super) struct DataSet {
    manifest: Manifest,
    /// Where the manifest lies, when it is the user's own.
    home: Option<PathBuf>,
}

impl FromStr for DataSet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if !text.ends_with(".toml") {
            let manifest = Manifest::named(text)?;
            return Ok(Self {
                manifest,
                home: None,
            });
        }
        let path = Path::new(text);
        Ok(Self {
            manifest: Manifest::read(path)?,
            home: Some(output::folder_of(path).to_path_buf()),
        })
    }
}

impl DataSet {
    pub(super) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder of its archives, unless the user has chosen another.
    pub(super) fn folder(&self, chosen: Option<&Path>) -> PathBuf {
        let own = || Path::new("datasets").join(&self.manifest.name);
        let folder = chosen.map(Path::to_path_buf).or_else(|| self.home.clone());
        folder.unwrap_or_else(own)
    }

    /// The archive of images, which must be in the folder.
    pub(super) fn archive(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join(self.archive_name()?);
        if !path.exists() {
            bail!(
                "{}: not there: {}get it from {} ({})",
                path.display(),
                match self.manifest.archives[0].url {
                    Some(_) => "add --download, or ",
                    None => "",
                },
                self.manifest.homepage,
                self.manifest.licence
            );
        }
        Ok(path)
    }

    /// The archive of images, downloaded into the folder unless it is there; with it the lists that a
    /// published part is told by.
    pub(super) fn download(&self, folder: &Path, split: Split) -> Result<PathBuf> {
        let name = self.archive_name()?;
        let lists = self.manifest.lists.iter();
        let lists = lists.filter(|list| split.is_published() && list.url.is_some());
        let missing = |file: &str| !folder.join(file).exists();
        let mut files = self.manifest.archives.iter().chain(lists.clone());
        if files.any(|file| missing(&file.file)) {
            let Manifest {
                name,
                homepage,
                licence,
                ..
            } = &self.manifest;
            output::note(format_args!("{name}, {homepage}, terms: {licence}"));
        }
        for file in self.manifest.archives.iter().chain(lists) {
            transfer::fetch(file, folder).with_context(|| {
                let by_hand = format!("get {} from {}", file.file, self.manifest.homepage);
                format!("{by_hand} and put it into {}", folder.display())
            })?;
        }
        Ok(folder.join(name))
    }

    fn archive_name(&self) -> Result<&str> {
        let first = self.manifest.archives.first();
        let first = first.with_context(|| format!("{}: has no archive", self.manifest.name))?;
        Ok(&first.file)
    }
}
