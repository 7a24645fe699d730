use semantic_inpaint_dcgan::{DcganConfig, DiscriminatorNorm};
use semantic_inpaint_tensor::passes::Precision;
use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
use semantic_inpaint_train::{DiffAugment, Error, GradientPenalty, Objective, TrainConfig};

use crate::{
    NETWORKS, Trainer, assert_same, bits, real, settings, state_of, toy, trainer_of, weights,
};

const PENALTY: GradientPenalty = GradientPenalty {
    weight: 3.0,
    every: 2,
};

const NORMS: [DiscriminatorNorm; 3] = [
    DiscriminatorNorm::Batch,
    DiscriminatorNorm::Spectral,
    DiscriminatorNorm::Absent,
];

/// Every option once, alone or with others.
fn options() -> Vec<(DiscriminatorNorm, TrainConfig)> {
    let mut all = Vec::new();
    for norm in NORMS {
        for objective in [
            Objective::NonSaturating,
            Objective::Hinge,
            Objective::Wasserstein,
        ] {
            let config = TrainConfig {
                objective,
                gradient_penalty: PENALTY,
                averaging_warmup: 5,
                ..settings()
            };
            all.push((norm, config));
        }
    }
    for augmentation in ["color", "translation", "cutout", "color,translation,cutout"] {
        let config = TrainConfig {
            augmentation: augmentation.parse().unwrap(),
            ..settings()
        };
        all.push((DiscriminatorNorm::Batch, config.clone()));
        let with_penalty = TrainConfig {
            objective: Objective::Hinge,
            gradient_penalty: PENALTY,
            ..config
        };
        all.push((DiscriminatorNorm::Spectral, with_penalty));
    }
    // Elsewhere this is the run that every other is compared with.
    if Precision::Bf16.is_available_on(&Device::Cpu) {
        let config = TrainConfig {
            precision: Precision::Bf16,
            ..settings()
        };
        all.push((DiscriminatorNorm::Batch, config));
    }
    all
}

fn trainer(norm: DiscriminatorNorm, config: &TrainConfig) -> Trainer {
    let networks = DcganConfig {
        discriminator_norm: norm,
        ..NETWORKS
    };
    trainer_of(networks, config.clone())
}

fn make_steps(trainer: &mut Trainer, steps: std::ops::Range<u64>) {
    for step in steps {
        trainer.step(&real(step).unwrap()).unwrap();
    }
}

#[test]
fn three_steps_a_restored_checkpoint_and_three_steps_equal_six() {
    for (norm, config) in options() {
        let mut whole = trainer(norm, &config);
        make_steps(&mut whole, 0..6);
        let mut first = trainer(norm, &config);
        make_steps(&mut first, 0..3);
        let folder = tempfile::tempdir().unwrap();
        let checkpoint = folder.path().join("checkpoint");
        first.save_checkpoint(&checkpoint).unwrap();
        let mut second = trainer(norm, &config);
        second.restore_checkpoint(&checkpoint).unwrap();
        make_steps(&mut second, 3..6);
        assert_same(&state_of(&second), &state_of(&whole));
    }
}

#[test]
fn every_option_changes_the_run() {
    let after = |norm, config: &TrainConfig| {
        let mut trainer = trainer(norm, config);
        make_steps(&mut trainer, 0..1);
        let report = trainer.step(&real(1).unwrap()).unwrap();
        // The warm-up of the average shows in the average alone; between its margins a hinge has
        // Wasserstein's gradient, and another value.
        let average = bits(&weights(trainer.averaged_generator()));
        (average, report.discriminator_loss.to_bits())
    };
    let mut seen = vec![after(DiscriminatorNorm::Batch, &settings())];
    for (norm, config) in options() {
        let got = after(norm, &config);
        assert!(!seen.contains(&got), "{norm} {config:?}");
        seen.push(got);
    }
}

#[test]
fn networks_of_every_size_make_a_step_with_every_norm() {
    for size in [32, 64, 128] {
        for norm in NORMS {
            let networks = DcganConfig {
                image_size_px: size,
                discriminator_norm: norm,
                ..NETWORKS
            };
            let config = TrainConfig {
                gradient_penalty: PENALTY,
                augmentation: DiffAugment::ALL,
                ..settings()
            };
            let mut trainer = trainer_of(networks, config);
            let images = Rng::from_seed(2).uniform(-1.0, 1.0, (2, 3, size, size), &Device::Cpu);
            let images = ImageBatch::new(images.unwrap()).unwrap();
            let before = bits(&weights(trainer.generator()));
            trainer.step(&images).unwrap();
            assert!(bits(&weights(trainer.generator())) != before);
            let samples = trainer.samples().unwrap();
            assert_eq!(samples.tensor().dims(), [3, 3, size, size]);
        }
    }
}

#[test]
fn the_penalty_comes_at_the_first_step_and_then_in_its_interval() {
    let config = TrainConfig {
        gradient_penalty: GradientPenalty {
            weight: 1.0,
            every: 3,
        },
        ..settings()
    };
    let mut trainer = trainer(DiscriminatorNorm::Batch, &config);
    let had: Vec<bool> = (0..7)
        .map(|step| {
            let report = trainer.step(&real(step).unwrap()).unwrap();
            report.gradient_penalty.is_some_and(|penalty| penalty > 0.0)
        })
        .collect();
    assert_eq!(had, [true, false, false, true, false, false, true]);
}

#[test]
fn a_penalty_keeps_the_gradient_small() {
    let last = |weight: f64| {
        let mut config = TrainConfig {
            gradient_penalty: GradientPenalty { weight, every: 1 },
            ..settings()
        };
        config.discriminator.learning_rate = 0.01;
        let mut trainer = trainer(DiscriminatorNorm::Absent, &config);
        let reports = (0..40).map(|step| trainer.step(&real(step).unwrap()).unwrap());
        reports.last().unwrap().gradient_penalty.unwrap() / weight
    };
    let (weak, strong) = (last(1e-6), last(100.0));
    assert!(strong < weak / 10.0, "{weak} {strong}");
}

#[test]
fn a_discriminator_without_input_gradient_is_refused_a_penalty() {
    let config = TrainConfig {
        gradient_penalty: PENALTY,
        ..settings()
    };
    let error = toy::trainer(config)
        .step(&toy::real(0).unwrap())
        .unwrap_err();
    assert!(matches!(error, Error::Network(_)), "{error}");
    assert!(error.to_string().contains("without a gradient penalty"));
}

#[test]
fn a_linear_warm_up_of_the_average_follows_its_formula() {
    let config = TrainConfig {
        averaging_decay: 0.8,
        averaging_warmup: 4,
        ..settings()
    };
    let mut trainer = toy::trainer(config);
    let value =
        |tensor: &semantic_inpaint_tensor::Tensor| f64::from(tensor.to_vec1::<f32>().unwrap()[0]);
    let mut average = value(&weights(trainer.generator())["gain"]);
    for (step, decay) in [0.2, 0.4, 0.6, 0.8, 0.8, 0.8].into_iter().enumerate() {
        trainer.step(&toy::real(step as u64).unwrap()).unwrap();
        let now = value(&weights(trainer.generator())["gain"]);
        average = decay * average + (1.0 - decay) * now;
        let got = value(&weights(trainer.averaged_generator())["gain"]);
        assert!((got - average).abs() < 1e-6, "{step}: {got} {average}");
    }
}
