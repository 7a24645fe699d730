//! Strided convolutions between feature maps, both ways, at the speed of the processor.
//!
//! A 4x4 convolution of stride 2 joins a *coarse* map and a *fine* one of twice the side. Its weights
//! `[coarse, fine, 4, 4]` are those of a transposed convolution from coarse to fine and of a
//! convolution from fine to coarse, and each is the other's gradient with respect to its input. So two
//! passes, up and down, serve both directions of a generator and of a discriminator. What differs is
//! how a pass is computed ([`Tiling`]) and between what kinds of maps ([`MapShape`]).
//!
//! A [`Pass`] holds packed weights and never changes. A [`PassPlan`] holds what depends on the number of
//! images. Running a pass allocates nothing.

// Transforms read best with the indices of their equations; a pass's stages share what a run is given.
#![allow(clippy::needless_range_loop, clippy::too_many_arguments)]

mod bf16;
mod buffer;
pub mod cuda;
mod dense;
mod direct;
mod epilogue;
mod filters;
mod image_down;
mod image_up;
mod instruction_set;
mod map_layout;
mod map_shape;
mod pass;
mod precision;
mod prefetch;
mod product;
mod scratch;
mod shifted;
mod square;
mod tanh;
mod taps;
mod tile_gradient;
mod tile_places;
mod tile_transforms;
mod tiles;
mod transforms;
mod weight_gradient;

#[cfg(test)]
mod tests;

pub use buffer::Buffer;
pub use epilogue::Epilogue;
pub(crate) use image_down::copy_windows;
pub use instruction_set::InstructionSet;
pub(crate) use map_layout::MapLayout;
pub use map_shape::{MapShape, Span};
pub use pass::{Direction, Pass, PassPlan, Tiling};
pub use precision::Precision;
pub use scratch::Scratch;
pub(crate) use tanh::tanh;
pub(crate) use tile_gradient::TileGradient;
pub(crate) use weight_gradient::WeightGradient;
