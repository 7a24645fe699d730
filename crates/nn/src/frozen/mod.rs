//! Networks whose weights never change, at the speed of the processor.
//!
//! A search evaluates the same two networks thousands of times and differentiates with respect to the
//! input only. [`FrozenNetwork`] is built for that: batch normalization is folded into the weights,
//! the weights are packed once for each direction, activations are part of the convolutions' last
//! step, and a [`Workspace`] holds all buffers of a number of images, so that an iteration allocates
//! nothing. [`CudaNetwork`] is the same on a CUDA device. The plain forward pass and its gradient by candle are the reference that it equals.

mod cuda;
mod layer;
mod network;
mod options;
mod workspace;

pub use cuda::{CudaNetwork, CudaWorkspace};
pub use layer::{Activation, Layer, LayerKind};
pub use network::FrozenNetwork;
pub use options::{Favor, FrozenOptions};
pub use semantic_inpaint_tensor::passes::Precision;
pub use workspace::Workspace;
