use semantic_inpaint_tensor::Tensor;

use crate::Result;

/// The gradient before a leaky rectifier from the one behind it and its `result`, as an expression
/// that can be differentiated by the gradient.
///
/// **Equation** `gradient` where the result is positive, else `slope * gradient`; the rectifier is
/// piecewise linear, so the result itself takes no gradient. **Shapes** the same for all.
///
/// # Errors
///
/// A tensor error when the shapes differ.
pub fn leaky_relu_pullback(gradient: &Tensor, result: &Tensor, slope: f64) -> Result<Tensor> {
    let positive = result.detach().gt(0.0)?.to_dtype(gradient.dtype())?;
    Ok((gradient * positive.affine(1.0 - slope, slope)?)?)
}
