use semantic_inpaint_context_encoder::{
    Connection, ContextEncoderConfig, ContextEncoderInpainter, ContextEncoderTraining,
};
use semantic_inpaint_mask::{CorruptedImages, Inpainter as _, Mask};
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
use semantic_inpaint_train::{TrainConfig, Trainer as _};

use crate::{settings, shapes, small, trainer};

/// Waves of another direction, length and color in each image.
fn pictures(count: usize, size_px: usize) -> ImageBatch {
    let mut values = Vec::new();
    for index in 0..count {
        for channel in 0..3 {
            for row in 0..size_px {
                for col in 0..size_px {
                    let (row, col) = (row as f32, col as f32);
                    let angle = 0.7 * index as f32;
                    let along = angle.cos() * row + angle.sin() * col;
                    let phase = 0.15 * (1.0 + 0.2 * index as f32) * along + channel as f32;
                    values.push(0.8 * phase.sin());
                }
            }
        }
    }
    ImageBatch::from_values(values, ImageShape::square_rgb(size_px), &Device::Cpu).unwrap()
}

/// PSNR in dB over the missing pixels of all images, on the scale of `[-1, 1]`.
fn hole_psnr(truth: &ImageBatch, completed: &ImageBatch, mask: &Mask) -> f64 {
    let squares = (truth.tensor() - completed.tensor())
        .unwrap()
        .sqr()
        .unwrap();
    let sum: f32 = squares.sum_all().unwrap().to_scalar().unwrap();
    let missing = 3 * mask.num_missing(0) * truth.count();
    10.0 * (4.0 * missing as f64 / f64::from(sum)).log10()
}

/// Hole PSNR after so many steps on the same eight images.
fn overfitted(config: ContextEncoderConfig, steps: usize) -> f64 {
    let settings = ContextEncoderTraining {
        train: TrainConfig {
            batch_size: 8,
            ..ContextEncoderTraining::train_config()
        },
        ..settings(&["square:14"])
    };
    let mut trainer = trainer(config, settings);
    let truth = pictures(8, config.image_size_px);
    for _ in 0..steps {
        trainer.step(&truth).unwrap();
    }
    let mask = shapes(&["square:14"])[0].build(32, 32, &mut Rng::from_seed(0));
    let mask = mask.unwrap();
    let corrupted = CorruptedImages::new(&truth, &mask).unwrap();
    let inpainter = ContextEncoderInpainter::new(trainer.averaged_network()).unwrap();
    hole_psnr(&truth, &inpainter.inpaint(&corrupted).unwrap(), &mask)
}

#[test]
fn eight_images_are_learned_to_more_than_thirty_decibels_in_the_hole() {
    let config = ContextEncoderConfig {
        base_channels: 16,
        connection: Connection::Bottleneck { len: 64 },
        ..small()
    };
    let psnr = overfitted(config, 300);
    assert!(psnr > 30.0, "bottleneck: {psnr} dB");
    let connection = Connection::ChannelWise;
    let psnr = overfitted(
        ContextEncoderConfig {
            connection,
            ..config
        },
        300,
    );
    assert!(psnr > 30.0, "channel-wise: {psnr} dB");
}
