use std::fmt;
use std::str::FromStr;

use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_tensor::Device;

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
    /// Textures of the Describable Textures Dataset. Not embedded yet.
    Dtd,
    /// Cats and dogs of the Oxford-IIIT Pet Dataset. Not embedded yet.
    Pets,
}

/// Weights and card of a model that is part of this build.
struct Embedded {
    weights: &'static [u8],
    card: &'static str,
    calibrations: &'static str,
}

/// Weights and card of an encoder that is part of this build.
struct EmbeddedEncoder {
    weights: &'static [u8],
    card: &'static str,
}

impl PretrainedModel {
    /// All names, those of models that are not embedded among them.
    pub const ALL: &[Self] = &[Self::CelebA, Self::Dtd, Self::Pets];

    /// A published crate is limited to 10 MB, so a model that joins comes as a crate of its own, whose
    /// constants go here (CONTRIBUTING.md, "How to embed a model").
    fn embedded(self) -> Option<Embedded> {
        match self {
            Self::CelebA => Some(Embedded {
                weights: include_bytes!("../weights/celeba.safetensors"),
                card: include_str!("../weights/celeba.md"),
                calibrations: include_str!("../weights/celeba.calibrations.json"),
            }),
            Self::Dtd | Self::Pets => None,
        }
    }

    /// An encoder of the model's latents, in a crate of its own as well.
    fn embedded_encoder(self) -> Option<EmbeddedEncoder> {
        match self {
            Self::CelebA => Some(EmbeddedEncoder {
                weights: semantic_inpaint_pretrained_celeba_encoder::WEIGHTS,
                card: semantic_inpaint_pretrained_celeba_encoder::CARD,
            }),
            Self::Dtd | Self::Pets => None,
        }
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
    }

    #[test]
    fn every_encoder_fits_a_published_crate_and_has_a_card() {
        for &model in PretrainedModel::ALL {
            if !model.has_latent_encoder() {
                let message = model.latent_encoder_bytes().unwrap_err().to_string();
                assert!(message.contains(&format!("`{model}`")), "{message}");
                assert!(message.contains("train latent-encoder"), "{message}");
                assert!(model.latent_encoder_card_text().is_err());
                continue;
            }
            assert!(
                model.is_embedded(),
                "an encoder is of no use without its model"
            );
            let bytes = model.latent_encoder_bytes().unwrap().len();
            assert!(
                bytes < 9_500_000,
                "{model}: {bytes} bytes, crates are limited to 10 MB"
            );
            assert!(
                model
                    .latent_encoder_card_text()
                    .unwrap()
                    .contains("Licence")
            );
        }
        assert!(PretrainedModel::CelebA.has_latent_encoder());
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
