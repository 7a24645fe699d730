use std::fmt;
use std::str::FromStr;

use semantic_inpaint_tensor::{ImageShape, LatentPrior};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Sizes of a DCGAN, stored in the metadata of its weights.
///
/// The default is the field's: 64x64 RGB images from a latent of length 100, uniform on `[-1, 1]`,
/// base width 64 (Radford et al. 2016; Yeh et al. 2017).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DcganConfig {
    /// Length of the latent, Z.
    pub latent_len: usize,
    /// Channels of the generator's widest map (half the image's size); doubled at every halving.
    pub generator_channels: usize,
    /// Channels of the discriminator's widest map; doubled at every halving.
    pub discriminator_channels: usize,
    /// Height and width of an image in pixels: 32, 64 or 128.
    pub image_size_px: usize,
    /// Channels of an image: 3 for RGB, 1 for gray.
    pub image_channels: usize,
    /// The distribution of latents.
    pub latent_prior: LatentPrior,
    /// What keeps the discriminator's layers in scale.
    pub discriminator_norm: DiscriminatorNorm,
}

/// What keeps the discriminator's layers in scale; the generator has batch normalization always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DiscriminatorNorm {
    /// Batch normalization but in the first and last layer, no biases (Radford et al. 2016).
    #[default]
    Batch,
    /// Every weight divided by its largest singular value, and biases (Miyato et al. 2018). A model
    /// file holds the divided weights, as [`DiscriminatorNorm::Absent`].
    Spectral,
    /// Nothing but biases: an image's logit does not depend on the others of its batch.
    #[serde(rename = "none")]
    Absent,
}

impl fmt::Display for DiscriminatorNorm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Batch => "batch",
            Self::Spectral => "spectral",
            Self::Absent => "none",
        })
    }
}

impl FromStr for DiscriminatorNorm {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "batch" => Ok(Self::Batch),
            "spectral" => Ok(Self::Spectral),
            "none" => Ok(Self::Absent),
            _ => Err(Error::InvalidConfig {
                what: "discriminator norm",
                expected: "batch, spectral or none",
                got: format!("`{text}`"),
            }),
        }
    }
}

impl Default for DcganConfig {
    fn default() -> Self {
        Self {
            latent_len: 100,
            generator_channels: 64,
            discriminator_channels: 64,
            image_size_px: 64,
            image_channels: 3,
            latent_prior: LatentPrior::Uniform,
            discriminator_norm: DiscriminatorNorm::Batch,
        }
    }
}

impl DcganConfig {
    /// Succeeds when every size is one that the networks can have.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidConfig`] with the first that is not.
    pub fn validate(&self) -> Result<()> {
        let invalid = |what, expected, got: usize| {
            Err(Error::InvalidConfig {
                what,
                expected,
                got: got.to_string(),
            })
        };
        if !matches!(self.image_size_px, 32 | 64 | 128) {
            return invalid("image size in pixels", "32, 64 or 128", self.image_size_px);
        }
        if !matches!(self.image_channels, 1 | 3) {
            return invalid("number of image channels", "1 or 3", self.image_channels);
        }
        for (what, got) in [
            ("latent length", self.latent_len),
            ("generator width", self.generator_channels),
            ("discriminator width", self.discriminator_channels),
        ] {
            if !(1..=4096).contains(&got) {
                return invalid(what, "between 1 and 4096", got);
            }
        }
        Ok(())
    }

    /// Shape of one image.
    #[must_use]
    pub fn image_shape(&self) -> ImageShape {
        let size = self.image_size_px;
        ImageShape {
            channels: self.image_channels,
            height: size,
            width: size,
        }
    }

    /// How often a side halves from the image to the 4x4 map.
    pub(crate) fn num_halvings(&self) -> usize {
        (self.image_size_px / 4).ilog2() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_norms_round_trip_and_old_files_have_batch_normalization() {
        for norm in [
            DiscriminatorNorm::Batch,
            DiscriminatorNorm::Spectral,
            DiscriminatorNorm::Absent,
        ] {
            assert_eq!(norm.to_string().parse::<DiscriminatorNorm>().unwrap(), norm);
            assert_eq!(serde_json::to_string(&norm).unwrap(), format!("\"{norm}\""));
        }
        let message = "layer"
            .parse::<DiscriminatorNorm>()
            .unwrap_err()
            .to_string();
        assert!(message.contains("batch, spectral or none"), "{message}");
        let old: DcganConfig = serde_json::from_str("{\"latent_len\": 7}").unwrap();
        assert_eq!(old.discriminator_norm, DiscriminatorNorm::Batch);
    }
}
