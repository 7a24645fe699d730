use std::collections::BTreeMap;
use std::path::Path;

use semantic_inpaint_nn::weight_file::StoredPrecision;
use semantic_inpaint_nn::{Error as NnError, ModelCard, ModelFile, Network};
use semantic_inpaint_tensor::{Device, Tensor};

use crate::{DcganConfig, DcganDiscriminator, DcganGenerator, Result};

const KIND: &str = "dcgan";
const GENERATOR: &str = "generator.";
const DISCRIMINATOR: &str = "discriminator.";

/// A generator and the discriminator that it was trained against, as one file.
///
/// The file is safetensors with tensors `generator.block0.conv.weight`, ...,
/// `discriminator.block0.conv.weight`, ... and a [`ModelCard`] in its metadata. The discriminator may
/// be absent: a search then has no prior loss.
#[derive(Debug, Clone)]
pub struct DcganModel {
    /// Maps latents to images.
    pub generator: DcganGenerator,
    /// Judges images, where the file has it.
    pub discriminator: Option<DcganDiscriminator>,
    /// Where the weights come from.
    pub card: ModelCard,
}

impl DcganModel {
    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// [`semantic_inpaint_nn::Error::ModelFile`] when the metadata is missing or of another kind or version; a weight error
    /// with file or parameter when the file is damaged or the shapes do not fit the configuration.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let name = path.display().to_string();
        Self::from_file(ModelFile::load(path, KIND)?, &name, device)
    }

    /// Reads a model from the bytes of its file; `name` stands for the file in errors.
    ///
    /// # Errors
    ///
    /// As [`DcganModel::load`].
    pub fn from_bytes(bytes: &[u8], name: &str, device: &Device) -> Result<Self> {
        Self::from_file(ModelFile::from_bytes(bytes, name, KIND)?, name, device)
    }

    /// Writes the model to one file, whole or not at all. Spectral normalization is written as the
    /// weights that it results in, so that a plain discriminator reads them.
    ///
    /// # Errors
    ///
    /// A weight error naming the file when it cannot be written.
    pub fn save(&self, path: &Path, precision: StoredPrecision) -> Result<()> {
        let mut tensors = prefixed(GENERATOR, self.generator.params().to_tensors()?);
        let mut config = *self.generator.config();
        if let Some(discriminator) = &self.discriminator {
            let plain = discriminator.without_spectral_norm()?;
            tensors.extend(prefixed(DISCRIMINATOR, plain.params().to_tensors()?));
            config.discriminator_norm = plain.config().discriminator_norm;
        }
        let file = ModelFile {
            config,
            card: self.card.clone(),
            tensors,
        };
        Ok(file.save(path, KIND, precision)?)
    }

    fn from_file(file: ModelFile<DcganConfig>, name: &str, device: &Device) -> Result<Self> {
        let (generator, discriminator) = split(file.tensors, name)?;
        let config = file.config;
        let discriminator = (!discriminator.is_empty())
            .then(|| DcganDiscriminator::from_tensors(config, &discriminator, device))
            .transpose()?;
        Ok(Self {
            generator: DcganGenerator::from_tensors(config, &generator, device)?,
            discriminator,
            card: file.card,
        })
    }
}

type Tensors = BTreeMap<String, Tensor>;

fn prefixed(prefix: &str, tensors: Tensors) -> Tensors {
    tensors
        .into_iter()
        .map(|(name, tensor)| (format!("{prefix}{name}"), tensor))
        .collect()
}

fn split(tensors: Tensors, file: &str) -> Result<(Tensors, Tensors)> {
    let (mut generator, mut discriminator) = (Tensors::new(), Tensors::new());
    for (name, tensor) in tensors {
        if let Some(short) = name.strip_prefix(GENERATOR) {
            generator.insert(short.to_owned(), tensor);
        } else if let Some(short) = name.strip_prefix(DISCRIMINATOR) {
            discriminator.insert(short.to_owned(), tensor);
        } else {
            let reason = format!("tensor `{name}` belongs to neither network");
            return Err(NnError::ModelFile {
                file: file.to_owned(),
                reason,
            }
            .into());
        }
    }
    Ok((generator, discriminator))
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_nn::{Discriminator, Mode, weight_file};
    use semantic_inpaint_tensor::{ImageBatch, Rng};

    use super::*;
    use crate::DiscriminatorNorm;

    fn model() -> DcganModel {
        let config = DcganConfig {
            latent_len: 8,
            generator_channels: 4,
            discriminator_channels: 2,
            ..DcganConfig::default()
        };
        let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
        DcganModel {
            generator: DcganGenerator::initialize(config, rng, cpu).unwrap(),
            discriminator: Some(DcganDiscriminator::initialize(config, rng, cpu).unwrap()),
            card: ModelCard {
                dataset: "none".into(),
                steps: 3,
                ..ModelCard::default()
            },
        }
    }

    #[test]
    fn files_round_trip_exactly_in_f32() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let model = model();
        model.save(&path, StoredPrecision::F32).unwrap();
        let read = DcganModel::load(&path, &Device::Cpu).unwrap();
        assert_eq!(
            (read.generator.config(), &read.card),
            (model.generator.config(), &model.card)
        );
        for (name, tensor, _) in model.generator.params().iter() {
            let flat = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(
                flat(tensor),
                flat(read.generator.params().tensor(name).unwrap()),
                "{name}"
            );
        }
    }

    #[test]
    fn spectral_normalization_is_saved_as_the_plain_discriminator_it_results_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let config = DcganConfig {
            discriminator_norm: DiscriminatorNorm::Spectral,
            ..*model().generator.config()
        };
        let (rng, cpu) = (&mut Rng::from_seed(2), &Device::Cpu);
        let generator = DcganGenerator::initialize(config, rng, cpu).unwrap();
        let trained = DcganDiscriminator::initialize(config, rng, cpu).unwrap();
        let images = rng.uniform(-1.0, 1.0, (3, 3, 64, 64), cpu).unwrap();
        let images = ImageBatch::new(images).unwrap();
        let model = DcganModel {
            generator,
            discriminator: Some(trained.clone()),
            card: ModelCard::default(),
        };
        model.save(&path, StoredPrecision::F32).unwrap();

        let read = DcganModel::load(&path, cpu).unwrap();
        let plain = read.discriminator.unwrap();
        assert_eq!(plain.config().discriminator_norm, DiscriminatorNorm::Absent);
        assert_eq!(read.generator.config(), plain.config());
        assert!(
            plain
                .params()
                .iter()
                .all(|(name, ..)| !name.contains("singular"))
        );
        let logits = |network: &DcganDiscriminator| {
            let logits = network.forward(&images, Mode::Eval).unwrap();
            logits.tensor().to_vec1::<f32>().unwrap()
        };
        assert_eq!(logits(&plain), logits(&trained));
        assert_eq!(
            logits(&plain.frozen().unwrap()),
            logits(&trained.frozen().unwrap())
        );
    }

    #[test]
    fn a_model_without_discriminator_loads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        DcganModel {
            discriminator: None,
            ..model()
        }
        .save(&path, StoredPrecision::F16)
        .unwrap();
        assert!(
            DcganModel::load(&path, &Device::Cpu)
                .unwrap()
                .discriminator
                .is_none()
        );
    }

    #[test]
    fn foreign_files_and_shapes_are_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let save = |tensors: &Tensors, metadata: &str| {
            weight_file::save(&path, tensors, metadata, StoredPrecision::F32).unwrap();
            DcganModel::load(&path, &Device::Cpu)
                .unwrap_err()
                .to_string()
        };
        let config = serde_json::to_string(&DcganConfig::default()).unwrap();
        let metadata = |kind: &str, format: u32| {
            format!("{{\"format\":{format},\"kind\":\"{kind}\",\"config\":{config}}}")
        };
        let tensors = prefixed(GENERATOR, model().generator.params().to_tensors().unwrap());
        assert!(save(&tensors, "not json").contains("metadata"));
        assert!(save(&tensors, &metadata("other", 1)).contains("`other`"));
        assert!(save(&tensors, &metadata("dcgan", 9)).contains("format 9"));
        let message = save(&tensors, &metadata("dcgan", 1));
        assert!(
            message.contains("expected shape [100, 512, 4, 4]"),
            "{message}"
        );
        assert!(message.contains("found [8, 32, 4, 4]"), "{message}");
    }
}
