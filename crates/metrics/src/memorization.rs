use serde::{Deserialize, Serialize};

use crate::duplicates::distances;
use crate::quantile::{median, quantile, share_within};
use crate::{Result, ThumbnailSet};

/// The share of held-out images that count as copies by definition.
const HELD_OUT_SHARE: f64 = 0.01;

/// How near samples lie to the training images, beside images that the generator has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memorization {
    /// The median distance from a sample to the nearest training image.
    pub samples: f64,
    /// The median distance from a held-out image to the nearest training image.
    pub held_out: f64,
    /// `samples / held_out`: about 1 is right, far below 1 is memorized, far above 1 is unlike the
    /// data. Infinite, `null` in JSON, when held-out images are training images.
    #[serde(with = "crate::null_infinity")]
    pub ratio: f64,
    /// The probability that a sample is nearer to the training images than a held-out image is, with
    /// equal distances counting half: about 1/2 is right, near 1 is memorized.
    pub nearer_than_held_out: f64,
    /// The share of samples that are nearer to a training image than 99 % of the held-out images: 1 %
    /// is right.
    pub copies: f64,
}

/// How near samples lie to the training images, beside held-out images.
///
/// A held-out image's distance to the nearest training image is what an image of the same
/// distribution has that was not copied. Samples that are systematically nearer are memorized: the
/// three-sample test of Meehan, Chaudhuri and Dasgupta 2020, "A non-parametric test to detect
/// data-copying in generative models", whose statistic `nearer_than_held_out` is (Mann and Whitney's
/// U over the number of pairs). Distances are those of [`ThumbnailSet::nearest_in`], so that mirrored
/// copies are copies.
///
/// The three sets may hold different numbers of images; the larger the training set, the sharper the
/// test. Which images the generator was trained on is the caller's knowledge.
///
/// ```
/// use semantic_inpaint_metrics::{ThumbnailSet, memorization};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut rng = Rng::from_seed(1);
/// let mut set = || -> Result<_, Box<dyn std::error::Error>> {
///     let mut set = ThumbnailSet::new(ImageShape::square_rgb(16));
///     set.add(&ImageBatch::new(rng.uniform(-1.0, 1.0, (20, 3, 16, 16), &Device::Cpu)?)?)?;
///     Ok(set)
/// };
/// let (training, held_out) = (set()?, set()?);
/// let copied = memorization(&training.clone(), &held_out, &training)?;
/// assert_eq!((copied.ratio, copied.nearer_than_held_out, copied.copies), (0.0, 1.0, 1.0));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::TooFewImages`](crate::Error::TooFewImages) when a set is empty,
/// [`Error::ShapeMismatch`](crate::Error::ShapeMismatch) when the images' shapes differ.
pub fn memorization(
    samples: &ThumbnailSet,
    held_out: &ThumbnailSet,
    training: &ThumbnailSet,
) -> Result<Memorization> {
    samples.check_count("samples", 1)?;
    held_out.check_count("held-out images", 1)?;
    training.check_count("training images", 1)?;
    let of_samples = distances(&samples.nearest_in(training)?);
    let of_held_out = distances(&held_out.nearest_in(training)?);
    let (sample, unseen) = (median(&of_samples), median(&of_held_out));
    // Two distances of 0 are equal: held-out images are then training images as much as samples are.
    let ratio = match sample == unseen {
        true => 1.0,
        false => sample / unseen,
    };
    Ok(Memorization {
        samples: sample,
        held_out: unseen,
        ratio,
        nearer_than_held_out: probability_of_less(&of_samples, &of_held_out),
        copies: share_within(&of_samples, quantile(&of_held_out, HELD_OUT_SHARE)),
    })
}

/// The probability that a value of `first` is below one of `second`, equal ones counting half.
fn probability_of_less(first: &[f64], second: &[f64]) -> f64 {
    let mut second = second.to_vec();
    second.sort_unstable_by(f64::total_cmp);
    let above = |value: &f64| {
        let num_less = second.partition_point(|other| other < value);
        let num_up_to = second.partition_point(|other| other <= value);
        let num_equal = num_up_to - num_less;
        (second.len() - num_up_to) as f64 + num_equal as f64 / 2.0
    };
    first.iter().map(above).sum::<f64>() / (first.len() * second.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_count_half() {
        assert_eq!(probability_of_less(&[1.0], &[2.0]), 1.0);
        assert_eq!(probability_of_less(&[2.0], &[1.0]), 0.0);
        assert_eq!(probability_of_less(&[1.0, 2.0], &[2.0, 1.0]), 0.5);
        assert_eq!(probability_of_less(&[1.0], &[1.0, 3.0, 0.0, 1.0]), 0.5);
    }
}
