//! The operations of a training step as launches, on values as tensors have them: `[N, C, H, W]` and
//! `[coarse, fine, 4, 4]`, contiguous and in single precision.
//!
//! They work on memory of whatever [`Runtime`](super::Runtime): on a GPU that of candle's own stream, in tests the host.
//! What they need beside their operands they allocate themselves; the launches hold it. Sums have one
//! order whatever else happens on the device, so equal arguments give equal bits.
//! `docs/design/0006-training-on-cuda.md` has the reasons.
//!
//! ```
//! use semantic_inpaint_tensor::passes::cuda::{Runtime, training::Convolution};
//! use semantic_inpaint_tensor::passes::{Direction, MapShape, Precision};
//!
//! # fn main() -> semantic_inpaint_tensor::Result<()> {
//! let runtime = Runtime::emulated("emulator".as_ref(), 1 << 20);
//! let coarse = MapShape::Map { channels: 16, side: 4 };
//! let fine = MapShape::Map { channels: 8, side: 8 };
//! let halving = Convolution::new(coarse, fine, Direction::Down, Precision::F32);
//! let halving = halving.ok_or("the fine map has twice the side").unwrap();
//!
//! let images = 3;
//! let x = runtime.upload_floats(&vec![0.5; images * 8 * 8 * 8])?;
//! let w = runtime.upload_floats(&[0.1; 16 * 8 * 16])?;
//! let y = runtime.allocate(images * 16 * 4 * 4 * 4)?;
//! let launches = halving.launches(&runtime, images, &x, &w, &y)?;
//! let kernels: Vec<&str> = launches.iter().map(|launch| launch.kernel()).collect();
//! assert_eq!(kernels, ["arrange_f32", "pack_f32", "convolve_f32_square", "finish_f32"]);
//! # Ok(())
//! # }
//! ```

mod batch_norm;
mod convolution;
mod layout;
mod values;
mod weight_gradient;

pub use batch_norm::{BatchNorm, NormOperands};
pub use convolution::Convolution;
pub use values::{AdamFactors, adam, average, gate, rectify};
pub use weight_gradient::WeightGradient;
