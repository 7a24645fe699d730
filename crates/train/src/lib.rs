//! A GAN trainer whose runs can be stopped at any moment and resumed exactly.
//!
//! [`GanTrainer`] makes one step at a time on any [`Generator`](semantic_inpaint_nn::Generator) and
//! [`Discriminator`](semantic_inpaint_nn::Discriminator) and keeps a running average of the generator.
//! Both are of one kind of [`Trainer`]; others hold [`Adversaries`], too, and minimize another
//! [`GeneratorLoss`].
//! [`train`] runs a trainer over a [`BatchSource`] into a [`RunDirectory`] with checkpoints, an event log
//! and samples from fixed latents, and tells an [`Observer`] what happens; [`train_with_score`] also
//! keeps the best checkpoint by a [`CheckpointScore`]. Every random number of a run is a function of
//! its seed and the step, so that ten steps are ten steps, interrupted or not.
//!
//! [`TrainConfig`] chooses the [`Objective`], the [`GradientPenalty`], the [`DiffAugment`] and, by its
//! [`StabilityConfig`], what happens when a run diverges or collapses.
//!
//! [`History`] reads the numbers of a run back by name. Two features add ways to look at a run: `curves`
//! draws its losses and scores as pictures (`draw_curves`), `tensorboard` writes event files
//! (`TensorBoard`).
//!
//! ```
//! use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
//! use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
//! use semantic_inpaint_train::{GanTrainer, TrainConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = DcganConfig {
//!     generator_channels: 4,
//!     discriminator_channels: 4,
//!     image_size_px: 32,
//!     ..DcganConfig::default()
//! };
//! let mut rng = Rng::from_seed(1);
//! let generator = DcganGenerator::initialize(config, &mut rng, &Device::Cpu)?;
//! let discriminator = DcganDiscriminator::initialize(config, &mut rng, &Device::Cpu)?;
//! let real = ImageBatch::new(rng.uniform(-1.0, 1.0, (8, 3, 32, 32), &Device::Cpu)?)?;
//! let train = TrainConfig { batch_size: 8, ..TrainConfig::default() };
//! let mut trainer = GanTrainer::new(generator, discriminator, train)?;
//! let report = trainer.step(&real)?;
//! assert_eq!(report.step, 1);
//! # Ok(())
//! # }
//! ```

mod adversaries;
mod augmentation;
mod checkpoint;
mod checkpoint_folder;
mod config;
#[cfg(feature = "curves")]
mod curves;
mod diversity;
mod error;
mod event_log;
mod gan_trainer;
mod gradient_penalty;
mod history;
mod objective;
mod observer;
mod run_directory;
mod score;
mod session;
mod stability;
#[cfg(feature = "tensorboard")]
mod tensorboard;
mod trainer;
mod training;

pub use adversaries::{Adversaries, GeneratorLoss, StepReport};
pub use augmentation::DiffAugment;
pub use config::TrainConfig;
#[cfg(feature = "curves")]
pub use curves::draw_curves;
pub use error::{Error, Result};
pub use event_log::Event;
pub use gan_trainer::GanTrainer;
pub use gradient_penalty::GradientPenalty;
pub use history::{History, Series};
pub use objective::Objective;
pub use observer::{Observer, Silent};
pub use run_directory::RunDirectory;
pub use score::{CheckpointScore, CheckpointScores, Unscored};
pub use stability::{Fault, Return, StabilityConfig};
#[cfg(feature = "tensorboard")]
pub use tensorboard::{PngPicture, TensorBoard};
pub use trainer::Trainer;
pub use training::{BatchSource, Outcome, train, train_with_score};
