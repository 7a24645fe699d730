use ndarray::Array2;
use rayon::prelude::*;
use semantic_inpaint_tensor::{Device, ImageShape, Rng};
use serde::{Deserialize, Serialize};

use crate::patches::{Corner, Patches, draw_corners, patch_len};
use crate::pyramid_set::Level;
use crate::{Error, PyramidSet, Result};

/// Directions that are projected onto at once; it bounds the memory: 0.16 GB a set for 10,000
/// images.
const DIRECTIONS_AT_ONCE: usize = 32;
/// What distances are multiplied with, as in the tables of Karras et al. 2018.
const SCALE: f64 = 1e3;
/// Streams of the seed: two for each level, patches and directions; far from those that a caller may
/// draw latents from.
const FIRST_STREAM: u64 = 1 << 41;
const STREAMS_PER_LEVEL: u64 = 2;

/// How many patches and directions [`sliced_wasserstein`] takes; the defaults are those of Karras et
/// al. 2018, section 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlicedWassersteinConfig {
    /// Patches of 7 x 7 pixels from each level of each image. Default 128.
    pub patches_per_image: usize,
    /// Random directions for each level. Default 512.
    pub num_directions: usize,
    /// Seed of patches and directions.
    pub seed: u64,
}

impl Default for SlicedWassersteinConfig {
    fn default() -> Self {
        Self {
            patches_per_image: 128,
            num_directions: 512,
            seed: 0,
        }
    }
}

/// The sliced Wasserstein distance of each level of the pyramids, times 1000, and their mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlicedWasserstein {
    /// From the images' size down to about 16 pixels.
    pub levels: Vec<LevelDistance>,
    /// The mean over the levels: one number for a generator.
    pub mean: f64,
}

/// The sliced Wasserstein distance of one level of the pyramids.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelDistance {
    /// Rows of the level's images.
    pub height: usize,
    /// Columns of the level's images.
    pub width: usize,
    /// The distance, times 1000.
    pub distance: f64,
}

/// How differently two sets of images are distributed, seen through 7 x 7 patches at every scale.
///
/// **Equation** (Karras et al. 2018, section 5): at each level of the Laplacian pyramids, patches at
/// random places of every image, their channels brought to mean 0 and deviation 1 over the set,
/// become vectors a_1 ... a_M and b_1 ... b_M (147 values in color). With sorted projections
///
/// ```text
/// SWD = 1000 * mean over directions d of  1/M sum_k | sort(a . d)_k - sort(b . d)_k |
/// ```
///
/// for random unit vectors d: the Wasserstein-1 distance of the projections. **Range**: from 0, for
/// equal sets, on; lower is better. The level of full size tells about noise and sharpness, the last
/// one about color and shape at a large scale.
///
/// The distance of two samples of one distribution is not 0 and falls with their number: compare it
/// with that between two halves of the real images ([`halves`](crate::halves)) of the same number.
/// The same places and directions are drawn for both sets, so the distance is symmetric, and equal
/// sets in equal order have exactly 0. A channel without any detail (deviation below 1e-5) counts as
/// 0 throughout. Equal arguments give equal bits with any number of threads.
///
/// ```
/// use semantic_inpaint_metrics::{PyramidSet, SlicedWassersteinConfig, sliced_wasserstein};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut rng = Rng::from_seed(1);
/// let mut set_within = |limit: f32| -> Result<_, Box<dyn std::error::Error>> {
///     let mut set = PyramidSet::new(ImageShape::square_rgb(32))?;
///     for _batch in 0..2 {
///         set.add(&ImageBatch::new(rng.uniform(-limit, limit, (4, 3, 32, 32), &Device::Cpu)?)?)?;
///     }
///     Ok(set)
/// };
/// let (noise, other_noise) = (set_within(0.5)?, set_within(0.5)?);
/// let config = SlicedWassersteinConfig { num_directions: 32, ..Default::default() };
/// let distance = sliced_wasserstein(&noise, &other_noise, &config)?;
/// assert_eq!(distance.levels.len(), 2);
/// assert!(distance.mean > 0.0);
/// assert_eq!(sliced_wasserstein(&noise, &noise, &config)?.mean, 0.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when the images' shapes differ, [`Error::UnequalCounts`] when the sets
/// hold different numbers of images, [`Error::TooFewImages`] when they are empty, [`Error::TooLow`]
/// for a setting of 0.
pub fn sliced_wasserstein(
    first: &PyramidSet,
    second: &PyramidSet,
    config: &SlicedWassersteinConfig,
) -> Result<SlicedWasserstein> {
    check(first, second, config)?;
    let mut levels = Vec::new();
    for (index, pair) in first.levels().iter().zip(second.levels()).enumerate() {
        let shape = pair.0.shape;
        let probe = Probe::draw(shape, first.count(), config, index as u64)?;
        levels.push(LevelDistance {
            height: shape.height,
            width: shape.width,
            distance: probe.distance(pair.0, pair.1),
        });
    }
    let sum: f64 = levels.iter().map(|level| level.distance).sum();
    let mean = sum / levels.len() as f64;
    Ok(SlicedWasserstein { levels, mean })
}

fn check(first: &PyramidSet, second: &PyramidSet, config: &SlicedWassersteinConfig) -> Result<()> {
    if first.shape() != second.shape() {
        return Err(Error::ShapeMismatch {
            what: "images of the second set",
            expected: format!("{:?}", first.shape()),
            got: format!("{:?}", second.shape()),
        });
    }
    if first.count() != second.count() {
        return Err(Error::UnequalCounts {
            first: first.count(),
            second: second.count(),
        });
    }
    if first.count() == 0 {
        return Err(Error::TooFewImages {
            what: "the images of either set",
            needed: 1,
            got: 0,
        });
    }
    let settings = [
        ("the number of patches per image", config.patches_per_image),
        ("the number of directions", config.num_directions),
    ];
    match settings.iter().find(|(_, count)| *count == 0) {
        Some(&(what, got)) => Err(Error::TooLow { what, min: 1, got }),
        None => Ok(()),
    }
}

/// Where and in which directions one level is looked at.
pub(crate) struct Probe {
    /// The places of each image's patches.
    pub(crate) corners: Vec<Vec<Corner>>,
    /// Unit vectors `[D, channels x 7 x 7]`.
    pub(crate) directions: Array2<f32>,
}

impl Probe {
    fn draw(
        shape: ImageShape,
        num_images: usize,
        config: &SlicedWassersteinConfig,
        level: u64,
    ) -> Result<Self> {
        let stream = FIRST_STREAM + STREAMS_PER_LEVEL * level;
        let mut rng = Rng::from_seed_and_stream(config.seed, stream);
        let corners = (0..num_images)
            .map(|_| draw_corners(shape, config.patches_per_image, &mut rng))
            .collect();
        let mut rng = Rng::from_seed_and_stream(config.seed, stream + 1);
        Ok(Self {
            corners,
            directions: draw_directions(config.num_directions, patch_len(shape), &mut rng)?,
        })
    }

    /// The distance between two sets of one level, times 1000.
    pub(crate) fn distance(&self, first: &Level, second: &Level) -> f64 {
        let sets = [first, second].map(|level| Patches::new(level, &self.corners));
        let num_directions = self.directions.dim().0;
        let mut sum = 0.0;
        for start in (0..num_directions).step_by(DIRECTIONS_AT_ONCE) {
            let end = num_directions.min(start + DIRECTIONS_AT_ONCE);
            let directions = self.directions.slice(ndarray::s![start..end, ..]);
            let directions = directions.to_owned();
            let [first, second] = [&sets[0], &sets[1]].map(|set| set.project(&directions));
            let distances: Vec<f64> = (0..end - start)
                .into_par_iter()
                .map(|index| {
                    let [first, second] = [&first, &second].map(|set| sorted(set, index));
                    mean_distance(&first, &second)
                })
                .collect();
            sum += distances.iter().sum::<f64>();
        }
        SCALE * sum / num_directions as f64
    }
}

/// Independent directions, uniform on the sphere, `[count, len]`.
fn draw_directions(count: usize, len: usize, rng: &mut Rng) -> Result<Array2<f32>> {
    let normal = rng.normal(0.0, 1.0, (count, len), &Device::Cpu)?;
    let rows: Vec<Vec<f32>> = normal
        .to_vec2()
        .map_err(semantic_inpaint_tensor::Error::from)?;
    let mut directions = Array2::zeros((count, len));
    for (mut direction, row) in directions.outer_iter_mut().zip(&rows) {
        let norm: f64 = row.iter().map(|&v| f64::from(v).powi(2)).sum();
        let norm = norm.sqrt().max(f64::MIN_POSITIVE);
        for (target, &value) in direction.iter_mut().zip(row) {
            *target = (f64::from(value) / norm) as f32;
        }
    }
    Ok(directions)
}

/// The projections of all patches onto one direction, in rising order.
fn sorted(projections: &[Array2<f32>], direction: usize) -> Vec<f32> {
    let mut values = Vec::new();
    for image in projections {
        values.extend(image.row(direction));
    }
    // Sorting is most of the work; a radix sort takes a third of the time.
    radsort::sort(&mut values);
    values
}

fn mean_distance(first: &[f32], second: &[f32]) -> f64 {
    let distances = first.iter().zip(second);
    let sum: f64 = distances
        .map(|(&first, &second)| (f64::from(first) - f64::from(second)).abs())
        .sum();
    sum / first.len() as f64
}
