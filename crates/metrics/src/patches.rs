use ndarray::{Array2, Axis, s};
use rayon::prelude::*;
use semantic_inpaint_tensor::{ImageShape, Rng};

use crate::pyramid_set::Level;

/// Pixels along a side of a patch.
pub(crate) const PATCH_PX: usize = 7;
/// A deviation below this, a thousandth of an 8-bit level, is rounding noise of images without
/// detail; dividing by it would blow the noise up.
const LEAST_DEVIATION: f64 = 1e-5;

/// Row and column of a patch's top left pixel.
pub(crate) type Corner = (usize, usize);

/// Values of one patch: channels x 7 x 7.
pub(crate) fn patch_len(shape: ImageShape) -> usize {
    shape.channels * PATCH_PX * PATCH_PX
}

/// Places of patches that lie inside an image, all equally likely.
pub(crate) fn draw_corners(shape: ImageShape, count: usize, rng: &mut Rng) -> Vec<Corner> {
    let mut draw = |side: usize| rng.next_index((side + 1).saturating_sub(PATCH_PX));
    (0..count)
        .map(|_| (draw(shape.height), draw(shape.width)))
        .collect()
}

/// Patches of one level of a set of images, normalized as they are read: over the whole set, each
/// channel has mean 0 and deviation 1.
pub(crate) struct Patches<'a> {
    level: &'a Level,
    /// Those of each image, as many for every image.
    corners: &'a [Vec<Corner>],
    channels: Vec<Normalization>,
}

struct Normalization {
    mean: f32,
    factor: f32,
}

impl<'a> Patches<'a> {
    pub(crate) fn new(level: &'a Level, corners: &'a [Vec<Corner>]) -> Self {
        let num_channels = level.shape.channels;
        let means = channel_means(level, corners, |_, value| value);
        // A second pass, as the difference of two large sums would cancel.
        let variances = channel_means(level, corners, |channel, value| {
            (value - means[channel]) * (value - means[channel])
        });
        let channels = (0..num_channels).map(|channel| {
            let deviation = variances[channel].sqrt();
            let factor = match deviation < LEAST_DEVIATION {
                true => 0.0,
                false => 1.0 / deviation,
            };
            Normalization {
                mean: means[channel] as f32,
                factor: factor as f32,
            }
        });
        Self {
            level,
            corners,
            channels: channels.collect(),
        }
    }

    /// Projections of all patches onto directions `[D, channels x 7 x 7]`: `[D, patches]` for each
    /// image.
    pub(crate) fn project(&self, directions: &Array2<f32>) -> Vec<Array2<f32>> {
        let of_image = |index| directions.dot(&self.read(index).t());
        (0..self.corners.len())
            .into_par_iter()
            .map(of_image)
            .collect()
    }

    /// The normalized patches of an image, `[patches, channels x 7 x 7]`.
    fn read(&self, index: usize) -> Array2<f32> {
        let mut patches = cut(self.level, self.corners, index);
        for (channel, Normalization { mean, factor }) in self.channels.iter().enumerate() {
            patches
                .slice_mut(s![.., columns(channel)])
                .mapv_inplace(|value| (value - mean) * factor);
        }
        patches
    }
}

/// The patches of an image as they are, `[patches, channels x 7 x 7]`.
fn cut(level: &Level, corners: &[Vec<Corner>], index: usize) -> Array2<f32> {
    let (image, corners) = (&level.images[index], &corners[index]);
    let ImageShape {
        channels,
        height,
        width,
    } = level.shape;
    // The rows of a patch are contiguous in the image.
    let rows = corners.iter().flat_map(|&(row, col)| {
        let rows = (0..channels).flat_map(move |channel| {
            (0..PATCH_PX).map(move |below| channel * height + row + below)
        });
        rows.map(move |row| &image[row * width + col..][..PATCH_PX])
    });
    let mut patches = Array2::zeros((corners.len(), patch_len(level.shape)));
    if let Some(values) = patches.as_slice_mut() {
        for (target, row) in values.chunks_exact_mut(PATCH_PX).zip(rows) {
            target.copy_from_slice(row);
        }
    }
    patches
}

/// The places of a channel's values in a patch.
fn columns(channel: usize) -> std::ops::Range<usize> {
    let len = PATCH_PX * PATCH_PX;
    channel * len..(channel + 1) * len
}

/// The mean of a function of channel and value over all patches, for each channel. Images are summed
/// in their order, so that the bits do not depend on the number of threads.
fn channel_means(
    level: &Level,
    corners: &[Vec<Corner>],
    function: impl Fn(usize, f64) -> f64 + Sync,
) -> Vec<f64> {
    let num_channels = level.shape.channels;
    let of_image = |index| -> Vec<f64> {
        let patches = cut(level, corners, index);
        let sum = |channel: usize| -> f64 {
            let values = patches.slice(s![.., columns(channel)]);
            let of_patch = |patch: ndarray::ArrayView1<'_, f32>| -> f64 {
                patch.iter().map(|&v| function(channel, v.into())).sum()
            };
            values.axis_iter(Axis(0)).map(of_patch).sum()
        };
        (0..num_channels).map(sum).collect()
    };
    let sums: Vec<Vec<f64>> = (0..corners.len()).into_par_iter().map(of_image).collect();
    let num_patches: usize = corners.iter().map(Vec::len).sum();
    let num_values = (num_patches * PATCH_PX * PATCH_PX) as f64;
    (0..num_channels)
        .map(|channel| sums.iter().map(|sums| sums[channel]).sum::<f64>() / num_values)
        .collect()
}
