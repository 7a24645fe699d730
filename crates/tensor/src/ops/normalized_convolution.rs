use std::sync::OnceLock;

use candle_core::{
    CpuStorage, CustomOp2, CustomOp3, Device, Layout, Result as CandleResult, Shape, Tensor,
};

use super::batch_norm::{BatchNorm, BatchStatistics, batch_norm_leaky_relu};
use super::conv_transpose2d::{TransposedConvolution, adjoint, weight_gradient};
use super::conv2d::{self, Convolution};
use super::correlation::ConvGeometry;
use super::float::runs_on_cpu_kernels;
use super::strided_maps::Purpose;
use super::{conv_transpose2d, conv2d as convolve};
use crate::Result;
use crate::passes::{Direction, Precision};

/// Which convolution, and what follows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NormalizedConvolution {
    /// [`Direction::Down`] is [`conv2d`](fn@super::conv2d), [`Direction::Up`]
    /// [`conv_transpose2d`](fn@super::conv_transpose2d).
    pub direction: Direction,
    /// Stride and padding.
    pub geometry: ConvGeometry,
    /// What the convolution multiplies.
    pub precision: Precision,
    /// Added to the variance.
    pub epsilon: f64,
    /// Of the leaky rectifier; 1 leaves it out.
    pub slope: f64,
}

/// A convolution without bias, then [`batch_norm_leaky_relu`](fn@batch_norm_leaky_relu): the same values and
/// gradients, bit by bit, as one operation. Automatic differentiation then keeps no gradient of what lies between,
/// which it would write as zeros, add to, and read again.
///
/// **Shapes** images and weight as the convolution has them, scale and shift `[C]` of its result's channels.
///
/// # Errors
///
/// As these operations.
///
/// ```
/// use semantic_inpaint_tensor::ops::{ConvGeometry, NormalizedConvolution, normalized_convolution};
/// use semantic_inpaint_tensor::passes::{Direction, Precision};
/// use semantic_inpaint_tensor::{Device, Rng, Tensor};
/// # fn main() -> semantic_inpaint_tensor::Result<()> {
/// let mut rng = Rng::from_seed(1);
/// let images = rng.normal(0.0, 1.0, (2, 3, 8, 8), &Device::Cpu)?;
/// let weight = rng.normal(0.0, 0.1, (4, 3, 4, 4), &Device::Cpu)?;
/// let scale = Tensor::ones(4, images.dtype(), &Device::Cpu)?;
/// let halved = NormalizedConvolution {
///     direction: Direction::Down,
///     geometry: ConvGeometry::STRIDED,
///     precision: Precision::F32,
///     epsilon: 1e-5,
///     slope: 0.2,
/// };
/// let (maps, statistics) = normalized_convolution(&images, &weight, (&scale, &scale.zeros_like()?), halved)?;
/// assert_eq!((maps.dims(), statistics.count), (&[2, 4, 4, 4][..], 32));
/// # Ok(())
/// # }
/// ```
pub fn normalized_convolution(
    images: &Tensor,
    weight: &Tensor,
    (scale, shift): (&Tensor, &Tensor),
    settings: NormalizedConvolution,
) -> Result<(Tensor, BatchStatistics)> {
    let NormalizedConvolution {
        direction,
        geometry,
        precision,
        epsilon,
        slope,
    } = settings;
    let is_valid = slope.is_finite() && slope >= 0.0;
    if !(is_valid && runs_on_cpu_kernels(images)) {
        let convolved = match direction {
            Direction::Down => convolve(images, weight, geometry, precision)?,
            Direction::Up => conv_transpose2d(images, weight, geometry, precision)?,
        };
        return batch_norm_leaky_relu(&convolved, scale, shift, epsilon, slope);
    }
    let norm = BatchNorm::new(epsilon, slope);
    let op = Operation {
        settings,
        norm: norm.clone(),
        convolved: OnceLock::new(),
    };
    let affine = Tensor::stack(&[scale, shift], 0)?;
    let result = images
        .contiguous()?
        .apply_op3(&weight.contiguous()?, &affine, op)?;
    let statistics = norm.statistics(&result)?;
    Ok((result, statistics))
}

/// Of images, weight, and scale and shift as `[2, C]`.
struct Operation {
    settings: NormalizedConvolution,
    norm: BatchNorm,
    /// The convolution's result, once it is computed.
    convolved: OnceLock<Tensor>,
}

impl Operation {
    fn convolve(
        &self,
        x: (&CpuStorage, &Layout),
        w: (&CpuStorage, &Layout),
    ) -> CandleResult<(CpuStorage, Shape)> {
        let NormalizedConvolution {
            direction,
            geometry,
            precision,
            ..
        } = self.settings;
        match direction {
            Direction::Down => Convolution {
                geometry,
                purpose: Purpose::Value,
                precision,
            }
            .cpu_fwd(x.0, x.1, w.0, w.1),
            Direction::Up => TransposedConvolution {
                geometry,
                precision,
            }
            .cpu_fwd(x.0, x.1, w.0, w.1),
        }
    }

    /// The gradients of images and weight from that of the convolution's result.
    fn through_convolution(
        &self,
        images: &Tensor,
        weight: &Tensor,
        gradient: &Tensor,
    ) -> CandleResult<[Option<Tensor>; 2]> {
        let NormalizedConvolution {
            direction,
            geometry,
            precision,
            ..
        } = self.settings;
        let of_images = || match direction {
            Direction::Down => adjoint(gradient, weight, geometry, precision, images.dims()),
            Direction::Up => conv2d::untracked(gradient, weight, geometry, precision),
        };
        let of_weight = || {
            let (fine, coarse) = match direction {
                Direction::Down => (images, gradient),
                Direction::Up => (gradient, images),
            };
            weight_gradient(fine, coarse, geometry, precision, weight.dims())
        };
        Ok([
            images.track_op().then(of_images).transpose()?,
            weight.track_op().then(of_weight).transpose()?,
        ])
    }
}

impl CustomOp3 for Operation {
    fn name(&self) -> &'static str {
        "semantic-inpaint-normalized-convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
        affine: &CpuStorage,
        affine_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (convolved, shape) = self.convolve((x, x_layout), (w, w_layout))?;
        let layout = Layout::contiguous(&shape);
        let row = |index: usize| -> CandleResult<Layout> {
            let row = affine_layout.narrow(0, index, 1)?;
            let channels = row.dims()[1];
            Ok(Layout::contiguous_with_offset(channels, row.start_offset()))
        };
        let (scale, shift) = (row(0)?, row(1)?);
        let result = (self.norm).cpu_fwd(&convolved, &layout, affine, &scale, affine, &shift)?;
        let convolved = match convolved {
            CpuStorage::F32(values) => Tensor::from_vec(values, shape, &Device::Cpu)?,
            CpuStorage::F64(values) => Tensor::from_vec(values, shape, &Device::Cpu)?,
            _ => candle_core::bail!("normalized_convolution: f32 or f64"),
        };
        // Set once: every operation computes its values once.
        let _ = self.convolved.set(convolved);
        Ok(result)
    }

    fn bwd(
        &self,
        images: &Tensor,
        weight: &Tensor,
        affine: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let Some(convolved) = self.convolved.get() else {
            candle_core::bail!("normalized_convolution: no values to differentiate at")
        };
        let parts = [affine.get(0)?, affine.get(1)?];
        let (gradient, of_scale, of_shift) =
            (self.norm).gradients(convolved, &parts[0], &parts[1], gradient)?;
        let [of_images, of_weight] = self.through_convolution(images, weight, &gradient)?;
        let of_affine = affine.track_op();
        let of_affine = of_affine.then(|| Tensor::stack(&[of_scale, of_shift], 0));
        Ok((of_images, of_weight, of_affine.transpose()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Rng, Var};

    fn settings(direction: Direction, precision: Precision) -> NormalizedConvolution {
        NormalizedConvolution {
            direction,
            geometry: ConvGeometry::STRIDED,
            precision,
            epsilon: 1e-5,
            slope: 0.2,
        }
    }

    /// Values, statistics and all four gradients, as bits of f64 numbers.
    fn bits(
        settings: NormalizedConvolution,
        dtype: DType,
        run: impl Fn([&Tensor; 4]) -> Result<(Tensor, BatchStatistics)>,
    ) -> Vec<Vec<u64>> {
        let mut rng = Rng::from_seed(4);
        let mut var = |dims: &[usize]| {
            let values = rng.normal(0.1, 1.0, dims, &Device::Cpu).unwrap();
            Var::from_tensor(&values.to_dtype(dtype).unwrap()).unwrap()
        };
        let (images, result) = match settings.direction {
            Direction::Down => (var(&[3, 5, 8, 8]), var(&[3, 6, 4, 4])),
            Direction::Up => (var(&[3, 6, 4, 4]), var(&[3, 5, 8, 8])),
        };
        let channels = result.dims()[1];
        let inputs = [
            images,
            var(&[6, 5, 4, 4]),
            var(&[channels]),
            var(&[channels]),
        ];
        let (values, statistics) = run(inputs.each_ref().map(Var::as_tensor)).unwrap();
        let product = (&values * result.as_detached_tensor()).unwrap();
        let gradients = product.sum_all().unwrap().backward().unwrap();
        let gradients = inputs.iter().map(|var| gradients.get(var).unwrap().clone());
        let all = [values.clone(), statistics.mean, statistics.variance];
        all.into_iter()
            .chain(gradients)
            .map(|tensor| {
                let flat = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
                let values: Vec<f64> = flat.to_vec1().unwrap();
                values.into_iter().map(f64::to_bits).collect()
            })
            .collect()
    }

    #[test]
    fn values_statistics_and_gradients_are_those_of_the_two_operations() {
        for direction in [Direction::Down, Direction::Up] {
            for (dtype, precision) in [
                (DType::F32, Precision::F32),
                (DType::F32, Precision::Bf16),
                (DType::F64, Precision::F32),
            ] {
                let settings = settings(direction, precision);
                let one = bits(settings, dtype, |[images, weight, scale, shift]| {
                    normalized_convolution(images, weight, (scale, shift), settings)
                });
                let two = bits(settings, dtype, |[images, weight, scale, shift]| {
                    let geometry = settings.geometry;
                    let convolved = match direction {
                        Direction::Down => convolve(images, weight, geometry, precision)?,
                        Direction::Up => conv_transpose2d(images, weight, geometry, precision)?,
                    };
                    batch_norm_leaky_relu(&convolved, scale, shift, 1e-5, 0.2)
                });
                assert_eq!(one, two, "{direction:?} {dtype:?} {precision}");
            }
        }
    }

    #[test]
    fn gradients_of_fixed_inputs_are_left_out() {
        let settings = settings(Direction::Down, Precision::F32);
        let mut rng = Rng::from_seed(1);
        let mut fixed = |dims: &[usize]| rng.normal(0.0, 1.0, dims, &Device::Cpu).unwrap();
        let images = Var::from_tensor(&fixed(&[2, 3, 8, 8])).unwrap();
        let (weight, scale) = (fixed(&[4, 3, 4, 4]), fixed(&[4]));
        let (values, _) =
            normalized_convolution(images.as_tensor(), &weight, (&scale, &scale), settings)
                .unwrap();
        let gradients = values.sum_all().unwrap().backward().unwrap();
        assert!(gradients.get(&images).is_some());
        assert!(gradients.get(&weight).is_none() && gradients.get(&scale).is_none());
    }

    #[test]
    fn a_single_value_in_a_channel_is_refused() {
        let mut rng = Rng::from_seed(1);
        let mut fixed = |dims: &[usize]| rng.normal(0.0, 1.0, dims, &Device::Cpu).unwrap();
        let (images, weight, scale) = (fixed(&[1, 3, 2, 2]), fixed(&[4, 3, 4, 4]), fixed(&[4]));
        let settings = settings(Direction::Down, Precision::F32);
        let result = normalized_convolution(&images, &weight, (&scale, &scale), settings);
        assert!(result.unwrap_err().to_string().contains("larger batch"));
    }

    #[test]
    fn slopes_below_zero_are_refused() {
        let mut rng = Rng::from_seed(1);
        let mut fixed = |dims: &[usize]| rng.normal(0.0, 1.0, dims, &Device::Cpu).unwrap();
        let (images, weight, scale) = (fixed(&[2, 3, 8, 8]), fixed(&[4, 3, 4, 4]), fixed(&[4]));
        let settings = NormalizedConvolution {
            slope: -0.1,
            ..settings(Direction::Down, Precision::F32)
        };
        assert!(normalized_convolution(&images, &weight, (&scale, &scale), settings).is_err());
    }
}
