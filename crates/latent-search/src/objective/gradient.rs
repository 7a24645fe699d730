//! Differences of neighboring pixels, compared.

use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights, Mask};
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, Tensor};

use super::weighted_distance;
use crate::{ContextDistance, ContextReduction, Result};

/// The gradient loss of each image: how far the differences of neighboring generated pixels are from those of
/// the known ones around the hole.
///
/// **Equation**, summed over channels and over the pairs of pixels i and j that are both known and are
/// neighbors, side by side or one above the other:
///
/// ```text
/// sum:            L_g = sum_ij w_ij d((G(z)_i - G(z)_j) - (y_i - y_j)),   w_ij = (W_i + W_j) / 2
/// weighted mean:  L_g = that / sum_ij w_ij, 0 where that sum is 0
/// ```
///
/// with d as in [`context_loss`](crate::context_loss), after the gradient term of the contextual loss of
/// Vitoria et al. 2018 (arXiv 1812.01071). It ignores a color that is off by a constant, which blending mends,
/// and sees edges that are out of place.
///
/// **Shapes** generated and corrupted `[N, C, H, W]`, weights `[N, 1, H, W]`, result `[N]`. **Range** at least 0;
/// the weighted mean is at most 4, or 16 if squared. **Gradient** with respect to the generated images alone;
/// that of `|0|` is 0.
///
/// # Errors
///
/// A shape mismatch when the three do not fit each other.
pub fn gradient_loss(
    generated: &ImageBatch,
    corrupted: &CorruptedImages,
    weights: &ImportanceWeights,
    distance: ContextDistance,
    reduction: ContextReduction,
) -> Result<Tensor> {
    let (images, channels) = (generated.tensor(), generated.shape().channels);
    let pairs = PairWeights::new(weights, corrupted.mask(), (channels, reduction, 1.0));
    let pairs = pairs.to_tensors(images.device())?;
    let cast = |tensor: &Tensor| tensor.to_dtype(images.dtype()).map_err(TensorError::from);
    let pairs = PairTensors {
        side_by_side: cast(&pairs.side_by_side)?,
        stacked: cast(&pairs.stacked)?,
    };
    pairs.loss(images, &cast(corrupted.images().tensor())?, distance)
}

/// What each pair of neighbors counts, the reduction and a factor applied, on the host.
pub(crate) struct PairWeights {
    count: usize,
    height: usize,
    width: usize,
    /// `[N, H, W - 1]`
    side_by_side: Vec<f32>,
    /// `[N, H - 1, W]`
    stacked: Vec<f32>,
}

impl PairWeights {
    /// For images of so many channels, by this reduction, times a factor.
    pub(crate) fn new(
        weights: &ImportanceWeights,
        mask: &Mask,
        (channels, reduction, factor): (usize, ContextReduction, f64),
    ) -> Self {
        let (count, height, width) = weights.values().dim();
        let mut pairs = Self {
            count,
            height,
            width,
            side_by_side: Vec::with_capacity(count * height * (width - 1)),
            stacked: Vec::with_capacity(count * (height - 1) * width),
        };
        for index in 0..count {
            let [side_by_side, stacked] =
                [(0, 1), (1, 0)].map(|apart| means(weights, mask, index, apart));
            let sum: f64 = side_by_side.iter().chain(&stacked).sum();
            let scale = match reduction {
                ContextReduction::Sum => factor,
                ContextReduction::WeightedMean if sum > 0.0 => factor / (channels as f64 * sum),
                ContextReduction::WeightedMean => 0.0,
            };
            let scaled = |mean: f64| (mean * scale) as f32;
            pairs
                .side_by_side
                .extend(side_by_side.into_iter().map(scaled));
            pairs.stacked.extend(stacked.into_iter().map(scaled));
        }
        pairs
    }

    pub(crate) fn to_tensors(&self, device: &Device) -> Result<PairTensors> {
        let tensor = |values: &[f32], height, width| {
            Tensor::from_slice(values, (self.count, 1, height, width), device)
                .map_err(TensorError::from)
        };
        Ok(PairTensors {
            side_by_side: tensor(&self.side_by_side, self.height, self.width - 1)?,
            stacked: tensor(&self.stacked, self.height - 1, self.width)?,
        })
    }
}

/// The mean weight of each pixel and its neighbor so far apart; 0 unless both are known.
fn means(
    weights: &ImportanceWeights,
    mask: &Mask,
    index: usize,
    (down, right): (usize, usize),
) -> Vec<f64> {
    let (_, height, width) = weights.values().dim();
    let weight = |(row, col)| f64::from(weights.values()[(index, row, col)]);
    let mut means = Vec::with_capacity((height - down) * (width - right));
    for row in 0..height - down {
        for col in 0..width - right {
            let pair = [(row, col), (row + down, col + right)];
            let are_known = pair
                .iter()
                .all(|&(row, col)| mask.is_known(index, row, col));
            let mean = pair.map(weight).iter().sum::<f64>() / 2.0;
            means.push(if are_known { mean } else { 0.0 });
        }
    }
    means
}

/// [`PairWeights`] on a device.
#[derive(Debug, Clone)]
pub(crate) struct PairTensors {
    /// `[N, 1, H, W - 1]`
    pub(crate) side_by_side: Tensor,
    /// `[N, 1, H - 1, W]`
    pub(crate) stacked: Tensor,
}

impl PairTensors {
    /// For whole images, all of whose pairs count the same.
    pub(crate) fn uniform(like: &Tensor, weight: f64) -> Result<Self> {
        let (count, _, height, width) = like.dims4().map_err(TensorError::from)?;
        let full = |height, width| {
            let dims = (count, 1, height, width);
            Tensor::full(weight as f32, dims, like.device()).map_err(TensorError::from)
        };
        Ok(Self {
            side_by_side: full(height, width - 1)?,
            stacked: full(height - 1, width)?,
        })
    }

    /// The weighted distance of each image's differences from the target's, `[N]`.
    pub(crate) fn loss(
        &self,
        images: &Tensor,
        target: &Tensor,
        distance: ContextDistance,
    ) -> Result<Tensor> {
        let count = images.dim(0).map_err(TensorError::from)?;
        let zero = Tensor::zeros(count, images.dtype(), images.device());
        let mut sum = zero.map_err(TensorError::from)?;
        for (axis, weights) in [(3, &self.side_by_side), (2, &self.stacked)] {
            if weights.elem_count() > 0 {
                let (images, target) = (differences(images, axis)?, differences(target, axis)?);
                let distance = weighted_distance(&images, &target, weights, distance)?;
                sum = (sum + distance).map_err(TensorError::from)?;
            }
        }
        Ok(sum)
    }

    /// Each tensor with that of others.
    pub(crate) fn join(
        &self,
        other: &Self,
        join: impl Fn(&Tensor, &Tensor) -> Result<Tensor>,
    ) -> Result<Self> {
        Ok(Self {
            side_by_side: join(&self.side_by_side, &other.side_by_side)?,
            stacked: join(&self.stacked, &other.stacked)?,
        })
    }

    /// Both tensors changed.
    pub(crate) fn map(&self, change: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self {
            side_by_side: change(&self.side_by_side)?,
            stacked: change(&self.stacked)?,
        })
    }
}

/// Each value of maps `[N, C, H, W]` less the one before it along an axis.
fn differences(maps: &Tensor, axis: usize) -> semantic_inpaint_tensor::Result<Tensor> {
    let len = maps.dim(axis)? - 1;
    Ok((maps.narrow(axis, 1, len)? - maps.narrow(axis, 0, len)?)?)
}
