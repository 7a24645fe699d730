use std::fmt;
use std::path::Path;

use image::imageops::FilterType;
use image::{GrayImage, RgbImage};

use crate::{Error, Result, encode};

/// A rectangle of pixels within an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            top,
            left,
            height,
            width,
        } = self;
        write!(
            f,
            "the region of {height}x{width} at row {top}, column {left}"
        )
    }
}

impl Region {
    fn check_within(self, height: usize, width: usize) -> Result<()> {
        let rows = self
            .top
            .checked_add(self.height)
            .is_some_and(|end| end <= height);
        let columns = self
            .left
            .checked_add(self.width)
            .is_some_and(|end| end <= width);
        if rows && columns && self.height > 0 && self.width > 0 {
            return Ok(());
        }
        Err(Error::RegionOutside {
            region: self,
            height,
            width,
        })
    }
}

/// A picture on the host: RGB with 8 bits per channel, and an alpha plane if its file has one.
///
/// **Shape** `[H, W, 3]`, row by row; **range** 0 to 255 in the file's own (sRGB) encoding. The RGB
/// values are those of the file, never mixed with a background: where alpha says transparent, RGB
/// holds whatever the file stores there. Alpha is kept for masks drawn as transparency.
///
/// ```
/// use semantic_inpaint_data::{Photo, Region};
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let mut photo = Photo::filled(4, 6, [10, 20, 30]);
/// let region = Region { top: 1, left: 2, height: 2, width: 3 };
/// let patch = photo.crop(region)?;
/// photo.paste(&patch, 1, 2)?;
/// assert_eq!(photo, Photo::filled(4, 6, [10, 20, 30]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    height: usize,
    width: usize,
    rgb: Vec<u8>,
    alpha: Option<Vec<u8>>,
}

impl Photo {
    /// A picture of these RGB values, `[H, W, 3]`.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] when there are not exactly 3 x H x W values, or none.
    pub fn from_rgb(height: usize, width: usize, rgb: Vec<u8>) -> Result<Self> {
        check_length("rgb", 3, height, width, rgb.len())?;
        Ok(Self {
            height,
            width,
            rgb,
            alpha: None,
        })
    }

    /// A picture of one color; a height or width of 0 counts as 1.
    #[must_use]
    pub fn filled(height: usize, width: usize, color: [u8; 3]) -> Self {
        let (height, width) = (height.max(1), width.max(1));
        let rgb = color.repeat(height * width);
        Self {
            height,
            width,
            rgb,
            alpha: None,
        }
    }

    /// The same picture with this alpha plane, `[H, W]`, 255 opaque.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`] when there are not exactly H x W values.
    pub fn with_alpha(mut self, alpha: Vec<u8>) -> Result<Self> {
        check_length("alpha", 1, self.height, self.width, alpha.len())?;
        self.alpha = Some(alpha);
        Ok(self)
    }

    /// The same picture without its alpha plane.
    #[must_use]
    pub fn without_alpha(mut self) -> Self {
        self.alpha = None;
        self
    }

    /// Rows.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The RGB values, `[H, W, 3]`.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The RGB values, `[H, W, 3]`, to be changed in place.
    #[must_use]
    pub fn rgb_mut(&mut self) -> &mut [u8] {
        &mut self.rgb
    }

    /// The RGB values, `[H, W, 3]`, by value.
    #[must_use]
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// The alpha plane, `[H, W]`, 255 opaque; `None` when the file had none.
    #[must_use]
    pub fn alpha(&self) -> Option<&[u8]> {
        self.alpha.as_deref()
    }

    /// The pixels as RGBA, `[H, W]`; alpha is 255 where the picture has no alpha plane.
    #[must_use]
    pub fn to_rgba(&self) -> Vec<[u8; 4]> {
        let alpha = |index: usize| self.alpha.as_ref().map_or(255, |alpha| alpha[index]);
        let pixels = self.rgb.chunks_exact(3).enumerate();
        pixels
            .map(|(index, rgb)| [rgb[0], rgb[1], rgb[2], alpha(index)])
            .collect()
    }

    /// The pixels of a rectangle, alpha included.
    ///
    /// # Errors
    ///
    /// [`Error::RegionOutside`] when the rectangle is empty or leaves the picture.
    pub fn crop(&self, region: Region) -> Result<Self> {
        region.check_within(self.height, self.width)?;
        let Region { height, width, .. } = region;
        Ok(Self {
            height,
            width,
            rgb: crop_plane(&self.rgb, 3, self.width, region),
            alpha: self
                .alpha
                .as_ref()
                .map(|alpha| crop_plane(alpha, 1, self.width, region)),
        })
    }

    /// Puts `patch` with its upper left corner at this row and column; every other byte stays.
    ///
    /// The alpha plane, if there is one, changes only when the patch has one too.
    ///
    /// # Errors
    ///
    /// [`Error::RegionOutside`] when the patch leaves the picture.
    pub fn paste(&mut self, patch: &Self, top: usize, left: usize) -> Result<()> {
        let region = Region {
            top,
            left,
            height: patch.height,
            width: patch.width,
        };
        region.check_within(self.height, self.width)?;
        paste_plane(&mut self.rgb, &patch.rgb, 3, self.width, region);
        if let (Some(alpha), Some(patch_alpha)) = (&mut self.alpha, &patch.alpha) {
            paste_plane(alpha, patch_alpha, 1, self.width, region);
        }
        Ok(())
    }

    /// The picture at another size, alpha included; an unchanged copy when the size is its own.
    ///
    /// The filter is the antialiased triangle (bilinear) one; see [`Framing`](crate::Framing).
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when a size is 0 or above 65535.
    pub fn resized(&self, height: usize, width: usize) -> Result<Self> {
        if (height, width) == (self.height, self.width) {
            return Ok(self.clone());
        }
        let (target_height, target_width) = (checked_side(height)?, checked_side(width)?);
        let (from_height, from_width) = (checked_side(self.height)?, checked_side(self.width)?);
        let bad_length = |what, channels| {
            move || Error::LengthMismatch {
                what,
                height,
                width,
                expected: channels,
                got: 0,
            }
        };
        let rgb = RgbImage::from_raw(from_width, from_height, self.rgb.clone())
            .ok_or_else(bad_length("rgb", 3))?;
        let resize = FilterType::Triangle;
        let rgb = image::imageops::resize(&rgb, target_width, target_height, resize).into_raw();
        let alpha = match &self.alpha {
            None => None,
            Some(alpha) => {
                let plane = GrayImage::from_raw(from_width, from_height, alpha.clone())
                    .ok_or_else(bad_length("alpha", 1))?;
                let plane = image::imageops::resize(&plane, target_width, target_height, resize);
                Some(plane.into_raw())
            }
        };
        Ok(Self {
            height,
            width,
            rgb,
            alpha,
        })
    }

    /// Writes the picture in the format that the extension names, at once or not at all.
    ///
    /// `.png` (lossless, alpha kept), `.jpg` or `.jpeg` (quality 95, alpha dropped), `.webp`
    /// (lossless, alpha kept), `.bmp`, `.tiff` (alpha kept). An existing file is replaced.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownOutputFormat`] for another extension, [`Error::Unwritable`] when the file
    /// cannot be written, [`Error::Encoding`] when the format cannot hold the picture.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        encode::save_photo(self, path.as_ref())
    }
}

pub(crate) fn checked_side(side: usize) -> Result<u32> {
    match u16::try_from(side) {
        Ok(side) if side > 0 => Ok(u32::from(side)),
        _ => Err(Error::OutOfRange {
            what: "image side in pixels",
            expected: "1 to 65535",
            got: side.to_string(),
        }),
    }
}

fn check_length(
    what: &'static str,
    channels: usize,
    height: usize,
    width: usize,
    got: usize,
) -> Result<()> {
    let expected = height.saturating_mul(width).saturating_mul(channels);
    if expected == got && got > 0 {
        return Ok(());
    }
    Err(Error::LengthMismatch {
        what,
        height,
        width,
        expected,
        got,
    })
}

fn crop_plane(plane: &[u8], channels: usize, width: usize, region: Region) -> Vec<u8> {
    let mut cropped = Vec::with_capacity(region.height * region.width * channels);
    for row in region.top..region.top + region.height {
        let start = (row * width + region.left) * channels;
        cropped.extend_from_slice(&plane[start..start + region.width * channels]);
    }
    cropped
}

fn paste_plane(plane: &mut [u8], patch: &[u8], channels: usize, width: usize, region: Region) {
    let row_len = region.width * channels;
    for (row, values) in patch.chunks_exact(row_len).enumerate() {
        let start = ((region.top + row) * width + region.left) * channels;
        plane[start..start + row_len].copy_from_slice(values);
    }
}
