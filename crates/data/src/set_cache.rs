use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::partition::all_files_beside;
use crate::prepared_set::{load_with_key, save_with_key};
use crate::read_set::{check_count, check_options, check_unreadable};
use crate::sha256::{sha256_of, sha256_of_file};
use crate::{Error, ImageSet, ImageSource, Progress, ReadOptions, Result, SourceKind};

/// Raised when decoding, framing or resizing gives other pixels than before.
const PIPELINE: u32 = 1;
/// Digits of the key in a file's name.
const NAME_DIGITS: usize = 16;

/// A folder of prepared sets, each found again by the content of its source and the settings.
///
/// The key of a set is the SHA-256 of the source's content, of the options that shape the set, of the
/// lists beside the source where a published part is asked for, and of this crate's version. A set is
/// one file, written whole or not at all; files may be deleted at any time. Finding a set takes one
/// read through the source, for its digest, and no decoding.
///
/// ```
/// use semantic_inpaint_data::{CacheOutcome, Framing, ImageSource, Photo, ReadOptions, SetCache};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let images = folder.path().join("images");
/// std::fs::create_dir(&images)?;
/// Photo::filled(20, 30, [90, 60, 30]).save(images.join("a.png"))?;
/// let (source, options) = (ImageSource::open(&images)?, ReadOptions::new(Framing::Squash, 16));
///
/// let cache = SetCache::new(folder.path().join("cache"));
/// assert_eq!(cache.read(&source, &options, &|_| {})?.outcome, CacheOutcome::Prepared);
/// assert_eq!(cache.read(&source, &options, &|_| {})?.outcome, CacheOutcome::Found);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetCache {
    folder: PathBuf,
}

/// A set with its file in a cache.
#[derive(Debug, Clone)]
pub struct CachedSet {
    /// The images.
    pub set: ImageSet,
    /// The file that holds them.
    pub path: PathBuf,
    /// Where the images came from.
    pub outcome: CacheOutcome,
}

/// How a cache came to a set.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheOutcome {
    /// The file was there.
    Found,
    /// The source was read, as there was no file.
    Prepared,
    /// The source was read and the file replaced.
    Replaced {
        /// What was wrong with the file.
        reason: String,
    },
}

impl SetCache {
    /// The cache in a folder, which is made when something is written to it.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The set of a source: from the cache, or read as [`ImageSet::read`] does and added to it.
    ///
    /// A file that is damaged, or was made of another source or with other settings than its name
    /// says, is replaced. A prepared set as source is loaded and never cached again.
    ///
    /// # Errors
    ///
    /// Those of [`ImageSet::read`], also for what a file in the cache says of unreadable images and of
    /// too few; [`Error::Unwritable`].
    pub fn read(
        &self,
        source: &ImageSource,
        options: &ReadOptions,
        progress: &dyn Fn(Progress),
    ) -> Result<CachedSet> {
        check_options(options)?;
        if source.kind() == SourceKind::Prepared {
            return Ok(CachedSet {
                set: ImageSet::read(source, options, progress)?,
                path: source.path().into(),
                outcome: CacheOutcome::Found,
            });
        }
        let key = key(source, options)?;
        let path = self.folder.join(file_name(source, &key));
        let outcome = match load(&path, &key) {
            Ok(Some(set)) => {
                check(&set, source, options)?;
                let outcome = CacheOutcome::Found;
                return Ok(CachedSet { set, path, outcome });
            }
            Ok(None) => CacheOutcome::Prepared,
            Err(reason) => CacheOutcome::Replaced { reason },
        };
        let set = ImageSet::read(source, options, progress)?;
        fs::create_dir_all(&self.folder).map_err(|error| Error::writing(&self.folder, error))?;
        save_with_key(&set, &path, Some(&key))?;
        Ok(CachedSet { set, path, outcome })
    }
}

/// The set in a file, `None` when there is no file, or why the file is of no use.
fn load(path: &Path, key: &str) -> std::result::Result<Option<ImageSet>, String> {
    match load_with_key(path) {
        Ok((set, Some(found))) if found == key => Ok(Some(set)),
        Ok(_) => Err("it was made of something else".into()),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(Error::InvalidPreparedSet { reason, .. }) => Err(reason),
        Err(error) => Err(error.to_string()),
    }
}

/// What reading anew would have refused is refused of a cached set too.
fn check(set: &ImageSet, source: &ImageSource, options: &ReadOptions) -> Result<()> {
    let unreadable = &set.record().unreadable;
    let total = set.count() / options.framing.num_views() + unreadable.len();
    check_unreadable(source, options, unreadable, total)?;
    check_count(&source.name(), options, set.count())
}

fn key(source: &ImageSource, options: &ReadOptions) -> Result<String> {
    let lists = match options.split.is_published() {
        true => all_files_beside(source),
        false => Vec::new(),
    };
    let lists: Result<Vec<String>> = lists.iter().map(sha256_of_file).collect();
    let ReadOptions {
        framing,
        size_px,
        classes,
        split,
        limit,
        // These two refuse a set or let it pass, and do not shape it.
        max_unreadable_share: _,
        min_images: _,
    } = options;
    let made_of = json!({
        "version": [env!("CARGO_PKG_VERSION"), PIPELINE.to_string()],
        "source": [source.name(), source.sha256()?],
        "lists": lists?,
        "framing": framing,
        "size_px": size_px,
        "classes": classes,
        "split": split,
        "limit": limit,
    });
    Ok(sha256_of(made_of.to_string().as_bytes()))
}

fn file_name(source: &ImageSource, key: &str) -> String {
    let name = source.name();
    let extensions = [".zip", ".tar", ".tgz", ".tar.gz"];
    let stem = extensions
        .iter()
        .find_map(|extension| name.strip_suffix(extension));
    let digits = &key[..NAME_DIGITS];
    format!("{}-{digits}.safetensors", stem.unwrap_or(&name))
}
