use std::collections::BTreeMap;

use semantic_inpaint_dcgan::{DcganConfig, DcganEncoder, DcganEncoderConfig};
use semantic_inpaint_latent_encoder::{LatentEncoderTraining, predict};
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_nn::{Mode, Network as _};
use semantic_inpaint_tensor::{Device, Error, ImageBatch, Rng};
use semantic_inpaint_train::{Observer, Outcome, RunDirectory, Silent, StepReport, TrainConfig};
use semantic_inpaint_train::{Trainer as _, train};

use crate::{Trainer, encoder, generator, images, settings, shapes, trainer};

/// The images of a step.
fn real(step: u64) -> Result<ImageBatch, Error> {
    Ok(images(4, 1000 + step))
}

fn run_in(folder: &tempfile::TempDir) -> RunDirectory {
    RunDirectory::create(&folder.path().join("run"), "", "{}").unwrap()
}

/// The bytes of every file of the last checkpoint.
fn last_checkpoint(run: &RunDirectory) -> BTreeMap<String, Vec<u8>> {
    testkit::files_in(&run.last_checkpoint().unwrap().1)
}

struct StopAfter(u64, u64);

impl Observer for StopAfter {
    fn stepped(&mut self, report: &StepReport) {
        self.1 = report.step;
    }

    fn sampled(&mut self, _step: u64, samples: &ImageBatch) {
        // Image, hole and completion of each of three.
        assert_eq!(samples.count(), 9);
    }

    fn wants_stop(&mut self) -> bool {
        self.0 == self.1
    }
}

#[test]
fn a_resumed_run_ends_with_the_same_bits() {
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (whole, parts) = (run_in(&whole), run_in(&parts));
    train(&mut trainer(), &real, &whole, &mut Silent).unwrap();
    let outcome = train(&mut trainer(), &real, &parts, &mut StopAfter(3, 0)).unwrap();
    assert_eq!(outcome, Outcome::Stopped);
    let mut resumed = trainer();
    let checkpoint = parts.last_checkpoint().unwrap().1;
    let adversaries = resumed.adversaries_mut();
    adversaries.restore_checkpoint(&checkpoint).unwrap();
    assert_eq!(resumed.adversaries().steps(), 3);
    train(&mut resumed, &real, &parts, &mut StopAfter(0, 1)).unwrap();
    let (got, want) = (last_checkpoint(&parts), last_checkpoint(&whole));
    assert_eq!(
        got.keys().collect::<Vec<_>>(),
        want.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in got {
        assert!(bytes == want[&name], "{name}");
    }
}

/// Root mean square error of an encoder's predictions of 16 unseen images with a hole, in the hole.
fn error_in_hole(encoder: &DcganEncoder) -> f32 {
    let truth = images(16, 77);
    let mask = shapes(&["square:12"])[0].build(32, 32, &mut Rng::from_seed(0));
    let mask = mask.unwrap();
    let corrupted = CorruptedImages::new(&truth, &mask).unwrap();
    let images = predict(encoder, &generator(), &corrupted, Mode::Eval).unwrap();
    let squares = (images.tensor() - truth.tensor()).unwrap().sqr().unwrap();
    let hole = mask.to_tensor(&Device::Cpu).unwrap().affine(-1.0, 1.0);
    let squares = squares.broadcast_mul(&hole.unwrap()).unwrap();
    let sum: f32 = squares.sum_all().unwrap().to_scalar().unwrap();
    (sum / (3 * 144 * 16) as f32).sqrt()
}

#[test]
fn an_encoder_learns_to_fill_holes_of_unseen_images_through_a_generator_that_stays() {
    let training = LatentEncoderTraining {
        train: TrainConfig {
            batch_size: 16,
            averaging_decay: 0.9,
            ..LatentEncoderTraining::train_config()
        },
        ..settings()
    };
    let generator = generator();
    let weights = || -> Vec<f32> {
        let first = generator.params().tensor("block0.conv.weight").unwrap();
        first.flatten_all().unwrap().to_vec1().unwrap()
    };
    let before = weights();
    let mut trainer = Trainer::new(encoder(8), &generator, training, &images(2, 9)).unwrap();
    let untrained = error_in_hole(trainer.averaged_encoder());
    for step in 0..120 {
        trainer.step(&images(16, 5000 + step)).unwrap();
    }
    let trained = error_in_hole(trainer.averaged_encoder());
    assert!(trained < 0.4 * untrained, "{untrained} to {trained}");
    assert_eq!(weights(), before);
}

#[test]
fn what_a_hole_held_changes_the_loss_alone_not_the_prediction() {
    let (truth, other) = (images(2, 1), images(2, 2));
    let mask = Mask::from_missing(32, 32, |row, col| row < 9 && col > 3).unwrap();
    let known = mask.to_tensor(&Device::Cpu).unwrap();
    let missing = known.affine(-1.0, 1.0).unwrap();
    let mixed = truth.tensor().broadcast_mul(&known).unwrap()
        + other.tensor().broadcast_mul(&missing).unwrap();
    let mixed = ImageBatch::new(mixed.unwrap()).unwrap();
    let predicted = |images: &ImageBatch| {
        let corrupted = CorruptedImages::new(images, &mask).unwrap();
        let images = predict(&encoder(4), &generator(), &corrupted, Mode::Eval);
        images.unwrap().to_values().unwrap()
    };
    assert_eq!(predicted(&truth), predicted(&mixed));
    let loss = |images: &ImageBatch| trainer().step_with(images, &mask).unwrap().generator_loss;
    assert_ne!(loss(&truth), loss(&mixed));
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let refusal = |encoder: DcganEncoder, training: LatentEncoderTraining| {
        let trainer = Trainer::new(encoder, &generator(), training, &images(2, 9));
        trainer.unwrap_err().to_string()
    };
    let none = LatentEncoderTraining {
        masks: Vec::new(),
        ..settings()
    };
    assert!(refusal(encoder(4), none).contains("square:20"));
    let weight = LatentEncoderTraining {
        hole_weight: 0.0,
        ..settings()
    };
    assert!(refusal(encoder(4), weight).contains("weight of the hole"));
    let mut alone = settings();
    alone.train.batch_size = 1;
    assert!(refusal(encoder(4), alone).contains("batch size"));
    let sizes = DcganConfig {
        latent_len: 7,
        ..crate::sizes()
    };
    let config = DcganEncoderConfig::of_generator(&sizes, 4);
    let other = DcganEncoder::initialize(config, &mut Rng::from_seed(1), &Device::Cpu);
    let message = refusal(other.unwrap(), settings());
    assert!(
        message.contains("7 uniform") && message.contains("6 uniform"),
        "{message}"
    );
}
