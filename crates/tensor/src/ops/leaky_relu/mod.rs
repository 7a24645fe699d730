#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};
use rayon::prelude::*;

use super::float::{Float, dense, for_float, runs_on_kernels};
#[cfg(feature = "cuda")]
use super::on_cuda;
use crate::{Error, Result};

/// Values that one task handles: enough to be worth handing to a thread.
pub(super) const CHUNK: usize = 16 * 1024;
/// Values that are computed side by side.
const PIECE: usize = 64;

/// The leaky rectifier, value by value: `x` where x > 0, else `slope * x`.
///
/// Slope 0 is the plain rectifier. **Shape** any. The derivative at 0 is `slope`, as in PyTorch.
///
/// # Errors
///
/// [`Error::OutOfRange`] when the slope is negative or not finite: the gradient is read off the
/// result's sign.
pub fn leaky_relu(values: &Tensor, slope: f64) -> Result<Tensor> {
    if !(slope.is_finite() && slope >= 0.0) {
        return Err(Error::OutOfRange {
            what: "slope of the leaky rectifier",
            expected: "finite and at least 0".into(),
            got: slope.to_string(),
        });
    }
    if !runs_on_kernels(values) {
        return reference(values, slope);
    }
    Ok(values.contiguous()?.apply_op1(LeakyRelu { slope })?)
}

fn reference(values: &Tensor, slope: f64) -> Result<Tensor> {
    let positive = values.relu()?;
    Ok(if slope == 0.0 {
        positive
    } else {
        (&positive + ((values - &positive)? * slope)?)?
    })
}

struct LeakyRelu {
    slope: f64,
}

impl CustomOp1 for LeakyRelu {
    fn name(&self) -> &'static str {
        "semantic-inpaint-leaky-relu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        for_float!(x.dtype(), T => {
            let slope = T::from_f64(self.slope);
            let y = map(dense::<T>(x, layout)?, move |x| choose(x, x, slope));
            Ok((T::to_cpu_storage_owned(y), layout.shape().clone()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> CandleResult<(CudaStorage, Shape)> {
        on_cuda::rectify((x, layout), self.slope)
    }

    fn bwd(&self, _: &Tensor, result: &Tensor, gradient: &Tensor) -> CandleResult<Option<Tensor>> {
        untracked_gradient(gradient, result, self.slope).map(Some)
    }
}

/// The gradient before the rectifier, from the one behind it and its result, without a graph.
pub(super) fn untracked_gradient(
    gradient: &Tensor,
    result: &Tensor,
    slope: f64,
) -> CandleResult<Tensor> {
    gradient
        .contiguous()?
        .apply_op2_no_bwd(result, &LeakyReluGradient { slope })
}

struct LeakyReluGradient {
    slope: f64,
}

impl CustomOp2 for LeakyReluGradient {
    fn name(&self) -> &'static str {
        "semantic-inpaint-leaky-relu-gradient"
    }

    fn cpu_fwd(
        &self,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
        result: &CpuStorage,
        result_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        for_float!(gradient.dtype(), T => {
            let slope = T::from_f64(self.slope);
            let gradient = dense::<T>(gradient, gradient_layout)?;
            let result = dense::<T>(result, result_layout)?;
            let ((gradients, rest), (results, results_rest)) =
                (gradient.as_chunks(), result.as_chunks());
            let pieces = gradients.par_iter().zip(results).map(move |(g, y): (&[T; PIECE], &[T; PIECE])| {
                std::array::from_fn(|index| choose(y[index], g[index], slope))
            });
            let mut out = joined(pieces);
            out.extend(rest.iter().zip(results_rest).map(|(&g, &y)| choose(y, g, slope)));
            Ok((T::to_cpu_storage_owned(out), result_layout.shape().clone()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        gradient: &CudaStorage,
        gradient_layout: &Layout,
        result: &CudaStorage,
        result_layout: &Layout,
    ) -> CandleResult<(CudaStorage, Shape)> {
        on_cuda::gate(
            (gradient, gradient_layout),
            (result, result_layout),
            self.slope,
        )
    }
}

/// `value` where `x` is above 0, else `slope value`; both are computed, so that no branch is.
#[inline(always)]
pub(super) fn choose<T: Float>(x: T, value: T, slope: T) -> T {
    let scaled = slope * value;
    if x > T::zero() { value } else { scaled }
}

fn map<T: Float>(values: &[T], f: impl Fn(T) -> T + Copy + Sync + Send) -> Vec<T> {
    let (pieces, rest) = values.as_chunks::<PIECE>();
    let mut out = joined(
        pieces
            .par_iter()
            .map(move |piece| std::array::from_fn(|index| f(piece[index]))),
    );
    out.extend(rest.iter().map(|&value| f(value)));
    out
}

/// Pieces one after the other, written once.
fn joined<T: Float>(pieces: impl IndexedParallelIterator<Item = [T; PIECE]>) -> Vec<T> {
    let pieces: Vec<[T; PIECE]> = pieces.with_min_len(CHUNK / PIECE).collect();
    pieces.into_flattened()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Var};

    #[test]
    fn value_and_derivative_follow_pytorch_at_and_around_zero() {
        for slope in [0.0, 0.2] {
            let x = Var::new(&[-2.0f64, -0.0, 0.0, 3.0], &Device::Cpu).unwrap();
            let y = leaky_relu(x.as_tensor(), slope).unwrap();
            assert_eq!(y.to_vec1::<f64>().unwrap(), [-2.0 * slope, 0.0, 0.0, 3.0]);
            let gradients = y.sum_all().unwrap().backward().unwrap();
            let gradient: Vec<f64> = gradients.get(&x).unwrap().to_vec1().unwrap();
            assert_eq!(gradient, [slope, slope, slope, 1.0]);
        }
    }

    #[test]
    fn reference_agrees_away_from_zero() {
        let x = Tensor::new(&[-1.5f32, 0.5, 2.0], &Device::Cpu).unwrap();
        let (fast, plain) = (leaky_relu(&x, 0.2).unwrap(), reference(&x, 0.2).unwrap());
        let (fast, plain): (Vec<f32>, Vec<f32>) =
            (fast.to_vec1().unwrap(), plain.to_vec1().unwrap());
        for (fast, plain) in fast.iter().zip(plain) {
            assert!((fast - plain).abs() < 1e-6);
        }
    }

    #[test]
    fn negative_slopes_are_refused() {
        let x = Tensor::new(&[1.0f32], &Device::Cpu).unwrap();
        assert!(leaky_relu(&x, -0.1).is_err());
        assert!(leaky_relu(&x, f64::NAN).is_err());
    }
}
