use std::fmt;
use std::str::FromStr;

use semantic_inpaint_mask::Mask;

use super::PhotoError;

/// Largest share of the window's side that the hole's longer side takes where the photo allows: the
/// context around a 64-pixel model's hole of 28, between the paper's small and large squares.
const HOLE_SHARE: f64 = 0.45;

/// A hole longer than this share of the photo's short side gets a window that leaves the photo.
const MAX_SHARE_INSIDE: f64 = 0.75;

/// How much of a photo the model gets to see.
///
/// Written `around-hole`, `largest-square` and `centered-square` in text and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Crop {
    /// The hole and its surroundings: a window in which the hole takes at most 45 % of the side,
    /// but no smaller than the model's image, so that nothing is enlarged needlessly. For models of
    /// textures and of scenes without a fixed layout.
    #[default]
    AroundHole,
    /// The largest square that fits in the photo, as near to the hole's center as it goes. For
    /// models of aligned subjects, such as faces, whose photos are framed like the training images.
    LargestSquare,
    /// The largest square in the middle of the photo, wherever the hole is within it: what
    /// [`photo_mask`](crate::photo_mask) draws on. A hole that fills it or
    /// reaches beyond it makes this [`Crop::LargestSquare`].
    CenteredSquare,
}

impl fmt::Display for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AroundHole => "around-hole",
            Self::LargestSquare => "largest-square",
            Self::CenteredSquare => "centered-square",
        })
    }
}

impl FromStr for Crop {
    type Err = PhotoError;

    fn from_str(text: &str) -> Result<Self, PhotoError> {
        match text {
            "around-hole" => Ok(Self::AroundHole),
            "largest-square" => Ok(Self::LargestSquare),
            "centered-square" => Ok(Self::CenteredSquare),
            _ => Err(PhotoError::UnknownCrop(text.into())),
        }
    }
}

/// A square window of a photo, which may reach beyond the photo's borders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First row; negative when the window begins above the photo.
    pub top: isize,
    /// First column; negative when the window begins left of the photo.
    pub left: isize,
    /// Rows and columns in pixels of the photo.
    pub side: usize,
}

/// A rectangle of a photo, its ends exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) bottom: usize,
    pub(super) right: usize,
}

impl Bounds {
    /// The bounding box of a mask's missing pixels.
    pub(super) fn of_hole(mask: &Mask) -> Self {
        let mut bounds = Self {
            top: usize::MAX,
            left: usize::MAX,
            bottom: 0,
            right: 0,
        };
        for ((row, col), _) in mask
            .known(0)
            .indexed_iter()
            .filter(|&(_, &is_known)| !is_known)
        {
            bounds.top = bounds.top.min(row);
            bounds.left = bounds.left.min(col);
            bounds.bottom = bounds.bottom.max(row + 1);
            bounds.right = bounds.right.max(col + 1);
        }
        bounds
    }

    pub(super) fn height(self) -> usize {
        self.bottom - self.top
    }

    pub(super) fn width(self) -> usize {
        self.right - self.left
    }

    /// Row and column of every pixel, by rows.
    pub(super) fn pixels(self) -> impl Iterator<Item = (usize, usize)> {
        (self.top..self.bottom)
            .flat_map(move |row| (self.left..self.right).map(move |col| (row, col)))
    }

    /// One pixel more on every side that has one.
    pub(super) fn grown_within(self, height: usize, width: usize) -> Self {
        Self {
            top: self.top.saturating_sub(1),
            left: self.left.saturating_sub(1),
            bottom: (self.bottom + 1).min(height),
            right: (self.right + 1).min(width),
        }
    }
}

impl Window {
    /// The largest square in the middle of a photo; an odd remainder leaves one row or column more at
    /// the bottom or right.
    #[must_use]
    pub fn centered_square(height: usize, width: usize) -> Self {
        let side = height.min(width);
        Self {
            top: ((height - side) / 2) as isize,
            left: ((width - side) / 2) as isize,
            side,
        }
    }

    fn contains(self, hole: Bounds) -> bool {
        let spans = |start: isize, first: usize, end: usize| {
            start <= first as isize && end as isize <= start.saturating_add_unsigned(self.side)
        };
        spans(self.top, hole.top, hole.bottom) && spans(self.left, hole.left, hole.right)
    }

    /// The window for a photo with this mask and the hole that it has.
    ///
    /// It contains the hole and, as the photo has a known pixel, always a known pixel too.
    pub(super) fn around(hole: Bounds, mask: &Mask, size_px: usize, crop: Crop) -> Self {
        let (height, width) = (mask.height(), mask.width());
        let centered = Self::centered_square(height, width);
        let has_known = mask.num_missing(0) < centered.side * centered.side;
        if crop == Crop::CenteredSquare && centered.contains(hole) && has_known {
            return centered;
        }
        let longest = hole.height().max(hole.width());
        let (short, long) = (height.min(width), height.max(width));
        let fits = longest as f64 <= MAX_SHARE_INSIDE * short as f64;
        let largest = if fits { short } else { long };
        let side = match crop {
            Crop::AroundHole => ((longest as f64 / HOLE_SHARE).ceil() as usize)
                .max(size_px)
                .min(largest),
            Crop::LargestSquare | Crop::CenteredSquare => largest,
        };
        Self {
            top: start(hole.top, hole.bottom, side, height),
            left: start(hole.left, hole.right, side, width),
            side,
        }
    }

    /// Whether every pixel of the window is one of the photo's.
    #[must_use]
    pub fn is_within(self, height: usize, width: usize) -> bool {
        let fits = |start: isize, extent: usize| {
            usize::try_from(start).is_ok_and(|start| start + self.side <= extent)
        };
        fits(self.top, height) && fits(self.left, width)
    }
}

/// Where a window begins on one axis: centered on the hole and moved inside the photo, or centered
/// on the photo when it is longer than that.
fn start(first: usize, end: usize, side: usize, extent: usize) -> isize {
    if side > extent {
        return -(((side - extent) / 2) as isize);
    }
    ((first + end).saturating_sub(side) / 2).min(extent - side) as isize
}
