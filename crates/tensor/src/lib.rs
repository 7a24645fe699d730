//! The tensor abstraction that every crate of semantic-inpaint shares.
//!
//! Three kinds of things live here. **Batches with checked shapes**: [`ImageBatch`] and [`Latent`]
//! wrap a candle [`Tensor`] and are what crosses the borders between crates. **Seeded randomness**:
//! [`Rng`] draws every random number of the project on the host, so that the same seed gives the
//! same numbers on every device. **Operations** ([`ops`]): convolutions, batch normalisation and
//! optimiser steps with gradients, built for small GANs, each of which has a plain candle form that
//! defines its meaning. Beside them stands [`WholeFile`], since every crate above writes files that
//! must appear whole or not at all.
//!
//! # Conventions
//!
//! | what | convention |
//! |---|---|
//! | images | `[N, C, H, W]`, values in `[-1, 1]` |
//! | latents | `[N, Z]` |
//! | masks | 1 = known, 0 = missing |
//! | order | height before width |
//! | randomness | an argument, never global |
//!
//! # Example
//!
//! ```
//! use semantic_inpaint_tensor::{Device, LatentPrior, Rng};
//!
//! # fn main() -> semantic_inpaint_tensor::Result<()> {
//! let mut rng = Rng::from_seed(7);
//! let z = LatentPrior::Uniform.sample(4, 100, &mut rng, &Device::Cpu)?;
//! assert_eq!(z.count(), 4);
//! # Ok(())
//! # }
//! ```

mod device;
mod error;
mod image_batch;
mod latent;
pub mod ops;
pub mod passes;
mod random;
mod whole_file;

pub use candle_core::{D, DType, Device, Shape, Tensor, Var};
pub use device::{DeviceChoice, describe_device};
pub use error::{Error, Result};
pub use image_batch::{ImageBatch, ImageShape};
pub use latent::{Latent, LatentPrior};
pub use random::{Rng, RngState};
pub use whole_file::{WholeFile, write_whole};
