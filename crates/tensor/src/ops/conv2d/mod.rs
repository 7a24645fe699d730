#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result as CandleResult, Shape, Tensor};

use super::conv_transpose2d::{adjoint, weight_gradient};
use super::correlation::{ConvGeometry, Correlation, forward};
use super::float::{dense, for_float, runs_on_cpu_kernels, runs_on_cuda_kernels};
#[cfg(feature = "cuda")]
use super::on_cuda;
use super::strided_maps::{Purpose, StridedMaps};
use crate::Result;
use crate::passes::{Direction, Precision};

/// The convolution of `images` with `weight`, without bias.
///
/// **Equation**
///
/// ```text
/// y[n,o,p,q] = sum_{c,i,j} w[o,c,i,j] x[n,c,s p + i - pad, s q + j - pad]
/// ```
///
/// **Shapes** images `[N, C, H, W]`, weight `[O, C, k, k]` (PyTorch's layout), result
/// `[N, O, (H + 2 pad - k)/s + 1, (W + 2 pad - k)/s + 1]`. Gradients are computed for tracked
/// operands only. An image has the same bits alone and in a batch.
///
/// Between maps that the crate's [`passes`](crate::passes) know, the products of value and gradients have factors of
/// this `precision`, where CPU or CUDA device has it, and sums in single precision. [`Precision::F32`] means
/// vector instructions in single precision alone: what a search may split in two
/// ([`Pass`](crate::passes::Pass)) a training may not, whose roundings add up over steps.
///
/// # Errors
///
/// A candle error when shapes do not fit each other.
///
/// ```
/// use semantic_inpaint_tensor::ops::{ConvGeometry, conv2d};
/// use semantic_inpaint_tensor::passes::Precision;
/// use semantic_inpaint_tensor::{DType, Device, Tensor};
/// # fn main() -> semantic_inpaint_tensor::Result<()> {
/// let images = Tensor::ones((1, 3, 8, 8), DType::F32, &Device::Cpu)?;
/// let weight = Tensor::ones((2, 3, 4, 4), DType::F32, &Device::Cpu)?;
/// let smaller = conv2d(&images, &weight, ConvGeometry::STRIDED, Precision::F32)?;
/// assert_eq!(smaller.dims(), &[1, 2, 4, 4]);
/// # Ok(())
/// # }
/// ```
pub fn conv2d(
    images: &Tensor,
    weight: &Tensor,
    geometry: ConvGeometry,
    precision: Precision,
) -> Result<Tensor> {
    if !runs_on_cpu_kernels(images) && !on_cuda_kernels(images, weight, geometry) {
        return reference(images, weight, geometry);
    }
    let op = Convolution {
        geometry,
        purpose: Purpose::Value,
        precision,
    };
    Ok(images.contiguous()?.apply_op2(&weight.contiguous()?, op)?)
}

fn on_cuda_kernels(images: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> bool {
    let shape = Correlation::of_image(images.dims(), weight.dims(), geometry);
    runs_on_cuda_kernels(images) && shape.is_ok_and(|shape| shape.maps().is_some())
}

/// The same by candle's own convolution: the meaning, and the path of other devices.
pub(crate) fn reference(
    images: &Tensor,
    weight: &Tensor,
    geometry: ConvGeometry,
) -> Result<Tensor> {
    Ok(images.conv2d(weight, geometry.padding, geometry.stride, 1, 1)?)
}

/// The convolution without a graph, for gradients.
pub(super) fn untracked(
    x: &Tensor,
    w: &Tensor,
    geometry: ConvGeometry,
    precision: Precision,
) -> CandleResult<Tensor> {
    let op = Convolution {
        geometry,
        purpose: Purpose::Gradient,
        precision,
    };
    x.contiguous()?.apply_op2_no_bwd(&w.contiguous()?, &op)
}

pub(super) struct Convolution {
    pub(super) geometry: ConvGeometry,
    pub(super) purpose: Purpose,
    pub(super) precision: Precision,
}

impl CustomOp2 for Convolution {
    fn name(&self) -> &'static str {
        "semantic-inpaint-conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (x_dims, w_dims) = (x_layout.dims(), w_layout.dims());
        let shape = Correlation::of_image(x_dims, w_dims, self.geometry)?;
        let dims = (
            x_dims[0],
            shape.out_channels,
            shape.out_height,
            shape.out_width,
        );
        if let (CpuStorage::F32(_), Some(maps)) = (x, StridedMaps::of(&shape)) {
            let y = maps.run(
                dense(x, x_layout)?,
                dense(w, w_layout)?,
                Direction::Down,
                self.purpose,
                self.precision,
            )?;
            return Ok((CpuStorage::F32(y), dims.into()));
        }
        for_float!(candle_core::backend::BackendStorage::dtype(x), T => {
            let y = forward::<T>(&shape, dense(x, x_layout)?, dense(w, w_layout)?);
            Ok((candle_core::WithDType::to_cpu_storage_owned(y), dims.into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        w: &CudaStorage,
        w_layout: &Layout,
    ) -> CandleResult<(CudaStorage, Shape)> {
        let shape = Correlation::of_image(x_layout.dims(), w_layout.dims(), self.geometry)?;
        on_cuda::convolve(
            &shape,
            Direction::Down,
            self.precision,
            (x, x_layout),
            (w, w_layout),
        )
    }

    fn bwd(
        &self,
        images: &Tensor,
        weight: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        let image_gradient = images
            .track_op()
            .then(|| {
                adjoint(
                    gradient,
                    weight,
                    self.geometry,
                    self.precision,
                    images.dims(),
                )
            })
            .transpose()?;
        let weight_gradient = weight
            .track_op()
            .then(|| {
                weight_gradient(
                    images,
                    gradient,
                    self.geometry,
                    self.precision,
                    weight.dims(),
                )
            })
            .transpose()?;
        Ok((image_gradient, weight_gradient))
    }
}

#[cfg(test)]
mod tests;
