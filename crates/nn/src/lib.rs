//! Layers, named parameters, losses and optimizers for small generative networks.
//!
//! [`Params`] holds a network's tensors by name, in a fixed order; names are part of the interface,
//! because weight files use them. Layers ([`Conv2d`], [`ConvTranspose2d`], [`BatchNorm`], [`SpectralNorm`]) are built
//! on top of a `Params` and read their tensors from it, and [`Adam`] moves its trainable ones. The traits
//! [`Generator`], [`Discriminator`] and [`LatentEncoder`] are what trainers and inpainters ask of a network, whatever
//! its architecture.
//!
//! ```
//! use semantic_inpaint_nn::{Adam, AdamConfig, Init, ParamSpec, Params, Role, loss};
//! use semantic_inpaint_tensor::{Device, Rng};
//!
//! # fn main() -> semantic_inpaint_nn::Result<()> {
//! let spec = ParamSpec::new("weight", [3], Init::Normal { deviation: 1.0 }, Role::Weight);
//! let params = Params::initialize(&[spec], &mut Rng::from_seed(1), &Device::Cpu)?;
//! let mut adam = Adam::new(&params, AdamConfig::default())?;
//! let loss = loss::binary_cross_entropy(params.tensor("weight")?, 1.0)?;
//! adam.step(&params, &loss.backward().map_err(semantic_inpaint_tensor::Error::from)?)?;
//! # Ok(())
//! # }
//! ```

mod adam;
mod batch_norm;
mod conv;
mod error;
pub mod frozen;
mod gan;
mod init;
mod leaky_relu;
pub mod loss;
mod mode;
pub mod model_file;
mod params;
mod spectral_norm;
pub mod weight_file;

pub use adam::{Adam, AdamConfig};
pub use batch_norm::BatchNorm;
pub use conv::{Conv2d, ConvTranspose2d, Convolution, Kernel};
pub use error::{Error, Result};
pub use gan::{Discriminator, Generator, LatentEncoder, Logits, Network};
pub use init::Init;
pub use leaky_relu::leaky_relu_pullback;
pub use mode::Mode;
pub use model_file::{ModelCard, ModelFile};
pub use params::{ParamSpec, Params, Role};
pub use spectral_norm::SpectralNorm;
