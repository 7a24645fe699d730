//! The embedded default models of semantic-inpaint: no download, no file.
//!
//! A [`PretrainedModel`] names one; [`PretrainedModel::load`] unpacks its generator and
//! discriminator, and [`PretrainedModel::card_text`] is its model card: data, terms, settings, known
//! failures. Read the card before you use a model: its terms are those of its training data, not those of
//! this code.
//!
//! ```
//! use semantic_inpaint_nn::Generator;
//! use semantic_inpaint_pretrained::PretrainedModel;
//! use semantic_inpaint_tensor::Device;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = PretrainedModel::CelebA.load(&Device::Cpu)?;
//! assert_eq!(model.generator.image_shape().height, 64);
//! println!("{}", PretrainedModel::CelebA.card_text()?);
//! # Ok(())
//! # }
//! ```
//!
//! The features `dtd`, `pets` and `context-encoder`, all on unless default features are turned off, embed these models
//! and the Context Encoder of faces; what is left out says so when it is asked for.

mod embedded;
mod error;
mod model;

pub use error::{Error, Result};
pub use model::PretrainedModel;
