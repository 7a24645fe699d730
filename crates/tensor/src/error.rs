use thiserror::Error;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong with tensors, batches and devices.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor has another shape than its role asks for.
    #[error("{what}: expected shape {expected}, got {got:?}")]
    ShapeMismatch {
        /// The role of the tensor, for example `images`.
        what: &'static str,
        /// The shape in words or symbols, for example `[N, C, H, W]`.
        expected: String,
        /// The shape that was found.
        got: Vec<usize>,
    },
    /// A tensor has a type of number that the operation does not take.
    #[error("{what}: expected {expected}, got {got:?}")]
    DTypeMismatch {
        /// The role of the tensor.
        what: &'static str,
        /// The accepted types in words.
        expected: &'static str,
        /// The type that was found.
        got: candle_core::DType,
    },
    /// A value lies outside its range.
    #[error("{what} must be {expected}, got {got}")]
    OutOfRange {
        /// The value's name.
        what: &'static str,
        /// The range in words.
        expected: String,
        /// The value that was found.
        got: String,
    },
    /// A device name could not be understood.
    #[error("unknown device `{0}`: use auto, cpu, cuda or cuda:INDEX")]
    UnknownDevice(String),
    /// The device was asked for by name and cannot be used.
    #[error("device {device} is not available ({reason}): use `cpu` or `auto`")]
    DeviceUnavailable {
        /// The device's name.
        device: String,
        /// Why it cannot be used.
        reason: String,
    },
    /// candle failed.
    #[error(transparent)]
    Candle(#[from] candle_core::Error),
}
