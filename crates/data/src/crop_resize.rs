use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Photo, RandomCrops, Region, Result};

/// Height and width of an aligned CelebA image as published.
const ALIGNED_CELEBA: (usize, usize) = (218, 178);

/// The face in an aligned CelebA image: 108x108 at x = 35, y = 55.
const CROP108: Region = Region {
    top: 55,
    left: 35,
    height: 108,
    width: 108,
};

const RANDOM_CROPS: &str = "random-crops:";

/// How a picture of any shape becomes a square one.
///
/// Framing moves scores by several decibels, so it is part of a protocol and is recorded with every
/// set. Resizing after it uses one filter everywhere: the triangle (bilinear) filter, widened by the
/// scale when shrinking, so that no detail aliases. It is what Pillow and torchvision call
/// antialiased bilinear, the usual one in public DCGAN code, and unlike Lanczos it never overshoots:
/// no ringing along edges and no clipping, which gradients between pixels (Poisson blending, seam
/// scores) would see.
///
/// A picture that already has the target size passes through every framing with its bytes unchanged:
/// it was framed before.
///
/// ```
/// use semantic_inpaint_data::{Framing, Photo};
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let aligned = Photo::filled(218, 178, [90, 60, 30]);
/// let framed = "crop108".parse::<Framing>()?.apply(&aligned, 64)?;
/// assert_eq!((framed.height(), framed.width()), (64, 64));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Framing {
    /// `crop108`: the 108x108 box at x = 35, y = 55 of an aligned 178x218 CelebA image. Images of
    /// any other size are refused, except those that already have the target size.
    Crop108,
    /// `squash`: the whole picture, its aspect ratio given up.
    Squash,
    /// `center-crop`: the largest centered square; an odd remainder leaves one row or column more
    /// at the bottom or right.
    CenterCrop,
    /// `random-crops:COUNT[:PERCENT[:SEED]]`: several random squares of each picture, every one an
    /// image of its own.
    RandomCrops(RandomCrops),
}

impl Framing {
    /// Images that a set holds of each picture: 1, except for random crops.
    #[must_use]
    pub fn num_views(self) -> usize {
        match self {
            Self::RandomCrops(crops) => crops.per_image(),
            _ => 1,
        }
    }

    /// All images that a set holds of a picture: [`Framing::num_views`] of `size_px` x `size_px`.
    ///
    /// `name` is the picture's file name, which random crops depend on.
    ///
    /// # Errors
    ///
    /// Those of [`Framing::apply`]; [`Error::ImageTooSmall`] when random crops meet a picture with a
    /// side below `size_px`.
    pub fn views(self, photo: &Photo, name: &str, size_px: usize) -> Result<Vec<Photo>> {
        let Self::RandomCrops(crops) = self else {
            return Ok(vec![self.apply(photo, size_px)?]);
        };
        let regions = crops.regions(photo, name, size_px)?;
        let view = |region| photo.crop(region)?.resized(size_px, size_px);
        regions.into_iter().map(view).collect()
    }

    /// The picture framed and resized to `size_px` x `size_px`. For random crops it is the centered
    /// square, the one view that involves no chance; [`Framing::views`] gives the crops.
    ///
    /// # Errors
    ///
    /// [`Error::FramingMismatch`] when `crop108` meets an image of another size;
    /// [`Error::OutOfRange`] when `size_px` is 0 or above 65535.
    pub fn apply(self, photo: &Photo, size_px: usize) -> Result<Photo> {
        let (height, width) = (photo.height(), photo.width());
        if (height, width) == (size_px, size_px) {
            return Ok(photo.clone());
        }
        match self {
            Self::Squash => photo.resized(size_px, size_px),
            Self::CenterCrop | Self::RandomCrops(_) => {
                let side = height.min(width);
                let (top, left) = ((height - side) / 2, (width - side) / 2);
                let square = Region {
                    top,
                    left,
                    height: side,
                    width: side,
                };
                photo.crop(square)?.resized(size_px, size_px)
            }
            Self::Crop108 if (height, width) == ALIGNED_CELEBA => {
                photo.crop(CROP108)?.resized(size_px, size_px)
            }
            Self::Crop108 => Err(Error::FramingMismatch {
                height,
                width,
                size_px,
            }),
        }
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crop108 => f.write_str("crop108"),
            Self::Squash => f.write_str("squash"),
            Self::CenterCrop => f.write_str("center-crop"),
            Self::RandomCrops(crops) => write!(f, "{RANDOM_CROPS}{crops}"),
        }
    }
}

impl FromStr for Framing {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "crop108" => Ok(Self::Crop108),
            "squash" => Ok(Self::Squash),
            "center-crop" => Ok(Self::CenterCrop),
            _ => match text.strip_prefix(RANDOM_CROPS) {
                Some(crops) => Ok(Self::RandomCrops(crops.parse()?)),
                None => Err(Error::UnknownName {
                    what: "framing",
                    got: text.into(),
                    expected: "crop108, squash, center-crop or random-crops:COUNT[:PERCENT[:SEED]]",
                }),
            },
        }
    }
}

impl TryFrom<String> for Framing {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Framing> for String {
    fn from(framing: Framing) -> Self {
        framing.to_string()
    }
}
