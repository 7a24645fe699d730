use std::collections::HashMap;

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_nn::{Discriminator, Generator, Mode, Network, Role};
use semantic_inpaint_tensor::{Device, ImageBatch, Latent, Tensor};
use testkit::{Tolerance, assert_close, golden, images_from_levels, under};

use crate::MANIFEST;

/// PyTorch's own f32 lies within 9e-7 of the file; ten times that is room for another order of sums.
const FORWARD: Tolerance = Tolerance::relative(1e-5);

const CONFIG: DcganConfig = DcganConfig {
    latent_len: 8,
    generator_channels: 4,
    discriminator_channels: 4,
    image_size_px: 64,
    image_channels: 3,
    latent_prior: semantic_inpaint_tensor::LatentPrior::Normal,
    discriminator_norm: semantic_inpaint_dcgan::DiscriminatorNorm::Batch,
};

fn file() -> HashMap<String, Tensor> {
    golden(MANIFEST, "dcgan_forward")
}

fn generator(file: &HashMap<String, Tensor>) -> DcganGenerator {
    DcganGenerator::from_tensors(CONFIG, &under("generator", file), &Device::Cpu).unwrap()
}

fn discriminator(file: &HashMap<String, Tensor>) -> DcganDiscriminator {
    DcganDiscriminator::from_tensors(CONFIG, &under("discriminator", file), &Device::Cpu).unwrap()
}

fn images(file: &HashMap<String, Tensor>) -> ImageBatch {
    ImageBatch::new(images_from_levels(&file["image_levels"])).unwrap()
}

fn latent(file: &HashMap<String, Tensor>) -> Latent {
    Latent::new(file["z"].clone()).unwrap()
}

/// Every running statistic of the network equals the file's under `prefix`.
fn assert_statistics(network: &impl Network, prefix: &str, file: &HashMap<String, Tensor>) {
    let want = under(prefix, file);
    let mut compared = 0;
    for (name, got, role) in network.params().iter() {
        if role == Role::Statistic {
            assert_close(&format!("{prefix}.{name}"), got, &want[name], FORWARD);
            compared += 1;
        }
    }
    let in_file = want.keys().filter(|name| name.contains(".running_"));
    assert_eq!(compared, in_file.count());
}

#[test]
fn generated_images_in_evaluation_equal_pytorch() {
    let file = file();
    let got = generator(&file)
        .forward(&latent(&file), Mode::Eval)
        .unwrap();
    let want = &file["generator_eval.images"];
    assert_close("images", got.tensor(), want, FORWARD);
}

#[test]
fn logits_in_evaluation_equal_pytorch() {
    let file = file();
    let got = discriminator(&file)
        .forward(&images(&file), Mode::Eval)
        .unwrap();
    let want = &file["discriminator_eval.logits"];
    assert_close("logits", got.tensor(), want, FORWARD);
}

#[test]
fn generated_images_and_statistics_in_training_equal_pytorch() {
    let file = file();
    let generator = generator(&file);
    let got = generator.forward(&latent(&file), Mode::Train).unwrap();
    let want = &file["generator_train.images"];
    assert_close("images", got.tensor(), want, FORWARD);
    assert_statistics(&generator, "generator_train", &file);
}

#[test]
fn logits_and_statistics_in_training_equal_pytorch() {
    let file = file();
    let discriminator = discriminator(&file);
    let got = discriminator.forward(&images(&file), Mode::Train).unwrap();
    let want = &file["discriminator_train.logits"];
    assert_close("logits", got.tensor(), want, FORWARD);
    assert_statistics(&discriminator, "discriminator_train", &file);
}

/// Frozen networks have batch normalization folded into their convolutions, which rounds differently.
#[test]
fn frozen_copies_equal_evaluation_and_pytorch() {
    let file = file();
    let generator = generator(&file).frozen().unwrap();
    let got = generator.forward(&latent(&file), Mode::Eval).unwrap();
    assert_close(
        "images",
        got.tensor(),
        &file["generator_eval.images"],
        FORWARD,
    );
    let discriminator = discriminator(&file).frozen().unwrap();
    let got = discriminator.forward(&images(&file), Mode::Eval).unwrap();
    assert_close(
        "logits",
        got.tensor(),
        &file["discriminator_eval.logits"],
        FORWARD,
    );
}
