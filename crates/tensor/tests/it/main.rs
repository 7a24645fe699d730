//! The operations as others see them: gradients against differences, adjoints, independent images.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod convolutions;
mod gradients;
mod strided_maps;

use semantic_inpaint_tensor::{DType, Device, Rng, Tensor};

/// Standard normal f64 values.
fn normal(dims: &[usize], seed: u64) -> Tensor {
    let values = Rng::from_seed(seed).normal(0.0, 1.0, dims, &Device::Cpu);
    values.unwrap().to_dtype(DType::F64).unwrap()
}
