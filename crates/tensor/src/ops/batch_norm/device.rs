//! Batch normalization of a CUDA tensor.

use std::sync::{Arc, OnceLock};

use candle_core::{
    CpuStorage, CudaStorage, CustomOp2, CustomOp3, Layout, Result as CandleResult, Shape, Tensor,
};

use super::BatchStatistics;
use crate::Result;
use crate::ops::on_cuda::{Norm, Operand, on_device};
use crate::passes::cuda::training;

/// As [`batch_norm_leaky_relu`](super::batch_norm_leaky_relu), of images `[N, C, H, W]` with at least two
/// values for each channel, by the device's kernels.
pub(super) fn batch_norm_leaky_relu(
    images: &Tensor,
    scale: &Tensor,
    shift: &Tensor,
    epsilon: f64,
    slope: f64,
) -> Result<(Tensor, BatchStatistics)> {
    let (batch, channels, height, width) = images.dims4()?;
    let plane = height * width;
    let noted = Arc::new(OnceLock::new());
    let op = Forward {
        pass: training::BatchNorm::new([batch, channels, plane], epsilon, slope)?,
        statistics: Arc::clone(&noted),
    };
    let images = images.contiguous()?;
    let result = images.apply_op3(&scale.contiguous()?, &shift.contiguous()?, op)?;
    let of_channels = |row: usize| match noted.get() {
        Some(statistics) => statistics.get(row),
        None => candle_core::bail!("batch normalization noted no statistics"),
    };
    let statistics = BatchStatistics {
        mean: of_channels(0)?,
        variance: of_channels(1)?,
        count: batch * plane,
    };
    Ok((result, statistics))
}

struct Forward {
    pass: training::BatchNorm,
    /// Mean, variance and inverse deviation of each channel, once the values are computed.
    statistics: Arc<OnceLock<Tensor>>,
}

impl CustomOp3 for Forward {
    fn name(&self) -> &'static str {
        "semantic-inpaint-batch-norm-on-device"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        candle_core::bail!("{} takes CUDA tensors", CustomOp3::name(self))
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        scale: &CudaStorage,
        scale_layout: &Layout,
        shift: &CudaStorage,
        shift_layout: &Layout,
    ) -> CandleResult<(CudaStorage, Shape)> {
        let (_, channels, _, _) = x_layout.shape().dims4()?;
        if scale_layout.dims() != [channels] || shift_layout.dims() != [channels] {
            candle_core::bail!("batch_norm: {channels} channels, scale {scale_layout:?}")
        }
        let norm = Norm {
            pass: self.pass,
            images: (x, x_layout),
            scale: (scale, scale_layout),
            shift: (shift, shift_layout),
        };
        let (output, statistics) = norm.forward()?;
        // Set once: every operation computes its values once.
        let _ = self.statistics.set(statistics);
        Ok((output, x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        images: &Tensor,
        scale: &Tensor,
        shift: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let op = Gradient {
            forward: self,
            scale,
            shift,
            slopes: OnceLock::new(),
        };
        let of_images = gradient.contiguous()?.apply_op2_no_bwd(images, &op)?;
        let of_channels = |row: usize| match op.slopes.get() {
            Some(slopes) => slopes.get(row),
            None => candle_core::bail!("batch normalization noted no gradient"),
        };
        let of_scale = scale.track_op().then(|| of_channels(1)).transpose()?;
        let of_shift = shift.track_op().then(|| of_channels(0)).transpose()?;
        Ok((images.track_op().then_some(of_images), of_scale, of_shift))
    }
}

/// The gradient with respect to the images, and on the way those of shift and scale.
struct Gradient<'a> {
    forward: &'a Forward,
    scale: &'a Tensor,
    shift: &'a Tensor,
    slopes: OnceLock<Tensor>,
}

impl Gradient<'_> {
    fn compute(&self, gradient: Operand<'_>, images: Operand<'_>) -> CandleResult<CudaStorage> {
        let Some(statistics) = self.forward.statistics.get() else {
            candle_core::bail!("batch normalization noted no statistics")
        };
        let (scale, scale_layout) = self.scale.storage_and_layout();
        let (shift, shift_layout) = self.shift.storage_and_layout();
        let norm = Norm {
            pass: self.forward.pass,
            images,
            scale: (on_device(&scale)?, scale_layout),
            shift: (on_device(&shift)?, shift_layout),
        };
        let (output, slopes) = norm.backward(statistics, gradient)?;
        let _ = self.slopes.set(slopes);
        Ok(output)
    }
}

impl CustomOp2 for Gradient<'_> {
    fn name(&self) -> &'static str {
        "semantic-inpaint-batch-norm-gradient-on-device"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        candle_core::bail!("{} takes CUDA tensors", CustomOp2::name(self))
    }

    fn cuda_fwd(
        &self,
        gradient: &CudaStorage,
        gradient_layout: &Layout,
        x: &CudaStorage,
        x_layout: &Layout,
    ) -> CandleResult<(CudaStorage, Shape)> {
        let output = self.compute((gradient, gradient_layout), (x, x_layout))?;
        Ok((output, x_layout.shape().clone()))
    }
}
