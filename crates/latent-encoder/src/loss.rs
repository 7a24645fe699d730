use semantic_inpaint_tensor::{ImageBatch, Result as TensorResult, Tensor};

use crate::Result;

/// The squared error of predicted images, of which missing pixels count `hole_weight` times, a scalar.
///
/// **Equation** with x the truth, x^ the prediction, M the mask, h the weight, C channels, N images:
///
/// ```text
/// w = M + h (1 - M)
/// R = 1/N sum over n of [sum over c, i of w_ni (x^_nci - x_nci)^2] / [C sum over i of w_ni]
/// ```
///
/// **Shapes** `[N, C, H, W]` for both images, `[N, 1, H, W]` for the mask, 1 where known.
///
/// # Errors
///
/// A tensor error when shapes do not fit.
pub fn weighted_error(
    prediction: &ImageBatch,
    truth: &ImageBatch,
    mask: &Tensor,
    hole_weight: f64,
) -> Result<Tensor> {
    let compute = || -> TensorResult<Tensor> {
        let (prediction, truth) = (prediction.tensor(), truth.tensor());
        let values = (prediction.dim(0)? * prediction.dim(1)?) as f64;
        let mask = mask.to_dtype(prediction.dtype())?;
        let weights = mask.affine(1.0 - hole_weight, hole_weight)?;
        let weights = weights.broadcast_div(&(weights.sum_keepdim((1, 2, 3))? * values)?)?;
        let squares = (prediction - truth)?.sqr()?;
        Ok(squares.broadcast_mul(&weights)?.sum_all()?)
    };
    Ok(compute()?)
}
