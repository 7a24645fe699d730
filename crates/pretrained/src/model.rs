use std::fmt;
use std::str::FromStr;

use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_tensor::Device;

use crate::{Error, Result};

/// An embedded model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PretrainedModel {
    /// Faces: a 64x64 DCGAN trained on aligned CelebA photographs, cropped to the face. For
    /// non-commercial research only, as its training data.
    CelebA,
}

impl PretrainedModel {
    /// All embedded models.
    pub const ALL: &[Self] = &[Self::CelebA];

    /// The weight file: safetensors in 16-bit floats.
    #[must_use]
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::CelebA => include_bytes!("../weights/celeba.safetensors"),
        }
    }

    /// The model card, in Markdown.
    #[must_use]
    pub fn card_text(self) -> &'static str {
        match self {
            Self::CelebA => include_str!("../weights/celeba.md"),
        }
    }

    /// The generator and discriminator on a device, in f32.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] when memory on the device cannot be allocated.
    pub fn load(self, device: &Device) -> Result<DcganModel> {
        Ok(DcganModel::from_bytes(
            self.bytes(),
            &format!("embedded model `{self}`"),
            device,
        )?)
    }
}

impl fmt::Display for PretrainedModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CelebA => "celeba",
        })
    }
}

impl FromStr for PretrainedModel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|model| model.to_string() == text);
        found.copied().ok_or_else(|| Error::UnknownModel {
            name: text.to_owned(),
            known: Self::ALL
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", "),
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
        let total: usize = PretrainedModel::ALL
            .iter()
            .map(|model| model.bytes().len())
            .sum();
        assert!(
            total < 9_500_000,
            "{total} bytes: crates are limited to 10 MB"
        );
        for &model in PretrainedModel::ALL {
            assert_eq!(model.to_string().parse::<PretrainedModel>().unwrap(), model);
            assert!(model.card_text().contains("Licence"));
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
