use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp2, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};

use super::channel_affine::map_planes;
use super::float::{dense, for_float, runs_on_cpu_kernels};
use super::leaky_relu::{leaky_relu, untracked_gradient};
use crate::Result;

/// A constant added to each channel, then the leaky rectifier: `y = leaky_relu(x + shift[c], slope)`.
///
/// What is left of batch normalization and activation once the normalization's scale is folded into
/// the convolution before it. **Shapes** images `[N, C, H, W]`, shift `[C]`. Only the images take a
/// gradient.
///
/// # Errors
///
/// As [`leaky_relu`](super::leaky_relu()); a candle error when shapes do not fit.
pub fn shifted_leaky_relu(images: &Tensor, shift: &Tensor, slope: f64) -> Result<Tensor> {
    let (_, channels, _, _) = images.dims4()?;
    let valid = slope.is_finite() && slope >= 0.0;
    if !valid || !runs_on_cpu_kernels(images) {
        let shift = shift.detach().reshape((1, channels, 1, 1))?;
        return leaky_relu(&images.broadcast_add(&shift)?, slope);
    }
    let shift = shift.detach().contiguous()?;
    Ok(images
        .contiguous()?
        .apply_op2(&shift, ShiftedLeakyRelu { slope })?)
}

struct ShiftedLeakyRelu {
    slope: f64,
}

impl CustomOp2 for ShiftedLeakyRelu {
    fn name(&self) -> &'static str {
        "semantic-inpaint-shifted-leaky-relu"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        shift: &CpuStorage,
        shift_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (_, channels, height, width) = x_layout.shape().dims4()?;
        if shift_layout.dims() != [channels] {
            candle_core::bail!("shifted_leaky_relu: {channels} channels, shift {shift_layout:?}")
        }
        for_float!(x.dtype(), T => {
            let (slope, zero) = (T::from_f64(self.slope), T::from_f64(0.0));
            let shift = dense::<T>(shift, shift_layout)?;
            let x = dense::<T>(x, x_layout)?;
            let y = map_planes(x, channels, height * width, |channel, x, y| {
                let shift = shift[channel];
                for (y, &x) in y.iter_mut().zip(x) {
                    let sum = x + shift;
                    *y = if sum > zero { sum } else { slope * sum };
                }
            });
            Ok((T::to_cpu_storage_owned(y), x_layout.shape().clone()))
        })
    }

    fn bwd(
        &self,
        _images: &Tensor,
        _shift: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        Ok((
            Some(untracked_gradient(gradient, result, self.slope)?),
            None,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::channel_affine;
    use crate::{DType, Device, Rng, Var};

    #[test]
    fn value_and_gradient_equal_shift_then_rectifier() {
        let mut rng = Rng::from_seed(1);
        let mut draw = |dims: &[usize]| rng.normal(0.0, 1.0, dims, &Device::Cpu).unwrap();
        let (x, shift) = (Var::from_tensor(&draw(&[3, 4, 2, 5])).unwrap(), draw(&[4]));
        let one = Tensor::ones(4, DType::F32, &Device::Cpu).unwrap();
        for slope in [0.0, 0.2] {
            let fused = shifted_leaky_relu(&x, &shift, slope).unwrap();
            let apart = channel_affine(&x, &one, &shift).unwrap();
            let apart = leaky_relu(&apart, slope).unwrap();
            let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(flat(&fused), flat(&apart));
            let gradient = |y: &Tensor| {
                let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
                flat(gradients.get(&x).unwrap())
            };
            assert_eq!(gradient(&fused), gradient(&apart));
        }
        assert!(shifted_leaky_relu(&x, &shift, f64::NAN).is_err());
    }
}
