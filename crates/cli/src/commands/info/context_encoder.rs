use std::path::Path;

use anyhow::Result;
use semantic_inpaint::Device;
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::nn::Network as _;
use serde_json::{Value, json};

/// Sizes, holes and card of a Context Encoder.
pub(super) fn describe(path: &Path) -> Result<Value> {
    let model = ContextEncoderModel::load(path, &Device::Cpu)?;
    Ok(json!({
        "kind": "Context Encoder model",
        "model": path,
        "config": model.network.config(),
        "masks": model.masks,
        "parameters": model.network.params().num_values(),
        "card": model.card,
    }))
}
