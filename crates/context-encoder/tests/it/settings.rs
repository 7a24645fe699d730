use semantic_inpaint_context_encoder::{
    ContextEncoderConfig, ContextEncoderTrainer, ContextEncoderTraining, JointLoss, Output,
};
use semantic_inpaint_train::Trainer as _;

use crate::{Trainer, discriminator, images, network, settings, shapes, small, trainer};

/// What `ContextEncoderTrainer::new` says.
fn refusal(
    config: ContextEncoderConfig,
    judged_px: usize,
    settings: ContextEncoderTraining,
) -> String {
    let samples = images(2, config.image_size_px, 1);
    let made: Result<Trainer, _> = ContextEncoderTrainer::new(
        network(config),
        discriminator(judged_px),
        settings,
        &samples,
    );
    made.unwrap_err().to_string()
}

#[test]
fn settings_that_cannot_be_trained_are_refused_with_the_reason() {
    let patch = ContextEncoderConfig {
        image_size_px: 64,
        output: Output::Patch { size_px: 32 },
        ..small()
    };
    let mut alone = settings(&["square:12"]);
    alone.train.batch_size = 1;
    let mut wild = settings(&["square:12"]);
    wild.train.generator.learning_rate = -1.0;
    let mut heavy = settings(&["square:12"]);
    heavy.loss = JointLoss {
        adversarial_weight: 2.0,
        ..JointLoss::default()
    };
    for (config, judged_px, settings, reason) in [
        (small(), 32, settings(&[]), "at least one"),
        (small(), 32, settings(&["square:40"]), "square:40"),
        (
            small(),
            64,
            settings(&["square:12"]),
            "discriminator's image shape",
        ),
        (
            patch,
            64,
            settings(&["square:12"]),
            "discriminator's image shape",
        ),
        (patch, 32, settings(&["square:40"]), "centered 32x32 patch"),
        (patch, 32, settings(&["pixels:0.8"]), "whole"),
        (small(), 32, alone, "batch size"),
        (small(), 32, wild, "learning rate"),
        (small(), 32, heavy, "adversarial weight"),
    ] {
        let message = refusal(config, judged_px, settings);
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn images_of_another_size_stop_a_step_with_both_sizes() {
    let mut trainer = trainer(small(), settings(&["square:12"]));
    let message = trainer.step(&images(4, 64, 1)).unwrap_err().to_string();
    assert!(message.contains("64"), "{message}");
}

#[test]
fn the_published_rates_are_the_defaults() {
    let training = ContextEncoderTraining::new(shapes(&["square:20"]));
    assert_eq!(training.train.generator.learning_rate, 2e-3);
    assert_eq!(training.train.discriminator.learning_rate, 2e-4);
    assert_eq!(training.train.generator.beta1, 0.5);
    assert_eq!(training.loss.adversarial_weight, 0.001);
}
