//! Encoders as their users see them: what they learn, what they must not see, runs that go on.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod loss;
mod model_file;
mod training;

use semantic_inpaint_dcgan::{DcganConfig, DcganEncoder, DcganEncoderConfig, DcganGenerator};
use semantic_inpaint_latent_encoder::{LatentEncoderTrainer, LatentEncoderTraining};
use semantic_inpaint_mask::MaskShape;
use semantic_inpaint_nn::{Generator as _, Mode};
use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
use semantic_inpaint_train::TrainConfig;

type Trainer = LatentEncoderTrainer<DcganGenerator>;

fn shapes(texts: &[&str]) -> Vec<MaskShape> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn sizes() -> DcganConfig {
    DcganConfig {
        latent_len: 6,
        generator_channels: 4,
        image_size_px: 32,
        ..DcganConfig::default()
    }
}

/// A small generator whose images differ: its first layer is ten times the usual.
fn generator() -> DcganGenerator {
    let (rng, cpu) = (&mut Rng::from_seed(3), &Device::Cpu);
    let generator = DcganGenerator::initialize(sizes(), rng, cpu).unwrap();
    let mut tensors = semantic_inpaint_nn::Network::params(&generator)
        .to_tensors()
        .unwrap();
    for (name, tensor) in &mut tensors {
        if name.ends_with("conv.weight") {
            *tensor = (&*tensor * 10.0).unwrap();
        }
    }
    DcganGenerator::from_tensors(sizes(), &tensors, cpu).unwrap()
}

fn encoder(base_channels: usize) -> DcganEncoder {
    let config = DcganEncoderConfig::of_generator(&sizes(), base_channels);
    DcganEncoder::initialize(config, &mut Rng::from_seed(5), &Device::Cpu).unwrap()
}

/// Images that the generator can make.
fn images(count: usize, seed: u64) -> ImageBatch {
    let generator = generator();
    let prior = generator.latent_prior();
    let latent = prior.sample(count, 6, &mut Rng::from_seed(seed), &Device::Cpu);
    let images = generator.forward(&latent.unwrap(), Mode::Eval).unwrap();
    ImageBatch::new(images.into_tensor().detach()).unwrap()
}

fn settings() -> LatentEncoderTraining {
    LatentEncoderTraining {
        train: TrainConfig {
            steps: 6,
            batch_size: 4,
            seed: 21,
            checkpoint_every: 2,
            sample_every: 4,
            ..LatentEncoderTraining::train_config()
        },
        ..LatentEncoderTraining::new(shapes(&["square:12", "pixels:0.5"]))
    }
}

fn trainer() -> Trainer {
    Trainer::new(encoder(4), &generator(), settings(), &images(3, 9)).unwrap()
}
