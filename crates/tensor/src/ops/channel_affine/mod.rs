use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp3, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};
use rayon::prelude::*;

use super::float::{Float, dense, for_float, runs_on_cpu_kernels, zeros};
use crate::Result;

/// Each channel scaled and shifted: `y[n,c,h,w] = scale[c] x[n,c,h,w] + shift[c]`.
///
/// **Shapes** images `[N, C, H, W]`, scale and shift `[C]`. Batch normalisation with fixed statistics
/// is this map. Gradients are computed for tracked operands only.
///
/// # Errors
///
/// A candle error when shapes do not fit each other.
pub fn channel_affine(images: &Tensor, scale: &Tensor, shift: &Tensor) -> Result<Tensor> {
    let (_, channels, _, _) = images.dims4()?;
    if !runs_on_cpu_kernels(images) {
        let (scale, shift) = (
            scale.reshape((1, channels, 1, 1))?,
            shift.reshape((1, channels, 1, 1))?,
        );
        return Ok(images.broadcast_mul(&scale)?.broadcast_add(&shift)?);
    }
    Ok(images
        .contiguous()?
        .apply_op3(&scale.contiguous()?, &shift.contiguous()?, ChannelAffine)?)
}

/// `out = map(channel, x)` for every plane of `[N, C, plane]`, images in parallel.
pub(super) fn map_planes<T: Float>(
    x: &[T],
    channels: usize,
    plane: usize,
    map: impl Fn(usize, &[T], &mut [T]) + Sync,
) -> Vec<T> {
    let mut out = zeros::<T>(x.len());
    let image = (channels * plane).max(1);
    out.par_chunks_mut(image)
        .zip(x.par_chunks(image))
        .for_each(|(out, x)| {
            let planes = out.chunks_mut(plane.max(1)).zip(x.chunks(plane.max(1)));
            planes
                .enumerate()
                .for_each(|(channel, (out, x))| map(channel, x, out));
        });
    out
}

struct ChannelAffine;

impl CustomOp3 for ChannelAffine {
    fn name(&self) -> &'static str {
        "semantic-inpaint-channel-affine"
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
            candle_core::bail!("channel_affine: {channels} channels, scale {scale_layout:?}")
        }
        for_float!(x.dtype(), T => {
            let scale = dense::<T>(scale, scale_layout)?;
            let shift = dense::<T>(shift, shift_layout)?;
            let x = dense::<T>(x, x_layout)?;
            let y = map_planes(x, channels, height * width, |channel, x, y| {
                let (scale, shift) = (scale[channel], shift[channel]);
                y.iter_mut().zip(x).for_each(|(y, &x)| *y = scale * x + shift);
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
        let per_channel = |values: Tensor| values.sum((0, 2, 3));
        let gradient = gradient.contiguous()?;
        let of_images = images
            .track_op()
            .then(|| gradient.apply_op3_no_bwd(scale, &shift.zeros_like()?, &Self))
            .transpose()?;
        let of_scale = scale
            .track_op()
            .then(|| per_channel((images * &gradient)?))
            .transpose()?;
        let of_shift = shift
            .track_op()
            .then(|| per_channel(gradient.clone()))
            .transpose()?;
        Ok((of_images, of_scale, of_shift))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Device, Rng, Var};

    #[test]
    fn value_and_gradients_equal_broadcasting() {
        let mut rng = Rng::from_seed(1);
        let mut var = |dims: &[usize]| {
            Var::from_tensor(&rng.normal(0.0, 1.0, dims, &Device::Cpu).unwrap()).unwrap()
        };
        let (x, scale, shift) = (var(&[3, 4, 2, 5]), var(&[4]), var(&[4]));
        let fast = channel_affine(&x, &scale, &shift).unwrap();
        let wide = |v: &Var| v.reshape((1, 4, 1, 1)).unwrap();
        let plain = x
            .broadcast_mul(&wide(&scale))
            .unwrap()
            .broadcast_add(&wide(&shift))
            .unwrap();
        let fast_gradients = fast.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        let plain_gradients = plain.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        for var in [&x, &scale, &shift] {
            let fast = fast_gradients.get(var).unwrap().flatten_all().unwrap();
            let plain = plain_gradients.get(var).unwrap().flatten_all().unwrap();
            for (fast, plain) in fast
                .to_vec1::<f32>()
                .unwrap()
                .iter()
                .zip(plain.to_vec1::<f32>().unwrap())
            {
                assert!((fast - plain).abs() < 1e-4 * plain.abs().max(1.0));
            }
        }
    }
}
