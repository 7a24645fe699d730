#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
use candle_core::{
    CpuStorage, CustomOp2, Layout, Result as CandleResult, Shape, Tensor, WithDType,
};

use super::conv2d;
use super::correlation::{ConvGeometry, Correlation, transpose, weight};
use super::float::{dense, for_float, runs_on_cpu_kernels, runs_on_cuda_kernels};
#[cfg(feature = "cuda")]
use super::on_cuda;
use super::strided_maps::{Purpose, StridedMaps};
use crate::Result;
use crate::passes::{Direction, Precision};

/// The transposed convolution of `images` with `weight`, without bias: the adjoint of
/// [`conv2d`](super::conv2d()), which enlarges an image.
///
/// **Equation**
///
/// ```text
/// y[n,o,s h + i - pad, s w + j - pad] += x[n,c,h,w] w[c,o,i,j]
/// ```
///
/// **Shapes** images `[N, C, H, W]`, weight `[C, O, k, k]` (PyTorch's layout), result
/// `[N, O, (H-1) s - 2 pad + k, (W-1) s - 2 pad + k]`. Gradients are computed for tracked operands
/// only. An image has the same bits alone and in a batch. `precision` is as in [`conv2d`](super::conv2d()).
///
/// # Errors
///
/// A candle error when shapes do not fit each other.
///
/// ```
/// use semantic_inpaint_tensor::ops::{ConvGeometry, conv_transpose2d};
/// use semantic_inpaint_tensor::passes::Precision;
/// use semantic_inpaint_tensor::{DType, Device, Tensor};
/// # fn main() -> semantic_inpaint_tensor::Result<()> {
/// let images = Tensor::ones((1, 2, 4, 4), DType::F32, &Device::Cpu)?;
/// let weight = Tensor::ones((2, 3, 4, 4), DType::F32, &Device::Cpu)?;
/// let larger = conv_transpose2d(&images, &weight, ConvGeometry::STRIDED, Precision::F32)?;
/// assert_eq!(larger.dims(), &[1, 3, 8, 8]);
/// # Ok(())
/// # }
/// ```
pub fn conv_transpose2d(
    images: &Tensor,
    weight: &Tensor,
    geometry: ConvGeometry,
    precision: Precision,
) -> Result<Tensor> {
    if !runs_on_cpu_kernels(images) && !on_cuda_kernels(images, weight, geometry) {
        return reference(images, weight, geometry);
    }
    let op = TransposedConvolution {
        geometry,
        precision,
    };
    Ok(images.contiguous()?.apply_op2(&weight.contiguous()?, op)?)
}

fn on_cuda_kernels(images: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> bool {
    let shape = Correlation::of_response(images.dims(), weight.dims(), geometry);
    runs_on_cuda_kernels(images) && shape.is_ok_and(|shape| shape.maps().is_some())
}

/// The same by candle's own operation: the meaning, and the path of other devices.
pub(crate) fn reference(
    images: &Tensor,
    weight: &Tensor,
    geometry: ConvGeometry,
) -> Result<Tensor> {
    Ok(images.conv_transpose2d(weight, geometry.padding, 0, geometry.stride, 1)?)
}

pub(super) struct TransposedConvolution {
    pub(super) geometry: ConvGeometry,
    pub(super) precision: Precision,
}

impl CustomOp2 for TransposedConvolution {
    fn name(&self) -> &'static str {
        "semantic-inpaint-conv-transpose2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let shape = Correlation::of_response(x_layout.dims(), w_layout.dims(), self.geometry)?;
        let op = Adjoint {
            shape,
            purpose: Purpose::Value,
            precision: self.precision,
        };
        op.cpu_fwd(x, x_layout, w, w_layout)
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        w: &CudaStorage,
        w_layout: &Layout,
    ) -> CandleResult<(CudaStorage, Shape)> {
        let shape = Correlation::of_response(x_layout.dims(), w_layout.dims(), self.geometry)?;
        on_cuda::convolve(
            &shape,
            Direction::Up,
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
            .then(|| conv2d::untracked(gradient, weight, self.geometry, self.precision))
            .transpose()?;
        let weight_gradient = weight
            .track_op()
            .then(|| {
                weight_gradient(
                    gradient,
                    images,
                    self.geometry,
                    self.precision,
                    weight.dims(),
                )
            })
            .transpose()?;
        Ok((image_gradient, weight_gradient))
    }
}

/// Maps responses to images of the given shape by the adjoint of the convolution, without a graph.
pub(super) fn adjoint(
    y: &Tensor,
    w: &Tensor,
    geometry: ConvGeometry,
    precision: Precision,
    image_dims: &[usize],
) -> CandleResult<Tensor> {
    let shape = Correlation::of_image(image_dims, w.dims(), geometry)?;
    let op = Adjoint {
        shape,
        purpose: Purpose::Gradient,
        precision,
    };
    y.contiguous()?.apply_op2_no_bwd(&w.contiguous()?, &op)
}

struct Adjoint {
    shape: Correlation,
    purpose: Purpose,
    precision: Precision,
}

impl CustomOp2 for Adjoint {
    fn name(&self) -> &'static str {
        "semantic-inpaint-conv2d-adjoint"
    }

    fn cpu_fwd(
        &self,
        y: &CpuStorage,
        y_layout: &Layout,
        w: &CpuStorage,
        w_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let shape = &self.shape;
        let dims = (
            y_layout.dims()[0],
            shape.channels,
            shape.height,
            shape.width,
        );
        if let (CpuStorage::F32(_), Some(maps)) = (y, StridedMaps::of(shape)) {
            let x = maps.run(
                dense(y, y_layout)?,
                dense(w, w_layout)?,
                Direction::Up,
                self.purpose,
                self.precision,
            )?;
            return Ok((CpuStorage::F32(x), dims.into()));
        }
        for_float!(y.dtype(), T => {
            let x = transpose::<T>(shape, dense(y, y_layout)?, dense(w, w_layout)?);
            Ok((T::to_cpu_storage_owned(x), dims.into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        y: &CudaStorage,
        y_layout: &Layout,
        w: &CudaStorage,
        w_layout: &Layout,
    ) -> CandleResult<(CudaStorage, Shape)> {
        on_cuda::convolve(
            &self.shape,
            Direction::Up,
            self.precision,
            (y, y_layout),
            (w, w_layout),
        )
    }
}

/// The gradient with respect to weights `[O, C, k, k]` for images `x` and response gradients `y`.
pub(super) fn weight_gradient(
    x: &Tensor,
    y: &Tensor,
    geometry: ConvGeometry,
    precision: Precision,
    weight_dims: &[usize],
) -> CandleResult<Tensor> {
    let shape = Correlation::of_image(x.dims(), weight_dims, geometry)?;
    x.contiguous()?
        .apply_op2_no_bwd(&y.contiguous()?, &WeightGradient { shape, precision })
}

struct WeightGradient {
    shape: Correlation,
    precision: Precision,
}

impl CustomOp2 for WeightGradient {
    fn name(&self) -> &'static str {
        "semantic-inpaint-conv2d-weight-gradient"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let shape = &self.shape;
        let dims = (
            shape.out_channels,
            shape.channels,
            shape.kernel,
            shape.kernel,
        );
        if let (CpuStorage::F32(_), Some(maps)) = (x, StridedMaps::of(shape)) {
            let (x, y) = (dense(x, x_layout)?, dense(y, y_layout)?);
            let gradient = maps.weight_gradient(x, y, self.precision);
            if let Some(w) = gradient {
                return Ok((CpuStorage::F32(w), dims.into()));
            }
        }
        for_float!(x.dtype(), T => {
            let w = weight::<T>(shape, dense(x, x_layout)?, dense(y, y_layout)?);
            Ok((T::to_cpu_storage_owned(w), dims.into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        y: &CudaStorage,
        y_layout: &Layout,
    ) -> CandleResult<(CudaStorage, Shape)> {
        on_cuda::weight_gradient(&self.shape, self.precision, (x, x_layout), (y, y_layout))
    }
}
