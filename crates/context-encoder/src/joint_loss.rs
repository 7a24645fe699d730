use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::{Device, ImageBatch, Result as TensorResult, Tensor};
use serde::{Deserialize, Serialize};

use crate::{Error, Output, Result};

/// The weights of the joint loss (Pathak et al. 2016, section 3.3).
///
/// **Equation**, with R the [`reconstruction_loss`] and A the loss against the discriminator:
///
/// ```text
/// loss = (1 - adversarial_weight) R + adversarial_weight A
/// ```
///
/// R weighs a missing pixel 1, a known one near the hole [`overlap_weight`](Self::overlap_weight), so
/// that the prediction continues what is around it, and other known pixels
/// [`far_weight`](Self::far_weight). The released code for one centered hole is this with a patch of
/// exactly the hole and its band; its code for random holes weighs all known pixels 10, which is an
/// `overlap_px` of the image's size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JointLoss {
    /// Width of the band of known pixels around the hole, in rows and columns. Default 4 (7 at the
    /// paper's 227x227).
    pub overlap_px: usize,
    /// Weight of a pixel in that band. Default 10.
    pub overlap_weight: f64,
    /// Weight of the known pixels beyond it. Default 0.
    pub far_weight: f64,
    /// Weight of A, at least 0 and below 1. Default 0.001; with 0 nothing adversarial is trained.
    pub adversarial_weight: f64,
}

impl Default for JointLoss {
    fn default() -> Self {
        Self {
            overlap_px: 4,
            overlap_weight: 10.0,
            far_weight: 0.0,
            adversarial_weight: 0.001,
        }
    }
}

impl JointLoss {
    /// Succeeds when every weight is in its range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] with the first that is not.
    pub fn validate(&self) -> Result<()> {
        for (what, weight) in [
            ("weight of the overlap", self.overlap_weight),
            ("weight of far pixels", self.far_weight),
        ] {
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(Error::setting(what, "at least 0", weight.to_string()));
            }
        }
        let weight = self.adversarial_weight;
        if !(0.0..1.0).contains(&weight) {
            let (what, expected) = ("adversarial weight", "at least 0 and below 1");
            return Err(Error::setting(what, expected, weight.to_string()));
        }
        Ok(())
    }

    /// The weight of each pixel of an output, `[N, 1, T, T]` in f32, of masks of square images.
    ///
    /// # Errors
    ///
    /// A tensor error when the upload to the device fails.
    pub fn pixel_weights(&self, mask: &Mask, output: Output, device: &Device) -> Result<Tensor> {
        let (count, height, width) = (mask.count(), mask.height(), mask.width());
        let mut values = Vec::with_capacity(count * height * width);
        for index in 0..count {
            let known = mask.known(index);
            let near = self.near_hole(mask, index);
            values.extend(known.iter().zip(near).map(|(&is_known, is_near)| {
                let weight = match (is_known, is_near) {
                    (false, _) => 1.0,
                    (true, true) => self.overlap_weight,
                    (true, false) => self.far_weight,
                };
                weight as f32
            }));
        }
        let upload = || -> TensorResult<Tensor> {
            let weights = Tensor::from_vec(values, (count, 1, height, width), device)?;
            output.crop(&weights)
        };
        Ok(upload()?)
    }

    /// Whether a missing pixel is at most `overlap_px` rows and columns away, pixel by pixel.
    fn near_hole(&self, mask: &Mask, index: usize) -> Vec<bool> {
        let (height, width) = (mask.height(), mask.width());
        let mut near: Vec<bool> = mask.known(index).iter().map(|is_known| !is_known).collect();
        for row in near.chunks_exact_mut(width) {
            let widened = self.widened(row.iter().copied());
            row.copy_from_slice(&widened);
        }
        for col in 0..width {
            let widened = self.widened((0..height).map(|row| near[row * width + col]));
            for (row, is_near) in widened.into_iter().enumerate() {
                near[row * width + col] = is_near;
            }
        }
        near
    }

    /// A line in which every set place has set its neighbors up to `overlap_px` away.
    fn widened(&self, line: impl ExactSizeIterator<Item = bool>) -> Vec<bool> {
        let mut wide = vec![false; line.len()];
        for (position, is_set) in line.enumerate() {
            if is_set {
                let end = position.saturating_add(self.overlap_px).min(wide.len() - 1);
                wide[position.saturating_sub(self.overlap_px)..=end].fill(true);
            }
        }
        wide
    }
}

/// The weighted squared error of predictions, a scalar.
///
/// **Equation** with w the weights, x the truth, x^ the prediction, P_n the pixels of image n whose
/// weight is not 0, C channels, N images:
///
/// ```text
/// R = 1/N sum over n of 1 / (C |P_n|) sum over c and i in P_n of w_ni (x^_nci - x_nci)^2
/// ```
///
/// The divisor counts pixels and does not add up weights, as in the released code. **Shapes**
/// `[N, C, T, T]` for both images, `[N, 1, T, T]` for the weights.
///
/// # Errors
///
/// A tensor error when shapes do not fit.
pub fn reconstruction_loss(
    prediction: &ImageBatch,
    truth: &ImageBatch,
    weights: &Tensor,
) -> Result<Tensor> {
    let compute = || -> TensorResult<Tensor> {
        let (prediction, truth) = (prediction.tensor(), truth.tensor());
        let values = (prediction.dim(0)? * prediction.dim(1)?) as f64;
        let weights = weights.to_dtype(prediction.dtype())?;
        let counted = weights.gt(0.0)?.to_dtype(prediction.dtype())?;
        let per_value = (counted.sum_keepdim((1, 2, 3))? * values)?;
        let weights = weights.broadcast_div(&per_value)?;
        let squares = (prediction - truth)?.sqr()?;
        Ok(squares.broadcast_mul(&weights)?.sum_all()?)
    };
    Ok(compute()?)
}

/// The truth where a weight is 0, else the prediction: a discriminator must not tell a prediction by
/// pixels that nothing trains.
pub(crate) fn judged_part(
    prediction: &ImageBatch,
    truth: &ImageBatch,
    weights: &Tensor,
) -> TensorResult<ImageBatch> {
    let prediction = prediction.tensor();
    let counted = weights.gt(0.0)?.broadcast_as(prediction.shape())?;
    ImageBatch::new(counted.where_cond(prediction, truth.tensor())?)
}
