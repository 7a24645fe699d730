use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};
use rayon::prelude::*;

use super::float::{dense, for_float, runs_on_cpu_kernels};
use super::leaky_relu::CHUNK;
use crate::Result;
use crate::passes::{InstructionSet, tanh as tanh_in_place};

/// The hyperbolic tangent, value by value. **Shape** any.
///
/// # Errors
///
/// As candle's own.
pub fn tanh(values: &Tensor) -> Result<Tensor> {
    if !runs_on_cpu_kernels(values) {
        return Ok(values.tanh()?);
    }
    Ok(values.contiguous()?.apply_op1(Tanh)?)
}

struct Tanh;

impl CustomOp1 for Tanh {
    fn name(&self) -> &'static str {
        "semantic-inpaint-tanh"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let y = match x {
            CpuStorage::F32(_) => {
                let set = InstructionSet::detect();
                let mut y = dense::<f32>(x, layout)?.to_vec();
                y.par_chunks_mut(CHUNK)
                    .for_each(|chunk| tanh_in_place(set, chunk));
                CpuStorage::F32(y)
            }
            _ => {
                let x = dense::<f64>(x, layout)?;
                CpuStorage::F64(x.par_iter().map(|x| x.tanh()).collect())
            }
        };
        Ok((y, layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, gradient: &Tensor) -> CandleResult<Option<Tensor>> {
        let gradient = gradient.contiguous()?;
        gradient.apply_op2_no_bwd(y, &TanhGradient).map(Some)
    }
}

/// `g (1 - y^2)`.
struct TanhGradient;

impl CustomOp2 for TanhGradient {
    fn name(&self) -> &'static str {
        "semantic-inpaint-tanh-gradient"
    }

    fn cpu_fwd(
        &self,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        for_float!(gradient.dtype(), T => {
            let mut gradient = dense::<T>(gradient, gradient_layout)?.to_vec();
            let y = dense::<T>(y, y_layout)?;
            let one = T::from_f64(1.0);
            gradient.par_chunks_mut(CHUNK).zip(y.par_chunks(CHUNK)).for_each(|(gradient, y)| {
                for (gradient, &y) in gradient.iter_mut().zip(y) {
                    *gradient *= one - y * y;
                }
            });
            Ok((T::to_cpu_storage_owned(gradient), y_layout.shape().clone()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Device, Rng, Var};

    #[test]
    fn values_and_gradients_are_those_of_candle() {
        for (dtype, tolerance) in [(DType::F32, 2e-6), (DType::F64, 1e-14)] {
            let x = Rng::from_seed(2).normal(0.0, 3.0, (3, 5, 7), &Device::Cpu);
            let x = Var::from_tensor(&x.unwrap().to_dtype(dtype).unwrap()).unwrap();
            let flat = |tensor: &Tensor| -> Vec<f64> {
                let tensor = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
                tensor.to_vec1().unwrap()
            };
            let [got, want] = [tanh(x.as_tensor()).unwrap(), x.tanh().unwrap()].map(|y| {
                let gradients = y.powf(3.0).unwrap().sum_all().unwrap().backward().unwrap();
                [flat(&y), flat(gradients.get(&x).unwrap())].concat()
            });
            for (got, want) in got.into_iter().zip(want) {
                assert!((got - want).abs() <= tolerance, "{dtype:?} {got} {want}");
            }
        }
    }

    #[test]
    fn other_layouts_are_taken() {
        let x = Tensor::new(&[[-1.0f32, 0.0], [0.5, 20.0]], &Device::Cpu).unwrap();
        let y: Vec<Vec<f32>> = tanh(&x.t().unwrap()).unwrap().to_vec2().unwrap();
        assert_eq!(y[1], [0.0, 1.0]);
        assert!((y[0][1] - 0.5f32.tanh()).abs() < 1e-7);
    }
}
