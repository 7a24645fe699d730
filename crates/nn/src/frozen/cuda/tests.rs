use semantic_inpaint_tensor::ops::ConvGeometry;
use semantic_inpaint_tensor::passes::InstructionSet;
use semantic_inpaint_tensor::{Device, DeviceChoice, Rng, Tensor};

use super::*;
use crate::frozen::{FrozenNetwork, FrozenOptions};

const LATENT: MapShape = MapShape::Map {
    channels: 12,
    side: 1,
};
const IMAGE: MapShape = MapShape::Image {
    channels: 3,
    side: 16,
};

/// The first GPU, or else the kernels on the host.
fn runtime() -> Option<Runtime> {
    if let Ok(device) = DeviceChoice::Cuda(0).open() {
        return Runtime::of(&device).unwrap();
    }
    testkit::kernel_emulator().map(|program| Runtime::emulated(&program, 1 << 30))
}

fn draw(rng: &mut Rng, dims: impl Into<semantic_inpaint_tensor::Shape>) -> Tensor {
    rng.uniform(-0.5, 0.5, dims, &Device::Cpu).unwrap()
}

fn layers(kind: LayerKind, channels: &[usize], rng: &mut Rng) -> Vec<Layer> {
    let last = channels.len() - 2;
    let layer = |index: usize| {
        let (from, to) = (channels[index], channels[index + 1]);
        let transposed = kind == LayerKind::Transposed;
        let projects = index == if transposed { 0 } else { last };
        Layer {
            kind,
            weight: if transposed {
                draw(rng, (from, to, 4, 4))
            } else {
                draw(rng, (to, from, 4, 4))
            },
            geometry: if projects {
                ConvGeometry::PROJECTION
            } else {
                ConvGeometry::STRIDED
            },
            shift: (index < last).then(|| draw(rng, to)),
            activation: match (index < last, kind) {
                (true, _) => Activation::LeakyRelu { slope: 0.2 },
                (false, LayerKind::Transposed) => Activation::Tanh,
                (false, LayerKind::Convolution) => Activation::Identity,
            },
        }
    };
    (0..=last).map(layer).collect()
}

fn generator() -> Vec<Layer> {
    layers(
        LayerKind::Transposed,
        &[12, 9, 5, 3],
        &mut Rng::from_seed(1),
    )
}

fn discriminator() -> Vec<Layer> {
    layers(
        LayerKind::Convolution,
        &[3, 6, 10, 1],
        &mut Rng::from_seed(2),
    )
}

fn floats(count: usize, seed: u64) -> Vec<f32> {
    let values = draw(&mut Rng::from_seed(seed), count);
    values.to_vec1().unwrap()
}

#[track_caller]
fn assert_near(got: &[f32], want: &[f32], tolerance: f32) {
    let largest = |values: &mut dyn Iterator<Item = f32>| values.fold(0.0f32, f32::max);
    assert_eq!(got.len(), want.len());
    let apart = largest(&mut got.iter().zip(want).map(|(got, want)| (got - want).abs()));
    let size = largest(&mut want.iter().map(|want| want.abs()));
    assert!(apart <= tolerance * size && size > 0.0, "{apart} of {size}");
    assert!(got.iter().all(|value| value.is_finite()));
}

/// Output and input gradient by the CPU's frozen network, with this gradient of the output.
fn on_host(layers: &[Layer], shape: MapShape, input: &[f32], g: &[f32]) -> (Vec<f32>, Vec<f32>) {
    // Single precision as it is defined, where the fastest may be made of bfloat16 numbers.
    let options = FrozenOptions {
        instruction_set: InstructionSet::portable(),
        ..FrozenOptions::default()
    };
    let network = FrozenNetwork::new(layers, shape, options).unwrap().unwrap();
    let images = input.len() / (shape.channels() * shape.side() * shape.side());
    let mut workspace = network.workspace(images);
    workspace.set_input(input);
    network.forward(&mut workspace);
    let mut output = vec![0.0; g.len()];
    workspace.read_output(&mut output);
    workspace.set_output_gradient(g);
    network.backward(&mut workspace);
    let mut gradient = vec![0.0; input.len()];
    workspace.read_input_gradient(&mut gradient);
    (output, gradient)
}

/// How near products of a precision come to those of single precision, relative to the largest value.
const NEARNESS: [(Precision, f32); 3] = [
    (Precision::F32, 1e-5),
    (Precision::Tf32, 4e-3),
    (Precision::Bf16, 8e-2),
];

#[test]
fn a_generator_equals_the_frozen_one_on_the_host() {
    let Some(runtime) = runtime() else { return };
    for (precision, tolerance) in NEARNESS {
        for (favor, images) in [(Favor::Latency, 1), (Favor::Throughput, 3)] {
            let network = CudaNetwork::new(&runtime, &generator(), LATENT, precision, favor);
            let network = network.unwrap().unwrap();
            assert_eq!((network.output(), network.input()), (IMAGE, LATENT));
            let (z, g) = (floats(images * 12, 3), floats(images * 3 * 256, 4));
            let (want, want_gradient) = on_host(&generator(), LATENT, &z, &g);
            let workspace = network.workspace(images + 1).unwrap();
            workspace.set_input(&z).unwrap();
            // The gradient through tanh is the next network's part.
            let before_tanh: Vec<f32> = g
                .iter()
                .zip(&want)
                .map(|(g, y)| g * (1.0 - y * y))
                .collect();
            workspace.set_output_gradient(&before_tanh).unwrap();
            let mut launches = Vec::new();
            network.forward(images, &workspace, &mut launches).unwrap();
            network
                .backward(images, &workspace, None, &mut launches)
                .unwrap();
            runtime.record(&launches).unwrap().replay().unwrap();
            assert_near(&workspace.read_output(images).unwrap(), &want, tolerance);
            let gradient = workspace.read_input_gradient(images).unwrap();
            assert_near(&gradient, &want_gradient, tolerance);
        }
    }
}

#[test]
fn a_discriminator_equals_the_frozen_one_on_the_host() {
    let Some(runtime) = runtime() else { return };
    for (precision, tolerance) in NEARNESS {
        for (favor, images) in [(Favor::Latency, 1), (Favor::Throughput, 3)] {
            let network = CudaNetwork::new(&runtime, &discriminator(), IMAGE, precision, favor);
            let network = network.unwrap().unwrap();
            let (x, g) = (floats(images * 3 * 256, 5), floats(images, 6));
            let (want, want_gradient) = on_host(&discriminator(), IMAGE, &x, &g);
            let workspace = network.workspace(images).unwrap();
            workspace.set_input(&x).unwrap();
            workspace.set_output_gradient(&g).unwrap();
            let mut launches = Vec::new();
            network.forward(images, &workspace, &mut launches).unwrap();
            network
                .backward(images, &workspace, None, &mut launches)
                .unwrap();
            runtime.record(&launches).unwrap().replay().unwrap();
            assert_near(&workspace.read_output(images).unwrap(), &want, tolerance);
            let gradient = workspace.read_input_gradient(images).unwrap();
            assert_near(&gradient, &want_gradient, tolerance);
        }
    }
}

#[test]
fn other_chains_have_no_form_on_the_device() {
    let runtime = Runtime::emulated(std::path::Path::new("no program is run"), 0);
    let form = |layers: &[Layer], input| {
        let network = CudaNetwork::new(&runtime, layers, input, Precision::Bf16, Favor::Latency);
        network.unwrap().is_some()
    };
    assert!(form(&generator(), LATENT) && form(&discriminator(), IMAGE));
    assert!(!form(&generator(), IMAGE) && !form(&[], LATENT));
    let mut untamed = generator();
    untamed[2].activation = Activation::Identity;
    assert!(!form(&untamed, LATENT));
}

#[test]
fn a_workspace_that_is_too_small_is_refused() {
    let runtime = Runtime::emulated(std::path::Path::new("no program is run"), 0);
    let network = CudaNetwork::new(
        &runtime,
        &generator(),
        LATENT,
        Precision::F32,
        Favor::Latency,
    );
    let network = network.unwrap().unwrap();
    let workspace = network.workspace(2).unwrap();
    assert!(network.forward(2, &workspace, &mut Vec::new()).is_ok());
    assert!(network.forward(3, &workspace, &mut Vec::new()).is_err());
    assert!(workspace.set_input(&[0.0; 36]).is_err());
    assert!(workspace.bytes() > network.workspace(1).unwrap().bytes());
}
