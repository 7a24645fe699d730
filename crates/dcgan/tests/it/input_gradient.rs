use std::collections::{BTreeMap, HashMap};

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DiscriminatorNorm};
use semantic_inpaint_nn::loss::softplus;
use semantic_inpaint_nn::{Discriminator, Mode, Network, Role};
use semantic_inpaint_tensor::{DType, Device, ImageBatch, Rng, Tensor, Var};
use testkit::{Tolerance, assert_close, golden, images_from_levels, under};

use crate::MANIFEST;

/// PyTorch's own f32 lies within 1.6e-6 of the file's gradients and within 1.1e-6 of all else.
const GRADIENT: Tolerance = Tolerance::relative(2e-5);
const VALUE: Tolerance = Tolerance::relative(5e-6);
/// Small enough for hardly any activation to change its sign, where the penalty has a step.
const STEP: f64 = 1e-7;

const NORMS: [DiscriminatorNorm; 3] = [
    DiscriminatorNorm::Batch,
    DiscriminatorNorm::Absent,
    DiscriminatorNorm::Spectral,
];

fn config(discriminator_norm: DiscriminatorNorm) -> DcganConfig {
    DcganConfig {
        discriminator_channels: 2,
        image_size_px: 32,
        discriminator_norm,
        ..DcganConfig::default()
    }
}

/// A discriminator in f64 whose every weight matters.
fn lively(config: DcganConfig) -> DcganDiscriminator {
    let mut rng = Rng::from_seed(3);
    let network = DcganDiscriminator::initialize(config, &mut rng, &Device::Cpu).unwrap();
    let params = network.params().to_dtype(DType::F64).unwrap();
    for (name, var) in params.trainable() {
        let spread = if name.ends_with("conv.weight") {
            0.3
        } else {
            0.2
        };
        let noise = rng.normal(0.0, spread, var.dims(), &Device::Cpu).unwrap();
        let moved = (var.as_detached_tensor() + noise.to_dtype(DType::F64).unwrap()).unwrap();
        var.set(&moved).unwrap();
    }
    network.with_params(params).unwrap()
}

fn images(config: &DcganConfig, count: usize) -> Tensor {
    let size = config.image_size_px;
    let images = Rng::from_seed(8).uniform(-1.0, 1.0, (count, 3, size, size), &Device::Cpu);
    images.unwrap().to_dtype(DType::F64).unwrap()
}

/// Logits and the gradient of their sum at the images, by the graph.
fn by_backward(network: &DcganDiscriminator, images: &Tensor, mode: Mode) -> (Tensor, Tensor) {
    let at = Var::from_tensor(images).unwrap();
    let batch = ImageBatch::new(at.as_tensor().clone()).unwrap();
    let logits = network.forward(&batch, mode).unwrap().tensor().clone();
    let gradients = logits.sum_all().unwrap().backward().unwrap();
    (logits.detach(), gradients.get(&at).unwrap().clone())
}

fn penalty(gradient: &Tensor) -> Tensor {
    let count = gradient.dims()[0] as f64;
    (gradient.sqr().unwrap().sum_all().unwrap() * (0.5 / count)).unwrap()
}

#[test]
fn logits_and_input_gradient_equal_those_of_the_graph() {
    for norm in NORMS {
        for size in [32, 64, 128] {
            let config = DcganConfig {
                image_size_px: size,
                ..config(norm)
            };
            let (network, images) = (lively(config), images(&config, 2));
            let batch = ImageBatch::new(images.clone()).unwrap();
            // Passes in training move the singular vectors: each starts from the same ones.
            let copy = || {
                let params = network.params().duplicate().unwrap();
                network.with_params(params).unwrap()
            };
            for mode in [Mode::Train, Mode::Eval] {
                let (logits, want) = by_backward(&copy(), &images, mode);
                let (got_logits, got) = copy().forward_with_input_gradient(&batch, mode).unwrap();
                let what = format!("{norm} {size} {mode:?}");
                assert_close(&what, got_logits.tensor(), &logits, Tolerance::EXACT);
                assert_close(&what, &got, &want, Tolerance::F64_RELATIVE);
            }
        }
    }
}

#[test]
fn every_derivative_of_the_penalty_equals_differences() {
    for (norm, mode) in [
        (DiscriminatorNorm::Batch, Mode::Train),
        (DiscriminatorNorm::Batch, Mode::Eval),
        (DiscriminatorNorm::Absent, Mode::Train),
        // Singular vectors count as fixed, which in training they are not.
        (DiscriminatorNorm::Spectral, Mode::Eval),
    ] {
        let config = config(norm);
        let (network, images) = (lively(config), images(&config, 3));
        let batch = ImageBatch::new(images.clone()).unwrap();
        let (_, gradient) = network.forward_with_input_gradient(&batch, mode).unwrap();
        let gradients = penalty(&gradient).backward().unwrap();
        let value = || -> f64 {
            let (_, gradient) = by_backward(&network, &images, mode);
            penalty(&gradient).to_scalar().unwrap()
        };
        for (name, var) in network.params().trainable() {
            let start: Vec<f64> = var.flatten_all().unwrap().to_vec1().unwrap();
            let got = match gradients.get(var) {
                Some(gradient) => gradient.flatten_all().unwrap(),
                None => var.zeros_like().unwrap().flatten_all().unwrap(),
            };
            let quotient = |index: usize| {
                let at = |step: f64| {
                    let mut values = start.clone();
                    values[index] += step;
                    let moved = Tensor::from_vec(values, var.dims(), &Device::Cpu).unwrap();
                    var.set(&moved).unwrap();
                    value()
                };
                (at(STEP) - at(-STEP)) / (2.0 * STEP)
            };
            let want: Vec<f64> = (0..start.len()).map(quotient).collect();
            let restored = Tensor::from_vec(start, var.dims(), &Device::Cpu).unwrap();
            var.set(&restored).unwrap();
            let scale = want
                .iter()
                .fold(0.0f64, |scale, value| scale.max(value.abs()));
            let got: Vec<f64> = got.to_vec1().unwrap();
            for (index, (got, want)) in got.iter().zip(&want).enumerate() {
                // Rounding of the penalty, a number near 1, over the step.
                let allowed = 1e-5 * scale + 1e-7;
                let close = (got - want).abs() <= allowed;
                assert!(close, "{norm} {mode:?} {name}[{index}]: {got} {want}");
            }
        }
    }
}

fn from_file(norm: DiscriminatorNorm, file: &HashMap<String, Tensor>) -> DcganDiscriminator {
    let tensors = under(&format!("{norm}.initial"), file);
    DcganDiscriminator::from_tensors(config(norm), &tensors, &Device::Cpu).unwrap()
}

fn levels(file: &HashMap<String, Tensor>) -> ImageBatch {
    ImageBatch::new(images_from_levels(&file["image_levels"])).unwrap()
}

/// The gradient of a loss by every weight equals the file's under `prefix`.
fn assert_gradients(
    network: &DcganDiscriminator,
    loss: &Tensor,
    prefix: &str,
    file: &HashMap<String, Tensor>,
) {
    let gradients = loss.backward().unwrap();
    let mut want = under(prefix, file);
    for (name, var) in network.params().trainable() {
        let got = match gradients.get(var) {
            Some(gradient) => gradient.clone(),
            None => var.zeros_like().unwrap(),
        };
        let want = want.remove(name).unwrap();
        assert_close(&format!("{prefix}.{name}"), &got, &want, GRADIENT);
    }
    assert!(want.is_empty(), "{prefix}: {:?}", want.keys());
}

fn statistics(network: &DcganDiscriminator) -> BTreeMap<String, Tensor> {
    let all = network.params().iter();
    let statistics = all.filter(|&(_, _, role)| role == Role::Statistic);
    let statistics = statistics.map(|(name, tensor, _)| (name.to_owned(), tensor.clone()));
    statistics.collect()
}

fn assert_statistics(network: &DcganDiscriminator, prefix: &str, file: &HashMap<String, Tensor>) {
    let (got, want) = (statistics(network), under(prefix, file));
    assert_eq!(got.len(), want.len(), "{prefix}");
    for (name, want) in want {
        assert_close(&format!("{prefix}.{name}"), &got[&name], &want, VALUE);
    }
}

#[test]
fn penalty_losses_and_statistics_equal_pytorch() {
    let file = golden(MANIFEST, "input_gradient");
    let images = levels(&file);
    for norm in NORMS {
        let network = from_file(norm, &file);
        let named = |what: &str| format!("{norm}.{what}");
        let (logits, gradient) = network
            .forward_with_input_gradient(&images, Mode::Train)
            .unwrap();
        let value = penalty(&gradient);
        for (what, got) in [
            ("logits", logits.tensor()),
            ("input_gradient", &gradient),
            ("penalty", &value),
        ] {
            assert_close(&named(what), got, &file[&named(what)], VALUE);
        }
        assert_statistics(&network, &named("after_pass"), &file);
        assert_gradients(&network, &value, &named("penalty_gradient"), &file);

        let logits = network.forward(&images, Mode::Train).unwrap();
        let loss = softplus(&logits.tensor().neg().unwrap()).unwrap();
        let loss = loss.mean_all().unwrap();
        assert_gradients(&network, &loss, &named("loss_gradient"), &file);
        assert_statistics(&network, &named("after_two_passes"), &file);

        let want = &file[&named("eval_logits")];
        let logits = network.forward(&images, Mode::Eval).unwrap();
        assert_close(&named("eval"), logits.tensor(), want, VALUE);
        let frozen = network.frozen().unwrap().forward(&images, Mode::Eval);
        assert_close(&named("frozen"), frozen.unwrap().tensor(), want, VALUE);
        let plain = network.without_spectral_norm().unwrap();
        assert_ne!(
            plain.config().discriminator_norm,
            DiscriminatorNorm::Spectral
        );
        let logits = plain.forward(&images, Mode::Eval).unwrap();
        assert_close(&named("plain"), logits.tensor(), want, VALUE);
    }
}
