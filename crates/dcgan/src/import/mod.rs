//! Weights that other programs saved, read without executing anything.
//!
//! [`read_state_dict`] turns a file into named tensors: safetensors, or what PyTorch's `torch.save`
//! writes for a state dict (alone or within a checkpoint dictionary). A PyTorch file contains a
//! pickle, a small program that Python would run; here only the few instructions that describe
//! tensors in dictionaries are understood, and everything else is refused by name.
//! [`to_parameter_names`] gives the tensors the names of this crate, and [`infer_shape`] checks that
//! they are a DCGAN and says of which size.
//!
//! ```
//! use semantic_inpaint_dcgan::import::{self, Network};
//!
//! # fn main() -> semantic_inpaint_dcgan::Result<()> {
//! # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tutorial_generator.pth");
//! let state = import::read_state_dict(path)?;
//! assert!(state.contains_key("main.0.weight"));
//! let parameters = import::to_parameter_names(state, Network::Generator)?;
//! assert!(parameters.contains_key("block0.conv.weight"));
//! let shape = import::infer_shape(&parameters, Network::Generator)?;
//! assert_eq!((shape.image_size_px, shape.channels), (64, 3));
//! # Ok(())
//! # }
//! ```

mod infer;
mod names;
mod pickle;
mod pth;
mod read;
mod record;
#[cfg(test)]
mod tests;

use std::fmt;

pub use infer::{InferredShape, infer_shape};
pub use names::{names_network, to_parameter_names};
pub use read::read_state_dict;

/// Which of the two networks a set of weights belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// Latent to image: transposed convolutions.
    Generator,
    /// Image to logit: convolutions.
    Discriminator,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Generator => "generator",
            Self::Discriminator => "discriminator",
        })
    }
}
