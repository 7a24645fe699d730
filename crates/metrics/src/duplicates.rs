use serde::{Deserialize, Serialize};

use crate::quantile::{median, quantile, share_within};
use crate::{Error, Neighbor, Result, ThumbnailSet};

/// The share of real images that count as near-duplicates by definition.
const REAL_SHARE: f64 = 0.01;

/// How often samples of a generator repeat each other, beside real images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duplicates {
    /// Images no further apart than this are near-duplicates: the distance from its nearest other
    /// image that 1 % of the real images undercut.
    pub threshold: f64,
    /// Of the samples.
    pub samples: Repetition,
    /// Of as many real images.
    pub real: Repetition,
}

/// How often the images of one set repeat each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repetition {
    /// Number of images.
    pub count: usize,
    /// The median distance from an image to its nearest other one.
    pub nearest_other: f64,
    /// The share of images that have a near-duplicate in the set.
    pub share: f64,
    /// Number of pairs of near-duplicates.
    pub num_pairs: usize,
    /// The number of equally likely images among which as many draws give as many equal pairs;
    /// `None` without any pair.
    pub support: Option<f64>,
}

/// How often samples repeat each other: the birthday paradox as a test for mode collapse.
///
/// **Source**: Arora, Risteski and Zhang 2018, "Do GANs learn the distribution? Some theory and
/// empirics". Among s draws from N equally likely images, s (s - 1) / (2 N) pairs are equal on
/// average, so that P pairs speak for a support of `N = s (s - 1) / (2 P)`. Where the authors look
/// at the nearest pairs themselves, here a pair counts whose thumbnails are as near as only 1 % of
/// the real images have another one. The share of real images within that distance is 1 % by
/// construction; samples far above it repeat themselves. The support of the real images is what the
/// test can see at most.
///
/// Nearest distances fall as a set grows, so both sets hold the same number of images.
///
/// ```
/// use semantic_inpaint_metrics::{ThumbnailSet, duplicates};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut rng = Rng::from_seed(1);
/// let shape = ImageShape::square_rgb(16);
/// let mut images = || ImageBatch::new(rng.uniform(-1.0, 1.0, (10, 3, 16, 16), &Device::Cpu)?);
/// let mut real = ThumbnailSet::new(shape);
/// real.add(&images()?)?;
/// real.add(&images()?)?;
/// let mut collapsed = ThumbnailSet::new(shape);
/// let ten = images()?;
/// collapsed.add(&ten)?;
/// collapsed.add(&ten)?;
///
/// let found = duplicates(&collapsed, &real)?;
/// assert_eq!((found.samples.share, found.samples.num_pairs), (1.0, 10));
/// assert_eq!(found.samples.support, Some(19.0));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::TooFewImages`] below two images, [`Error::UnequalCounts`], [`Error::ShapeMismatch`].
pub fn duplicates(samples: &ThumbnailSet, real: &ThumbnailSet) -> Result<Duplicates> {
    if samples.shape() != real.shape() {
        return Err(Error::ShapeMismatch {
            what: "samples",
            expected: format!("{:?}", real.shape()),
            got: format!("{:?}", samples.shape()),
        });
    }
    if samples.count() != real.count() {
        return Err(Error::UnequalCounts {
            first: samples.count(),
            second: real.count(),
        });
    }
    let of_real = distances(&real.nearest_others()?);
    let of_samples = distances(&samples.nearest_others()?);
    let threshold = quantile(&of_real, REAL_SHARE);
    Ok(Duplicates {
        threshold,
        samples: repetition(samples, &of_samples, threshold),
        real: repetition(real, &of_real, threshold),
    })
}

fn repetition(set: &ThumbnailSet, nearest: &[f64], threshold: f64) -> Repetition {
    let num_pairs = set.pairs_within(threshold);
    let draws = set.count() as f64;
    let support = (num_pairs > 0).then(|| draws * (draws - 1.0) / (2.0 * num_pairs as f64));
    Repetition {
        count: set.count(),
        nearest_other: median(nearest),
        share: share_within(nearest, threshold),
        num_pairs,
        support,
    }
}

pub(crate) fn distances(neighbors: &[Neighbor]) -> Vec<f64> {
    neighbors.iter().map(|neighbor| neighbor.distance).collect()
}
