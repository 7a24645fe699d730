use std::collections::HashMap;

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_nn::weight_file;
use semantic_inpaint_tensor::passes::Precision;
use semantic_inpaint_tensor::{Device, ImageBatch, Latent, LatentPrior, Tensor};
use semantic_inpaint_train::{GanTrainer, StepReport, TrainConfig};
use testkit::{
    Tolerance, assert_all_close, assert_close, first_gradients, golden, images_from_levels, under,
};

use crate::{Trainer, weights};

const FILE_OWNER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dcgan");
const NUM_STEPS: usize = 10;

/// PyTorch's own f32 lies within 1.4e-6 of the file's gradients.
const GRADIENT: Tolerance = Tolerance::relative(2e-5);
/// PyTorch's own f32 lies within 1.5e-7 of the file's weights after one step.
const ONE_STEP: Tolerance = Tolerance::relative(2e-6);
/// PyTorch's own f32 lies within 7.5e-7 of the file's weights after ten steps, and within 5.3e-7 of
/// its losses.
const TEN_STEPS: Tolerance = Tolerance::relative(1e-5);

/// Factors of 8 significant bits.
const BFLOAT16: Tolerance = Tolerance::relative(3e-2);

fn file() -> HashMap<String, Tensor> {
    golden(FILE_OWNER, "train_step")
}

fn start(file: &HashMap<String, Tensor>, precision: Precision) -> Trainer {
    let config = DcganConfig {
        latent_len: 8,
        generator_channels: 2,
        discriminator_channels: 2,
        image_size_px: 64,
        image_channels: 3,
        latent_prior: LatentPrior::Uniform,
        ..DcganConfig::default()
    };
    let generator = under("initial.generator", file);
    let discriminator = under("initial.discriminator", file);
    let settings = TrainConfig {
        batch_size: 4,
        precision,
        ..TrainConfig::default()
    };
    GanTrainer::new(
        DcganGenerator::from_tensors(config, &generator, &Device::Cpu).unwrap(),
        DcganDiscriminator::from_tensors(config, &discriminator, &Device::Cpu).unwrap(),
        settings,
    )
    .unwrap()
}

fn step(trainer: &mut Trainer, file: &HashMap<String, Tensor>) -> StepReport {
    let real = ImageBatch::new(images_from_levels(&file["real_levels"])).unwrap();
    let z = file["z"].get(trainer.steps() as usize).unwrap();
    trainer.step_with(&real, &Latent::new(z).unwrap()).unwrap()
}

/// Weights and running statistics of both networks.
fn assert_networks(
    trainer: &Trainer,
    file: &HashMap<String, Tensor>,
    prefix: &str,
    tolerance: Tolerance,
) {
    let generator = format!("{prefix}.generator");
    let want = under(&generator, file);
    assert_all_close(&generator, &weights(trainer.generator()), &want, tolerance);
    let discriminator = format!("{prefix}.discriminator");
    let want = under(&discriminator, file);
    let got = weights(trainer.discriminator());
    assert_all_close(&discriminator, &got, &want, tolerance);
}

#[test]
fn every_gradient_of_the_first_step_equals_pytorch() {
    let file = file();
    let mut trainer = start(&file, Precision::F32);
    step(&mut trainer, &file);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    trainer.save_checkpoint(&checkpoint).unwrap();
    for network in ["generator", "discriminator"] {
        let path = checkpoint.join(format!("adam_{network}.safetensors"));
        let moments = weight_file::load(&path).unwrap().tensors;
        let gradients = first_gradients(&moments);
        let what = format!("gradient.{network}");
        assert_all_close(&what, &gradients, &under(&what, &file), GRADIENT);
    }
}

#[test]
fn weights_and_statistics_after_one_step_equal_pytorch() {
    let file = file();
    let mut trainer = start(&file, Precision::F32);
    step(&mut trainer, &file);
    assert_networks(&trainer, &file, "after_1", ONE_STEP);
}

#[test]
fn losses_weights_and_statistics_of_ten_steps_equal_pytorch() {
    let file = file();
    let mut trainer = start(&file, Precision::F32);
    assert_losses(&mut trainer, &file, TEN_STEPS);
    assert_networks(&trainer, &file, "after_10", TEN_STEPS);
}

#[test]
fn losses_of_ten_steps_in_bfloat16_are_near_those_of_pytorch() {
    let file = file();
    let mut trainer = start(&file, Precision::Bf16);
    assert_losses(&mut trainer, &file, BFLOAT16);
}

/// The losses of ten steps.
fn assert_losses(trainer: &mut Trainer, file: &HashMap<String, Tensor>, tolerance: Tolerance) {
    let reports: Vec<StepReport> = (0..NUM_STEPS).map(|_| step(trainer, file)).collect();
    let losses = |loss: fn(&StepReport) -> f64| {
        let losses: Vec<f64> = reports.iter().map(loss).collect();
        Tensor::new(losses.as_slice(), &Device::Cpu).unwrap()
    };
    let discriminator =
        (&file["loss.discriminator_real"] + &file["loss.discriminator_fake"]).unwrap();
    let got = losses(|report| report.discriminator_loss);
    assert_close("discriminator loss", &got, &discriminator, tolerance);
    let got = losses(|report| report.generator_loss);
    assert_close("generator loss", &got, &file["loss.generator"], tolerance);
}
