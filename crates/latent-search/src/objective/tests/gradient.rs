use super::*;

const SIDE: usize = 8;

fn mask() -> Mask {
    Mask::from_missing(SIDE, SIDE, |row, col| row < 3 && col > 2).unwrap()
}

fn images(seed: u64) -> ImageBatch {
    let dims = (2, 3, SIDE, SIDE);
    let drawn = Rng::from_seed(seed).uniform(-1.0, 1.0, dims, &Device::Cpu);
    ImageBatch::new(drawn.unwrap().to_dtype(DType::F64).unwrap()).unwrap()
}

/// The definition, pair by pair.
fn by_definition(
    generated: &ImageBatch,
    photos: &ImageBatch,
    weights: &ImportanceWeights,
    distance: ContextDistance,
) -> Vec<[f64; 2]> {
    let values = |images: &ImageBatch| -> Vec<f64> {
        images.tensor().flatten_all().unwrap().to_vec1().unwrap()
    };
    let (generated, photos, mask) = (values(generated), values(photos), mask());
    let sums = |image: usize| {
        let (mut sum, mut total) = (0.0, 0.0);
        for channel in 0..3 {
            let at = |values: &[f64], (row, col): (usize, usize)| {
                values[((image * 3 + channel) * SIDE + row) * SIDE + col]
            };
            for place in (0..SIDE * SIDE).map(|pixel| (pixel / SIDE, pixel % SIDE)) {
                for other in [(place.0, place.1 + 1), (place.0 + 1, place.1)] {
                    let is_known =
                        |(row, col)| row < SIDE && col < SIDE && mask.is_known(0, row, col);
                    if !(is_known(place) && is_known(other)) {
                        continue;
                    }
                    let weight = |(row, col)| f64::from(weights.values()[(image, row, col)]);
                    let weight = (weight(place) + weight(other)) / 2.0;
                    let apart = (at(&generated, other) - at(&generated, place))
                        - (at(&photos, other) - at(&photos, place));
                    total += weight;
                    sum += weight
                        * match distance {
                            ContextDistance::Absolute => apart.abs(),
                            ContextDistance::Squared => apart * apart,
                        };
                }
            }
        }
        [sum, total]
    };
    (0..2).map(sums).collect()
}

#[test]
fn the_gradient_loss_is_that_of_its_definition() {
    let (generated, photos) = (images(1), images(2));
    let corrupted = CorruptedImages::new(&photos, &mask()).unwrap();
    for distance in DISTANCES {
        for weights in ["window", "windows:3,7", "uniform"] {
            let weights = weights.parse().unwrap();
            let config = SearchConfig {
                weights,
                ..SearchConfig::paper()
            };
            let weights = config.weigh(corrupted.mask()).unwrap();
            let loss = |reduction| -> Vec<f64> {
                let loss = gradient_loss(&generated, &corrupted, &weights, distance, reduction);
                loss.unwrap().to_vec1().unwrap()
            };
            let sums = loss(ContextReduction::Sum);
            let means = loss(ContextReduction::WeightedMean);
            let expected = by_definition(&generated, &photos, &weights, distance);
            for (index, [sum, total]) in expected.into_iter().enumerate() {
                assert!((sums[index] - sum).abs() < 1e-5 * sum);
                assert!((means[index] - sum / total).abs() < 1e-5 * sum / total);
            }
        }
    }
}

#[test]
fn gradients_of_the_gradient_loss_equal_difference_quotients() {
    let corrupted = CorruptedImages::new(&images(3), &mask()).unwrap();
    let weights = SearchConfig::paper().weigh(corrupted.mask()).unwrap();
    for distance in DISTANCES {
        for reduction in [ContextReduction::Sum, ContextReduction::WeightedMean] {
            let loss = |inputs: &[Tensor]| {
                let generated = ImageBatch::new(inputs[0].clone()).unwrap();
                let losses = gradient_loss(&generated, &corrupted, &weights, distance, reduction);
                losses.unwrap().sum_all()
            };
            let inputs = [images(4).into_tensor()];
            gradcheck(loss, &inputs, GRADCHECK_STEP, Tolerance::GRADCHECK);
        }
    }
}

#[test]
fn a_constant_difference_has_no_gradient_and_lone_pixels_have_no_pairs() {
    let photos = images(5);
    let shifted = ImageBatch::new((photos.tensor() * 1.0).unwrap()).unwrap();
    let shifted = ImageBatch::new((shifted.tensor() + 0.25).unwrap()).unwrap();
    let loss = |generated: &ImageBatch, mask: &Mask| -> Vec<f64> {
        let corrupted = CorruptedImages::new(&photos, mask).unwrap();
        let weights = ImportanceWeights::new(corrupted.mask(), 7).unwrap();
        let (distance, mean) = (ContextDistance::Absolute, ContextReduction::WeightedMean);
        let loss = gradient_loss(generated, &corrupted, &weights, distance, mean);
        loss.unwrap().to_vec1().unwrap()
    };
    assert!(loss(&shifted, &mask()).iter().all(|loss| *loss < 1e-12));
    let checkered = Mask::from_missing(SIDE, SIDE, |row, col| (row + col) % 2 == 0).unwrap();
    assert_eq!(loss(&images(6), &checkered), [0.0, 0.0]);
}

#[test]
fn the_objective_has_the_weighted_gradient_term() {
    let (generator, discriminator, corrupted, forward, _) = setting();
    let config = SearchConfig {
        gradient_weight: 0.7,
        ..SearchConfig::paper()
    };
    let z: Vec<f32> = forward["z"].flatten_all().unwrap().to_vec1().unwrap();
    let objective = Objective::new(&corrupted, &config, &Device::Cpu).unwrap();
    let found = objective
        .evaluate(&generator, Some(&discriminator), &z)
        .unwrap();
    let latent = Latent::new(forward["z"].clone()).unwrap();
    let generated = generator.forward(&latent, Mode::Eval).unwrap();
    let weights = config.weigh(corrupted.mask()).unwrap();
    let (distance, reduction) = (config.distance, config.reduction);
    let context = context_loss(&generated, &corrupted, &weights, distance, reduction).unwrap();
    let gradient = gradient_loss(&generated, &corrupted, &weights, distance, reduction).unwrap();
    let expected: Vec<f32> = (context + (gradient * 0.7).unwrap())
        .unwrap()
        .to_vec1()
        .unwrap();
    for (found, expected) in found.context.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }
    // Of whole images every pair counts: that of images with a lost corner nearly does.
    let uniform = SearchConfig {
        weights: ContextWeights::Uniform,
        ..config
    };
    let whole = Objective::of_whole(&generated, &uniform, &Device::Cpu).unwrap();
    let exact = whole
        .evaluate(&generator, None::<&DcganDiscriminator>, &z)
        .unwrap();
    assert!(exact.context.iter().all(|loss| loss.abs() < 1e-5));
    let corner = Mask::from_missing(64, 64, |row, col| row + col == 0).unwrap();
    let corner = CorruptedImages::new(corrupted.images(), &corner).unwrap();
    let nearly = Objective::new(&corner, &uniform, &Device::Cpu).unwrap();
    let whole = Objective::of_whole(corrupted.images(), &uniform, &Device::Cpu).unwrap();
    let losses = |objective: &Objective| {
        let found = objective.evaluate(&generator, None::<&DcganDiscriminator>, &z);
        found.unwrap().context
    };
    for (nearly, whole) in losses(&nearly).iter().zip(losses(&whole)) {
        assert!((nearly - whole).abs() < 2e-3 * whole, "{nearly} {whole}");
    }
}
