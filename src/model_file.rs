use std::path::{Path, PathBuf};

use semantic_inpaint_context_encoder::{
    ContextEncoder, ContextEncoderModel, Error as EncoderError,
};
use semantic_inpaint_dcgan::{DcganModel, ModelCard};
use semantic_inpaint_latent_encoder::LatentEncoderModel;
use semantic_inpaint_nn::weight_file;
use semantic_inpaint_pretrained::PretrainedModel;
use semantic_inpaint_tensor::Device;
use semantic_inpaint_train::{Error as TrainError, RunDirectory};

use crate::Result;

/// What a run of the trainer leaves for users, the first that is there: the best model by score, and
/// the newest.
const OF_A_RUN: [&str; 2] = ["best.safetensors", "model.safetensors"];

/// The model in a file, or in the folder of a training run: its best by score, else its newest.
///
/// ```no_run
/// use semantic_inpaint::{Device, Inpainter, load_model};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inpainter = Inpainter::from_model(load_model("runs/faces", &Device::Cpu)?)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Model`](crate::Error::Model) naming the file.
pub fn load_model(path: impl AsRef<Path>, device: &Device) -> Result<DcganModel> {
    Ok(DcganModel::load(&model_file(path.as_ref()), device)?)
}

/// The Context Encoder in a file, or in the folder of a training run: its best by score, else its newest.
///
/// # Errors
///
/// [`Error::ContextEncoder`](crate::Error::ContextEncoder) naming the file.
pub fn load_context_encoder(
    path: impl AsRef<Path>,
    device: &Device,
) -> Result<ContextEncoderModel> {
    Ok(ContextEncoderModel::load(
        &model_file(path.as_ref()),
        device,
    )?)
}

/// The encoder of latents in a file, or in the folder of a training run: its best by score, else its
/// newest.
///
/// # Errors
///
/// [`Error::LatentEncoder`](crate::Error::LatentEncoder) naming the file.
pub fn load_latent_encoder(path: impl AsRef<Path>, device: &Device) -> Result<LatentEncoderModel> {
    Ok(LatentEncoderModel::load(
        &model_file(path.as_ref()),
        device,
    )?)
}

/// The encoder of a built-in model's latents; `None` where none is part of this build.
///
/// # Errors
///
/// [`Error::LatentEncoder`](crate::Error::LatentEncoder) when memory on the device cannot be allocated.
pub fn embedded_latent_encoder(
    model: PretrainedModel,
    device: &Device,
) -> Result<Option<LatentEncoderModel>> {
    let Ok(bytes) = model.latent_encoder_bytes() else {
        return Ok(None);
    };
    let name = format!("embedded encoder of `{model}`");
    Ok(Some(LatentEncoderModel::from_bytes(bytes, &name, device)?))
}

/// The Context Encoder of images like a built-in model's.
///
/// # Errors
///
/// [`Error::Pretrained`](crate::Error::Pretrained) when none is part of this build;
/// [`Error::ContextEncoder`](crate::Error::ContextEncoder) when memory on the device cannot be allocated.
pub fn embedded_context_encoder(
    model: PretrainedModel,
    device: &Device,
) -> Result<ContextEncoderModel> {
    let bytes = model.context_encoder_bytes()?;
    let name = format!("embedded Context Encoder of `{model}`");
    Ok(ContextEncoderModel::from_bytes(bytes, &name, device)?)
}

/// What a training run's `model` was at the oldest checkpoint that the run keeps, to see what training
/// did: the averaged network, with its step in the card.
///
/// `None` where there is no such checkpoint of an earlier step than the model's: for a single file, and
/// for a folder without `checkpoints`. A run keeps its newest few and its best (`--keep-checkpoints` of
/// the trainer).
///
/// # Errors
///
/// [`Error::ContextEncoder`](crate::Error::ContextEncoder) naming what cannot be read.
pub fn load_early_context_encoder(
    run: impl AsRef<Path>,
    model: &ContextEncoderModel,
    device: &Device,
) -> Result<Option<ContextEncoderModel>> {
    let run = run.as_ref();
    if !run.join("config.toml").is_file() || !run.join("checkpoints").is_dir() {
        return Ok(None);
    }
    let oldest = RunDirectory::open(run).and_then(|run| run.oldest_checkpoint());
    let (steps, folder) = match oldest {
        Ok(oldest) => oldest,
        Err(TrainError::NoCheckpoint { .. }) => return Ok(None),
        Err(error) => return Err(EncoderError::from(error).into()),
    };
    if steps >= model.card.steps {
        return Ok(None);
    }
    let weights = weight_file::load(&folder.join("averaged_generator.safetensors"));
    let tensors = weights.map_err(EncoderError::from)?.tensors;
    let config = *model.network.config();
    Ok(Some(ContextEncoderModel {
        network: ContextEncoder::from_tensors(config, &tensors, device)?,
        masks: model.masks.clone(),
        card: ModelCard {
            steps,
            ..model.card.clone()
        },
    }))
}

/// The file itself, or that of a run.
fn model_file(path: &Path) -> PathBuf {
    let of_a_run = OF_A_RUN.map(|name| path.join(name));
    let found = of_a_run.into_iter().find(|file| file.is_file());
    found.unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_context_encoder::{Connection, ContextEncoderConfig};
    use semantic_inpaint_dcgan::{DcganConfig, DcganGenerator};
    use semantic_inpaint_nn::Network as _;
    use semantic_inpaint_nn::weight_file::StoredPrecision;
    use semantic_inpaint_tensor::Rng;

    use super::*;

    fn encoder(seed: u64, steps: u64) -> ContextEncoderModel {
        let config = ContextEncoderConfig {
            image_size_px: 32,
            base_channels: 4,
            connection: Connection::Bottleneck { len: 8 },
            ..ContextEncoderConfig::default()
        };
        let network = ContextEncoder::initialize(config, &mut Rng::from_seed(seed), &Device::Cpu);
        ContextEncoderModel {
            network: network.unwrap(),
            masks: vec!["square:8".parse().unwrap()],
            card: ModelCard {
                steps,
                ..ModelCard::default()
            },
        }
    }

    #[test]
    fn the_oldest_checkpoint_of_a_run_is_what_its_model_was() {
        let run = tempfile::tempdir().unwrap();
        let early = |steps: u64| {
            load_early_context_encoder(run.path(), &encoder(1, steps), &Device::Cpu).unwrap()
        };
        assert!(early(9).is_none(), "no run");
        std::fs::write(run.path().join("config.toml"), "").unwrap();
        std::fs::create_dir(run.path().join("checkpoints")).unwrap();
        assert!(early(9).is_none(), "no checkpoint");
        for (seed, step) in [(2, 4), (3, 6)] {
            let checkpoint = run.path().join(format!("checkpoints/step-{step:06}"));
            std::fs::create_dir(&checkpoint).unwrap();
            let file = checkpoint.join("averaged_generator.safetensors");
            let tensors = encoder(seed, 0).network.params().to_tensors().unwrap();
            weight_file::save(&file, &tensors, "{}", StoredPrecision::F32).unwrap();
        }
        let found = early(9).unwrap();
        assert_eq!((found.card.steps, found.masks.len()), (4, 1));
        let values = |model: &ContextEncoderModel| -> Vec<Vec<f32>> {
            let tensors = model.network.params().to_tensors().unwrap();
            let flat = tensors.values().map(|tensor| tensor.flatten_all().unwrap());
            flat.map(|tensor| tensor.to_vec1().unwrap()).collect()
        };
        assert_eq!(values(&found), values(&encoder(2, 0)));
        assert!(early(4).is_none(), "the model itself");
        let file = run.path().join("config.toml");
        let of_file = load_early_context_encoder(file, &encoder(1, 9), &Device::Cpu);
        assert!(of_file.unwrap().is_none());
    }

    #[test]
    fn the_folder_of_a_run_gives_its_best_model_or_else_its_newest() {
        let config = DcganConfig {
            generator_channels: 4,
            image_size_px: 32,
            ..DcganConfig::default()
        };
        let generator = DcganGenerator::initialize(config, &mut Rng::from_seed(1), &Device::Cpu);
        let mut model = DcganModel {
            generator: generator.unwrap(),
            discriminator: None,
            card: ModelCard::default(),
        };
        let folder = tempfile::tempdir().unwrap();
        let steps = || load_model(folder.path(), &Device::Cpu).map(|model| model.card.steps);
        let message = steps().unwrap_err().to_string();
        assert!(
            message.contains(&folder.path().display().to_string()),
            "{message}"
        );
        for (name, expected) in [("model", 7), ("best", 3)] {
            model.card.steps = expected;
            let file = folder.path().join(format!("{name}.safetensors"));
            model.save(&file, StoredPrecision::F16).unwrap();
            assert_eq!(steps().unwrap(), expected);
            assert_eq!(
                load_model(&file, &Device::Cpu).unwrap().card.steps,
                expected
            );
        }
    }
}
