//! Frozen networks' convolutions and the operations of training on a CUDA device, by kernels of our own.
//!
//! A [`Pass`] is a convolution in one direction with its weights on the device, a [`Judge`] the losses
//! of a search, a [`LatentStep`] the move of its latents. Each makes [`Launch`]es: plain data, from
//! which a [`Runtime`] makes a [`Recording`] of a whole iteration that is replayed without the host's
//! part in it. What a launch is, its grid, tile and arguments, is computed by plain functions that are
//! compiled and tested without the feature `cuda`. [`training`] makes launches for tensors, which run one
//! by one on candle's stream.
//!
//! Maps are `[image, row, column, channel]` with channels filled up to a multiple of 8 by zeros, stored
//! in the numbers that are multiplied ([`Precision`](super::Precision)). `docs/design/0005-frozen-networks-on-cuda.md`
//! has the reasons. The kernels stand in `kernels/`. They have been compiled for GPUs and run on the host
//! thread by thread ([`Runtime::emulated`]), not yet on a GPU.
//!
//! ```
//! use semantic_inpaint_tensor::passes::cuda::{Epilogue, Pass, Runtime, Target};
//! use semantic_inpaint_tensor::passes::{Direction, MapShape, Precision};
//!
//! # fn main() -> semantic_inpaint_tensor::Result<()> {
//! // On a GPU: Runtime::of(&device).
//! let runtime = Runtime::emulated("emulator".as_ref(), 1 << 20);
//! let coarse = MapShape::Map { channels: 16, side: 4 };
//! let fine = MapShape::Map { channels: 8, side: 8 };
//! let (weights, up, bf16) = ([0.1; 16 * 8 * 16], Direction::Up, Precision::Bf16);
//! let pass = Pass::new(&runtime, (coarse, fine), &weights, up, bf16, 64)?;
//! let pass = pass.ok_or("the fine map has twice the side").unwrap();
//!
//! let images = 3;
//! let input = runtime.upload(&vec![0; images * 4 * 4 * 16 * 2])?;
//! let output = runtime.allocate(images * 8 * 8 * 8 * 2)?;
//! let partial = runtime.allocate(pass.partial_bytes(images))?;
//! let relu = Epilogue::Rectify { shift: None, slope: 0.0 };
//! let mut launches = Vec::new();
//! pass.launches(images, &input, Target::Elements(&output), relu, &partial, &mut launches)?;
//! assert_eq!(launches[0].kernel(), "convolve_bf16_narrow");
//! assert_eq!(launches[0].grid(), [1, 1, 4]); // four parities of output pixels
//! # Ok(())
//! # }
//! ```

mod arguments;
mod elements;
mod emulated;
mod epilogue;
mod geometry;
mod launch;
#[cfg(feature = "cuda")]
mod native;
mod pass;
mod runtime;
mod search_kernels;
mod tile;
pub mod training;
mod weights;

#[cfg(test)]
mod tests;

#[cfg(feature = "cuda")]
pub(crate) use native::{Tensors, open_device};

pub use elements::{STORED, element_bytes, from_stored, stored, to_elements, to_stored};
pub use epilogue::{ContextTerms, Distance, Epilogue};
pub use launch::Launch;
pub use pass::{Pass, Target, image_gradient};
pub use runtime::{Memory, Recording, Runtime};
pub use search_kernels::{
    Judge, JudgeMemory, LatentStep, Logits, Moments, PriorTerm, StepConstraint, StepRule,
};
