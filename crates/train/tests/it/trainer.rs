use std::collections::BTreeMap;

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_tensor::{Device, ImageBatch, Rng, Tensor};
use semantic_inpaint_train::{Error, GanTrainer, Silent, TrainConfig, train};
use testkit::{Tolerance, assert_close};

use crate::{
    NETWORKS, assert_same, bits, real, run_in, settings, state_of, train_until, trainer,
    trainer_of, weights,
};

#[test]
fn the_same_seed_gives_the_same_run_and_another_seed_another() {
    let run = |seed: u64| {
        let mut trainer = trainer_of(NETWORKS, TrainConfig { seed, ..settings() });
        for step in 0..2 {
            trainer.step(&real(step).unwrap()).unwrap();
        }
        state_of(&trainer)
    };
    assert_same(&run(1), &run(1));
    assert!(run(1) != run(2));
}

#[test]
fn samples_are_the_same_at_every_call_and_move_with_training() {
    let mut trainer = trainer();
    let samples = |trainer: &crate::Trainer| trainer.samples().unwrap().to_values().unwrap();
    let first = samples(&trainer);
    assert_eq!(samples(&trainer), first);
    let state = state_of(&trainer);
    samples(&trainer);
    assert_same(&state_of(&trainer), &state);
    trainer.step(&real(0).unwrap()).unwrap();
    assert_ne!(samples(&trainer), first);
}

/// The average after steps 1 to 3 by the formula, in f64.
fn averaged_by_formula(averaging_decay: f64) -> (crate::Trainer, BTreeMap<String, Tensor>) {
    let mut trainer = trainer_of(
        NETWORKS,
        TrainConfig {
            averaging_decay,
            ..settings()
        },
    );
    let exact = |tensors: BTreeMap<String, Tensor>| -> BTreeMap<String, Tensor> {
        let widen = |(name, tensor): (String, Tensor)| {
            let tensor = tensor.to_dtype(semantic_inpaint_tensor::DType::F64);
            (name, tensor.unwrap())
        };
        tensors.into_iter().map(widen).collect()
    };
    let mut average = exact(weights(trainer.generator()));
    for step in 0..3 {
        trainer.step(&real(step).unwrap()).unwrap();
        let t = (step + 1) as f64;
        let decay = averaging_decay.min((1.0 + t) / (10.0 + t));
        for (name, now) in exact(weights(trainer.generator())) {
            let kept = (&average[&name] * decay).unwrap();
            let moved = (kept + (now * (1.0 - decay)).unwrap()).unwrap();
            average.insert(name, moved);
        }
    }
    (trainer, average)
}

#[test]
fn the_averaged_generator_follows_its_formula() {
    // Decays of 2/11, 3/12 and 4/13 while warming up; 0.22 cuts the last two.
    for averaging_decay in [0.999, 0.22] {
        let (trainer, want) = averaged_by_formula(averaging_decay);
        for (name, got) in weights(trainer.averaged_generator()) {
            assert_close(&name, &got, &want[&name], Tolerance::F32_ROUNDING);
        }
    }
}

#[test]
fn the_generator_step_leaves_the_discriminator_weights_alone() {
    // With a rate that changes nothing, whatever else moved the discriminator would show.
    let mut still = settings();
    still.discriminator.learning_rate = f64::MIN_POSITIVE;
    let mut trainer = trainer_of(NETWORKS, still);
    let weights_only = |trainer: &crate::Trainer| {
        let mut bits = bits(&weights(trainer.discriminator()));
        bits.retain(|name, _| !name.contains("running"));
        bits
    };
    let before = weights_only(&trainer);
    let generator = bits(&weights(trainer.generator()));
    trainer.step(&real(0).unwrap()).unwrap();
    assert_same(&weights_only(&trainer), &before);
    assert!(bits(&weights(trainer.generator())) != generator);
}

#[test]
fn images_that_are_no_numbers_end_the_run_and_leave_the_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let source = |step: u64| {
        let images = real(step)?;
        if step < 4 {
            return Ok(images);
        }
        ImageBatch::new((images.into_tensor() * f64::NAN)?)
    };
    let mut trainer = trainer();
    let error = train(&mut trainer, &source, &run, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::Diverged { step: 5, .. }), "{error}");
    let (step, checkpoint) = run.last_checkpoint().unwrap();
    assert_eq!(step, 4);
    let mut resumed = crate::trainer();
    resumed.restore_checkpoint(&checkpoint).unwrap();
    train_until(&mut resumed, &run, 10);
    assert!(resumed.samples().unwrap().check_range().is_ok());
}

#[test]
fn a_failing_source_is_named_with_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    let source = |step: u64| {
        if step == 3 {
            return Err(std::io::Error::other("the disk is gone"));
        }
        Ok(real(step).unwrap())
    };
    let error = train(&mut trainer(), &source, &run, &mut Silent).unwrap_err();
    assert!(matches!(error, Error::Batch { step: 3, .. }));
    let message = error.to_string();
    assert!(
        message.contains("step 3") && message.contains("the disk is gone"),
        "{message}"
    );
    assert_eq!(run.last_checkpoint().unwrap().0, 2);
}

#[test]
fn networks_and_images_that_do_not_fit_are_refused() {
    let mut rng = Rng::from_seed(1);
    let larger = DcganConfig {
        image_size_px: 64,
        ..NETWORKS
    };
    let generator = DcganGenerator::initialize(NETWORKS, &mut rng, &Device::Cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(larger, &mut rng, &Device::Cpu).unwrap();
    assert!(matches!(
        GanTrainer::new(generator, discriminator, settings()),
        Err(Error::InvalidSetting { .. })
    ));
    let large = rng.uniform(-1.0, 1.0, (4, 3, 64, 64), &Device::Cpu);
    let large = ImageBatch::new(large.unwrap()).unwrap();
    let message = trainer().step(&large).unwrap_err().to_string();
    assert!(message.contains("[N, 3, 32, 32]"), "{message}");
}
