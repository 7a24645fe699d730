mod gradient;

use std::collections::{BTreeMap, HashMap};

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_mask::Mask;
use semantic_inpaint_nn::Network;
use semantic_inpaint_tensor::Rng;
use testkit::{GRADCHECK_STEP, Tolerance, assert_close, golden, gradcheck, images_from_levels};

use super::*;
use crate::ContextWeights;

type Tensors = HashMap<String, Tensor>;

fn golden_file(name: &str) -> Tensors {
    golden(concat!(env!("CARGO_MANIFEST_DIR"), "/../dcgan"), name)
}

fn part(tensors: &Tensors, prefix: &str) -> BTreeMap<String, Tensor> {
    let short = |(name, tensor): (&String, &Tensor)| {
        Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()))
    };
    tensors.iter().filter_map(short).collect()
}

/// PyTorch's networks, frozen, with its images under its mask.
fn setting() -> (
    DcganGenerator,
    DcganDiscriminator,
    CorruptedImages,
    Tensors,
    Tensors,
) {
    let (forward, objective) = (golden_file("dcgan_forward"), golden_file("objective"));
    let config = DcganConfig {
        latent_len: 8,
        generator_channels: 4,
        discriminator_channels: 4,
        ..DcganConfig::default()
    };
    let cpu = &Device::Cpu;
    let generator =
        DcganGenerator::from_tensors(config, &part(&forward, "generator."), cpu).unwrap();
    let discriminator =
        DcganDiscriminator::from_tensors(config, &part(&forward, "discriminator."), cpu).unwrap();
    let images = ImageBatch::new(images_from_levels(&forward["image_levels"])).unwrap();
    let known: Vec<f32> = objective["mask"].flatten_all().unwrap().to_vec1().unwrap();
    let mask = Mask::from_known(64, 64, |row, col| known[row * 64 + col] > 0.5).unwrap();
    let corrupted = CorruptedImages::new(&images, &mask).unwrap();
    let (generator, discriminator) = (generator.frozen().unwrap(), discriminator.frozen().unwrap());
    (generator, discriminator, corrupted, forward, objective)
}

#[test]
fn losses_and_gradients_of_the_whole_objective_equal_pytorch() {
    let (generator, discriminator, corrupted, forward, objective) = setting();
    let z: Vec<f32> = forward["z"].flatten_all().unwrap().to_vec1().unwrap();
    let count = corrupted.count();
    let paper = SearchConfig::paper();
    let cases = [
        ("normalized_0.003", paper),
        (
            "normalized_0.5",
            SearchConfig {
                prior_weight: 0.5,
                ..paper
            },
        ),
        (
            "summed_0.2",
            SearchConfig {
                prior_weight: 0.2,
                prior_loss: PriorLoss::MinusLogD,
                reduction: ContextReduction::Sum,
                ..paper
            },
        ),
    ];
    for (name, config) in cases {
        let (context, prior) = match config.reduction {
            ContextReduction::Sum => ("context.summed", "prior.minus_log_d"),
            ContextReduction::WeightedMean => ("context.normalized", "prior.log_one_minus_d"),
        };
        let ours = Objective::new(&corrupted, &config, &Device::Cpu).unwrap();
        let got = ours.evaluate(&generator, Some(&discriminator), &z).unwrap();
        let check = |what: &str, values: Vec<f32>, key: &str| {
            let want = objective[key].flatten_all().unwrap();
            let got = Tensor::from_vec(values, want.elem_count(), &Device::Cpu).unwrap();
            assert_close(
                &format!("{name} {what}"),
                &got,
                &want,
                Tolerance::F32_RELATIVE,
            );
        };
        check("context", got.context, context);
        check("prior", got.prior, prior);
        check("gradient", got.gradient, &format!("{name}.z_gradient"));
        assert_eq!(count, 3);
    }
}

#[test]
fn importance_weights_equal_pytorch() {
    let (_, _, corrupted, _, objective) = setting();
    let weights = ImportanceWeights::new(corrupted.mask(), 7).unwrap();
    let got = weights
        .to_tensor(&Device::Cpu)
        .unwrap()
        .narrow(0, 0, 1)
        .unwrap();
    let got = got.flatten_all().unwrap();
    let want = objective["importance_weights"].flatten_all().unwrap();
    let want = want.narrow(0, 0, got.elem_count()).unwrap();
    assert_close("importance weights", &got, &want, Tolerance::F32_ROUNDING);
}

#[test]
fn public_losses_are_those_of_the_search() {
    let (generator, discriminator, corrupted, forward, _) = setting();
    let config = SearchConfig::paper();
    let z: Vec<f32> = forward["z"].flatten_all().unwrap().to_vec1().unwrap();
    let objective = Objective::new(&corrupted, &config, &Device::Cpu).unwrap();
    let inner = objective
        .evaluate(&generator, Some(&discriminator), &z)
        .unwrap();

    let latent = Latent::new(forward["z"].clone()).unwrap();
    let generated = generator.forward(&latent, Mode::Eval).unwrap();
    let weights = ImportanceWeights::new(corrupted.mask(), config.window).unwrap();
    let context = context_loss(
        &generated,
        &corrupted,
        &weights,
        config.distance,
        config.reduction,
    )
    .unwrap();
    let logits = discriminator.forward(&generated, Mode::Eval).unwrap();
    let prior = prior_loss(&logits, config.prior_loss).unwrap();
    assert_eq!(context.to_vec1::<f32>().unwrap(), inner.context);
    assert_eq!(prior.to_vec1::<f32>().unwrap(), inner.prior);
}

#[test]
fn a_window_that_reaches_no_known_pixel_is_refused() {
    let images = Tensor::zeros((1, 3, 64, 64), DType::F32, &Device::Cpu).unwrap();
    let images = ImageBatch::new(images).unwrap();
    let mask = Mask::from_missing(64, 64, |row, col| row > 0 || col > 0).unwrap();
    let corrupted = CorruptedImages::new(&images, &mask).unwrap();
    Objective::new(&corrupted, &SearchConfig::paper(), &Device::Cpu).unwrap();
    let even = SearchConfig {
        window: 8,
        ..SearchConfig::paper()
    };
    assert!(Objective::new(&corrupted, &even, &Device::Cpu).is_err());
}

const DISTANCES: [ContextDistance; 2] = [ContextDistance::Absolute, ContextDistance::Squared];

#[test]
fn gradients_of_both_distances_equal_difference_quotients() {
    let (rng, cpu) = (&mut Rng::from_seed(4), &Device::Cpu);
    let dims = (2, 3, 8, 8);
    let draw = |rng: &mut Rng, low, high| {
        let drawn = rng.uniform(low, high, dims, cpu).unwrap();
        drawn.to_dtype(DType::F64).unwrap()
    };
    // Apart by more than the step, as the absolute value has a kink.
    let (generated, target) = (draw(rng, 0.1, 1.0), draw(rng, -1.0, -0.1));
    let mask = Mask::from_missing(8, 8, |row, col| row < 3 && col > 2).unwrap();
    let corrupted = CorruptedImages::new(&ImageBatch::new(target).unwrap(), &mask).unwrap();
    for distance in DISTANCES {
        for reduction in [ContextReduction::Sum, ContextReduction::WeightedMean] {
            let weights = SearchConfig::paper().weigh(corrupted.mask()).unwrap();
            let loss = |inputs: &[Tensor]| {
                let images = ImageBatch::new(inputs[0].clone()).unwrap();
                let losses = context_loss(&images, &corrupted, &weights, distance, reduction);
                losses.unwrap().sum_all()
            };
            let inputs = [generated.clone()];
            gradcheck(loss, &inputs, GRADCHECK_STEP, Tolerance::GRADCHECK);
        }
    }
}

#[test]
fn a_constant_difference_costs_its_distance_with_all_weights() {
    let (cpu, dims) = (&Device::Cpu, (1, 3, 16, 16));
    let constant = |value: f32| ImageBatch::new(Tensor::full(value, dims, cpu).unwrap()).unwrap();
    let mask = Mask::from_missing(16, 16, |row, _| row < 4).unwrap();
    let corrupted = CorruptedImages::new(&constant(0.25), &mask).unwrap();
    for weights in [ContextWeights::Window, ContextWeights::Uniform] {
        for (distance, expected) in DISTANCES.into_iter().zip([0.5, 0.25]) {
            let config = SearchConfig {
                weights,
                distance,
                ..SearchConfig::paper()
            };
            let weights = config.weigh(&mask).unwrap();
            let loss = |reduction| {
                let generated = constant(-0.25);
                let loss = context_loss(&generated, &corrupted, &weights, distance, reduction);
                f64::from(loss.unwrap().to_vec1::<f32>().unwrap()[0])
            };
            assert!((loss(ContextReduction::WeightedMean) - expected).abs() < 1e-6);
            let sum = expected * 3.0 * weights.sum(0);
            assert!((loss(ContextReduction::Sum) - sum).abs() < 1e-4 * sum);
        }
    }
}

#[test]
fn what_the_hole_holds_does_not_reach_the_squared_distance() {
    let (cpu, dims) = (&Device::Cpu, (1, 1, 2, 2));
    let tensor = |values: [f32; 4]| Tensor::from_slice(&values, dims, cpu).unwrap();
    let (generated, weights) = (tensor([0.5; 4]), tensor([1.0, 0.0, 0.5, 0.0]));
    let target = tensor([0.0, f32::NAN, 1.5, f32::INFINITY]);
    let sum = weighted_squares(&generated, &target, &weights).unwrap();
    assert_eq!(sum.to_vec1::<f32>().unwrap(), [0.75]);
    let wide = Tensor::ones((1, 1, 2, 3), DType::F32, cpu).unwrap();
    assert!(weighted_squares(&generated, &target, &wide).is_err());
    let one_for_two = generated.repeat((2, 1, 1, 1)).unwrap();
    assert!(weighted_squares(&one_for_two, &one_for_two, &weights).is_err());
}

#[test]
fn uniform_weights_match_what_no_window_reaches() {
    let images = Tensor::zeros((1, 3, 64, 64), DType::F32, &Device::Cpu).unwrap();
    let images = ImageBatch::new(images).unwrap();
    let far = Mask::from_missing(64, 64, |row, col| row > 3 || col > 3).unwrap();
    let corrupted = CorruptedImages::new(&images, &far).unwrap();
    let uniform = SearchConfig {
        weights: ContextWeights::Uniform,
        ..SearchConfig::paper()
    };
    let objective = Objective::new(&corrupted, &uniform, &Device::Cpu).unwrap();
    let sum = objective.weights.sum_all().unwrap();
    assert_eq!(sum.to_scalar::<f32>().unwrap(), 16.0);
}

fn latents(count: usize) -> Tensor {
    let drawn = Rng::from_seed(8).normal(0.0, 1.0, (count, 12), &Device::Cpu);
    drawn.unwrap()
}

#[test]
fn the_latent_loss_is_the_negative_log_density_of_the_normal_prior_per_coordinate() {
    let z = latents(3);
    let rows: Vec<Vec<f32>> = z.to_vec2().unwrap();
    let losses = latent_loss(&Latent::new(z).unwrap()).unwrap();
    let losses: Vec<f32> = losses.to_vec1().unwrap();
    let constant = 0.5 * (2.0 * std::f64::consts::PI).ln();
    for (row, loss) in rows.iter().zip(losses) {
        let density = |&z: &f32| (-0.5 * f64::from(z).powi(2) - constant).exp();
        let log: f64 = row.iter().map(|z| density(z).ln()).sum();
        assert!((f64::from(loss) - (-log / 12.0 - constant)).abs() < 1e-6);
    }
    let z = latents(3).to_dtype(DType::F64).unwrap();
    let loss = |inputs: &[Tensor]| {
        let latent = Latent::new(inputs[0].clone()).unwrap();
        latent_loss(&latent).unwrap().sum_all()
    };
    gradcheck(loss, &[z], GRADCHECK_STEP, Tolerance::GRADCHECK);
}

#[test]
fn the_latent_term_of_a_search_is_the_weighted_latent_loss_and_its_gradient() {
    let config = SearchConfig {
        latent_weight: 0.7,
        ..SearchConfig::paper()
    };
    let z = Var::from_tensor(&latents(2)).unwrap();
    let weighted = latent_loss(&Latent::new(z.as_tensor().clone()).unwrap()).unwrap();
    let weighted = (weighted * 0.7).unwrap();
    let slopes = weighted.sum_all().unwrap().backward().unwrap();
    let slopes = slopes.get(&z).unwrap().flatten_all().unwrap();
    let rows: Vec<f32> = z.flatten_all().unwrap().to_vec1().unwrap();
    let mut evaluation = Evaluation {
        context: vec![0.5; 2],
        prior: vec![-0.25; 2],
        gradient: vec![0.0; 24],
    };
    config.add_latent_slope(&rows, &mut evaluation);
    let got = Tensor::from_vec(evaluation.gradient.clone(), 24, &Device::Cpu).unwrap();
    assert_close("slope", &got, &slopes, Tolerance::F32_ROUNDING);
    let weighted: Vec<f32> = weighted.to_vec1().unwrap();
    for (row, weighted) in rows.chunks_exact(12).zip(weighted) {
        let objective = config.objective_of(0.5, -0.25, row);
        assert!((objective - (0.5 - 0.003 * 0.25 + f64::from(weighted))).abs() < 1e-6);
    }
    let without = SearchConfig::paper();
    let before = evaluation.clone();
    without.add_latent_slope(&rows, &mut evaluation);
    assert_eq!(evaluation.gradient, before.gradient);
    assert_eq!(
        without.objective_of(0.5, -0.25, &rows[..12]),
        0.5 - 0.003 * 0.25
    );
}
