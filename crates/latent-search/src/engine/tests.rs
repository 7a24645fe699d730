use proptest::prelude::*;
use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_nn::Network;
use semantic_inpaint_nn::frozen::Favor;
use semantic_inpaint_tensor::{Device, ImageBatch, Latent, Rng};

use super::context::{absolute, squared, weighted_distance};
use super::*;
use crate::{
    ContextDistance, ContextReduction, ContextWeights, LatentSearch, SearchConfig, Silent,
};

/// Largest difference between the two engines, relative to the largest value.
const TOLERANCE: f32 = 1e-4;
const SIZE: usize = 32;
const ROWS: usize = 3;

/// Networks with weights so large that images and logits differ.
fn networks() -> (DcganGenerator, DcganDiscriminator) {
    let config = DcganConfig {
        latent_len: 12,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: SIZE,
        ..DcganConfig::default()
    };
    let (rng, cpu) = (&mut Rng::from_seed(11), &Device::Cpu);
    let generator = DcganGenerator::initialize(config, rng, cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(config, rng, cpu).unwrap();
    let lively = |params: &semantic_inpaint_nn::Params| {
        let mut tensors = params.to_tensors().unwrap();
        for tensor in tensors.values_mut().filter(|tensor| tensor.rank() == 4) {
            *tensor = (tensor.clone() * 10.0).unwrap();
        }
        tensors
    };
    (
        DcganGenerator::from_tensors(config, &lively(generator.params()), cpu).unwrap(),
        DcganDiscriminator::from_tensors(config, &lively(discriminator.params()), cpu).unwrap(),
    )
}

fn corrupted() -> CorruptedImages {
    let rng = &mut Rng::from_seed(5);
    let images = rng.uniform(-1.0, 1.0, (ROWS, 3, SIZE, SIZE), &Device::Cpu);
    let images = ImageBatch::new(images.unwrap()).unwrap();
    let mask = Mask::from_missing(SIZE, SIZE, |row, col| row > 9 && col < 20).unwrap();
    CorruptedImages::new(&images, &mask).unwrap()
}

/// Every choice that the objective has.
fn settings() -> Vec<SearchConfig> {
    let mut settings = Vec::new();
    for weights in [ContextWeights::Window, ContextWeights::Uniform] {
        for distance in [ContextDistance::Absolute, ContextDistance::Squared] {
            for reduction in [ContextReduction::WeightedMean, ContextReduction::Sum] {
                for (prior_weight, prior_loss) in [
                    (0.0, PriorLoss::LogOneMinusD),
                    (0.3, PriorLoss::LogOneMinusD),
                    (0.3, PriorLoss::MinusLogD),
                ] {
                    for gradient_weight in [0.0, 0.6] {
                        settings.push(SearchConfig {
                            weights,
                            distance,
                            gradient_weight,
                            reduction,
                            prior_weight,
                            prior_loss,
                            ..SearchConfig::paper()
                        });
                    }
                }
            }
        }
    }
    settings
}

fn frozen(favor: Favor) -> Engine {
    Engine::Frozen {
        favor,
        precision: Precision::F32,
    }
}

fn largest(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(0.0, |largest, value| largest.max(value.abs()))
}

fn assert_near(what: &str, got: &[f32], want: &[f32]) {
    assert_within(TOLERANCE, what, got, want);
}

#[track_caller]
fn assert_within(tolerance: f32, what: &str, got: &[f32], want: &[f32]) {
    let apart = largest(got.iter().zip(want).map(|(got, want)| got - want));
    let size = largest(want.iter().copied());
    assert!(apart <= tolerance * size, "{what}: {apart} of {size}");
}

#[test]
fn frozen_values_and_gradients_equal_the_plain_graph_with_all_settings() {
    let (generator, discriminator) = networks();
    let (plain, judge) = (generator.frozen().unwrap(), discriminator.frozen().unwrap());
    let corrupted = corrupted();
    let z = Rng::from_seed(6).uniform(-1.0, 1.0, (ROWS, 12), &Device::Cpu);
    let z: Vec<f32> = z.unwrap().flatten_all().unwrap().to_vec1().unwrap();
    for favor in [Favor::Latency, Favor::Throughput] {
        let fast = FrozenNetworks::new(&plain, Some(&judge), frozen(favor)).unwrap();
        let fast = fast.unwrap();
        for config in settings() {
            let objective = Objective::new(&corrupted, &config, &Device::Cpu).unwrap();
            let want = objective.evaluate(&plain, Some(&judge), &z).unwrap();
            let mut got = Evaluation {
                context: vec![f32::NAN; ROWS],
                prior: vec![f32::NAN; ROWS],
                gradient: vec![f32::NAN; z.len()],
            };
            let mut by_frozen = FrozenObjective::new(&fast.single, &objective).unwrap();
            by_frozen.evaluate(&fast.single, &z, &mut got);
            assert_near(&format!("context, {config:?}"), &got.context, &want.context);
            assert_near(&format!("prior, {config:?}"), &got.prior, &want.prior);
            assert_near(&format!("dL/dz, {config:?}"), &got.gradient, &want.gradient);
            assert!(largest(want.gradient.iter().copied()) > 0.0);
        }
    }
}

#[test]
fn the_public_objective_is_that_of_the_search() {
    let (generator, discriminator) = networks();
    let corrupted = corrupted();
    let config = SearchConfig {
        iterations: 3,
        restarts: 2,
        prior_weight: 0.3,
        ..SearchConfig::paper()
    };
    for engine in [Engine::Plain, frozen(Favor::Latency)] {
        let config = SearchConfig { engine, ..config };
        let search = LatentSearch::new(&generator, Some(&discriminator), config).unwrap();
        let found = search.search(&corrupted, &mut Silent).unwrap();
        let mut objective = search.objective(&corrupted).unwrap();
        let value = objective.value_and_gradient(&found.latent).unwrap();
        let single = |values: &[f64]| values.iter().map(|&value| value as f32).collect::<Vec<_>>();
        let pairs = [
            (&value.objective, &found.objective),
            (&value.context_loss, &found.context_loss),
            (&value.prior_loss, &found.prior_loss),
        ];
        for (got, want) in pairs {
            assert_near("value", &single(got), &single(want));
        }
        // A step against the gradient lowers every objective.
        let step = (&value.gradient * 1e-3).unwrap();
        let lower = (found.latent.tensor() - step).unwrap();
        let lower = objective
            .value_and_gradient(&Latent::new(lower).unwrap())
            .unwrap();
        for (lower, value) in lower.objective.iter().zip(&value.objective) {
            assert!(lower < value, "{lower} {value}");
        }
        let one = Latent::new(found.latent.tensor().narrow(0, 0, 1).unwrap()).unwrap();
        assert!(objective.value_and_gradient(&one).is_err());
    }
}

#[test]
fn a_short_search_ends_where_the_plain_one_does_with_all_settings() {
    let (generator, discriminator) = networks();
    let corrupted = corrupted();
    for settings in settings() {
        let objectives = |engine: Engine| -> Vec<f32> {
            let config = SearchConfig {
                iterations: 8,
                engine,
                ..settings
            };
            let search = LatentSearch::new(&generator, Some(&discriminator), config).unwrap();
            let found = search.search(&corrupted, &mut Silent).unwrap();
            found.objective.iter().map(|&loss| loss as f32).collect()
        };
        let plain = objectives(Engine::Plain);
        for favor in [Favor::Latency, Favor::Throughput] {
            // Each update adds an error of the gradient.
            let what = format!("{settings:?}");
            assert_within(2.0 * TOLERANCE, &what, &objectives(frozen(favor)), &plain);
        }
    }
}

proptest! {
    #[test]
    fn the_loops_gradient_is_the_slope_of_its_value(
        x in -1.0f32..1.0,
        gap in 0.05f32..1.0,
        side in prop::bool::ANY,
        weight in 0.0f32..1.0,
        scale in 0.1f32..2.0,
    ) {
        let y = if side { x + gap } else { x - gap };
        let step = 0.01f32;
        for distance in [absolute, squared] {
            let at = |x: f32| {
                let mut gradient = [0.25];
                let sum = weighted_distance(&[x], &[y], &[weight], scale, &mut gradient, distance);
                (scale * sum, gradient[0] - 0.25)
            };
            let quotient = (at(x + step).0 - at(x - step).0) / (2.0 * step);
            prop_assert!((quotient - at(x).1).abs() < 2e-3, "{quotient} {}", at(x).1);
        }
    }
}
