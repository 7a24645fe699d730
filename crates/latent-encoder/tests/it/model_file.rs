use semantic_inpaint_latent_encoder::LatentEncoderModel;
use semantic_inpaint_nn::ModelCard;
use semantic_inpaint_nn::Network as _;
use semantic_inpaint_nn::weight_file::StoredPrecision;
use semantic_inpaint_tensor::Device;

use crate::{encoder, generator, shapes};

#[test]
fn files_round_trip_exactly_in_f32() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("encoder.safetensors");
    let model = LatentEncoderModel {
        encoder: encoder(4),
        masks: shapes(&["square:12", "half:random"]),
        card: ModelCard {
            dataset: "waves".into(),
            steps: 12,
            ..ModelCard::default()
        },
    };
    model.save(&path, StoredPrecision::F32).unwrap();
    let read = LatentEncoderModel::load(&path, &Device::Cpu).unwrap();
    assert_eq!(
        (read.encoder.config(), &read.masks, &read.card),
        (model.encoder.config(), &model.masks, &model.card)
    );
    let values = |model: &LatentEncoderModel| -> Vec<Vec<f32>> {
        let tensors = model.encoder.params().to_tensors().unwrap().into_values();
        tensors
            .map(|tensor| tensor.flatten_all().unwrap().to_vec1().unwrap())
            .collect()
    };
    assert_eq!(values(&read), values(&model));
}

#[test]
fn a_file_of_another_kind_is_refused_with_both_kinds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let dcgan = semantic_inpaint_dcgan::DcganModel {
        generator: generator(),
        discriminator: None,
        card: ModelCard::default(),
    };
    dcgan.save(&path, StoredPrecision::F16).unwrap();
    let message = LatentEncoderModel::load(&path, &Device::Cpu)
        .unwrap_err()
        .to_string();
    assert!(message.contains("dcgan"), "{message}");
    assert!(message.contains("latent-encoder"), "{message}");
}
