//! Frozen networks' convolutions on a CUDA device, by kernels of our own.
//!
//! A [`Pass`] is a convolution in one direction with its weights on the device, a [`Judge`] the losses
//! of a search, a [`LatentStep`] the move of its latents. Each makes [`Launch`]es: plain data, from
//! which a [`Runtime`] makes a [`Recording`] of a whole iteration that is replayed without the host's
//! part in it. What a launch is, its grid, tile and arguments, is computed by plain functions that are
//! compiled and tested without the feature `cuda`.
//!
//! Maps are `[image, row, column, channel]` with channels filled up to a multiple of 8 by zeros, stored
//! in the numbers that are multiplied ([`Precision`](super::Precision)); see
//! `docs/design/0005-frozen-networks-on-cuda.md`. The kernels stand in `kernels/`. They have been compiled for GPUs and
//! run on the host thread by thread ([`Runtime::emulated`]), not yet on a GPU.

mod arguments;
mod elements;
mod emulated;
mod geometry;
mod launch;
#[cfg(feature = "cuda")]
mod native;
mod pass;
mod runtime;
mod search_kernels;
mod tile;
mod weights;

#[cfg(test)]
mod tests;

pub use elements::{STORED, element_bytes, from_stored, stored, to_elements, to_stored};
pub use launch::Launch;
pub use pass::{ContextTerms, Distance, Epilogue, Pass, Target, image_gradient};
pub use runtime::{Memory, Recording, Runtime};
pub use search_kernels::{
    Judge, JudgeMemory, LatentStep, Logits, Moments, PriorTerm, StepConstraint, StepRule,
};
