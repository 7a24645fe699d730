mod channel;
#[cfg(feature = "cuda")]
mod device;

use std::sync::{Arc, OnceLock};

use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp2, CustomOp3, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};

use super::float::{dense, for_float, runs_on_cpu_kernels, zeros};
use super::leaky_relu::leaky_relu;
use crate::{Error, Result};
use channel::{
    ChannelMap, Moments, each_channel, gradient_sums, input_gradient, moments, planes_of,
};

/// Mean and biased variance of each channel over a batch.
#[derive(Debug, Clone)]
pub struct BatchStatistics {
    /// Mean over N, H and W, `[C]`.
    pub mean: Tensor,
    /// Variance over N, H and W, divided by the number of values, `[C]`.
    pub variance: Tensor,
    /// Number of values per channel, N H W.
    pub count: usize,
}

/// Batch normalisation in training: each channel normalised by its own statistics over the batch.
///
/// **Equation** (Ioffe and Szegedy 2015)
///
/// ```text
/// y = scale (x - mean) / sqrt(variance + epsilon) + shift
/// ```
///
/// **Shapes** images `[N, C, H, W]`, scale and shift `[C]`; the result has the images' shape and
/// comes with the statistics used, from which a layer keeps its running averages. The gradient flows
/// through the statistics.
///
/// # Errors
///
/// [`Error::OutOfRange`] when a channel has fewer than two values; a candle error when shapes do not
/// fit.
pub fn batch_norm(
    images: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    epsilon: f64,
) -> Result<(Tensor, BatchStatistics)> {
    batch_norm_leaky_relu(images, scale, shift, epsilon, 1.0)
}

/// Batch normalisation in training, then the leaky rectifier, in one reading of the images.
///
/// **Equation** `y = leaky_relu(batch_norm(x), slope)`, see [`batch_norm`](fn@batch_norm) and
/// [`leaky_relu`](fn@super::leaky_relu); slope 1 leaves the rectifier out.
///
/// # Errors
///
/// As these two.
pub fn batch_norm_leaky_relu(
    images: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    epsilon: f64,
    slope: f64,
) -> Result<(Tensor, BatchStatistics)> {
    values_per_channel(images)?;
    let is_valid = slope.is_finite() && slope >= 0.0;
    #[cfg(feature = "cuda")]
    if is_valid && super::float::runs_on_cuda_kernels(images) {
        return device::batch_norm_leaky_relu(images, scale, shift, epsilon, slope);
    }
    if !(is_valid && runs_on_cpu_kernels(images)) {
        let (result, statistics) = reference(images, scale, shift, epsilon)?;
        return Ok((leaky_relu(&result, slope)?, statistics));
    }
    let op = BatchNorm::new(epsilon, slope);
    let images = images.contiguous()?;
    let result = images.apply_op3(&scale.contiguous()?, &shift.contiguous()?, op.clone())?;
    Ok((result, op.statistics(&images)?))
}

/// N H W, at least 2.
fn values_per_channel(images: &Tensor) -> Result<usize> {
    let (batch, _, height, width) = images.dims4()?;
    let count = batch * height * width;
    if count < 2 {
        return Err(Error::OutOfRange {
            what: "values per channel in batch normalization",
            expected: "at least 2 (use a larger batch)".into(),
            got: count.to_string(),
        });
    }
    Ok(count)
}

fn reference(
    images: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    epsilon: f64,
) -> Result<(Tensor, BatchStatistics)> {
    let (batch, channels, height, width) = images.dims4()?;
    let count = batch * height * width;
    let mean = (images.sum_keepdim((0, 2, 3))? / count as f64)?;
    let centered = images.broadcast_sub(&mean)?;
    let variance = (centered.sqr()?.sum_keepdim((0, 2, 3))? / count as f64)?;
    let normalized = centered.broadcast_div(&(&variance + epsilon)?.sqrt()?)?;
    let wide = |values: &Tensor| values.reshape((1, channels, 1, 1));
    let result = normalized
        .broadcast_mul(&wide(scale)?)?
        .broadcast_add(&wide(shift)?)?;
    let statistics = BatchStatistics {
        mean: mean.detach().flatten_all()?,
        variance: variance.detach().flatten_all()?,
        count,
    };
    Ok((result, statistics))
}

/// The operation on images, scale and shift. Copies share what it has computed.
#[derive(Clone)]
pub(super) struct BatchNorm {
    epsilon: f64,
    slope: f64,
    /// Of each channel, once the values are computed.
    moments: Arc<OnceLock<Vec<Moments>>>,
}

impl BatchNorm {
    pub(super) fn new(epsilon: f64, slope: f64) -> Self {
        Self {
            epsilon,
            slope,
            moments: Arc::default(),
        }
    }

    /// The statistics of the images that it was applied to, of which these have shape, type and device.
    pub(super) fn statistics(&self, images: &Tensor) -> Result<BatchStatistics> {
        let count = values_per_channel(images)?;
        let of_channels = |value: fn(&Moments) -> f64| {
            let values: Vec<f64> = self.moments().iter().map(value).collect();
            let channels = values.len();
            Tensor::from_vec(values, channels, images.device())?.to_dtype(images.dtype())
        };
        Ok(BatchStatistics {
            mean: of_channels(|moments| moments.mean)?,
            variance: of_channels(|moments| moments.variance)?,
            count,
        })
    }

    /// The gradients with respect to images, scale and shift, without a graph.
    pub(super) fn gradients(
        &self,
        images: &Tensor,
        scale: &Tensor,
        shift: &Tensor,
        gradient: &Tensor,
    ) -> CandleResult<(Tensor, Tensor, Tensor)> {
        let op = Gradient {
            forward: self,
            scale,
            shift,
            sums: OnceLock::new(),
        };
        let of_images = gradient.contiguous()?.apply_op2_no_bwd(images, &op)?;
        let sums = op.sums.get().map(Vec::as_slice).unwrap_or_default();
        let of_channels = |index: usize| {
            let values: Vec<f64> = sums.iter().map(|sums| sums[index]).collect();
            Tensor::from_vec(values, sums.len(), images.device())?.to_dtype(images.dtype())
        };
        Ok((of_images, of_channels(1)?, of_channels(0)?))
    }

    fn moments(&self) -> &[Moments] {
        self.moments.get().map(Vec::as_slice).unwrap_or_default()
    }
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "semantic-inpaint-batch-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
        shift: &CpuStorage,
        shift_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (_, channels, height, width) = x_layout.shape().dims4()?;
        if scale_layout.dims() != [channels] || shift_layout.dims() != [channels] {
            candle_core::bail!("batch_norm: {channels} channels, scale {scale_layout:?}")
        }
        let plane = height * width;
        for_float!(x.dtype(), T => {
            let scale = dense::<T>(scale, scale_layout)?;
            let shift = dense::<T>(shift, shift_layout)?;
            let x = dense::<T>(x, x_layout)?;
            let mut y = zeros::<T>(x.len());
            let all = each_channel(&mut y, channels, plane, #[inline(always)] |channel, y| {
                let planes = planes_of(x, channels, plane, channel);
                let moments = moments(&planes, self.epsilon);
                let map = ChannelMap::new(moments, scale[channel], shift[channel], self.slope);
                for (y, x) in y.into_iter().zip(planes) {
                    y.iter_mut().zip(x).for_each(|(y, &x)| *y = map.apply(x));
                }
                moments
            });
            // Set once: every operation computes its values once.
            let _ = self.moments.set(all);
            Ok((T::to_cpu_storage_owned(y), x_layout.shape().clone()))
        })
    }

    fn bwd(
        &self,
        images: &Tensor,
        scale: &Tensor,
        shift: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (of_images, of_scale, of_shift) = self.gradients(images, scale, shift, gradient)?;
        Ok((
            images.track_op().then_some(of_images),
            scale.track_op().then_some(of_scale),
            shift.track_op().then_some(of_shift),
        ))
    }
}

/// The gradient with respect to the images, and on the way the sums of each channel.
struct Gradient<'a> {
    forward: &'a BatchNorm,
    scale: &'a Tensor,
    shift: &'a Tensor,
    /// The sums of g and of g times the normalised x, g before the rectifier.
    sums: OnceLock<Vec<[f64; 2]>>,
}

impl CustomOp2 for Gradient<'_> {
    fn name(&self) -> &'static str {
        "semantic-inpaint-batch-norm-gradient"
    }

    fn cpu_fwd(
        &self,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = x_layout.shape().dims4()?;
        let plane = height * width;
        let count = (batch * plane) as f64;
        for_float!(x.dtype(), T => {
            let (scale, shift): (Vec<T>, Vec<T>) = (self.scale.to_vec1()?, self.shift.to_vec1()?);
            let gradient = dense::<T>(gradient, gradient_layout)?;
            let x = dense::<T>(x, x_layout)?;
            let mut out = zeros::<T>(x.len());
            let all = each_channel(&mut out, channels, plane, #[inline(always)] |channel, out| {
                let moments = self.forward.moments()[channel];
                let slope = self.forward.slope;
                let map = ChannelMap::new(moments, scale[channel], shift[channel], slope);
                let planes = planes_of(gradient, channels, plane, channel)
                    .zip(planes_of(x, channels, plane, channel));
                let mut sums = [0.0; 2];
                for (gradient, x) in planes.clone() {
                    let [plain, centered] = gradient_sums(&map, gradient, x);
                    sums = [sums[0] + plain, sums[1] + centered * moments.inverse_deviation];
                }
                let inverse = moments.inverse_deviation;
                let slope = inverse * inverse * sums[1] / count * scale[channel].to_f64();
                let factors = [T::from_f64(sums[0] / count), T::from_f64(slope)];
                for (out, (gradient, x)) in out.into_iter().zip(planes) {
                    input_gradient(&map, factors, gradient, x, out);
                }
                sums
            });
            let _ = self.sums.set(all);
            Ok((T::to_cpu_storage_owned(out), x_layout.shape().clone()))
        })
    }
}

#[cfg(test)]
mod tests;
