use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator, DiscriminatorNorm};
use semantic_inpaint_nn::frozen::{Favor, FrozenNetwork, FrozenOptions};
use semantic_inpaint_nn::{Discriminator, Generator, Mode, Network};
use semantic_inpaint_tensor::passes::{InstructionSet, MapShape};
use semantic_inpaint_tensor::{Device, ImageBatch, Latent, Rng, Tensor, Var};
use testkit::relative_error;

use crate::lively_networks;

/// Largest difference from the plain networks, relative to the largest value.
const TOLERANCE: f64 = 1e-4;

fn config(width: usize, image_size_px: usize) -> DcganConfig {
    DcganConfig {
        generator_channels: width,
        discriminator_channels: width,
        image_size_px,
        ..DcganConfig::default()
    }
}

fn frozen(
    generator: &DcganGenerator,
    discriminator: &DcganDiscriminator,
    options: FrozenOptions,
) -> (FrozenNetwork, FrozenNetwork) {
    let latent = MapShape::Map {
        channels: generator.latent_len(),
        side: 1,
    };
    let shape = discriminator.image_shape();
    let image = MapShape::Image {
        channels: shape.channels,
        side: shape.height,
    };
    let network = |layers: Option<Vec<_>>, input| {
        FrozenNetwork::new(&layers.unwrap(), input, options)
            .unwrap()
            .unwrap()
    };
    (
        network(generator.layers().unwrap(), latent),
        network(discriminator.layers().unwrap(), image),
    )
}

fn values(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

/// Output of a network and gradient with respect to its input of `sum(direction * output)`.
fn by_frozen(
    network: &FrozenNetwork,
    images: usize,
    input: &[f32],
    direction: &[f32],
) -> [Vec<f32>; 2] {
    let mut workspace = network.workspace(images);
    workspace.set_input(input);
    network.forward(&mut workspace);
    let mut output = vec![0.0; direction.len()];
    workspace.read_output(&mut output);
    workspace.set_output_gradient(direction);
    network.backward(&mut workspace);
    let mut gradient = vec![0.0; input.len()];
    workspace.read_input_gradient(&mut gradient);
    [output, gradient]
}

fn by_candle(
    input: &Tensor,
    direction: &Tensor,
    forward: impl Fn(&Tensor) -> Tensor,
) -> [Vec<f32>; 2] {
    let input = Var::from_tensor(input).unwrap();
    let output = forward(input.as_tensor());
    let gradients = (&output * direction)
        .unwrap()
        .sum_all()
        .unwrap()
        .backward()
        .unwrap();
    [values(&output), values(gradients.get(&input).unwrap())]
}

/// The discriminator with biases, where it has any, that have left their start at zero.
fn with_lively_biases(discriminator: &DcganDiscriminator) -> DcganDiscriminator {
    let (rng, cpu) = (&mut Rng::from_seed(31), &Device::Cpu);
    let mut tensors = discriminator.params().to_tensors().unwrap();
    for (name, bias) in &mut tensors {
        if name.ends_with("conv.bias") {
            *bias = rng.uniform(0.25, 0.75, bias.shape(), cpu).unwrap();
        }
    }
    DcganDiscriminator::from_tensors(*discriminator.config(), &tensors, cpu).unwrap()
}

/// Errors of images, dL/dz, logits and dL/dx on one draw of inputs.
fn errors(config: DcganConfig, images: usize, options: FrozenOptions, seed: u64) -> [f64; 4] {
    let (generator, discriminator) = lively_networks(config);
    let discriminator = with_lively_biases(&discriminator);
    let (fast_generator, fast_discriminator) = frozen(&generator, &discriminator, options);
    let (generator, discriminator) = (generator.frozen().unwrap(), discriminator.frozen().unwrap());
    let rng = &mut Rng::from_seed(seed);
    let cpu = &Device::Cpu;
    let side = config.image_size_px;
    let z = config
        .latent_prior
        .sample(images, config.latent_len, rng, cpu)
        .unwrap();
    let z = z.tensor().clone();
    let image_dims = (images, config.image_channels, side, side);
    let pictures = rng.uniform(-1.0, 1.0, image_dims, cpu).unwrap();
    let directions = rng.uniform(-1.0, 1.0, image_dims, cpu).unwrap();
    let signs = rng.uniform(-1.0, 1.0, images, cpu).unwrap();

    let plain = by_candle(&z, &directions, |z| {
        let latent = Latent::new(z.clone()).unwrap();
        generator
            .forward(&latent, Mode::Eval)
            .unwrap()
            .into_tensor()
    });
    let fast = by_frozen(&fast_generator, images, &values(&z), &values(&directions));
    let plain_logits = by_candle(&pictures, &signs, |pictures| {
        let images = ImageBatch::new(pictures.clone()).unwrap();
        discriminator
            .forward(&images, Mode::Eval)
            .unwrap()
            .tensor()
            .clone()
    });
    let fast_logits = by_frozen(
        &fast_discriminator,
        images,
        &values(&pictures),
        &values(&signs),
    );
    let tensor = |values: &[f32]| Tensor::new(values, cpu).unwrap();
    let error = |got: &[f32], want: &[f32]| relative_error(&tensor(got), &tensor(want));
    [
        error(&fast[0], &plain[0]),
        error(&fast[1], &plain[1]),
        error(&fast_logits[0], &plain_logits[0]),
        error(&fast_logits[1], &plain_logits[1]),
    ]
}

/// Values must agree on every draw of inputs, gradients on one of several: where rounding moves a unit
/// across the kink of its rectifier, both slopes are right.
fn compare(config: DcganConfig, images: usize, options: FrozenOptions) {
    let mut gradients = [f64::INFINITY; 2];
    for seed in 21..41 {
        let [generated, by_z, logits, by_image] = errors(config, images, options, seed);
        let worst = generated.max(logits);
        assert!(
            worst < TOLERANCE,
            "values of {images} images, {config:?} {options:?}: {worst}"
        );
        gradients = [gradients[0].min(by_z), gradients[1].min(by_image)];
        if gradients.iter().all(|&error| error < TOLERANCE) {
            return;
        }
    }
    panic!("gradients of {images} images, {config:?} {options:?}: {gradients:?}");
}

fn options(favor: Favor) -> FrozenOptions {
    FrozenOptions {
        favor,
        ..FrozenOptions::default()
    }
}

#[test]
fn they_equal_the_plain_networks_at_every_batch_size() {
    for images in [1, 2, 3, 63, 64, 65] {
        for favor in [Favor::Latency, Favor::Throughput] {
            compare(config(8, 32), images, options(favor));
        }
    }
}

#[test]
fn they_equal_the_plain_networks_at_every_width_and_image_size() {
    for (width, side) in [(32, 64), (64, 64), (128, 64), (32, 32), (32, 128), (3, 128)] {
        for favor in [Favor::Latency, Favor::Throughput] {
            compare(config(width, side), 2, options(favor));
        }
    }
}

#[test]
fn they_equal_the_plain_networks_with_every_normalization() {
    for discriminator_norm in [DiscriminatorNorm::Spectral, DiscriminatorNorm::Absent] {
        let config = DcganConfig {
            discriminator_norm,
            ..config(8, 64)
        };
        compare(config, 3, FrozenOptions::default());
    }
}

#[test]
fn they_equal_the_plain_networks_on_every_instruction_set() {
    for instruction_set in InstructionSet::available() {
        for favor in [Favor::Latency, Favor::Throughput] {
            compare(
                config(32, 64),
                3,
                FrozenOptions {
                    instruction_set,
                    favor,
                    ..FrozenOptions::default()
                },
            );
        }
    }
}

#[test]
fn an_image_has_the_same_bits_in_any_company() {
    let config = config(8, 64);
    let (generator, discriminator) = lively_networks(config);
    let rng = &mut Rng::from_seed(22);
    let len = 3 * 64 * 64;
    let draw =
        |rng: &mut Rng, count: usize| values(&rng.uniform(-1.0, 1.0, count, &Device::Cpu).unwrap());
    let (z, pictures) = (draw(rng, 65 * 100), draw(rng, 65 * len));
    let (directions, signs) = (draw(rng, 65 * len), draw(rng, 65));
    for favor in [Favor::Latency, Favor::Throughput] {
        let (generator, discriminator) = frozen(&generator, &discriminator, options(favor));
        let all = by_frozen(&generator, 65, &z, &directions);
        let all_logits = by_frozen(&discriminator, 65, &pictures, &signs);
        for (first, count) in [(0, 1), (64, 1), (1, 63), (1, 64)] {
            let of = |values: &[f32], len: usize| values[first * len..][..count * len].to_vec();
            let some = by_frozen(&generator, count, &of(&z, 100), &of(&directions, len));
            assert_eq!(some, [of(&all[0], len), of(&all[1], 100)]);
            let some = by_frozen(&discriminator, count, &of(&pictures, len), &of(&signs, 1));
            assert_eq!(some, [of(&all_logits[0], 1), of(&all_logits[1], len)]);
        }
    }
}
