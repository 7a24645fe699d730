use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights};
use semantic_inpaint_tensor::{Error as TensorError, ImageBatch, Tensor};
use serde::{Deserialize, Serialize};

use crate::Result;

/// The window of the weights of [`Evidence::ring_error`] in pixels, whatever the search weighs by: wider than the
/// paper's, as 7 known pixels round a hole say more of its middle than 3.
const WINDOW: usize = 15;

/// What speaks for and against a fill, from known pixels and restarts alone: no hidden pixel is read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// How far the answer, before blending, is from the known pixels round the hole: the mean absolute
    /// difference, weighted by the importance weights of a window of 15 pixels, at least 0, on the scale of
    /// `[-1, 1]`.
    pub ring_error: f64,
    /// How far the restarts are from each other in the hole: the standard deviation of their images, root mean
    /// square over pixels and channels; `None` with one restart.
    pub disagreement: Option<f64>,
    /// The mean depth of the hole in pixels ([`Mask::depth_px`](semantic_inpaint_mask::Mask::depth_px)).
    pub depth_px: f64,
}

/// The evidence for each image of generated ones. `disagreement` is the deviation of the restarts at each
/// pixel, `[N, 1, H, W]`, of searches with several.
pub(crate) fn evidence(
    corrupted: &CorruptedImages,
    generated: &ImageBatch,
    disagreement: Option<&Tensor>,
) -> Result<Vec<Evidence>> {
    let (mask, shape) = (corrupted.mask(), generated.shape());
    let weights = ImportanceWeights::new(mask, WINDOW)?;
    let (known, generated) = (corrupted.images().to_values()?, generated.to_values()?);
    let deviations = disagreement.map(|map| map.flatten_all().and_then(|map| map.to_vec1::<f32>()));
    let deviations = deviations.transpose().map_err(TensorError::from)?;
    let (len, pixels) = (shape.num_values(), shape.num_pixels());
    let of_image = |index: usize| {
        let weights: Vec<f64> = weights
            .values()
            .outer_iter()
            .nth(index)
            .map_or_else(Vec::new, |weights| {
                weights.iter().map(|&weight| f64::from(weight)).collect()
            });
        let pairs = known[index * len..][..len]
            .iter()
            .zip(&generated[index * len..][..len]);
        let counted = pairs
            .zip(weights.iter().cycle())
            .filter(|(_, weight)| **weight > 0.0);
        let (mut sum, mut total) = (0.0, 0.0);
        for ((known, generated), weight) in counted {
            sum += weight * (f64::from(*known) - f64::from(*generated)).abs();
            total += weight;
        }
        let squares = deviations.as_ref().map(|deviations| {
            let map = deviations[index * pixels..][..pixels].iter();
            let missing = map.zip(mask.known(index)).filter(|(_, known)| !**known);
            let squares = missing.map(|(deviation, _)| f64::from(*deviation).powi(2));
            squares.sum::<f64>() / mask.num_missing(index) as f64
        });
        Evidence {
            ring_error: sum / f64::max(total, f64::MIN_POSITIVE),
            disagreement: squares.map(f64::sqrt),
            depth_px: mask.depth_px(index),
        }
    };
    Ok((0..mask.count()).map(of_image).collect())
}
