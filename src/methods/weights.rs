use semantic_inpaint_nn::Params;
use semantic_inpaint_tensor::{DType, Error as TensorError};
use sha2::{Digest as _, Sha256};

use crate::Result;

/// Bytes of the hash that are told: enough that two models never share them.
const NUM_BYTES: usize = 8;

/// 16 hexadecimal digits of the SHA-256 of networks' parameters, their names, shapes and values: the same
/// on every device, and whatever file they came from.
pub(super) fn weights_hash(networks: &[&Params]) -> Result<String> {
    let mut hash = Sha256::new();
    for params in networks {
        for (name, tensor, _) in params.iter() {
            hash.update(format!("{name} {:?}\n", tensor.dims()));
            let values = tensor
                .flatten_all()
                .and_then(|values| values.to_dtype(DType::F32)?.to_vec1::<f32>());
            let bytes = values.map_err(TensorError::from)?;
            let bytes: Vec<u8> = bytes.into_iter().flat_map(f32::to_le_bytes).collect();
            hash.update(bytes);
        }
        hash.update("\n");
    }
    let digest = hash.finalize();
    let digits = digest.iter().take(NUM_BYTES);
    Ok(digits.map(|byte| format!("{byte:02x}")).collect())
}
