use std::path::{Path, PathBuf};

use semantic_inpaint_context_encoder::ContextEncoderModel;
use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_latent_encoder::LatentEncoderModel;
use semantic_inpaint_tensor::Device;

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

/// The file itself, or that of a run.
fn model_file(path: &Path) -> PathBuf {
    let of_a_run = OF_A_RUN.map(|name| path.join(name));
    let found = of_a_run.into_iter().find(|file| file.is_file());
    found.unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_dcgan::{DcganConfig, DcganGenerator, ModelCard};
    use semantic_inpaint_nn::weight_file::StoredPrecision;
    use semantic_inpaint_tensor::Rng;

    use super::*;

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
