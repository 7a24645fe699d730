//! `prepare`: a data set framed and resized once, with its download where the publisher allows it.

mod data_set;
mod transfer;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use semantic_inpaint::data::{CacheOutcome, Progress, ReadOptions, SetCache, Split};
use semantic_inpaint::{Framing, ImageSet, ImageSource};

use crate::output;
use crate::progress::{self, Display};
use crate::status::Status;
use data_set::DataSet;

/// At most so many unreadable images are named.
const NAMED: usize = 10;

/// Frame and resize a data set once, into one file that training loads in a moment
///
/// A data set by name brings its framing, and is told from others by what its archive holds:
/// semantic-inpaint prepare dtd --download --framing random-crops:16 --classes banded,braided
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A data set: celeba, dtd, pets, or a manifest of your own
    #[arg(value_name = "NAME|MANIFEST.toml")]
    name: Option<DataSet>,
    /// A folder, or an archive as its publisher ships it (.zip, .tar, .tar.gz), read in place
    /// [default: the archive of the data set]
    #[arg(long, value_name = "FOLDER|ARCHIVE", required_unless_present = "name")]
    data: Option<PathBuf>,
    /// Folder with the archive of the data set [default: datasets/NAME, or where the manifest lies]
    #[arg(long, requires = "name")]
    folder: Option<PathBuf>,
    /// Download the archive where it is missing and its publisher allows it; an interrupted download
    /// goes on where it stopped
    #[arg(long, requires = "name", conflicts_with = "data")]
    download: bool,
    /// How images become square: crop108 (the face in an aligned CelebA image), squash (the whole
    /// image), center-crop (the largest centered square) or random-crops:COUNT[:PERCENT[:SEED]] (COUNT
    /// squares of each image, each at least PERCENT of its shorter side) [default: that of the data
    /// set, or center-crop]
    #[arg(long)]
    framing: Option<Framing>,
    /// Height and width of the images in pixels
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Take only these classes, separated by commas: folders of images, or beginnings of their names
    #[arg(long, value_name = "CLASS,..", value_delimiter = ',')]
    classes: Vec<String>,
    /// Part of the images: all, train or validation (a tenth, by a hash of the name), or the
    /// publisher's published-train, published-validation or published-test
    #[arg(long, default_value_t)]
    split: Split,
    /// Take only the first COUNT images by name
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Share of the images that may be unreadable, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.01)]
    max_unreadable: f64,
    /// Fail when fewer images are left
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    min_images: usize,
    /// Where to write the prepared set [default: found again in the data set's folder, by content and
    /// settings]
    #[arg(long, value_name = "SET.safetensors", required_unless_present_any = ["name", "cache"])]
    out: Option<PathBuf>,
    /// Folder in which prepared sets are found again by content and settings
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    cache: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    if let Some(out) = &arguments.out {
        output::check_writable(out)?;
    }
    let source = ImageSource::open(source_path(arguments)?)?;
    if let Some(out) = &arguments.out {
        output::check_not_input(out, source.path())?;
    }
    let options = options(arguments);
    if let Some(data_set) = &arguments.name {
        data_set.manifest().check_layout(&source)?;
    }
    let set = match &arguments.out {
        Some(out) => {
            let set = read_set(&source, &options)?;
            set.save(out)?;
            output::line(format_args!("wrote {}: {}", out.display(), summary(&set)))?;
            set
        }
        None => read_cached(arguments, &source, &options)?,
    };
    if let Some(data_set) = &arguments.name
        && let Err(difference) = data_set.manifest().check_count(set.record())
    {
        output::warn(difference);
    }
    Ok(match set.record().unreadable.is_empty() {
        true => Status::Done,
        false => Status::Skipped,
    })
}

/// Where the images are, after the download that was asked for.
fn source_path(arguments: &Arguments) -> Result<PathBuf> {
    match (&arguments.data, &arguments.name) {
        (Some(data), _) => Ok(data.clone()),
        (None, Some(data_set)) => {
            let folder = data_set.folder(arguments.folder.as_deref());
            if arguments.download {
                data_set.download(&folder, arguments.split)
            } else {
                data_set.archive(&folder)
            }
        }
        (None, None) => anyhow::bail!("no images: name a data set, or give --data"),
    }
}

fn options(arguments: &Arguments) -> ReadOptions {
    let of_data_set = arguments.name.as_ref();
    let of_data_set = of_data_set.map(|data_set| data_set.manifest().framing);
    let framing = arguments.framing.or(of_data_set);
    ReadOptions {
        classes: arguments.classes.clone(),
        split: arguments.split,
        limit: arguments.limit,
        max_unreadable_share: arguments.max_unreadable,
        min_images: arguments.min_images,
        ..ReadOptions::new(framing.unwrap_or(Framing::CenterCrop), arguments.size)
    }
}

fn read_cached(
    arguments: &Arguments,
    source: &ImageSource,
    options: &ReadOptions,
) -> Result<ImageSet> {
    let of_data_set = || {
        let data_set = arguments.name.as_ref()?;
        Some(data_set.folder(arguments.folder.as_deref()))
    };
    let folder = arguments.cache.clone().or_else(of_data_set);
    let folder = folder.context("no place for the set: give --out or --cache")?;
    let Cached { set, path, verb } = read_cached_set(&folder, source, options)?;
    let (path, summary) = (path.display(), summary(&set));
    output::line(format_args!("{verb} {path}: {summary}"))?;
    Ok(set)
}

/// A set that is kept in a folder.
pub(crate) struct Cached {
    pub(crate) set: ImageSet,
    pub(crate) path: PathBuf,
    /// Whether it was found there or written.
    pub(crate) verb: &'static str,
}

/// As [`read_set`], from a prepared set of the same content and settings in `folder` where there is
/// one; else it is written there.
pub(crate) fn read_cached_set(
    folder: &Path,
    source: &ImageSource,
    options: &ReadOptions,
) -> Result<Cached> {
    let cached = under_bar(|progress| SetCache::new(folder).read(source, options, progress))?;
    name_unreadable(&cached.set);
    let verb = match cached.outcome {
        CacheOutcome::Found => "found",
        CacheOutcome::Replaced { reason } => {
            let path = cached.path.display();
            output::warn(format_args!("{path}: not usable ({reason}), made again"));
            "wrote"
        }
        _ => "wrote",
    };
    Ok(Cached {
        set: cached.set,
        path: cached.path,
        verb,
    })
}

fn summary(set: &ImageSet) -> String {
    format!(
        "{} images of {size}x{size}, {} of {} in the source skipped as unreadable",
        set.count(),
        set.record().unreadable.len(),
        set.record().num_found,
        size = set.size_px(),
    )
}

/// Reads a set under a progress bar and names what is unreadable on stderr.
pub(crate) fn read_set(source: &ImageSource, options: &ReadOptions) -> Result<ImageSet> {
    let set = under_bar(|progress| ImageSet::read(source, options, progress))?;
    name_unreadable(&set);
    Ok(set)
}

/// What a reading gives that reports its progress.
fn under_bar<T>(
    read: impl FnOnce(&dyn Fn(Progress)) -> semantic_inpaint::data::Result<T>,
) -> Result<T> {
    let bar = progress::bar("reading", 0, Display::Terminal);
    let result = read(&|progress| {
        bar.set_length(progress.num_total as u64);
        bar.set_position(progress.num_done as u64);
    });
    bar.finish_and_clear();
    Ok(result?)
}

/// Names what is unreadable on stderr.
pub(crate) fn name_unreadable(set: &ImageSet) {
    let unreadable = &set.record().unreadable;
    for image in unreadable.iter().take(NAMED) {
        output::warn(format_args!("skipped {}: {}", image.name, image.reason));
    }
    if unreadable.len() > NAMED {
        let more = unreadable.len() - NAMED;
        output::warn(format_args!("skipped {more} more"));
    }
}
