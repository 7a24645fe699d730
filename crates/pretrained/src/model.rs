use std::fmt;
use std::str::FromStr;

use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_tensor::Device;

use crate::embedded::{self, Embedded, EmbeddedEncoder};
use crate::{Error, Result};

/// A model of the project, by the name of its data set.
///
/// Each has a place in this enum whether or not its weights are part of a build; see
/// [`PretrainedModel::is_embedded`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PretrainedModel {
    /// Faces: a 64x64 DCGAN trained on aligned CelebA photographs, cropped to the face. For
    /// non-commercial research only, as its training data.
    CelebA,
    /// Textures: a 64x64 DCGAN trained on random squares of ten classes of the Describable Textures Dataset.
    Dtd,
    /// Cats and dogs: a 64x64 DCGAN trained on photos of the Oxford-IIIT Pet Dataset, squashed to a square.
    Pets,
}

impl PretrainedModel {
    /// All names, those of models that are not embedded among them.
    pub const ALL: &[Self] = &[Self::CelebA, Self::Dtd, Self::Pets];

    fn embedded(self) -> Option<Embedded> {
        match self {
            Self::CelebA => Some(embedded::CELEBA),
            Self::Dtd => embedded::DTD,
            Self::Pets => embedded::PETS,
        }
    }

    fn embedded_encoder(self) -> Option<EmbeddedEncoder> {
        match self {
            Self::CelebA => Some(embedded::CELEBA_ENCODER),
            Self::Dtd | Self::Pets => None,
        }
    }

    fn embedded_context_encoder(self) -> Option<EmbeddedEncoder> {
        match self {
            Self::CelebA => embedded::CELEBA_CONTEXT_ENCODER,
            Self::Dtd | Self::Pets => None,
        }
    }

    /// Whether a Context Encoder of images like the model's is part of this build.
    #[must_use]
    pub fn has_context_encoder(self) -> bool {
        self.embedded_context_encoder().is_some()
    }

    /// The weight file of a Context Encoder of images like the model's, which fills the holes that its card
    /// names: safetensors in 16-bit floats, of the kind `context-encoder`.
    ///
    /// # Errors
    ///
    /// [`Error::NoContextEncoder`].
    pub fn context_encoder_bytes(self) -> Result<&'static [u8]> {
        let encoder = self.embedded_context_encoder();
        Ok(encoder.ok_or(Error::NoContextEncoder(self))?.weights)
    }

    /// The Context Encoder's model card, in Markdown.
    ///
    /// # Errors
    ///
    /// [`Error::NoContextEncoder`].
    pub fn context_encoder_card_text(self) -> Result<&'static str> {
        let encoder = self.embedded_context_encoder();
        Ok(encoder.ok_or(Error::NoContextEncoder(self))?.card)
    }

    /// Whether an encoder of the model's latents is part of this build.
    #[must_use]
    pub fn has_latent_encoder(self) -> bool {
        self.embedded_encoder().is_some()
    }

    /// The weight file of an encoder that guesses the model's latents from the known pixels of an image:
    /// safetensors in 16-bit floats, of the kind `latent-encoder`.
    ///
    /// # Errors
    ///
    /// [`Error::NoLatentEncoder`].
    pub fn latent_encoder_bytes(self) -> Result<&'static [u8]> {
        let encoder = self.embedded_encoder();
        Ok(encoder.ok_or(Error::NoLatentEncoder(self))?.weights)
    }

    /// The encoder's model card, in Markdown.
    ///
    /// # Errors
    ///
    /// [`Error::NoLatentEncoder`].
    pub fn latent_encoder_card_text(self) -> Result<&'static str> {
        let encoder = self.embedded_encoder();
        Ok(encoder.ok_or(Error::NoLatentEncoder(self))?.card)
    }

    /// Whether the model's weights are part of this build.
    #[must_use]
    pub fn is_embedded(self) -> bool {
        self.embedded().is_some()
    }

    /// The weight file: safetensors in 16-bit floats.
    ///
    /// # Errors
    ///
    /// [`Error::NotEmbedded`].
    pub fn bytes(self) -> Result<&'static [u8]> {
        Ok(self.embedded().ok_or(Error::NotEmbedded(self))?.weights)
    }

    /// The model card, in Markdown.
    ///
    /// # Errors
    ///
    /// [`Error::NotEmbedded`].
    pub fn card_text(self) -> Result<&'static str> {
        Ok(self.embedded().ok_or(Error::NotEmbedded(self))?.card)
    }

    /// What to expect of searches with the model, as `semantic-inpaint calibrate` writes it, in JSON.
    ///
    /// # Errors
    ///
    /// [`Error::NotEmbedded`].
    pub fn calibrations_text(self) -> Result<&'static str> {
        Ok(self
            .embedded()
            .ok_or(Error::NotEmbedded(self))?
            .calibrations)
    }

    /// The generator and discriminator on a device, in f32.
    ///
    /// # Errors
    ///
    /// [`Error::NotEmbedded`]; [`Error::Model`] when memory on the device cannot be allocated.
    pub fn load(self, device: &Device) -> Result<DcganModel> {
        Ok(DcganModel::from_bytes(
            self.bytes()?,
            &format!("embedded model `{self}`"),
            device,
        )?)
    }
}

impl fmt::Display for PretrainedModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CelebA => "celeba",
            Self::Dtd => "dtd",
            Self::Pets => "pets",
        })
    }
}

impl FromStr for PretrainedModel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|model| model.to_string() == text);
        found.copied().ok_or_else(|| {
            let known: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            Error::UnknownModel {
                name: text.to_owned(),
                known: known.join(", "),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_nn::{Discriminator, Generator, Mode};
    use semantic_inpaint_tensor::Rng;

    use super::*;

    #[test]
    fn every_model_loads_fits_a_published_crate_and_has_a_card() {
        for &model in PretrainedModel::ALL {
            assert_eq!(model.to_string().parse::<PretrainedModel>().unwrap(), model);
            if !model.is_embedded() {
                continue;
            }
            let bytes = model.bytes().unwrap().len();
            assert!(
                bytes < 9_500_000,
                "{model}: {bytes} bytes, crates are limited to 10 MB"
            );
            assert!(model.card_text().unwrap().contains("Licence"));
            let loaded = model.load(&Device::Cpu).unwrap();
            let generator = &loaded.generator;
            let (prior, len) = (generator.latent_prior(), generator.latent_len());
            let z = prior
                .sample(4, len, &mut Rng::from_seed(1), &Device::Cpu)
                .unwrap();
            let images = generator.forward(&z, Mode::Eval).unwrap();
            images.check_range().unwrap();
            loaded
                .discriminator
                .unwrap()
                .forward(&images, Mode::Eval)
                .unwrap();
        }
        assert!(PretrainedModel::CelebA.is_embedded());
        assert_eq!(PretrainedModel::Dtd.is_embedded(), cfg!(feature = "dtd"));
        assert_eq!(PretrainedModel::Pets.is_embedded(), cfg!(feature = "pets"));
    }

    #[test]
    fn every_encoder_fits_a_published_crate_and_has_a_card() {
        type Text = fn(PretrainedModel) -> Result<&'static str>;
        type Bytes = fn(PretrainedModel) -> Result<&'static [u8]>;
        let kinds: [(&str, Bytes, Text); 2] = [
            (
                "train latent-encoder",
                PretrainedModel::latent_encoder_bytes,
                PretrainedModel::latent_encoder_card_text,
            ),
            (
                "train context-encoder",
                PretrainedModel::context_encoder_bytes,
                PretrainedModel::context_encoder_card_text,
            ),
        ];
        for (remedy, bytes, card) in kinds {
            for &model in PretrainedModel::ALL {
                let weights = match bytes(model) {
                    Ok(weights) => weights,
                    Err(error) => {
                        let message = error.to_string();
                        assert!(message.contains(&format!("`{model}`")), "{message}");
                        assert!(message.replace("\n", " ").contains(remedy), "{message}");
                        assert!(card(model).is_err());
                        continue;
                    }
                };
                assert!(
                    weights.len() < 9_500_000,
                    "{model}: {} bytes, crates are limited to 10 MB",
                    weights.len()
                );
                assert!(card(model).unwrap().contains("Licence"));
            }
        }
        let celeba = PretrainedModel::CelebA;
        assert!(celeba.has_latent_encoder());
        let has_context_encoder = cfg!(feature = "context-encoder");
        assert_eq!(celeba.has_context_encoder(), has_context_encoder);
    }

    #[test]
    fn models_that_are_not_embedded_say_what_to_do() {
        for &model in PretrainedModel::ALL {
            if model.is_embedded() {
                continue;
            }
            let message = model.load(&Device::Cpu).unwrap_err().to_string();
            assert!(message.contains(&format!("`{model}`")), "{message}");
            assert!(message.contains(&format!("prepare {model}")), "{message}");
            assert!(model.card_text().is_err());
            assert!(model.calibrations_text().is_err());
        }
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        let message = "imagenet"
            .parse::<PretrainedModel>()
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("`imagenet`") && message.contains("celeba"),
            "{message}"
        );
    }
}
