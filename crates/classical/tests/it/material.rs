use std::collections::HashMap;

use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
use semantic_inpaint_tensor::{DType, Device, ImageBatch, ImageShape, Tensor};

pub(crate) type Golden = HashMap<String, Tensor>;

pub(crate) fn golden(name: &str) -> Golden {
    testkit::golden(env!("CARGO_MANIFEST_DIR"), name)
}

pub(crate) fn mask_of(known: &Tensor) -> Mask {
    let rows: Vec<Vec<u8>> = known.to_vec2().unwrap();
    Mask::from_known(rows.len(), rows[0].len(), |row, col| rows[row][col] == 1).unwrap()
}

/// Values in `[-1, 1]` of levels `[C, H, W]` or `[H, W]`.
pub(crate) fn batch_of_levels(levels: &Tensor) -> ImageBatch {
    let images = testkit::images_from_levels(levels);
    let images = if images.rank() == 2 {
        images.unsqueeze(0).unwrap()
    } else {
        images
    };
    ImageBatch::new(images.unsqueeze(0).unwrap()).unwrap()
}

pub(crate) fn batch(channels: usize, height: usize, width: usize, values: Vec<f32>) -> ImageBatch {
    let shape = ImageShape {
        channels,
        height,
        width,
    };
    ImageBatch::from_values(values, shape, &Device::Cpu).unwrap()
}

pub(crate) fn complete<I: Inpainter + ?Sized>(
    inpainter: &I,
    truth: &ImageBatch,
    mask: &Mask,
) -> Vec<f32> {
    let corrupted = CorruptedImages::new(truth, mask).unwrap();
    let completed = inpainter.inpaint(&corrupted).unwrap();
    completed.to_values().unwrap()
}

pub(crate) fn to_f64(tensor: &Tensor) -> Vec<f64> {
    let flat = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
    flat.to_vec1().unwrap()
}

/// PSNR in dB, peak 2, over the missing pixels of the first mask.
pub(crate) fn hole_psnr(mask: &Mask, truth: &[f32], completed: &[f32]) -> f64 {
    let known: Vec<bool> = mask.known(0).iter().copied().collect();
    let pairs = truth.iter().zip(completed).enumerate();
    let missing = pairs.filter(|(at, _)| !known[at % known.len()]);
    let squares: Vec<f64> = missing
        .map(|(_, (a, b))| (f64::from(*a) - f64::from(*b)).powi(2))
        .collect();
    let mean = squares.iter().sum::<f64>() / squares.len() as f64;
    10.0 * (4.0 / mean).log10()
}
