use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};
use semantic_inpaint::{Hole, Mask, MaskShape, Photo, photo_mask, read_rgba};

/// A mask as the user names it: a shape, or `file:PATH`.
#[derive(Debug, Clone)]
pub(crate) enum MaskChoice {
    Shape(MaskShape),
    File(PathBuf),
}

/// Shapes as the user writes them, for messages.
pub(crate) fn listed<'a>(shapes: impl Iterator<Item = &'a MaskShape>) -> String {
    let shapes: Vec<String> = shapes.map(ToString::to_string).collect();
    shapes.join(", ")
}

impl FromStr for MaskChoice {
    type Err = semantic_inpaint::mask::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.strip_prefix("file:") {
            Some(path) => Ok(Self::File(path.into())),
            None => text.parse().map(Self::Shape),
        }
    }
}

impl fmt::Display for MaskChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(shape) => shape.fmt(f),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// The mask in a picture and, where most of it is hole, a hint that the colors may be inverted.
pub(crate) fn read_mask(path: &Path, hole: Hole) -> Result<(Mask, Option<String>)> {
    let picture = read_rgba(path)?;
    let mask = Mask::from_rgba(&picture.pixels, picture.height, picture.width, hole)
        .with_context(|| path.display().to_string())?;
    let (missing, all) = (mask.num_missing(0), mask.num_pixels());
    let other = match hole {
        Hole::White => Hole::Black,
        _ => Hole::White,
    };
    let hint = (2 * missing > all).then(|| {
        format!(
            "{}: {missing} of {all} pixels are missing with `--hole {hole}`: if that is inverted, \
             use `--hole {other}`",
            path.display()
        )
    });
    Ok((mask, hint))
}

/// Where the masks of a run of photos come from.
#[derive(Debug)]
pub(crate) enum MaskSource {
    /// The same shape on every photo.
    Shape {
        shape: MaskShape,
        size_px: usize,
        seed: u64,
    },
    /// One picture for every photo.
    File { path: PathBuf, hole: Hole },
    /// Pictures that share their stem with their photo.
    Folder {
        path: PathBuf,
        by_stem: HashMap<OsString, PathBuf>,
        hole: Hole,
    },
}

impl MaskSource {
    pub(crate) fn new(choice: &MaskChoice, hole: Hole, size_px: usize, seed: u64) -> Result<Self> {
        match choice {
            MaskChoice::Shape(shape) => Ok(Self::Shape {
                shape: *shape,
                size_px,
                seed,
            }),
            MaskChoice::File(path) if path.is_dir() => Ok(Self::Folder {
                path: path.clone(),
                by_stem: files_by_stem(path)?,
                hole,
            }),
            MaskChoice::File(path) if path.exists() => Ok(Self::File {
                path: path.clone(),
                hole,
            }),
            MaskChoice::File(path) => {
                bail!("{}: no such mask: check the path", path.display())
            }
        }
    }

    /// The mask of a photo and, for pictures, the hint of [`read_mask`].
    pub(crate) fn mask_of(&self, path: &Path, photo: &Photo) -> Result<(Mask, Option<String>)> {
        let (height, width) = (photo.height(), photo.width());
        let (file, hole) = match self {
            Self::Shape {
                shape,
                size_px,
                seed,
            } => {
                let mask = photo_mask(*shape, height, width, *size_px, *seed)
                    .with_context(|| format!("{} ({height}x{width})", path.display()))?;
                return Ok((mask, None));
            }
            Self::File { path, hole } => (path, *hole),
            Self::Folder {
                path: folder,
                by_stem,
                hole,
            } => {
                let file = path.file_stem().and_then(|stem| by_stem.get(stem));
                let file = file.with_context(|| {
                    let stem = path.file_stem().unwrap_or_default().display();
                    let folder = folder.display();
                    format!("{folder}: no mask named {stem}: name masks like their photos")
                })?;
                (file, *hole)
            }
        };
        let (mask, hint) = read_mask(file, hole)?;
        if (mask.height(), mask.width()) != (height, width) {
            bail!(
                "{}: the mask has {}x{} pixels, {} has {height}x{width}: draw the mask at the \
                 photo's size",
                file.display(),
                mask.height(),
                mask.width(),
                path.display()
            );
        }
        Ok((mask, hint))
    }
}

fn files_by_stem(folder: &Path) -> Result<HashMap<OsString, PathBuf>> {
    let unreadable = || format!("{}: cannot be read", folder.display());
    let mut by_stem = HashMap::new();
    for entry in std::fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let Some(stem) = path.file_stem().filter(|_| path.is_file()) else {
            continue;
        };
        if let Some(other) = by_stem.insert(stem.to_owned(), path.clone()) {
            bail!(
                "{} and {} are masks of the same photo: remove one",
                other.display(),
                path.display()
            );
        }
    }
    Ok(by_stem)
}
