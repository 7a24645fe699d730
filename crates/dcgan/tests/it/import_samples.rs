use std::collections::BTreeMap;
use std::path::Path;

use semantic_inpaint_dcgan::import::{
    InferredShape, Network, infer_shape, read_state_dict, to_parameter_names,
};
use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_nn::{Discriminator, Generator, Mode};
use semantic_inpaint_tensor::{Device, ImageBatch, Latent, LatentPrior, Tensor};
use testkit::{Tolerance, assert_close, golden, images_from_levels};

use crate::MANIFEST;

const GENERATORS: [&str; 6] = [
    "tutorial_generator.pth",
    "checkpoint_dict_generator.pth",
    "data_parallel_generator.pth",
    "layer_names_generator.pth",
    "both_networks.pth",
    "own_names_generator.safetensors",
];
const DISCRIMINATORS: [&str; 3] = [
    "tutorial_discriminator.pth",
    "layer_names_discriminator.pth",
    "both_networks.pth",
];

/// A file's parameters and the sizes that their shapes say.
fn imported(file: &str, network: Network) -> (BTreeMap<String, Tensor>, InferredShape) {
    let path = Path::new(MANIFEST).join("tests/golden").join(file);
    let state = read_state_dict(path).unwrap();
    let parameters = to_parameter_names(state, network).unwrap();
    let shape = infer_shape(&parameters, network).unwrap();
    (parameters, shape)
}

fn config(shape: InferredShape) -> DcganConfig {
    DcganConfig {
        latent_len: shape.latent_len.unwrap_or(1),
        generator_channels: shape.base_channels,
        discriminator_channels: shape.base_channels,
        image_size_px: shape.image_size_px,
        image_channels: shape.channels,
        latent_prior: LatentPrior::Normal,
        ..DcganConfig::default()
    }
}

fn samples(file: &str, z: &Tensor) -> Tensor {
    let (parameters, shape) = imported(file, Network::Generator);
    let generator = DcganGenerator::from_tensors(config(shape), &parameters, &Device::Cpu).unwrap();
    let latent = Latent::new(z.clone()).unwrap();
    generator
        .forward(&latent, Mode::Eval)
        .unwrap()
        .into_tensor()
}

fn logits(file: &str, images: &ImageBatch) -> Tensor {
    let (parameters, shape) = imported(file, Network::Discriminator);
    let discriminator =
        DcganDiscriminator::from_tensors(config(shape), &parameters, &Device::Cpu).unwrap();
    let logits = discriminator.forward(images, Mode::Eval).unwrap();
    logits.tensor().clone()
}

#[test]
fn an_imported_generator_makes_the_images_that_pytorch_made() {
    let file = golden(MANIFEST, "tutorial_samples");
    let first = samples(GENERATORS[0], &file["z"]);
    let want = &file["generator_eval.images"];
    assert_close("images", &first, want, Tolerance::F32_RELATIVE);
    for name in GENERATORS {
        assert_close(name, &samples(name, &file["z"]), &first, Tolerance::EXACT);
    }
}

#[test]
fn an_imported_discriminator_gives_the_logits_that_pytorch_gave() {
    let file = golden(MANIFEST, "tutorial_samples");
    let images = ImageBatch::new(images_from_levels(&file["image_levels"])).unwrap();
    let first = logits(DISCRIMINATORS[0], &images);
    let want = &file["discriminator_eval.logits"];
    assert_close("logits", &first, want, Tolerance::F32_RELATIVE);
    for name in DISCRIMINATORS {
        assert_close(name, &logits(name, &images), &first, Tolerance::EXACT);
    }
}

#[test]
fn imported_weights_of_another_width_are_refused_with_name_and_shapes() {
    let (parameters, shape) = imported(GENERATORS[0], Network::Generator);
    let wider = DcganConfig {
        generator_channels: 4,
        ..config(shape)
    };
    let error = DcganGenerator::from_tensors(wider, &parameters, &Device::Cpu).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("`block0.conv.weight`"), "{message}");
    assert!(message.contains("[6, 32, 4, 4]"), "{message}");
    assert!(message.contains("[6, 16, 4, 4]"), "{message}");
}
