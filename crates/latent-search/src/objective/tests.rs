use std::collections::{BTreeMap, HashMap};

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_mask::Mask;
use semantic_inpaint_nn::Network;
use testkit::{Tolerance, assert_close, golden, images_from_levels};

use super::*;

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
    let context = context_loss(&generated, &corrupted, &weights, config.reduction).unwrap();
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
