//! What operations compute on CUDA tensors in f32: launches of [`training`] on candle's own stream.

use candle_core::op::BackpropOp;
use candle_core::{
    CudaDevice, CudaStorage, DType, Device, Error, Layout, Result, Shape, Storage, Tensor,
};

use super::correlation::Correlation;
use crate::passes::cuda::training::{self, AdamFactors, NormOperands};
use crate::passes::cuda::{Launch, Memory, Runtime, Tensors};
use crate::passes::{Direction, Precision};

/// A tensor's values and their layout.
pub(super) type Operand<'a> = (&'a CudaStorage, &'a Layout);

/// Whether the kernels take this tensor.
pub(super) fn takes(tensor: &Tensor) -> bool {
    let Device::Cuda(device) = tensor.device() else {
        return false;
    };
    let fits = tensor.dtype() == DType::F32 && tensor.elem_count() > 0;
    // Kernels that cannot be loaded are an error of the operation, no reason for a slow path.
    fits && !matches!(Tensors::of(device), Ok(None))
}

fn kernels(device: &CudaDevice) -> Result<Tensors<'_>> {
    Tensors::of(device)?.ok_or_else(|| Error::Msg("the device is too old for the kernels".into()))
}

/// A new storage that launches fill.
fn computed(
    kernels: &Tensors<'_>,
    len: usize,
    launches: impl FnOnce(&Runtime, &Memory) -> crate::Result<Vec<Launch>>,
) -> Result<CudaStorage> {
    let (storage, memory) = kernels.allocate(len)?;
    run(kernels, |runtime| launches(runtime, &memory))?;
    Ok(storage)
}

fn run(
    kernels: &Tensors<'_>,
    launches: impl FnOnce(&Runtime) -> crate::Result<Vec<Launch>>,
) -> Result<()> {
    let runtime = kernels.runtime();
    launches(runtime)
        .and_then(|launches| runtime.run(&launches))
        .map_err(Error::wrap)
}

/// `[N, C, side, side]` on the one side of a correlation from that on the other.
pub(super) fn convolve(
    shape: &Correlation,
    direction: Direction,
    precision: Precision,
    x: Operand<'_>,
    w: Operand<'_>,
) -> Result<(CudaStorage, Shape)> {
    let maps = shape.maps();
    let found = maps.and_then(|(coarse, fine)| {
        let pass = training::Convolution::new(coarse, fine, direction, precision)?;
        Some((
            pass,
            if direction == Direction::Down {
                coarse
            } else {
                fine
            },
        ))
    });
    let Some((pass, out)) = found else {
        candle_core::bail!("no CUDA kernel convolves {shape:?}")
    };
    let kernels = kernels(&x.0.device)?;
    let (input, weights) = (kernels.lend(x.0, x.1)?, kernels.lend(w.0, w.1)?);
    let images = x.1.dims()[0];
    let dims = (images, out.channels(), out.side(), out.side());
    let len = Shape::from(dims).elem_count();
    let output = computed(&kernels, len, |runtime, output| {
        pass.launches(runtime, images, &input, &weights, output)
    })?;
    Ok((output, dims.into()))
}

/// The gradient with respect to the weights of a correlation, from images and the responses' gradient.
pub(super) fn weight_gradient(
    shape: &Correlation,
    precision: Precision,
    x: Operand<'_>,
    y: Operand<'_>,
) -> Result<(CudaStorage, Shape)> {
    let maps = shape.maps();
    let pass =
        maps.and_then(|(coarse, fine)| training::WeightGradient::new(coarse, fine, precision));
    let Some(pass) = pass else {
        candle_core::bail!("no CUDA kernel differentiates {shape:?}")
    };
    let kernels = kernels(&x.0.device)?;
    let (fine, coarse) = (kernels.lend(x.0, x.1)?, kernels.lend(y.0, y.1)?);
    let images = x.1.dims()[0];
    let dims = (
        shape.out_channels,
        shape.channels,
        shape.kernel,
        shape.kernel,
    );
    let len = Shape::from(dims).elem_count();
    let weights = computed(&kernels, len, |runtime, weights| {
        pass.launches(runtime, images, (&coarse, &fine), weights)
    })?;
    Ok((weights, dims.into()))
}

/// The leaky rectifier.
pub(super) fn rectify(x: Operand<'_>, slope: f64) -> Result<(CudaStorage, Shape)> {
    let kernels = kernels(&x.0.device)?;
    let (input, count) = (kernels.lend(x.0, x.1)?, x.1.shape().elem_count());
    let output = computed(&kernels, count, |_, output| {
        Ok(vec![training::rectify(count, &input, output, slope)?])
    })?;
    Ok((output, x.1.shape().clone()))
}

/// The gradient before the leaky rectifier with this result.
pub(super) fn gate(
    gradient: Operand<'_>,
    result: Operand<'_>,
    slope: f64,
) -> Result<(CudaStorage, Shape)> {
    let kernels = kernels(&gradient.0.device)?;
    let (g, y) = (
        kernels.lend(gradient.0, gradient.1)?,
        kernels.lend(result.0, result.1)?,
    );
    let count = result.1.shape().elem_count();
    let output = computed(&kernels, count, |_, output| {
        Ok(vec![training::gate(count, &g, &y, output, slope)?])
    })?;
    Ok((output, result.1.shape().clone()))
}

/// Moves an average in place.
pub(super) fn average(average: Operand<'_>, value: Operand<'_>, decay: f64) -> Result<()> {
    let kernels = kernels(&average.0.device)?;
    let count = average.1.shape().elem_count();
    let (average, value) = (
        kernels.lend(average.0, average.1)?,
        kernels.lend(value.0, value.1)?,
    );
    run(&kernels, |_| {
        Ok(vec![training::average(count, &average, &value, decay)?])
    })
}

/// Moves a parameter and both moments of its gradient in place.
pub(super) fn adam(
    parameter: Operand<'_>,
    gradient: Operand<'_>,
    [first, second]: [Operand<'_>; 2],
    factors: AdamFactors,
) -> Result<()> {
    let kernels = kernels(&parameter.0.device)?;
    let count = parameter.1.shape().elem_count();
    let lend = |(storage, layout): Operand<'_>| kernels.lend(storage, layout);
    let (p, g, m, v) = (
        lend(parameter)?,
        lend(gradient)?,
        lend(first)?,
        lend(second)?,
    );
    run(&kernels, |_| {
        Ok(vec![training::adam(count, &p, &g, [&m, &v], factors)?])
    })
}

/// What batch normalization on a device knows: its sizes and factors, and each channel's scale and shift.
pub(super) struct Norm<'a> {
    pub(super) pass: training::BatchNorm,
    pub(super) images: Operand<'a>,
    pub(super) scale: Operand<'a>,
    pub(super) shift: Operand<'a>,
}

impl Norm<'_> {
    /// The normalized and rectified images, and mean, variance and inverse deviation of each channel,
    /// `[3, C]`.
    pub(super) fn forward(&self) -> Result<(CudaStorage, Tensor)> {
        let device = &self.images.0.device;
        let kernels = kernels(device)?;
        let channels = self.scale.1.shape().elem_count();
        let (statistics, memory) = kernels.allocate(3 * channels)?;
        let lent = self.lend(&kernels)?;
        let output = computed(&kernels, self.count(), |runtime, output| {
            self.pass.forward(runtime, operands(&lent, &memory), output)
        })?;
        Ok((output, tensor(statistics, (3, channels))))
    }

    /// The gradient of the images, and those of shift and scale, `[2, C]`.
    pub(super) fn backward(
        &self,
        statistics: &Tensor,
        gradient: Operand<'_>,
    ) -> Result<(CudaStorage, Tensor)> {
        let kernels = kernels(&self.images.0.device)?;
        let channels = self.scale.1.shape().elem_count();
        let (slopes, slopes_memory) = kernels.allocate(2 * channels)?;
        let (lent, gradient) = (self.lend(&kernels)?, kernels.lend(gradient.0, gradient.1)?);
        let (guard, layout) = statistics.storage_and_layout();
        let statistics = kernels.lend(on_device(&guard)?, layout)?;
        let output = computed(&kernels, self.count(), |runtime, output| {
            let operands = operands(&lent, &statistics);
            self.pass
                .backward(runtime, operands, &gradient, output, &slopes_memory)
        })?;
        Ok((output, tensor(slopes, (2, channels))))
    }

    fn count(&self) -> usize {
        self.images.1.shape().elem_count()
    }

    fn lend(&self, kernels: &Tensors<'_>) -> Result<[Memory; 3]> {
        let lend = |(storage, layout): Operand<'_>| kernels.lend(storage, layout);
        Ok([lend(self.images)?, lend(self.scale)?, lend(self.shift)?])
    }
}

fn operands<'a>(
    [images, scale, shift]: &'a [Memory; 3],
    statistics: &'a Memory,
) -> NormOperands<'a> {
    NormOperands {
        images,
        scale,
        shift,
        statistics,
    }
}

/// The CUDA storage of a tensor.
pub(super) fn on_device(storage: &Storage) -> Result<&CudaStorage> {
    match storage {
        Storage::Cuda(storage) => Ok(storage),
        _ => candle_core::bail!("all operands must be on the CUDA device"),
    }
}

fn tensor(storage: CudaStorage, dims: (usize, usize)) -> Tensor {
    Tensor::from_storage(Storage::Cuda(storage), dims, BackpropOp::none(), false)
}

#[cfg(test)]
mod tests;
