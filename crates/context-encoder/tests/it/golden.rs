use std::collections::HashMap;

use semantic_inpaint_context_encoder::{
    Connection, ContextEncoder, ContextEncoderConfig, ContextEncoderTraining, JointLoss,
    MaskChannel, Output,
};
use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator};
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_nn::{Mode, Network, weight_file};
use semantic_inpaint_tensor::{Device, ImageBatch, Rng, Tensor};
use semantic_inpaint_train::{StepReport, Trainer as _};
use testkit::{
    Tolerance, assert_all_close, assert_close, first_gradients, golden, images_from_levels, under,
};

use crate::{Trainer, settings, shapes};

const FILL: [f32; 3] = [0.25, -0.5, 0.125];
const NUM_STEPS: usize = 10;

/// PyTorch's own f32 lies within 2.4e-6 of the files' predictions and gradients.
const ONE_PASS: Tolerance = Tolerance::relative(3e-5);
/// PyTorch's own f32 lies within 8.3e-7 of the file's weights after ten steps, and within 1.2e-7 of
/// its losses.
const TEN_STEPS: Tolerance = Tolerance::relative(2e-5);

fn file(name: &str) -> HashMap<String, Tensor> {
    golden(env!("CARGO_MANIFEST_DIR"), name)
}

fn images(file: &HashMap<String, Tensor>) -> ImageBatch {
    ImageBatch::new(images_from_levels(&file["image_levels"])).unwrap()
}

fn square(hole_px: usize, size_px: usize) -> Mask {
    let shape = shapes(&[&format!("square:{hole_px}")])[0];
    shape
        .build(size_px, size_px, &mut Rng::from_seed(0))
        .unwrap()
}

#[test]
fn predictions_and_gradients_of_the_fully_connected_layer_equal_pytorch() {
    let file = file("context_encoder_forward");
    let config = ContextEncoderConfig {
        image_size_px: 64,
        base_channels: 1,
        connection: Connection::ChannelWise,
        output: Output::Patch { size_px: 32 },
        mask_channel: MaskChannel::Without,
        fill: FILL,
    };
    let weights = under("network", &file);
    let network = ContextEncoder::from_tensors(config, &weights, &Device::Cpu).unwrap();
    let truth = images(&file);
    let corrupted = CorruptedImages::new(&truth, &square(20, 64)).unwrap();
    let predict = |mode| network.predict(&corrupted, mode).unwrap().into_tensor();
    let eval = predict(Mode::Eval);
    assert_close("eval", &eval, &file["eval.prediction"], ONE_PASS);
    let prediction = predict(Mode::Train);
    assert_close("train", &prediction, &file["train.prediction"], ONE_PASS);

    let patch = truth.tensor().narrow(2, 16, 32).unwrap().narrow(3, 16, 32);
    let error = (prediction - patch.unwrap()).unwrap().sqr().unwrap();
    let gradients = error.mean_all().unwrap().backward().unwrap();
    let wanted = under("gradient", &file);
    assert!(wanted.len() >= 5);
    for (name, want) in wanted {
        let variable = network.params().variable(&name).unwrap();
        assert_close(&name, gradients.get(variable).unwrap(), &want, ONE_PASS);
    }
}

fn start(file: &HashMap<String, Tensor>) -> Trainer {
    let config = ContextEncoderConfig {
        image_size_px: 32,
        base_channels: 2,
        connection: Connection::Bottleneck { len: 6 },
        output: Output::Whole,
        mask_channel: MaskChannel::With,
        fill: FILL,
    };
    let judge = DcganConfig {
        image_size_px: 32,
        discriminator_channels: 2,
        ..DcganConfig::default()
    };
    let training = ContextEncoderTraining {
        loss: JointLoss {
            overlap_px: 3,
            ..JointLoss::default()
        },
        ..settings(&["square:12"])
    };
    let (network, discriminator) = (
        under("initial.generator", file),
        under("initial.discriminator", file),
    );
    let network = ContextEncoder::from_tensors(config, &network, &Device::Cpu).unwrap();
    let judge = DcganDiscriminator::from_tensors(judge, &discriminator, &Device::Cpu).unwrap();
    Trainer::new(network, judge, training, &images(file)).unwrap()
}

fn step(trainer: &mut Trainer, file: &HashMap<String, Tensor>) -> StepReport {
    trainer.step_with(&images(file), &square(12, 32)).unwrap()
}

#[test]
fn every_gradient_of_the_joint_loss_equals_pytorch() {
    let file = file("context_encoder_train");
    let mut trainer = start(&file);
    step(&mut trainer, &file);
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = folder.path().join("checkpoint");
    trainer.adversaries().save_checkpoint(&checkpoint).unwrap();
    for network in ["generator", "discriminator"] {
        let path = checkpoint.join(format!("adam_{network}.safetensors"));
        let moments = weight_file::load(&path).unwrap().tensors;
        let gradients = first_gradients(&moments);
        let what = format!("gradient.{network}");
        assert_all_close(&what, &gradients, &under(&what, &file), ONE_PASS);
    }
}

#[test]
fn losses_and_weights_of_ten_steps_equal_pytorch() {
    let file = file("context_encoder_train");
    let mut trainer = start(&file);
    let reports: Vec<StepReport> = (0..NUM_STEPS).map(|_| step(&mut trainer, &file)).collect();
    let losses = |loss: fn(&StepReport) -> f64| {
        let losses: Vec<f64> = reports.iter().map(loss).collect();
        Tensor::new(losses.as_slice(), &Device::Cpu).unwrap()
    };
    let check = |name: &str, got: &Tensor| {
        assert_close(name, got, &file[&format!("loss.{name}")], TEN_STEPS);
    };
    check("discriminator", &losses(|report| report.discriminator_loss));
    check("joint", &losses(|report| report.generator_loss));
    let reconstruction = losses(|report| report.reconstruction_loss.unwrap_or_default());
    check("reconstruction", &reconstruction);
    let generator = trainer.network().params().to_tensors().unwrap();
    let want = under("after_10.generator", &file);
    assert_all_close("after_10.generator", &generator, &want, TEN_STEPS);
    let judge = trainer.adversaries().discriminator();
    let discriminator = judge.params().to_tensors().unwrap();
    let want = under("after_10.discriminator", &file);
    assert_all_close("after_10.discriminator", &discriminator, &want, TEN_STEPS);
}
