#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, InplaceOp2, Layout, Result as CandleResult, Tensor, Var, WithDType};
use rayon::prelude::*;

use super::float::{dense, dense_mut, for_float, runs_on_kernels};
use super::leaky_relu::CHUNK;
#[cfg(feature = "cuda")]
use super::on_cuda;
use crate::{Error, Result};

/// Moves an average towards a value, in place: `average = decay average + (1 - decay) value`.
///
/// **Shapes** the same for both.
///
/// # Errors
///
/// [`Error::ShapeMismatch`] when the shapes differ.
pub fn moving_average(average: &Var, value: &Tensor, decay: f64) -> Result<()> {
    if average.dims() != value.dims() {
        return Err(Error::ShapeMismatch {
            what: "value to average",
            expected: format!("{:?}", average.dims()),
            got: value.dims().to_vec(),
        });
    }
    if runs_on_kernels(average) {
        return Ok(average.inplace_op2(&value.contiguous()?, &Average::of_values(decay))?);
    }
    let moved = ((average.as_tensor() * decay)? + (value * (1.0 - decay))?)?;
    Ok(average.set(&moved.detach())?)
}

enum Power {
    One,
    Two,
}

/// `average = decay average + (1 - decay) value^power`.
pub(super) struct Average {
    decay: f64,
    power: Power,
}

impl Average {
    pub(super) fn of_values(decay: f64) -> Self {
        Self {
            decay,
            power: Power::One,
        }
    }

    pub(super) fn of_squares(decay: f64) -> Self {
        Self {
            decay,
            power: Power::Two,
        }
    }
}

impl InplaceOp2 for Average {
    fn name(&self) -> &'static str {
        "semantic-inpaint-moving-average"
    }

    fn cpu_fwd(
        &self,
        average: &mut CpuStorage,
        average_layout: &Layout,
        value: &CpuStorage,
        value_layout: &Layout,
    ) -> CandleResult<()> {
        for_float!(value.dtype(), T => {
            let (keep, take) = (T::from_f64(self.decay), T::from_f64(1.0 - self.decay));
            let values = dense::<T>(value, value_layout)?;
            let averages = dense_mut::<T>(average, average_layout)?;
            averages.par_chunks_mut(CHUNK).zip(values.par_chunks(CHUNK)).for_each(
                |(averages, values)| {
                    for (average, &value) in averages.iter_mut().zip(values) {
                        let value = match self.power {
                            Power::One => value,
                            Power::Two => value * value,
                        };
                        *average = keep * *average + take * value;
                    }
                },
            );
            Ok(())
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        average: &mut CudaStorage,
        average_layout: &Layout,
        value: &CudaStorage,
        value_layout: &Layout,
    ) -> CandleResult<()> {
        match self.power {
            Power::One => {
                on_cuda::average((average, average_layout), (value, value_layout), self.decay)
            }
            Power::Two => candle_core::bail!("on a CUDA device Adam averages squares itself"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Device;

    #[test]
    fn an_average_moves_by_one_minus_decay() {
        let average = Var::new(&[1.0f32, -2.0], &Device::Cpu).unwrap();
        let value = Tensor::new(&[3.0f32, 2.0], &Device::Cpu).unwrap();
        moving_average(&average, &value, 0.75).unwrap();
        assert_eq!(average.to_vec1::<f32>().unwrap(), [1.5, -1.0]);
        assert!(moving_average(&average, &value.unsqueeze(0).unwrap(), 0.5).is_err());
    }
}
