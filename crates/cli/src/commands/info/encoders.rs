use std::path::Path;

use anyhow::Result;
use semantic_inpaint::Device;
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::nn::Network as _;
use serde_json::{Value, json};

/// Sizes, holes and card of a Context Encoder.
pub(super) fn describe_context_encoder(path: &Path) -> Result<Value> {
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

/// Sizes, holes and card of an encoder of latents.
pub(super) fn describe_latent_encoder(path: &Path) -> Result<Value> {
    let model = LatentEncoderModel::load(path, &Device::Cpu)?;
    Ok(json!({
        "kind": "latent encoder model",
        "model": path,
        "config": model.encoder.config(),
        "masks": model.masks,
        "parameters": model.encoder.params().num_values(),
        "card": model.card,
    }))
}
