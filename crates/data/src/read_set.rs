use std::collections::HashMap;

use rayon::prelude::*;

use crate::class_name::are_of_classes;
use crate::image_set::{bytes_per_image, view_names};
use crate::image_source::{Entry, images_among};
use crate::{
    Error, Framing, ImageSet, ImageSource, Partition, Result, SetRecord, SourceKind, Split,
    UnreadableImage, decode,
};

/// Unreadable images that an error names at most.
const NAMED: usize = 3;

/// How a set is read from its source.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// How each picture becomes square.
    pub framing: Framing,
    /// Height and width of the images in pixels.
    pub size_px: usize,
    /// The classes to use, told without regard to ASCII case; empty is all. See
    /// [`classes_of`](crate::classes_of).
    pub classes: Vec<String>,
    /// The part of the source to use.
    pub split: Split,
    /// How many pictures to take from that part, first by name; `None` is all.
    pub limit: Option<usize>,
    /// The share of unreadable images that is passed over, in `[0, 1]`; beyond it reading fails.
    pub max_unreadable_share: f64,
    /// The least number of images that must be left.
    pub min_images: usize,
}

impl ReadOptions {
    /// All images of the source; at most 1 % of them unreadable, at least 1 left.
    #[must_use]
    pub fn new(framing: Framing, size_px: usize) -> Self {
        Self {
            framing,
            size_px,
            classes: Vec::new(),
            split: Split::All,
            limit: None,
            max_unreadable_share: 0.01,
            min_images: 1,
        }
    }
}

/// How far reading a set has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Images done, unreadable ones included.
    pub num_done: usize,
    /// Images to do in all.
    pub num_total: usize,
    /// Unreadable images among those done.
    pub num_unreadable: usize,
}

impl ImageSet {
    /// The images of a source, decoded on all threads, framed and resized.
    ///
    /// The result depends on nothing but the files and the options. A few hundred encoded images, and
    /// some tens of megabytes, are held at once, whatever the size of the archive. `progress` is called from the calling thread
    /// after each such portion. Images that cannot be decoded or framed are passed over and listed in
    /// [`SetRecord::unreadable`]. A prepared set is loaded, and must have been made with the same
    /// framing and size; classes, split and limit apply to what it holds.
    ///
    /// ```no_run
    /// use semantic_inpaint_data::{Framing, ImageSet, ImageSource, ReadOptions, Split};
    ///
    /// # fn main() -> semantic_inpaint_data::Result<()> {
    /// let source = ImageSource::open("img_align_celeba.zip")?;
    /// let options =
    ///     ReadOptions { split: Split::Train, ..ReadOptions::new(Framing::Crop108, 64) };
    /// let set = ImageSet::read(&source, &options, &|progress| {
    ///     println!("{} of {}", progress.num_done, progress.num_total);
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TooFewImages`], [`Error::TooManyUnreadable`], [`Error::DamagedArchive`],
    /// [`Error::UnknownClass`], [`Error::PreparedDifferently`], [`Error::OutOfRange`] for an impossible
    /// option, and those of [`Partition::find`] and [`ImageSource::image_names`].
    pub fn read(
        source: &ImageSource,
        options: &ReadOptions,
        progress: &dyn Fn(Progress),
    ) -> Result<Self> {
        check_options(options)?;
        if source.kind() == SourceKind::Prepared {
            return Self::load(source.path())?.of_options(options);
        }
        let set = read_images(source, options, progress)?;
        check_count(&source.name(), options, set.count())?;
        Ok(set)
    }

    /// The images of a loaded prepared set that the options ask for: what [`ImageSet::read`] gives of its
    /// file, for those who need the set's record to choose the options.
    ///
    /// # Errors
    ///
    /// [`Error::PreparedDifferently`] when the set has another framing or size; [`Error::TooFewImages`],
    /// [`Error::UnknownClass`] and those of [`ImageSet::split`].
    pub fn of_options(&self, options: &ReadOptions) -> Result<Self> {
        let record = self.record();
        if (record.framing, record.size_px) != (options.framing, options.size_px) {
            return Err(Error::PreparedDifferently {
                found_framing: record.framing,
                found_size_px: record.size_px,
                framing: options.framing,
                size_px: options.size_px,
            });
        }
        let mut set = self.clone();
        if !options.classes.is_empty() && options.classes != record.classes {
            set = set.of_classes(&options.classes)?;
        }
        set = set.split(options.split)?;
        if let Some(limit) = options.limit {
            set = set.first(limit)?;
        }
        check_count(&record.source, options, set.count())?;
        Ok(set)
    }
}

/// The pictures of a source that the options ask for.
struct Selection {
    names: Vec<String>,
    num_found: usize,
    partition: Option<String>,
}

fn select(source: &ImageSource, options: &ReadOptions) -> Result<Selection> {
    let entries = source.entry_names()?;
    let images = images_among(&entries);
    let num_found = images.len();
    let of_class = are_of_classes(&images, &options.classes, &source.name())?;
    let partition = match options.split.is_published() {
        true => Some(Partition::find_for(source, &entries, &images)?),
        false => None,
    };
    let is_of_part = |name: &String| match &partition {
        Some(partition) => partition.part(name) == Some(options.split),
        None => options.split.contains(name) == Some(true),
    };
    let chosen = images.into_iter().zip(of_class);
    let names = chosen.filter(|(name, of_class)| *of_class && is_of_part(name));
    Ok(Selection {
        names: names
            .map(|(name, _)| name)
            .take(options.limit.unwrap_or(usize::MAX))
            .collect(),
        num_found,
        partition: partition.map(|partition| partition.origin().to_owned()),
    })
}

fn read_images(
    source: &ImageSource,
    options: &ReadOptions,
    progress: &dyn Fn(Progress),
) -> Result<ImageSet> {
    let Selection {
        names,
        num_found,
        partition,
    } = select(source, options)?;
    check_count(
        &source.name(),
        options,
        names.len() * options.framing.num_views(),
    )?;

    let mut canvas = Canvas::new(&names, options)?;
    source.read(&names, &mut |entries| {
        canvas.add(entries, options);
        progress(Progress {
            num_done: canvas.num_done,
            num_total: names.len(),
            num_unreadable: canvas.unreadable.len(),
        });
        Ok(())
    })?;
    let (pixels, kept, unreadable) = canvas.finish(&names, options);
    check_unreadable(source, options, &unreadable, names.len())?;
    check_count(&source.name(), options, kept.len())?;
    let record = SetRecord {
        source: source.name(),
        framing: options.framing,
        size_px: options.size_px,
        split: options.split,
        partition,
        classes: options.classes.clone(),
        limit: options.limit,
        num_found,
        unreadable,
    };
    ImageSet::from_parts(pixels, kept, record)
}

/// The pixels of all views of all pictures in the order of their names, filled in whatever order they
/// arrive.
struct Canvas<'a> {
    positions: HashMap<&'a str, usize>,
    pixels: Vec<u8>,
    unreadable: HashMap<usize, String>,
    num_done: usize,
}

impl<'a> Canvas<'a> {
    fn new(names: &'a [String], options: &ReadOptions) -> Result<Self> {
        let len = names.len().saturating_mul(bytes_per_picture(options));
        let mut pixels = Vec::new();
        pixels
            .try_reserve_exact(len)
            .map_err(|_| Error::OutOfRange {
                what: "memory for the set in bytes",
                expected: "what the machine can give: use a smaller size or a limit",
                got: len.to_string(),
            })?;
        pixels.resize(len, 0);
        Ok(Self {
            positions: names
                .iter()
                .enumerate()
                .map(|(i, name)| (name.as_str(), i))
                .collect(),
            pixels,
            unreadable: HashMap::new(),
            num_done: 0,
        })
    }

    fn add(&mut self, entries: Vec<Entry>, options: &ReadOptions) {
        let framed: Vec<_> = entries
            .into_par_iter()
            .map(|entry| {
                let name = entry.name.clone();
                let bytes = entry.into_bytes();
                let rgb = bytes.and_then(|bytes| framed(&bytes, &name, options));
                (name, rgb)
            })
            .collect();
        let len = bytes_per_picture(options);
        for (name, rgb) in framed {
            let Some(&position) = self.positions.get(name.as_str()) else {
                continue;
            };
            self.num_done += 1;
            match rgb {
                Ok(rgb) => self.pixels[position * len..][..len].copy_from_slice(&rgb),
                Err(reason) => {
                    let without_name = reason.strip_prefix(&format!("{name}: "));
                    let reason = without_name.unwrap_or(&reason).to_owned();
                    self.unreadable.insert(position, reason);
                }
            }
        }
    }

    /// Closes the gaps that unreadable pictures left.
    fn finish(
        mut self,
        names: &[String],
        options: &ReadOptions,
    ) -> (Vec<u8>, Vec<String>, Vec<UnreadableImage>) {
        let len = bytes_per_picture(options);
        let mut kept = Vec::with_capacity(names.len() * options.framing.num_views());
        let mut num_kept = 0;
        let mut unreadable = Vec::new();
        for (position, name) in names.iter().enumerate() {
            if let Some(reason) = self.unreadable.remove(&position) {
                unreadable.push(UnreadableImage {
                    name: name.clone(),
                    reason,
                });
                continue;
            }
            self.pixels
                .copy_within(position * len..(position + 1) * len, num_kept * len);
            num_kept += 1;
            kept.extend(view_names(name, options.framing));
        }
        self.pixels.truncate(num_kept * len);
        (self.pixels, kept, unreadable)
    }
}

fn bytes_per_picture(options: &ReadOptions) -> usize {
    bytes_per_image(options.size_px).saturating_mul(options.framing.num_views())
}

/// The pixels of all views of a picture.
fn framed(bytes: &[u8], name: &str, options: &ReadOptions) -> std::result::Result<Vec<u8>, String> {
    let views = decode(bytes, name)
        .and_then(|photo| options.framing.views(&photo, name, options.size_px))
        .map_err(|error| error.to_string())?;
    Ok(views.into_iter().flat_map(crate::Photo::into_rgb).collect())
}

pub(crate) fn check_options(options: &ReadOptions) -> Result<()> {
    crate::photo::checked_side(options.size_px)?;
    if !(0.0..=1.0).contains(&options.max_unreadable_share) {
        return Err(Error::OutOfRange {
            what: "tolerated share of unreadable images",
            expected: "in [0, 1]",
            got: options.max_unreadable_share.to_string(),
        });
    }
    Ok(())
}

pub(crate) fn check_count(source_name: &str, options: &ReadOptions, found: usize) -> Result<()> {
    let needed = options.min_images.max(1);
    if found >= needed {
        return Ok(());
    }
    let remedy = "choose another source, classes, split or limit";
    Err(Error::TooFewImages {
        source_name: source_name.into(),
        needed,
        found,
        remedy,
    })
}

pub(crate) fn check_unreadable(
    source: &ImageSource,
    options: &ReadOptions,
    unreadable: &[UnreadableImage],
    total: usize,
) -> Result<()> {
    let tolerated_share = options.max_unreadable_share;
    if unreadable.len() as f64 <= tolerated_share * total as f64 {
        return Ok(());
    }
    let first = unreadable.iter().take(NAMED);
    let first: Vec<String> = first
        .map(|image| format!("{}: {}", image.name, image.reason))
        .collect();
    Err(Error::TooManyUnreadable {
        source_name: source.name(),
        unreadable: unreadable.len(),
        total,
        tolerated_share,
        first: first.join("; "),
    })
}
