//! The DCGAN generator, discriminator and encoder, their file format, and the import of PyTorch weights.
//!
//! [`DcganGenerator`] and [`DcganDiscriminator`] are made from a [`DcganConfig`] and either start
//! anew or take weights; a [`DcganEncoder`] is the generator's approximate inverse. [`DcganModel`] is both in one safetensors file with a [`ModelCard`].
//! [`import`] reads what PyTorch saved, without executing any of it.
//!
//! ```
//! use semantic_inpaint_dcgan::{DcganConfig, DcganGenerator};
//! use semantic_inpaint_nn::{Generator, Mode};
//! use semantic_inpaint_tensor::{Device, LatentPrior, Rng};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = DcganConfig { generator_channels: 8, ..DcganConfig::default() };
//! let mut rng = Rng::from_seed(1);
//! let generator = DcganGenerator::initialize(config, &mut rng, &Device::Cpu)?;
//! let z = LatentPrior::Uniform.sample(2, 100, &mut rng, &Device::Cpu)?;
//! assert_eq!(generator.forward(&z, Mode::Eval)?.tensor().dims(), &[2, 3, 64, 64]);
//! # Ok(())
//! # }
//! ```

mod block;
mod config;
mod discriminator;
mod encoder;
mod error;
mod generator;
pub mod import;
mod model_file;

pub use config::{DcganConfig, DiscriminatorNorm};
pub use discriminator::DcganDiscriminator;
pub use encoder::{DcganEncoder, DcganEncoderConfig};
pub use error::{Error, Result};
pub use generator::DcganGenerator;
pub use model_file::DcganModel;
pub use semantic_inpaint_nn::ModelCard;
