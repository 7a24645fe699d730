use std::path::Path;

use anyhow::{Context as _, Result};
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::nn::model_file;
use semantic_inpaint::nn::weight_file::StoredPrecision;
use semantic_inpaint::{DcganModel, Device, ModelCard};

/// A model as this program stores it, of any kind.
pub(super) enum StoredModel {
    Dcgan(DcganModel),
    ContextEncoder(ContextEncoderModel),
    LatentEncoder(LatentEncoderModel),
}

impl StoredModel {
    /// The model in a file of this program.
    pub(super) fn load(path: &Path) -> Result<Self> {
        let cpu = &Device::Cpu;
        Ok(match model_file::kind(path).ok().flatten().as_deref() {
            Some(ContextEncoderModel::KIND) => {
                Self::ContextEncoder(ContextEncoderModel::load(path, cpu)?)
            }
            Some(LatentEncoderModel::KIND) => {
                Self::LatentEncoder(LatentEncoderModel::load(path, cpu)?)
            }
            _ => Self::Dcgan(DcganModel::load(path, cpu).with_context(
                || "no --latent-prior: weights that are no model file of this program need it",
            )?),
        })
    }

    pub(super) fn card_mut(&mut self) -> &mut ModelCard {
        match self {
            Self::Dcgan(model) => &mut model.card,
            Self::ContextEncoder(model) => &mut model.card,
            Self::LatentEncoder(model) => &mut model.card,
        }
    }

    pub(super) fn save(&self, path: &Path, precision: StoredPrecision) -> Result<()> {
        match self {
            Self::Dcgan(model) => model.save(path, precision)?,
            Self::ContextEncoder(model) => model.save(path, precision)?,
            Self::LatentEncoder(model) => model.save(path, precision)?,
        }
        Ok(())
    }

    /// What it is, in one line.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Dcgan(model) => {
                let config = model.generator.config();
                let networks = match model.discriminator {
                    Some(_) => "generator and discriminator",
                    None => "generator alone: a search will have no prior loss",
                };
                format!(
                    "{size}x{size}, latent {} ({}), {networks}",
                    config.latent_len,
                    config.latent_prior,
                    size = config.image_size_px,
                )
            }
            Self::ContextEncoder(model) => {
                let size = model.network.config().image_size_px;
                format!("Context Encoder for {size}x{size}")
            }
            Self::LatentEncoder(model) => {
                let config = model.encoder.config();
                let (len, prior) = (config.latent_len, config.latent_prior);
                format!("encoder of {len} {prior} latents")
            }
        }
    }
}
