use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};
use semantic_inpaint_tensor::{DType, Device, Tensor};

use super::pth;
use crate::{Error, Result};

/// Why a file could not be read; [`read_state_dict`] adds the path.
#[derive(Debug)]
pub(super) enum Fault {
    UnknownFormat,
    BarePickle,
    Forbidden(String),
    Damaged(String),
    NoTensors,
    Tensor(semantic_inpaint_tensor::Error),
}

impl Fault {
    pub(super) fn damaged(reason: impl Into<String>) -> Self {
        Self::Damaged(reason.into())
    }

    fn at(self, path: &Path) -> Error {
        let path = path.to_path_buf();
        match self {
            Self::UnknownFormat => Error::UnknownFormat { path },
            Self::BarePickle => Error::BarePickle { path },
            Self::Forbidden(object) => Error::ForbiddenObject { path, object },
            Self::Damaged(reason) => Error::Damaged { path, reason },
            Self::NoTensors => Error::NoTensors { path },
            Self::Tensor(error) => Error::Tensor(error),
        }
    }
}

/// The tensors of a safetensors or PyTorch file by name, as f32 on the CPU.
///
/// The format is told by the content, not by the file's ending. Of a PyTorch file the state dict is
/// taken: the tensors at the top, or those of the dictionaries one level below (`{"model":
/// state_dict, "epoch": 3}`). Where several dictionaries hold tensors, as in a checkpoint of both
/// networks, their key is put before the names: `generator.main.0.weight`. Optimizer states and plain
/// values are left out.
///
/// # Errors
///
/// [`Error::Read`]; [`Error::UnknownFormat`] for anything else, an empty file too;
/// [`Error::BarePickle`] for files of PyTorch before 1.6; [`Error::ForbiddenObject`] for whole
/// pickled modules and hostile files, of which nothing is executed; [`Error::Damaged`];
/// [`Error::NoTensors`].
///
/// # Example
///
/// ```
/// use semantic_inpaint_dcgan::import::read_state_dict;
///
/// # fn main() -> semantic_inpaint_dcgan::Result<()> {
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/tutorial_discriminator.pth");
/// let state = read_state_dict(path)?;
/// assert_eq!(state["main.0.weight"].dims(), [2, 3, 4, 4]);
/// # Ok(())
/// # }
/// ```
pub fn read_state_dict(path: impl AsRef<Path>) -> Result<BTreeMap<String, Tensor>> {
    let path = path.as_ref();
    let bytes = std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_path_buf(),
        source,
    })?;
    parse(&bytes).map_err(|fault| fault.at(path))
}

/// The tensors in the bytes of a file.
pub(super) fn parse(bytes: &[u8]) -> std::result::Result<BTreeMap<String, Tensor>, Fault> {
    // A safetensors file starts with a length, whose bytes may look like any other format's start.
    let state = if bytes.get(8) == Some(&b'{') {
        parse_safetensors(bytes)?
    } else if bytes.starts_with(b"PK\x03\x04") {
        pth::parse(bytes)?
    } else if matches!(bytes, [0x80, 2..=5, ..]) {
        return Err(Fault::BarePickle);
    } else {
        return Err(Fault::UnknownFormat);
    };
    if state.is_empty() {
        Err(Fault::NoTensors)
    } else {
        Ok(state)
    }
}

fn parse_safetensors(bytes: &[u8]) -> std::result::Result<BTreeMap<String, Tensor>, Fault> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| Fault::damaged(e.to_string()))?;
    let mut state = BTreeMap::new();
    for (name, view) in tensors.iter() {
        let dtype = match view.dtype() {
            Dtype::U8 => DType::U8,
            Dtype::I64 => DType::I64,
            Dtype::I32 => DType::I32,
            Dtype::F16 => DType::F16,
            Dtype::BF16 => DType::BF16,
            Dtype::F32 => DType::F32,
            Dtype::F64 => DType::F64,
            other => {
                return Err(Fault::damaged(format!(
                    "`{name}` has the unread type {other:?}"
                )));
            }
        };
        state.insert(
            name.to_string(),
            to_tensor(view.data(), dtype, view.shape())?,
        );
    }
    Ok(state)
}

/// An f32 tensor on the CPU from little-endian numbers of any type.
pub(super) fn to_tensor(
    bytes: &[u8],
    dtype: DType,
    shape: &[usize],
) -> std::result::Result<Tensor, Fault> {
    if shape.contains(&0) {
        return Err(Fault::damaged("a tensor is empty"));
    }
    Tensor::from_raw_buffer(bytes, dtype, shape, &Device::Cpu)
        .and_then(|tensor| tensor.to_dtype(DType::F32))
        .map_err(|error| Fault::Tensor(error.into()))
}
