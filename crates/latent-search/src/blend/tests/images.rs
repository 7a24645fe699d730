use semantic_inpaint_mask::{CorruptedImages, Mask};
use semantic_inpaint_tensor::{DType, Device, ImageBatch, ImageShape};

use super::reference::planes;
use crate::{Blend, Error, blend};

const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 8,
    width: 10,
};

fn images(count: usize, seed: u64) -> ImageBatch {
    let (values, _) = planes(count * SHAPE.num_values(), seed);
    let values = values.into_iter().map(|value| value as f32).collect();
    ImageBatch::from_values(values, SHAPE, &Device::Cpu).unwrap()
}

fn square(top: usize, left: usize) -> Mask {
    Mask::from_missing(SHAPE.height, SHAPE.width, |row, col| {
        (top..top + 4).contains(&row) && (left..left + 4).contains(&col)
    })
    .unwrap()
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
fn known_pixels_are_bit_identical_even_when_the_hole_holds_nan() {
    let masks = Mask::stack(&[square(0, 0), square(3, 5)]).unwrap();
    let truth = images(2, 1);
    let is_known = |value: usize| {
        let pixel = value % SHAPE.num_pixels();
        masks.is_known(
            value / SHAPE.num_values(),
            pixel / SHAPE.width,
            pixel % SHAPE.width,
        )
    };
    let mut values = truth.to_values().unwrap();
    for (index, value) in values
        .iter_mut()
        .enumerate()
        .filter(|(index, _)| !is_known(*index))
    {
        *value = if index % 2 == 0 {
            f32::NAN
        } else {
            f32::INFINITY
        };
    }
    let poisoned = ImageBatch::from_values(values, SHAPE, &Device::Cpu).unwrap();
    let corrupted = CorruptedImages::new(&poisoned, &masks).unwrap();
    for method in [Blend::Overlay, Blend::Poisson] {
        let completed = blend(&corrupted, &images(2, 2), method).unwrap();
        completed.check_range().unwrap();
        let (completed, truth) = (bits(&completed), bits(&truth));
        for index in (0..truth.len()).filter(|&index| is_known(index)) {
            assert_eq!(completed[index], truth[index], "{method} at {index}");
        }
    }
}

#[test]
fn overlay_takes_missing_pixels_from_the_generated_image() {
    let mask = square(2, 2);
    let (truth, generated) = (images(1, 1), images(1, 2));
    let corrupted = CorruptedImages::new(&truth, &mask).unwrap();
    let completed = blend(&corrupted, &generated, Blend::Overlay)
        .unwrap()
        .to_values()
        .unwrap();
    let (truth, generated) = (truth.to_values().unwrap(), generated.to_values().unwrap());
    for index in 0..completed.len() {
        let pixel = index % SHAPE.num_pixels();
        let known = mask.is_known(0, pixel / SHAPE.width, pixel % SHAPE.width);
        assert_eq!(
            completed[index],
            if known {
                truth[index]
            } else {
                generated[index]
            }
        );
    }
}

#[test]
fn a_batch_of_different_masks_equals_each_image_alone() {
    let masks = [square(0, 0), square(2, 3), square(0, 0), square(4, 6)];
    let (truth, generated) = (images(4, 3), images(4, 4));
    let corrupted = CorruptedImages::new(&truth, &Mask::stack(&masks).unwrap()).unwrap();
    for method in [Blend::Overlay, Blend::Poisson] {
        let together = bits(&blend(&corrupted, &generated, method).unwrap());
        for (index, mask) in masks.iter().enumerate() {
            let alone = CorruptedImages::new(&truth.narrow(index, 1).unwrap(), mask).unwrap();
            let alone = blend(&alone, &generated.narrow(index, 1).unwrap(), method).unwrap();
            let range = index * SHAPE.num_values()..(index + 1) * SHAPE.num_values();
            assert_eq!(bits(&alone), together[range]);
        }
    }
}

#[test]
fn overshoot_is_clamped_in_missing_pixels_only() {
    let shape = ImageShape {
        channels: 1,
        height: 1,
        width: 3,
    };
    let batch =
        |values: [f32; 3]| ImageBatch::from_values(values.to_vec(), shape, &Device::Cpu).unwrap();
    let mask = Mask::from_missing(1, 3, |_, col| col == 1).unwrap();
    let corrupted = CorruptedImages::new(&batch([0.9, 0.0, 1.5]), &mask).unwrap();
    let completed = blend(&corrupted, &batch([-1.0, 1.0, -1.0]), Blend::Poisson).unwrap();
    assert_eq!(completed.to_values().unwrap(), [0.9, 1.0, 1.5]);
}

#[test]
fn types_and_shapes_of_the_corrupted_images_are_kept() {
    let truth = ImageBatch::new(images(2, 5).into_tensor().to_dtype(DType::F64).unwrap()).unwrap();
    let corrupted = CorruptedImages::new(&truth, &square(1, 1)).unwrap();
    for method in [Blend::Overlay, Blend::Poisson] {
        let completed = blend(&corrupted, &images(2, 6), method).unwrap();
        assert_eq!(
            completed.tensor().dtype(),
            corrupted.images().tensor().dtype()
        );
        assert_eq!(completed.shape(), SHAPE);
    }
}

#[test]
fn batches_of_different_shapes_are_refused() {
    let corrupted = CorruptedImages::new(&images(2, 1), &square(1, 1)).unwrap();
    for method in [Blend::Overlay, Blend::Poisson] {
        let refused = blend(&corrupted, &images(1, 1), method);
        assert!(matches!(refused, Err(Error::BlendShape { .. })));
    }
}

#[test]
fn values_that_are_not_finite_are_refused_by_poisson_blending() {
    let corrupted = CorruptedImages::new(&images(1, 1), &square(1, 1)).unwrap();
    let mut values = images(1, 2).to_values().unwrap();
    values[2 * SHAPE.width + 2] = f32::NAN;
    let generated = ImageBatch::from_values(values, SHAPE, &Device::Cpu).unwrap();
    let refused = blend(&corrupted, &generated, Blend::Poisson);
    assert!(matches!(
        refused,
        Err(Error::BlendNotFinite {
            row: 1..=3,
            col: 1..=3
        })
    ));
}

#[test]
fn names_of_blendings_can_be_parsed_back() {
    for method in [Blend::Overlay, Blend::Poisson] {
        assert_eq!(method.to_string().parse::<Blend>().unwrap(), method);
    }
    assert_eq!(Blend::default(), Blend::Poisson);
    let message = "feather".parse::<Blend>().unwrap_err().to_string();
    assert_eq!(
        message,
        "unknown blending `feather`: use overlay or poisson"
    );
}
