//! The Context Encoder: a network that predicts a hole from what surrounds it.
//!
//! Pathak et al., *Context Encoders: Feature Learning by Inpainting*, CVPR 2016: the method that
//! latent search is compared with. [`ContextEncoder`] is the network, for images of 32, 64 or 128
//! pixels, with the paper's channel-wise fully-connected layer or the released code's bottleneck as its
//! [`Connection`]. [`ContextEncoderTrainer`] trains it by the [`JointLoss`] against any discriminator
//! and runs in the machinery of `semantic-inpaint-train`; [`ContextEncoderModel`] is a trained network in
//! one file, [`ContextEncoderInpainter`] fills holes with it.
//!
//! Two ways to train are known. **One network for each hole**, as the paper and those who compare with it
//! do: one shape in [`ContextEncoderTraining::masks`]. **One for all**: several shapes, and
//! [`MaskChannel::With`], so that the network sees what is missing.
//!
//! ```
//! use semantic_inpaint_context_encoder::{
//!     Connection, ContextEncoder, ContextEncoderConfig, ContextEncoderInpainter,
//! };
//! use semantic_inpaint_mask::{CorruptedImages, Inpainter, MaskShape};
//! use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = ContextEncoderConfig {
//!     base_channels: 8,
//!     connection: Connection::Bottleneck { len: 64 },
//!     ..ContextEncoderConfig::default()
//! };
//! let mut rng = Rng::from_seed(1);
//! let network = ContextEncoder::initialize(config, &mut rng, &Device::Cpu)?;
//! let inpainter = ContextEncoderInpainter::new(&network)?;
//!
//! let truth = ImageBatch::new(rng.uniform(-1.0, 1.0, (2, 3, 64, 64), &Device::Cpu)?)?;
//! let mask = "square:20".parse::<MaskShape>()?.build(64, 64, &mut rng)?;
//! let completed = inpainter.inpaint(&CorruptedImages::new(&truth, &mask)?)?;
//! assert_eq!(completed.to_values()?[..64], truth.to_values()?[..64]);
//! # Ok(())
//! # }
//! ```

mod block;
mod channel_wise;
mod config;
mod error;
mod inpainter;
mod joint_loss;
mod model;
mod network;
mod output;
mod trainer;

pub use config::{Connection, ContextEncoderConfig, MaskChannel};
pub use error::{Error, Result};
pub use inpainter::ContextEncoderInpainter;
pub use joint_loss::{JointLoss, reconstruction_loss};
pub use model::ContextEncoderModel;
pub use network::ContextEncoder;
pub use output::Output;
pub use trainer::{ContextEncoderTrainer, ContextEncoderTraining};
