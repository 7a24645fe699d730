use std::path::PathBuf;

use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with parameters, layers and weight files.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A network asks for a parameter that is not there.
    #[error("parameter `{name}` is missing: the weights belong to another network")]
    MissingParameter {
        /// The parameter's name.
        name: String,
    },
    /// Weights hold a tensor that the network has no place for.
    #[error("tensor `{name}` belongs to no parameter: the weights are of another network")]
    UnexpectedTensor {
        /// The tensor's name.
        name: String,
    },
    /// A parameter has another shape than the network asks for.
    #[error(
        "parameter `{name}`: expected shape {expected:?}, found {found:?}: use weights of the same width, latent length and image size"
    )]
    ParameterShape {
        /// The parameter's name.
        name: String,
        /// The shape that the network asks for.
        expected: Vec<usize>,
        /// The shape in the weights.
        found: Vec<usize>,
    },
    /// A weight is not a finite number.
    #[error("tensor `{name}` holds a value that is not finite: the weights are damaged")]
    NotFinite {
        /// The tensor's name.
        name: String,
    },
    /// A network whose statistics are fixed was run in training mode.
    #[error("this network is frozen: run it with Mode::Eval, or train an unfrozen copy")]
    Frozen,
    /// A penalty on a discriminator's gradient was asked of an architecture that does not give it.
    #[error(
        "this discriminator gives no gradient at its images: train without a gradient penalty, or \
         implement forward_with_input_gradient"
    )]
    NoInputGradient,
    /// A setting lies outside its range.
    #[error("{what} must be {expected}, got {got}")]
    InvalidSetting {
        /// The setting's name.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was found.
        got: String,
    },
    /// A weight file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A weight file is damaged or of another format.
    #[error("{file}: not a valid safetensors file ({reason}): is it complete, and not a pickle?")]
    WeightFile {
        /// The file's name, or what stands for it.
        file: String,
        /// What the parser said.
        reason: String,
    },
    /// A model file is of another kind or version, or its metadata is damaged.
    #[error("{file} is not a model file of this project: {reason}")]
    ModelFile {
        /// The file's name, or what stands for it.
        file: String,
        /// What was found.
        reason: String,
    },
    /// A tensor operation failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Tensor(error.into())
    }
}
