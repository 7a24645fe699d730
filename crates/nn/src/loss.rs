//! Losses on logits, in forms that neither overflow nor lose their gradient.

use semantic_inpaint_tensor::Tensor;

use crate::Result;

/// The softplus of each value: `log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|))`, at least 0.
///
/// # Errors
///
/// A tensor error when the device fails.
pub fn softplus(values: &Tensor) -> Result<Tensor> {
    let tail = (values.abs()?.neg()?.exp()? + 1.0)?.log()?;
    Ok((values.relu()? + tail)?)
}

/// `log(1 - sigmoid(logit))` of each logit, at most 0: the prior loss of Yeh et al. 2017 before its
/// weight, `log(1 - D(G(z)))`.
///
/// # Errors
///
/// A tensor error when the device fails.
pub fn log_one_minus_sigmoid(logits: &Tensor) -> Result<Tensor> {
    Ok(softplus(logits)?.neg()?)
}

/// `log(sigmoid(logit))` of each logit, at most 0.
///
/// # Errors
///
/// A tensor error when the device fails.
pub fn log_sigmoid(logits: &Tensor) -> Result<Tensor> {
    Ok(softplus(&logits.neg()?)?.neg()?)
}

/// The mean binary cross entropy of logits against one target in `[0, 1]`.
///
/// **Equation** `mean(softplus(l) - target l)`, which is
/// `-target log sigmoid(l) - (1 - target) log(1 - sigmoid(l))`. **Shapes** any to a scalar.
///
/// # Errors
///
/// A tensor error when the device fails.
pub fn binary_cross_entropy(logits: &Tensor, target: f64) -> Result<Tensor> {
    Ok((softplus(logits)? - (logits * target)?)?.mean_all()?)
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_tensor::{Device, Var};

    use super::*;

    #[test]
    fn saturated_logits_keep_value_and_gradient() {
        let logits = [-500.0f32, -90.0, -17.0, 0.0, 17.0, 90.0, 500.0];
        for (target, flip) in [(0.0, 1.0), (1.0, -1.0)] {
            let x = Var::new(&logits, &Device::Cpu).unwrap();
            let loss = binary_cross_entropy(&x, target).unwrap();
            assert!(loss.to_scalar::<f32>().unwrap().is_finite());
            let gradients = loss.backward().unwrap();
            let gradient: Vec<f32> = gradients.get(&x).unwrap().to_vec1().unwrap();
            for (gradient, logit) in gradient.iter().zip(logits) {
                let sigmoid = 1.0 / (1.0 + (-f64::from(logit)).exp());
                let want = (sigmoid - target) / 7.0;
                assert!(
                    (f64::from(*gradient) - want).abs() < 1e-6,
                    "{logit}: {gradient} {want}"
                );
                assert!(f64::from(*gradient) * flip >= 0.0);
            }
        }
    }

    #[test]
    fn logarithms_equal_their_definitions() {
        let x = Tensor::new(&[-3.0f64, -0.5, 0.0, 2.0], &Device::Cpu).unwrap();
        let one_minus: Vec<f64> = log_one_minus_sigmoid(&x).unwrap().to_vec1().unwrap();
        let plain: Vec<f64> = log_sigmoid(&x).unwrap().to_vec1().unwrap();
        for (index, logit) in x.to_vec1::<f64>().unwrap().into_iter().enumerate() {
            let sigmoid = 1.0 / (1.0 + (-logit).exp());
            assert!((one_minus[index] - (1.0 - sigmoid).ln()).abs() < 1e-12);
            assert!((plain[index] - sigmoid.ln()).abs() < 1e-12);
        }
    }
}
