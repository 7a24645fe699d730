//! Encoders that guess a generator's latent from the known pixels of an image.
//!
//! A latent search that starts at the guess needs few iterations. [`LatentEncoderTrainer`] trains an
//! encoder through its generator, which stays as it is, on images with holes of many shapes;
//! [`LatentEncoderModel`] is a trained one in a file. Training through the generator by the image's
//! error, and searching from there, is how Zhu et al. 2016 (*Generative Visual Manipulation on the
//! Natural Image Manifold*, section 3.1, arXiv 1609.03552) project whole photos; the holes, and the
//! mask as a channel, are of this project.
//!
//! ```
//! use semantic_inpaint_dcgan::{DcganConfig, DcganEncoder, DcganEncoderConfig, DcganGenerator};
//! use semantic_inpaint_latent_encoder::{LatentEncoderTrainer, LatentEncoderTraining};
//! use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
//! use semantic_inpaint_train::{TrainConfig, Trainer as _};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = DcganConfig { generator_channels: 4, image_size_px: 32, ..DcganConfig::default() };
//! let mut rng = Rng::from_seed(1);
//! let generator = DcganGenerator::initialize(config, &mut rng, &Device::Cpu)?;
//! let sizes = DcganEncoderConfig::of_generator(&config, 4);
//! let encoder = DcganEncoder::initialize(sizes, &mut rng, &Device::Cpu)?;
//!
//! let images = ImageBatch::new(rng.uniform(-1.0, 1.0, (4, 3, 32, 32), &Device::Cpu)?)?;
//! let training = LatentEncoderTraining {
//!     train: TrainConfig { batch_size: 4, ..LatentEncoderTraining::train_config() },
//!     ..LatentEncoderTraining::new(vec!["square:12".parse()?, "pixels:0.5".parse()?])
//! };
//! let mut trainer = LatentEncoderTrainer::new(encoder, &generator, training, &images)?;
//! assert_eq!(trainer.step(&images)?.step, 1);
//! # Ok(())
//! # }
//! ```

mod error;
mod loss;
mod model;
mod trainer;
mod unjudged;

pub use error::{Error, Result};
pub use loss::weighted_error;
pub use model::LatentEncoderModel;
pub use trainer::{LatentEncoderTrainer, LatentEncoderTraining, predict};
pub use unjudged::Unjudged;
