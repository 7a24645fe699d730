use std::path::PathBuf;

use thiserror::Error;

use crate::import::Network;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with networks and the weights read for them.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of weights cannot be read at all.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is neither safetensors nor what PyTorch writes.
    #[error(
        "{} holds no weights in a known format: save them with torch.save(model.state_dict(), PATH) \
         or as safetensors", path.display()
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A file is a bare pickle: PyTorch's format before version 1.6, or an object pickled as a whole.
    #[error(
        "{} is a bare pickle, the format of PyTorch before 1.6: load it in PyTorch 1.6 or later and \
         re-save it with torch.save(model.state_dict(), PATH)", path.display()
    )]
    BarePickle {
        /// The file.
        path: PathBuf,
    },
    /// A PyTorch file asks for a Python object other than tensors in dictionaries: a whole module was
    /// saved, or the file is hostile. Nothing of it was executed.
    #[error(
        "{} asks Python for {object}, but only tensors in dictionaries are read and nothing is \
         executed: if you trust the file, re-save it with torch.save(model.state_dict(), PATH)",
        path.display()
    )]
    ForbiddenObject {
        /// The file.
        path: PathBuf,
        /// Module and name of the object, for example `posix.system`.
        object: String,
    },
    /// A file of weights ends too early or contradicts itself.
    #[error("{} is damaged ({reason}): download it or save it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A file was understood and holds no tensor.
    #[error("{} holds no tensors: save a state dict with torch.save(model.state_dict(), PATH)", path.display())]
    NoTensors {
        /// The file.
        path: PathBuf,
    },
    /// A tensor's name has no place in a DCGAN.
    #[error(
        "`{name}` is no parameter of a DCGAN {network}: names are `main.N.weight`, `tconvN.weight`, \
         `convN.weight`, `bnN.weight` or `blockN.conv.weight`, and convolutions have no bias"
    )]
    UnknownParameter {
        /// The name as in the file.
        name: String,
        /// The network it was read for.
        network: Network,
    },
    /// Two tensors have the same place in the network.
    #[error("`{name}` is there twice: save the state dict of one {network} only")]
    DuplicateParameter {
        /// The name in this crate.
        name: String,
        /// The network it was read for.
        network: Network,
    },
    /// A parameter that the network needs is not there.
    #[error("the {network} lacks `{name}`: is this the state dict of the {network}, and complete?")]
    MissingParameter {
        /// The name in this crate.
        name: String,
        /// The network it was read for.
        network: Network,
    },
    /// A parameter has a shape that does not fit the layers around it.
    #[error(
        "`{name}` of the {network} has shape {got:?}, expected {expected}: is this the state dict of \
         the {network} of a DCGAN with 4x4 kernels?"
    )]
    UnexpectedShape {
        /// The name in this crate.
        name: String,
        /// The network it was read for.
        network: Network,
        /// The shape in words or symbols.
        expected: String,
        /// The shape that was found.
        got: Vec<usize>,
    },
    /// A size is not one that the networks can have.
    #[error("{what} must be {expected}, got {got}")]
    InvalidConfig {
        /// The size's name.
        what: &'static str,
        /// The range in words.
        expected: &'static str,
        /// The value that was found.
        got: String,
    },
    /// Weights do not fit the network, or cannot be read or written.
    #[error(transparent)]
    Weights(#[from] semantic_inpaint_nn::Error),
    /// A tensor or device operation failed.
    #[error(transparent)]
    Tensor(#[from] semantic_inpaint_tensor::Error),
}
