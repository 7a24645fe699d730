use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp2, CustomOp3, Layout, Result as CandleResult, Shape, Storage, Tensor,
    WithDType,
};
use rayon::prelude::*;

use super::channel_affine::map_planes;
use super::float::{Float, dense, for_float, runs_on_cpu_kernels};
use crate::{Error, Result};

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
    let (batch, channels, height, width) = images.dims4()?;
    let count = batch * height * width;
    if count < 2 {
        return Err(Error::OutOfRange {
            what: "values per channel in batch normalization",
            expected: "at least 2 (use a larger batch)".into(),
            got: count.to_string(),
        });
    }
    if !runs_on_cpu_kernels(images) {
        return reference(images, scale, shift, epsilon);
    }
    let images = images.contiguous()?;
    let moments = channel_moments(&images)?;
    let op = BatchNorm {
        mean: moments.iter().map(|moments| moments.0).collect(),
        inverse_deviation: moments
            .iter()
            .map(|m| 1.0 / (m.1 + epsilon).sqrt())
            .collect(),
    };
    let of_channels = |values: Vec<f64>| {
        Tensor::from_vec(values, channels, images.device())?.to_dtype(images.dtype())
    };
    let statistics = BatchStatistics {
        mean: of_channels(op.mean.clone())?,
        variance: of_channels(moments.iter().map(|moments| moments.1).collect())?,
        count,
    };
    Ok((
        images.apply_op3(&scale.contiguous()?, &shift.contiguous()?, op)?,
        statistics,
    ))
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

/// Mean and biased variance of each channel, summed in f64.
fn channel_moments(images: &Tensor) -> CandleResult<Vec<(f64, f64)>> {
    let (_, channels, height, width) = images.dims4()?;
    let (storage, layout) = images.storage_and_layout();
    let Storage::Cpu(storage) = &*storage else {
        candle_core::bail!("not on the CPU")
    };
    for_float!(storage.dtype(), T => {
        let x = dense::<T>(storage, layout)?;
        Ok(reduce_channels(channels, |channel| {
            let planes = || planes_of(x, channels, height * width, channel);
            let count = planes().map(<[T]>::len).sum::<usize>() as f64;
            let mean = planes().map(|plane| sum(plane, |x| x)).sum::<f64>() / count;
            let center = T::from_f64(mean);
            let squares = |plane| sum(plane, |x: T| (x - center) * (x - center));
            // The mean was rounded to T; its error is taken out of the variance.
            let error = mean - center.to_f64();
            let variance = planes().map(squares).sum::<f64>() / count - error * error;
            (mean, variance.max(0.0))
        }))
    })
}

fn reduce_channels<R: Send>(channels: usize, reduce: impl Fn(usize) -> R + Send + Sync) -> Vec<R> {
    (0..channels)
        .into_par_iter()
        .with_min_len(4)
        .map(reduce)
        .collect()
}

/// The planes of one channel of `[N, C, plane]`.
fn planes_of<T>(
    x: &[T],
    channels: usize,
    plane: usize,
    channel: usize,
) -> impl Iterator<Item = &[T]> {
    x.chunks_exact(plane).skip(channel).step_by(channels)
}

/// The sum of `term` over a plane: 16 running sums that the compiler keeps in registers.
fn sum<T: Float>(values: &[T], term: impl Fn(T) -> T) -> f64 {
    let mut sums = [T::zero(); 16];
    let chunks = values.chunks_exact(16);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += term(value);
        }
    }
    sums.iter().map(|sum| sum.to_f64()).sum::<f64>()
        + rest.iter().map(|&value| term(value).to_f64()).sum::<f64>()
}

struct BatchNorm {
    mean: Vec<f64>,
    inverse_deviation: Vec<f64>,
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
        for_float!(x.dtype(), T => {
            let scale = dense::<T>(scale, scale_layout)?;
            let shift = dense::<T>(shift, shift_layout)?;
            let x = dense::<T>(x, x_layout)?;
            let y = map_planes(x, channels, height * width, |channel, x, y| {
                let mean = T::from_f64(self.mean[channel]);
                let factor = T::from_f64(self.inverse_deviation[channel]) * scale[channel];
                let shift = shift[channel];
                y.iter_mut().zip(x).for_each(|(y, &x)| *y = (x - mean) * factor + shift);
            });
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
        let gradient = gradient.contiguous()?;
        let sums = gradient.apply_op2_no_bwd(images, &GradientSums { forward: self })?;
        let of_images = images
            .track_op()
            .then(|| {
                let op = InputGradient {
                    forward: self,
                    scale,
                };
                gradient.apply_op3_no_bwd(images, &sums, &op)
            })
            .transpose()?;
        let of_shift = shift.track_op().then(|| sums.get(0)).transpose()?;
        let of_scale = scale.track_op().then(|| sums.get(1)).transpose()?;
        Ok((of_images, of_scale, of_shift))
    }
}

/// Per channel, the sums of g and of g times the normalised x: `[2, C]`.
struct GradientSums<'a> {
    forward: &'a BatchNorm,
}

impl CustomOp2 for GradientSums<'_> {
    fn name(&self) -> &'static str {
        "semantic-inpaint-batch-norm-gradient-sums"
    }

    fn cpu_fwd(
        &self,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (_, channels, height, width) = x_layout.shape().dims4()?;
        let plane = height * width;
        for_float!(x.dtype(), T => {
            let gradient = dense::<T>(gradient, gradient_layout)?;
            let x = dense::<T>(x, x_layout)?;
            let sums = reduce_channels(channels, |channel| {
                let center = T::from_f64(self.forward.mean[channel]);
                let mut total = (0.0, 0.0);
                let planes = planes_of(gradient, channels, plane, channel)
                    .zip(planes_of(x, channels, plane, channel));
                for (gradient, x) in planes {
                    total.0 += sum(gradient, |g| g);
                    total.1 += dot(gradient, x, center);
                }
                (total.0, total.1 * self.forward.inverse_deviation[channel])
            });
            let (plain, normalized): (Vec<f64>, Vec<f64>) = sums.into_iter().unzip();
            let values = plain.into_iter().chain(normalized).map(T::from_f64).collect();
            Ok((T::to_cpu_storage_owned(values), (2, channels).into()))
        })
    }
}

/// The sum of `left (right - center)` over a plane.
fn dot<T: Float>(left: &[T], right: &[T], center: T) -> f64 {
    let mut sums = [T::zero(); 16];
    let (left, right) = (left.chunks_exact(16), right.chunks_exact(16));
    let rest: f64 = left
        .remainder()
        .iter()
        .zip(right.remainder())
        .map(|(&left, &right)| (left * (right - center)).to_f64())
        .sum();
    for (left, right) in left.zip(right) {
        for ((sum, &left), &right) in sums.iter_mut().zip(left).zip(right) {
            *sum += left * (right - center);
        }
    }
    sums.iter().map(|sum| sum.to_f64()).sum::<f64>() + rest
}

/// The gradient with respect to x, through the statistics:
/// `scale / deviation (g - sum(g)/m - x_normalised sum(g x_normalised)/m)`.
struct InputGradient<'a> {
    forward: &'a BatchNorm,
    scale: &'a Tensor,
}

impl CustomOp3 for InputGradient<'_> {
    fn name(&self) -> &'static str {
        "semantic-inpaint-batch-norm-input-gradient"
    }

    fn cpu_fwd(
        &self,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
        x: &CpuStorage,
        x_layout: &Layout,
        sums: &CpuStorage,
        sums_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (batch, channels, height, width) = x_layout.shape().dims4()?;
        let plane = height * width;
        let count = (batch * plane) as f64;
        for_float!(x.dtype(), T => {
            let scale: Vec<T> = self.scale.to_vec1()?;
            let sums = dense::<T>(sums, sums_layout)?;
            let x = dense::<T>(x, x_layout)?;
            let mut out = map_planes(
                dense::<T>(gradient, gradient_layout)?,
                channels,
                plane,
                |channel, gradient, out| {
                    let factor =
                        T::from_f64(self.forward.inverse_deviation[channel]) * scale[channel];
                    let mean = T::from_f64(sums[channel].to_f64() / count);
                    out.iter_mut().zip(gradient).for_each(|(out, &g)| *out = (g - mean) * factor);
                },
            );
            subtract_correlated(self.forward, &scale, &sums[channels..], x, &mut out, (plane, count));
            Ok((T::to_cpu_storage_owned(out), x_layout.shape().clone()))
        })
    }
}

fn subtract_correlated<T: Float>(
    forward: &BatchNorm,
    scale: &[T],
    correlation: &[T],
    x: &[T],
    out: &mut [T],
    (plane, count): (usize, f64),
) {
    let channels = scale.len();
    let image = channels * plane;
    out.par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .for_each(|(out, x)| {
            for (channel, (out, x)) in out.chunks_mut(plane).zip(x.chunks(plane)).enumerate() {
                let inverse = forward.inverse_deviation[channel];
                let slope = inverse * inverse * correlation[channel].to_f64() / count;
                let slope = T::from_f64(slope) * scale[channel];
                let mean = T::from_f64(forward.mean[channel]);
                out.iter_mut()
                    .zip(x)
                    .for_each(|(out, &x)| *out -= (x - mean) * slope);
            }
        });
}

#[cfg(test)]
mod tests;
