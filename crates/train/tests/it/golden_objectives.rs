use std::collections::HashMap;

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator, DiscriminatorNorm};
use semantic_inpaint_nn::AdamConfig;
use semantic_inpaint_tensor::{Device, ImageBatch, Latent, LatentPrior, Tensor};
use semantic_inpaint_train::{GanTrainer, GradientPenalty, Objective, StepReport, TrainConfig};
use testkit::{Tolerance, assert_close, golden, images_from_levels, under};

use crate::{Trainer, weights};

/// PyTorch's own f32 lies within 6e-7 of the file.
const FOUR_STEPS: Tolerance = Tolerance::relative(1e-5);

fn trainer(
    case: &str,
    norm: DiscriminatorNorm,
    settings: TrainConfig,
    file: &HashMap<String, Tensor>,
) -> Trainer {
    let config = DcganConfig {
        latent_len: 4,
        generator_channels: 2,
        discriminator_channels: 2,
        image_size_px: 32,
        image_channels: 3,
        latent_prior: LatentPrior::Uniform,
        discriminator_norm: norm,
    };
    let initial = |network: &str| under(&format!("{case}.initial.{network}"), file);
    let (generator, discriminator) = (initial("generator"), initial("discriminator"));
    GanTrainer::new(
        DcganGenerator::from_tensors(config, &generator, &Device::Cpu).unwrap(),
        DcganDiscriminator::from_tensors(config, &discriminator, &Device::Cpu).unwrap(),
        settings,
    )
    .unwrap()
}

fn assert_losses(what: &str, got: &[f64], file: &HashMap<String, Tensor>) {
    let got = Tensor::new(got, &Device::Cpu).unwrap();
    assert_close(what, &got, &file[what], FOUR_STEPS);
}

fn assert_steps_equal_pytorch(case: &str, norm: DiscriminatorNorm, settings: TrainConfig) {
    let file = golden(env!("CARGO_MANIFEST_DIR"), "objectives");
    let mut trainer = trainer(case, norm, settings, &file);
    let real = ImageBatch::new(images_from_levels(&file["real_levels"])).unwrap();
    let reports: Vec<StepReport> = (0..4)
        .map(|step| {
            let z = Latent::new(file["z"].get(step).unwrap()).unwrap();
            trainer.step_with(&real, &z).unwrap()
        })
        .collect();
    let of = |loss: fn(&StepReport) -> f64| reports.iter().map(loss).collect::<Vec<_>>();
    let discriminator = of(|report| report.discriminator_loss);
    assert_losses(&format!("{case}.loss.discriminator"), &discriminator, &file);
    let generator = of(|report| report.generator_loss);
    assert_losses(&format!("{case}.loss.generator"), &generator, &file);
    let penalties: Vec<f64> = reports.iter().filter_map(|r| r.gradient_penalty).collect();
    match file.get(&format!("{case}.loss.penalty")) {
        Some(_) => assert_losses(&format!("{case}.loss.penalty"), &penalties, &file),
        None => assert!(penalties.is_empty()),
    }
    for (network, got) in [
        ("generator", weights(trainer.generator())),
        ("discriminator", weights(trainer.discriminator())),
    ] {
        let prefix = format!("{case}.after.{network}");
        let want = under(&prefix, &file);
        assert!(got.keys().eq(want.keys()), "{prefix}");
        for (name, want) in want {
            assert_close(&format!("{prefix}.{name}"), &got[&name], &want, FOUR_STEPS);
        }
    }
}

fn settings() -> TrainConfig {
    TrainConfig {
        batch_size: 4,
        ..TrainConfig::default()
    }
}

#[test]
fn hinge_steps_with_spectral_normalization_equal_pytorch() {
    let settings = TrainConfig {
        objective: Objective::Hinge,
        ..settings()
    };
    assert_steps_equal_pytorch("hinge", DiscriminatorNorm::Spectral, settings);
}

#[test]
fn wasserstein_steps_with_a_penalty_and_two_rates_equal_pytorch() {
    let rate = |learning_rate| AdamConfig {
        learning_rate,
        ..AdamConfig::default()
    };
    let settings = TrainConfig {
        objective: Objective::Wasserstein,
        gradient_penalty: GradientPenalty {
            weight: 5.0,
            every: 1,
        },
        generator: rate(1e-4),
        discriminator: rate(4e-4),
        ..settings()
    };
    assert_steps_equal_pytorch("wasserstein", DiscriminatorNorm::Absent, settings);
}

#[test]
fn non_saturating_steps_with_a_lazy_penalty_equal_pytorch() {
    let settings = TrainConfig {
        gradient_penalty: GradientPenalty {
            weight: 2.0,
            every: 2,
        },
        label_smoothing: 0.1,
        ..settings()
    };
    assert_steps_equal_pytorch("non_saturating", DiscriminatorNorm::Batch, settings);
}
