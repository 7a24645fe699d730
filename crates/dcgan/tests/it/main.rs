//! The networks as others see them: PyTorch's numbers, gradients, independence of the batch.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod batch_independence;
mod frozen_networks;
mod golden_forward;
mod gradients;
mod import_samples;
mod input_gradient;

use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
use semantic_inpaint_nn::{Discriminator, Generator, Mode};
use semantic_inpaint_tensor::{Device, ImageBatch, Rng};

const MANIFEST: &str = env!("CARGO_MANIFEST_DIR");

/// Networks whose weights are large enough for every layer to matter, and whose running statistics
/// have left their start.
fn lively_networks(config: DcganConfig) -> (DcganGenerator, DcganDiscriminator) {
    let mut rng = Rng::from_seed(11);
    let generator = DcganGenerator::initialize(config, &mut rng, &Device::Cpu).unwrap();
    let discriminator = DcganDiscriminator::initialize(config, &mut rng, &Device::Cpu).unwrap();
    let z = config
        .latent_prior
        .sample(8, config.latent_len, &mut rng, &Device::Cpu)
        .unwrap();
    let images = generator.forward(&z, Mode::Train).unwrap();
    let noise = rng
        .uniform(-1.0, 1.0, images.tensor().shape(), &Device::Cpu)
        .unwrap();
    let images = ImageBatch::new(noise).unwrap();
    discriminator.forward(&images, Mode::Train).unwrap();
    (generator, discriminator)
}
