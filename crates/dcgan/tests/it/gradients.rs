use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_nn::loss::{binary_cross_entropy, log_one_minus_sigmoid};
use semantic_inpaint_nn::{Discriminator, Generator, Mode, Network};
use semantic_inpaint_tensor::{DType, Device, ImageBatch, Latent, Rng, Tensor};
use testkit::{GRADCHECK_STEP, Tolerance, gradcheck};

use crate::lively_networks;

const CONFIG: DcganConfig = DcganConfig {
    latent_len: 5,
    generator_channels: 2,
    discriminator_channels: 2,
    image_size_px: 32,
    image_channels: 3,
    latent_prior: semantic_inpaint_tensor::LatentPrior::Uniform,
    discriminator_norm: semantic_inpaint_dcgan::DiscriminatorNorm::Batch,
};

/// Both networks in f64, with the convolutions of the initialization enlarged.
fn networks() -> (DcganGenerator, DcganDiscriminator) {
    let (generator, discriminator) = lively_networks(CONFIG);
    (widened(&generator), widened(&discriminator))
}

fn widened<N: Network>(network: &N) -> N {
    let params = network.params().to_dtype(DType::F64).unwrap();
    for (name, var) in params.trainable() {
        if name.ends_with("conv.weight") {
            var.set(&(var.as_tensor().detach() * 8.0).unwrap()).unwrap();
        }
    }
    network.with_params(params).unwrap()
}

fn uniform(dims: &[usize], seed: u64) -> Tensor {
    let values = Rng::from_seed(seed).uniform(-1.0, 1.0, dims, &Device::Cpu);
    values.unwrap().to_dtype(DType::F64).unwrap()
}

#[test]
fn the_gradient_of_the_objective_at_the_latents_equals_differences() {
    let (generator, discriminator) = networks();
    let (generator, discriminator) = (generator.frozen().unwrap(), discriminator.frozen().unwrap());
    // Outside of the range of images, where the absolute difference has no kink.
    let target = (uniform(&[2, 3, 32, 32], 2).sign().unwrap() * 1.5).unwrap();
    let weights = uniform(&[2, 1, 32, 32], 3).abs().unwrap();
    gradcheck(
        |z| {
            let latent = Latent::new(z[0].clone()).unwrap();
            let images = generator.forward(&latent, Mode::Eval).unwrap();
            let logits = discriminator.forward(&images, Mode::Eval).unwrap();
            let context = (images.tensor() - &target)?.abs()?;
            let context = context.broadcast_mul(&weights)?.sum_all()?;
            let prior = log_one_minus_sigmoid(logits.tensor()).unwrap().sum_all()?;
            context + (prior * 3.0)?
        },
        &[uniform(&[2, 5], 1)],
        GRADCHECK_STEP,
        Tolerance::GRADCHECK,
    );
}

/// Checks the gradients of the trainable weights of a network, each in turn an input.
fn check_weights<N: Network>(network: &N, loss: impl Fn(&N) -> Tensor) {
    for (name, var) in network.params().trainable() {
        let start = var.as_tensor().detach().copy().unwrap();
        let gradients = loss(network).backward().unwrap();
        let gradient = gradients.get(var).unwrap().clone();
        // Along the gradient itself: one number per weight that every element of it enters.
        let norm = gradient.sqr().unwrap().sum_all().unwrap();
        let norm = norm.to_scalar::<f64>().unwrap().sqrt();
        let along = |step: f64| {
            let moved = (&start + (&gradient * (step / norm)).unwrap()).unwrap();
            var.set(&moved).unwrap();
            loss(network).to_scalar::<f64>().unwrap()
        };
        let step = 1e-6;
        let quotient = (along(step) - along(-step)) / (2.0 * step);
        along(0.0);
        let error = (quotient - norm).abs() / norm;
        assert!(error < 1e-5, "{name}: {quotient} {norm}");
    }
}

#[test]
fn every_weight_gradient_in_training_equals_the_slope_along_it() {
    let (generator, discriminator) = networks();
    let z = Latent::new(uniform(&[3, 5], 4)).unwrap();
    check_weights(&generator, |generator| {
        let images = generator.forward(&z, Mode::Train).unwrap();
        let logits = discriminator.forward(&images, Mode::Train).unwrap();
        binary_cross_entropy(logits.tensor(), 1.0).unwrap()
    });
    let images = ImageBatch::new(uniform(&[3, 3, 32, 32], 5)).unwrap();
    check_weights(&discriminator, |discriminator| {
        let logits = discriminator.forward(&images, Mode::Train).unwrap();
        binary_cross_entropy(logits.tensor(), 0.0).unwrap()
    });
}
