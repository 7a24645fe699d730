use std::collections::HashMap;

use rayon::prelude::*;

use crate::image_set::bytes_per_image;
use crate::image_source::Entry;
use crate::{
    Error, Framing, ImageSet, ImageSource, Result, SetRecord, SourceKind, Split, UnreadableImage,
    decode,
};

/// How a set is read from its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadOptions {
    /// How each picture becomes square.
    pub framing: Framing,
    /// Height and width of the images in pixels.
    pub size_px: usize,
    /// The part of the source to use.
    pub split: Split,
    /// How many images to take from that part, first by name; `None` is all.
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
    /// The result depends on nothing but the files and the options. A few hundred encoded images are
    /// held at once, whatever the size of the archive. `progress` is called from the calling thread
    /// after each such portion. Images that cannot be decoded or framed are passed over and listed in
    /// [`SetRecord::unreadable`]. A prepared set is loaded, and must have been made with the same
    /// framing and size; split and limit apply to what it holds.
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
    /// [`Error::PreparedDifferently`], [`Error::OutOfRange`] for an impossible option, and those of
    /// [`ImageSource::image_names`].
    pub fn read(
        source: &ImageSource,
        options: &ReadOptions,
        progress: &dyn Fn(Progress),
    ) -> Result<Self> {
        check_options(options)?;
        let set = if source.kind() == SourceKind::Prepared {
            read_prepared(source, options)?
        } else {
            read_images(source, options, progress)?
        };
        check_count(source, options, set.count())?;
        Ok(set)
    }
}

fn read_prepared(source: &ImageSource, options: &ReadOptions) -> Result<ImageSet> {
    let set = ImageSet::load(source.path())?;
    if (set.record().framing, set.size_px()) != (options.framing, options.size_px) {
        return Err(Error::PreparedDifferently {
            found_framing: set.record().framing,
            found_size_px: set.size_px(),
            framing: options.framing,
            size_px: options.size_px,
        });
    }
    let set = set.split(options.split)?;
    options
        .limit
        .map_or(Ok(set.clone()), |limit| set.first(limit))
}

fn read_images(
    source: &ImageSource,
    options: &ReadOptions,
    progress: &dyn Fn(Progress),
) -> Result<ImageSet> {
    let mut names = source.image_names()?;
    let num_found = names.len();
    names.retain(|name| options.split.contains(name));
    names.truncate(options.limit.unwrap_or(usize::MAX));
    check_count(source, options, names.len())?;

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
    let (pixels, kept, unreadable) = canvas.finish(&names);
    check_unreadable(source, options, &unreadable, names.len())?;
    check_count(source, options, kept.len())?;
    let record = SetRecord {
        source: source.name(),
        framing: options.framing,
        size_px: options.size_px,
        split: options.split,
        limit: options.limit,
        num_found,
        unreadable,
    };
    ImageSet::from_parts(pixels, kept, record)
}

/// The pixels of all images in the order of their names, filled in whatever order they arrive.
struct Canvas<'a> {
    positions: HashMap<&'a str, usize>,
    pixels: Vec<u8>,
    unreadable: HashMap<usize, String>,
    num_done: usize,
}

impl<'a> Canvas<'a> {
    fn new(names: &'a [String], options: &ReadOptions) -> Result<Self> {
        let len = names.len().saturating_mul(bytes_per_image(options.size_px));
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
                let rgb = entry
                    .bytes
                    .and_then(|bytes| framed(&bytes, &entry.name, options));
                (entry.name, rgb)
            })
            .collect();
        let len = bytes_per_image(options.size_px);
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

    /// Closes the gaps that unreadable images left.
    fn finish(mut self, names: &[String]) -> (Vec<u8>, Vec<String>, Vec<UnreadableImage>) {
        let len = self.pixels.len() / names.len().max(1);
        let mut kept = Vec::with_capacity(names.len());
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
                .copy_within(position * len..(position + 1) * len, kept.len() * len);
            kept.push(name.clone());
        }
        self.pixels.truncate(kept.len() * len);
        (self.pixels, kept, unreadable)
    }
}

fn framed(bytes: &[u8], name: &str, options: &ReadOptions) -> std::result::Result<Vec<u8>, String> {
    let framed =
        decode(bytes, name).and_then(|photo| options.framing.apply(&photo, options.size_px));
    framed
        .map(crate::Photo::into_rgb)
        .map_err(|error| error.to_string())
}

fn check_options(options: &ReadOptions) -> Result<()> {
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

fn check_count(source: &ImageSource, options: &ReadOptions, found: usize) -> Result<()> {
    let needed = options.min_images.max(1);
    if found >= needed {
        return Ok(());
    }
    let remedy = "choose another source, split or limit";
    Err(Error::TooFewImages {
        source_name: source.name(),
        needed,
        found,
        remedy,
    })
}

fn check_unreadable(
    source: &ImageSource,
    options: &ReadOptions,
    unreadable: &[UnreadableImage],
    total: usize,
) -> Result<()> {
    let tolerated_share = options.max_unreadable_share;
    match unreadable.first() {
        Some(first) if unreadable.len() as f64 > tolerated_share * total as f64 => {
            Err(Error::TooManyUnreadable {
                source_name: source.name(),
                unreadable: unreadable.len(),
                total,
                tolerated_share,
                first: format!("{}: {}", first.name, first.reason),
            })
        }
        _ => Ok(()),
    }
}
