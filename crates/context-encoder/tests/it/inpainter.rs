use semantic_inpaint_context_encoder::{
    ContextEncoderConfig, ContextEncoderInpainter, Error, Output,
};
use semantic_inpaint_mask::{CorruptedImages, Inpainter as _, Mask};
use semantic_inpaint_tensor::{DType, ImageBatch, Rng};
use semantic_inpaint_train::Trainer as _;

use crate::{images, settings, shapes, small, small_with_mask, trainer};

/// Networks of both kinds after a few steps, with holes that they can fill.
fn trained() -> Vec<(ContextEncoderInpainter, Mask)> {
    let patch = ContextEncoderConfig {
        image_size_px: 64,
        output: Output::Patch { size_px: 32 },
        ..small()
    };
    let of = |config: ContextEncoderConfig, text: &str| {
        let mut trainer = trainer(config, settings(&[text]));
        let size_px = config.image_size_px;
        for step in 0..3 {
            trainer.step(&images(4, size_px, step)).unwrap();
        }
        let rng = &mut Rng::from_seed(1);
        let mask = shapes(&[text])[0].build_batch(5, size_px, size_px, rng);
        let inpainter = ContextEncoderInpainter::new(trainer.averaged_network());
        (inpainter.unwrap(), mask.unwrap())
    };
    vec![
        of(small(), "square:12"),
        of(small_with_mask(), "pattern:0.3"),
        of(patch, "circle:20"),
    ]
}

fn bits(images: &ImageBatch) -> Vec<u32> {
    let values = images.to_values().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

fn complete(inpainter: &ContextEncoderInpainter, truth: &ImageBatch, mask: &Mask) -> ImageBatch {
    let corrupted = CorruptedImages::new(truth, mask).unwrap();
    inpainter.inpaint(&corrupted).unwrap()
}

#[test]
fn what_the_hole_held_never_influences_the_result() {
    for (inpainter, mask) in trained() {
        let size_px = mask.width();
        let truth = images(5, size_px, 1);
        let noise = CorruptedImages::new(&truth, &mask).unwrap();
        let noise = noise.overlay(&images(5, size_px, 2)).unwrap();
        assert_ne!(bits(&noise), bits(&truth));
        let (first, second) = (
            complete(&inpainter, &truth, &mask),
            complete(&inpainter, &noise, &mask),
        );
        assert_eq!(bits(&first), bits(&second));
    }
}

#[test]
fn known_pixels_come_back_bit_for_bit_and_missing_ones_do_not() {
    for (inpainter, mask) in trained() {
        let truth = images(5, mask.width(), 1);
        let completed = complete(&inpainter, &truth, &mask);
        let pairs: Vec<_> = bits(&completed).into_iter().zip(bits(&truth)).collect();
        let per_image = pairs.len() / mask.count();
        let mut changed = 0;
        for (index, pairs) in pairs.chunks(per_image).enumerate() {
            let known = mask.known(index);
            for (is_known, (got, want)) in known.iter().cycle().zip(pairs) {
                assert!(!is_known || got == want);
                changed += usize::from(got != want);
            }
        }
        let missing: usize = (0..mask.count()).map(|index| mask.num_missing(index)).sum();
        assert!(changed > 2 * missing, "{changed} of {missing} pixels");
    }
}

#[test]
fn an_image_alone_and_in_a_batch_has_the_same_bits() {
    for (inpainter, mask) in trained() {
        let truth = images(5, mask.width(), 1);
        let together = complete(&inpainter, &truth, &mask);
        for index in 0..5 {
            let image = truth.narrow(index, 1).unwrap();
            let alone = complete(&inpainter, &image, &mask.narrow(index, 1).unwrap());
            assert_eq!(
                bits(&alone),
                bits(&together.narrow(index, 1).unwrap()),
                "{index}"
            );
        }
    }
}

#[test]
fn an_inpainter_is_not_changed_by_later_training() {
    let mut trainer = trainer(small(), settings(&["square:12"]));
    let inpainter = ContextEncoderInpainter::new(trainer.network()).unwrap();
    let mask = shapes(&["square:12"])[0].build(32, 32, &mut Rng::from_seed(0));
    let (truth, mask) = (images(1, 32, 1), mask.unwrap());
    let before = complete(&inpainter, &truth, &mask);
    trainer.step(&images(4, 32, 2)).unwrap();
    assert_eq!(bits(&complete(&inpainter, &truth, &mask)), bits(&before));
    assert_eq!(inpainter.name(), "context-encoder");
}

#[test]
fn types_of_numbers_are_kept() {
    let inpainter = ContextEncoderInpainter::new(&crate::network(small())).unwrap();
    let half = images(1, 32, 1).tensor().to_dtype(DType::F16).unwrap();
    let mask = shapes(&["square:12"])[0].build(32, 32, &mut Rng::from_seed(0));
    let completed = complete(&inpainter, &ImageBatch::new(half).unwrap(), &mask.unwrap());
    assert_eq!(completed.tensor().dtype(), DType::F16);
}

#[test]
fn images_and_holes_that_do_not_fit_are_refused_with_the_remedy() {
    let of = |config| ContextEncoderInpainter::new(&crate::network(config)).unwrap();
    let patch = of(ContextEncoderConfig {
        image_size_px: 64,
        output: Output::Patch { size_px: 32 },
        ..small()
    });
    let corrupted = |size_px, text: &str| {
        let mask = shapes(&[text])[0].build(size_px, size_px, &mut Rng::from_seed(0));
        CorruptedImages::new(&images(1, size_px, 1), &mask.unwrap()).unwrap()
    };
    let error = patch.inpaint(&corrupted(32, "square:8")).unwrap_err();
    assert!(matches!(
        error,
        Error::ImageSize {
            size_px: 64,
            height: 32,
            ..
        }
    ));
    let error = patch.inpaint(&corrupted(64, "half:left")).unwrap_err();
    assert!(matches!(
        error,
        Error::HoleOutsidePatch {
            index: 0,
            patch_px: 32
        }
    ));
    assert!(error.to_string().contains("whole output"), "{error}");
    of(small()).inpaint(&corrupted(32, "half:left")).unwrap();
}
