use proptest::prelude::*;
use semantic_inpaint_tensor::{DType, Device, ImageShape, Rng, Var};

use super::*;
use crate::MaskShape;

const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 12,
    width: 10,
};

fn random_values(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::from_seed(seed);
    let len = count * SHAPE.num_values();
    (0..len)
        .map(|_| (2.0 * rng.next_unit() - 1.0) as f32)
        .collect()
}

fn batch(values: Vec<f32>) -> ImageBatch {
    ImageBatch::from_values(values, SHAPE, &Device::Cpu).unwrap()
}

fn masks(count: usize, seed: u64) -> Mask {
    let mut rng = Rng::from_seed(seed);
    MaskShape::Pattern { fraction: 0.3 }
        .build_batch(count, 12, 10, &mut rng)
        .unwrap()
}

/// Whether each value of a batch `[N, C, H, W]` lies on a known pixel.
fn known_values(mask: &Mask) -> Vec<bool> {
    let per_mask = |index| {
        let plane: Vec<bool> = mask.known(index).iter().copied().collect();
        plane.repeat(SHAPE.channels)
    };
    (0..mask.count()).flat_map(per_mask).collect()
}

fn bits(images: &ImageBatch) -> Vec<u32> {
    images
        .to_values()
        .unwrap()
        .into_iter()
        .map(f32::to_bits)
        .collect()
}

#[test]
fn known_pixels_stay_bit_for_bit_and_missing_ones_are_zero() {
    let (values, mask) = (random_values(4, 1), masks(4, 2));
    let corrupted = CorruptedImages::new(&batch(values.clone()), &mask).unwrap();
    for ((value, truth), is_known) in corrupted
        .images()
        .to_values()
        .unwrap()
        .iter()
        .zip(values)
        .zip(known_values(&mask))
    {
        assert_eq!(value.to_bits(), if is_known { truth.to_bits() } else { 0 });
    }
}

#[test]
fn a_single_mask_serves_every_image() {
    let mask = masks(1, 3);
    let corrupted = CorruptedImages::new(&batch(random_values(3, 1)), &mask).unwrap();
    assert_eq!(corrupted.mask(), &mask.repeat(3).unwrap());
    assert_eq!(corrupted.count(), 3);
}

#[test]
fn types_are_kept() {
    let half = ImageBatch::new(
        batch(random_values(2, 1))
            .tensor()
            .to_dtype(DType::F16)
            .unwrap(),
    );
    let corrupted = CorruptedImages::new(&half.unwrap(), &masks(2, 2)).unwrap();
    assert_eq!(corrupted.images().tensor().dtype(), DType::F16);
}

#[test]
fn no_gradient_reaches_the_truth() {
    let truth = Var::from_tensor(batch(random_values(1, 1)).tensor()).unwrap();
    let images = ImageBatch::new(truth.as_tensor().clone()).unwrap();
    let corrupted = CorruptedImages::new(&images, &masks(1, 2)).unwrap();
    let gradients = corrupted
        .images()
        .tensor()
        .sum_all()
        .unwrap()
        .backward()
        .unwrap();
    assert!(gradients.get(&truth).is_none());
}

#[test]
fn wrong_sizes_and_counts_are_refused_with_both() {
    let images = batch(random_values(3, 1));
    let transposed = Mask::from_missing(10, 12, |row, _| row == 0).unwrap();
    let message = CorruptedImages::new(&images, &transposed)
        .unwrap_err()
        .to_string();
    assert!(message.contains("height 10 and width 12"), "{message}");
    assert!(message.contains("height 12 and width 10"), "{message}");
    assert!(CorruptedImages::new(&images, &masks(2, 2)).is_err());
}

#[test]
fn narrowing_keeps_images_and_masks_together() {
    let (values, mask) = (random_values(3, 1), masks(3, 2));
    let corrupted = CorruptedImages::new(&batch(values.clone()), &mask).unwrap();
    let last = corrupted.narrow(2, 1).unwrap();
    let image = batch(values[2 * SHAPE.num_values()..].to_vec());
    let alone = CorruptedImages::new(&image, &mask.narrow(2, 1).unwrap()).unwrap();
    assert_eq!(bits(last.images()), bits(alone.images()));
    assert_eq!(last.mask(), alone.mask());
    assert!(corrupted.narrow(2, 2).is_err());
}

#[test]
fn overlay_takes_known_pixels_from_the_image_and_missing_ones_from_the_generated() {
    let (truth, mask) = (random_values(2, 1), masks(2, 2));
    let generated = random_values(2, 9);
    let corrupted = CorruptedImages::new(&batch(truth.clone()), &mask).unwrap();
    let completed = corrupted
        .overlay(&batch(generated.clone()))
        .unwrap()
        .to_values()
        .unwrap();
    for (index, is_known) in known_values(&mask).into_iter().enumerate() {
        let expected = if is_known {
            truth[index]
        } else {
            generated[index]
        };
        assert_eq!(completed[index].to_bits(), expected.to_bits());
    }
    assert!(corrupted.overlay(&batch(random_values(1, 9))).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_truth_inside_the_hole_leaves_no_trace(
        seed in any::<u64>(),
        foreign in prop::sample::select(vec![
            0.0, -0.0, 1.0, -1.0, 1e30, f32::MIN_POSITIVE, f32::NAN, f32::INFINITY,
            f32::NEG_INFINITY,
        ]),
    ) {
        let (values, mask) = (random_values(2, seed), masks(2, seed));
        let changed: Vec<f32> = values
            .iter()
            .zip(known_values(&mask))
            .map(|(&value, is_known)| if is_known { value } else { foreign })
            .collect();
        let original = CorruptedImages::new(&batch(values), &mask).unwrap();
        let changed = CorruptedImages::new(&batch(changed), &mask).unwrap();
        prop_assert_eq!(bits(original.images()), bits(changed.images()));
    }
}
