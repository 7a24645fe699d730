use candle_core::{CpuStorage, DType, Layout, Result, Tensor, WithDType, bail};
use rayon::prelude::*;

/// A number that the CPU kernels work on: f32, or f64 for gradient checks.
pub(crate) trait Float: WithDType {
    /// The storage's values, if it holds this type.
    fn values_mut(storage: &mut CpuStorage) -> Option<&mut [Self]>;
}

impl Float for f32 {
    fn values_mut(storage: &mut CpuStorage) -> Option<&mut [Self]> {
        if let CpuStorage::F32(values) = storage {
            Some(values)
        } else {
            None
        }
    }
}

impl Float for f64 {
    fn values_mut(storage: &mut CpuStorage) -> Option<&mut [Self]> {
        if let CpuStorage::F64(values) = storage {
            Some(values)
        } else {
            None
        }
    }
}

/// Whether the CPU kernels take this tensor.
pub(crate) fn runs_on_cpu_kernels(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && matches!(tensor.dtype(), DType::F32 | DType::F64)
}

/// Whether the kernels of CUDA devices take this tensor.
#[cfg(feature = "cuda")]
pub(crate) fn runs_on_cuda_kernels(tensor: &Tensor) -> bool {
    super::on_cuda::takes(tensor)
}

/// No tensor is on a CUDA device.
#[cfg(not(feature = "cuda"))]
pub(crate) fn runs_on_cuda_kernels(_: &Tensor) -> bool {
    false
}

/// Whether kernels of this crate take this tensor.
pub(crate) fn runs_on_kernels(tensor: &Tensor) -> bool {
    runs_on_cpu_kernels(tensor) || runs_on_cuda_kernels(tensor)
}

/// The values of a contiguous storage.
pub(crate) fn dense<'a, T: Float>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<T>()?[start..end]),
        None => bail!("kernel input must be contiguous, got {layout:?}"),
    }
}

/// The values of a contiguous storage, to be changed in place.
pub(crate) fn dense_mut<'a, T: Float>(
    storage: &'a mut CpuStorage,
    layout: &Layout,
) -> Result<&'a mut [T]> {
    match (T::values_mut(storage), layout.contiguous_offsets()) {
        (Some(values), Some((start, end))) => Ok(&mut values[start..end]),
        _ => bail!(
            "kernel output must be contiguous {:?}, got {layout:?}",
            T::DTYPE
        ),
    }
}

/// Zeros, written by all threads: what an operation writes next is spread over them too.
pub(crate) fn zeros<T: Float>(len: usize) -> Vec<T> {
    const PIECE: usize = 1024;
    if !len.is_multiple_of(PIECE) {
        return vec![T::zero(); len];
    }
    let pieces = rayon::iter::repeat_n([T::zero(); PIECE], len / PIECE);
    let pieces: Vec<[T; PIECE]> = pieces.with_min_len(64).collect();
    pieces.into_flattened()
}

/// Runs `$body` with `$float` bound to the float type of `$dtype`.
macro_rules! for_float {
    ($dtype:expr, $float:ident => $body:expr) => {
        match $dtype {
            candle_core::DType::F32 => {
                type $float = f32;
                $body
            }
            candle_core::DType::F64 => {
                type $float = f64;
                $body
            }
            other => candle_core::bail!("kernels take f32 or f64, got {other:?}"),
        }
    };
}
pub(crate) use for_float;
