//! Operations with gradients that candle lacks or does slowly.
//!
//! Each folder holds one operation. On the CPU they run on kernels of this crate: the f32 convolutions
//! of a DCGAN and their gradients on its [`passes`](crate::passes), all others on matrix products by the
//! `gemm` crate around `im2col` and `col2im`. On a CUDA device, what a training step of a DCGAN takes
//! runs in f32 on the kernels of [`passes::cuda`](crate::passes::cuda::training). Everything else runs on
//! candle's own operations, which also define what each means. Every operation computes the gradients of tracked operands only, so that
//! frozen weights cost nothing. At kinks they follow PyTorch: the slope of a rectifier at 0 is the
//! negative side's.

mod adam_step;
mod batch_norm;
mod channel_affine;
mod conv2d;
mod conv_transpose2d;
mod correlation;
mod float;
mod image_change;
mod leaky_relu;
mod matrix_factors;
mod matrix_product;
mod moving_average;
mod normalized_convolution;
#[cfg(feature = "cuda")]
mod on_cuda;
mod shifted_leaky_relu;
mod strided_maps;
mod tanh;
mod weighted_l1;

pub use adam_step::{AdamMoments, AdamRates, adam_step};
pub use batch_norm::{BatchStatistics, batch_norm, batch_norm_leaky_relu};
pub use channel_affine::channel_affine;
pub use conv_transpose2d::conv_transpose2d;
pub use conv2d::conv2d;
pub use correlation::ConvGeometry;
pub use image_change::{ColorChange, Cutout, ImageChange, Move, change_images};
pub use leaky_relu::leaky_relu;
pub use matrix_factors::MatrixFactors;
pub use moving_average::moving_average;
pub use normalized_convolution::{NormalizedConvolution, normalized_convolution};
pub use shifted_leaky_relu::shifted_leaky_relu;
pub use tanh::tanh;
pub use weighted_l1::weighted_l1;
