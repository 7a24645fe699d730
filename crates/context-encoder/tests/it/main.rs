//! The Context Encoder as its users see it: PyTorch's numbers, what it learns, what it must not see.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod golden;
mod inpainter;
mod joint_loss;
mod model_file;
mod overfit;
mod resume;
mod settings;

use semantic_inpaint_context_encoder::{
    Connection, ContextEncoder, ContextEncoderConfig, ContextEncoderTrainer,
    ContextEncoderTraining, MaskChannel,
};
use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator};
use semantic_inpaint_mask::MaskShape;
use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
use semantic_inpaint_train::TrainConfig;

type Trainer = ContextEncoderTrainer<DcganDiscriminator>;

fn shapes(texts: &[&str]) -> Vec<MaskShape> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// A small network of 32x32 images.
fn small() -> ContextEncoderConfig {
    ContextEncoderConfig {
        image_size_px: 32,
        base_channels: 4,
        connection: Connection::Bottleneck { len: 12 },
        ..ContextEncoderConfig::default()
    }
}

/// The same with a mask channel and the fully-connected layer.
fn small_with_mask() -> ContextEncoderConfig {
    ContextEncoderConfig {
        connection: Connection::ChannelWise,
        mask_channel: MaskChannel::With,
        ..small()
    }
}

fn network(config: ContextEncoderConfig) -> ContextEncoder {
    ContextEncoder::initialize(config, &mut Rng::from_seed(5), &Device::Cpu).unwrap()
}

fn discriminator(size_px: usize) -> DcganDiscriminator {
    let config = DcganConfig {
        image_size_px: size_px,
        discriminator_channels: 4,
        ..DcganConfig::default()
    };
    DcganDiscriminator::initialize(config, &mut Rng::from_seed(6), &Device::Cpu).unwrap()
}

/// Random images that change every few pixels.
fn images(count: usize, size_px: usize, seed: u64) -> ImageBatch {
    let mut rng = Rng::from_seed(seed);
    let coarse = rng.uniform(-1.0, 1.0, (count, 3, 8, 8), &Device::Cpu);
    ImageBatch::new(
        coarse
            .unwrap()
            .upsample_nearest2d(size_px, size_px)
            .unwrap(),
    )
    .unwrap()
}

fn settings(masks: &[&str]) -> ContextEncoderTraining {
    ContextEncoderTraining {
        train: TrainConfig {
            steps: 6,
            batch_size: 4,
            seed: 21,
            checkpoint_every: 2,
            sample_every: 4,
            ..ContextEncoderTraining::train_config()
        },
        ..ContextEncoderTraining::new(shapes(masks))
    }
}

fn trainer(config: ContextEncoderConfig, settings: ContextEncoderTraining) -> Trainer {
    let (size_px, output) = (config.image_size_px, config.output);
    let judge = discriminator(output.size_px(size_px));
    let samples = images(3, size_px, 9);
    Trainer::new(network(config), judge, settings, &samples).unwrap()
}
