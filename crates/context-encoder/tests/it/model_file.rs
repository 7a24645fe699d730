use semantic_inpaint_context_encoder::ContextEncoderModel;
use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_nn::weight_file::StoredPrecision;
use semantic_inpaint_nn::{ModelCard, Network as _, model_file};
use semantic_inpaint_tensor::{Device, Tensor};

use crate::{network, shapes, small_with_mask};

fn model() -> ContextEncoderModel {
    ContextEncoderModel {
        network: network(small_with_mask()),
        masks: shapes(&["square:12", "pixels:0.8"]),
        card: ModelCard {
            dataset: "squares".into(),
            steps: 3,
            ..ModelCard::default()
        },
    }
}

#[test]
fn files_round_trip_and_tell_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let model = model();
    model.save(&path, StoredPrecision::F32).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for read in [
        ContextEncoderModel::load(&path, &Device::Cpu).unwrap(),
        ContextEncoderModel::from_bytes(&bytes, "model", &Device::Cpu).unwrap(),
    ] {
        assert_eq!(read.network.config(), model.network.config());
        assert_eq!((&read.masks, &read.card), (&model.masks, &model.card));
        let values = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for (name, tensor, _) in model.network.params().iter() {
            let other = read.network.params().tensor(name).unwrap();
            assert_eq!(values(tensor), values(other), "{name}");
        }
    }
    let kind = model_file::kind(&path).unwrap();
    assert_eq!(kind.as_deref(), Some(ContextEncoderModel::KIND));
    let message = DcganModel::load(&path, &Device::Cpu)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`context-encoder`, not a `dcgan`"),
        "{message}"
    );
}

#[test]
fn a_model_knows_the_holes_that_it_learned() {
    let mut model = model();
    let learned = |model: &ContextEncoderModel, shape: &str| model.learned(shape.parse().unwrap());
    let expected = [
        ("square:12", true),
        ("square:13", false),
        ("pixels:0.8", true),
        ("half:left", false),
    ];
    for (shape, expected) in expected {
        assert_eq!(learned(&model, shape), expected, "{shape}");
    }
    model.masks = shapes(&["half:random"]);
    assert!(learned(&model, "half:left") && learned(&model, "half:random"));
    assert!(!learned(&model, "square:12"));
    model.masks = shapes(&["half:top"]);
    assert!(learned(&model, "half:top") && !learned(&model, "half:random"));
}

#[test]
fn weights_of_another_size_are_refused_with_the_parameter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model().save(&path, StoredPrecision::F16).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let text = br#"\"base_channels\":4"#;
    let place = bytes.windows(text.len()).position(|window| window == text);
    bytes[place.unwrap() + text.len() - 1] = b'8';
    let error = ContextEncoderModel::from_bytes(&bytes, "model", &Device::Cpu).unwrap_err();
    assert!(error.to_string().contains("parameter `"), "{error}");
}
