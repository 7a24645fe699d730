use std::fmt;
use std::str::FromStr;

use semantic_inpaint_tensor::Rng;

use crate::split::{stable_hash, stem};
use crate::{Error, Photo, Region, Result};

/// Random squares of pictures that are larger than the model's images, as for textures.
///
/// From every picture `per_image` squares are cut. The side of each is uniform between
/// `least_percent` of the picture's shorter side (but never less than the size it is resized to, so
/// nothing is enlarged) and the whole shorter side; its place is uniform. The squares of a picture
/// depend on the seed and on the picture's file name without folders and extension, and on nothing
/// else: neither on the other pictures nor on their order.
///
/// The squares of one picture share its content, so sets are split by picture, never by square
/// ([`Split`](crate::Split) does).
///
/// ```
/// use semantic_inpaint_data::{Framing, Photo, RandomCrops};
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let framing: Framing = "random-crops:4".parse()?;
/// assert_eq!(framing, Framing::RandomCrops(RandomCrops::new(4, 50, 0)?));
/// let views = framing.views(&Photo::filled(300, 400, [90, 60, 30]), "banded_0002.jpg", 64)?;
/// assert_eq!((views.len(), views[3].height()), (4, 64));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RandomCrops {
    per_image: u16,
    least_percent: u8,
    seed: u64,
}

impl RandomCrops {
    /// Least side of a square in percent of the shorter side, where none is given.
    pub const DEFAULT_LEAST_PERCENT: u8 = 50;

    /// `per_image` squares of every picture, each of at least `least_percent` of its shorter side.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when `per_image` is 0 or above 1000, or `least_percent` 0 or above 100.
    pub fn new(per_image: u16, least_percent: u8, seed: u64) -> Result<Self> {
        let check = |what, expected, value, range: std::ops::RangeInclusive<u16>| {
            let got = format!("{value}");
            match range.contains(&value) {
                true => Ok(()),
                false => Err(Error::OutOfRange {
                    what,
                    expected,
                    got,
                }),
            }
        };
        let percent = u16::from(least_percent);
        check("random crops of an image", "1 to 1000", per_image, 1..=1000)?;
        check(
            "least side of a crop in percent",
            "1 to 100",
            percent,
            1..=100,
        )?;
        Ok(Self {
            per_image,
            least_percent,
            seed,
        })
    }

    /// Squares of every picture.
    #[must_use]
    pub fn per_image(self) -> usize {
        usize::from(self.per_image)
    }

    /// The squares of a picture with this file name that will be resized to `size_px`.
    ///
    /// # Errors
    ///
    /// [`Error::ImageTooSmall`] when a side of the picture is below `size_px`.
    pub fn regions(self, photo: &Photo, name: &str, size_px: usize) -> Result<Vec<Region>> {
        let (height, width) = (photo.height(), photo.width());
        let shorter = height.min(width);
        if shorter < size_px {
            return Err(Error::ImageTooSmall {
                height,
                width,
                size_px,
            });
        }
        let least = (shorter * usize::from(self.least_percent)).div_ceil(100);
        let least = least.max(size_px);
        let mut rng = Rng::from_seed_and_stream(self.seed, stable_hash(stem(name)));
        let regions = (0..self.per_image).map(|_| {
            let side = least + rng.next_index(shorter - least + 1);
            Region {
                top: rng.next_index(height - side + 1),
                left: rng.next_index(width - side + 1),
                height: side,
                width: side,
            }
        });
        Ok(regions.collect())
    }
}

impl fmt::Display for RandomCrops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.per_image, self.least_percent, self.seed)
    }
}

impl FromStr for RandomCrops {
    type Err = Error;

    /// `COUNT`, `COUNT:PERCENT` or `COUNT:PERCENT:SEED`.
    fn from_str(text: &str) -> Result<Self> {
        let unknown = || Error::UnknownName {
            what: "choice of random crops",
            got: text.into(),
            expected: "COUNT, COUNT:PERCENT or COUNT:PERCENT:SEED in whole numbers",
        };
        let mut parts = text.split(':');
        let per_image = parts.next().and_then(|part| part.parse().ok());
        let percent = parts
            .next()
            .map_or(Ok(Self::DEFAULT_LEAST_PERCENT), |part| {
                part.parse().map_err(|_| unknown())
            })?;
        let seed = parts
            .next()
            .map_or(Ok(0), |part| part.parse().map_err(|_| unknown()))?;
        match (per_image, parts.next()) {
            (Some(per_image), None) => Self::new(per_image, percent, seed),
            _ => Err(unknown()),
        }
    }
}
