use semantic_inpaint_context_encoder::{JointLoss, Output, reconstruction_loss};
use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::{DType, Device, ImageBatch, Rng, Tensor, Var};

use crate::shapes;

fn mask(text: &str, size_px: usize) -> Mask {
    shapes(&[text])[0]
        .build(size_px, size_px, &mut Rng::from_seed(3))
        .unwrap()
}

/// The loss's gradient at a prediction that is off by 1 everywhere, `[N, 3, T, T]` in f64.
fn gradient(loss: &JointLoss, masks: &Mask, output: Output) -> Tensor {
    let size_px = output.size_px(masks.width());
    let dims = (masks.count(), 3, size_px, size_px);
    let truth = Tensor::zeros(dims, DType::F64, &Device::Cpu).unwrap();
    let prediction = Var::from_tensor(&truth.ones_like().unwrap()).unwrap();
    let weights = loss.pixel_weights(masks, output, &Device::Cpu).unwrap();
    let images = |tensor: &Tensor| ImageBatch::new(tensor.clone()).unwrap();
    let error = reconstruction_loss(&images(&prediction), &images(&truth), &weights).unwrap();
    let gradients = error.backward().unwrap();
    gradients.get(&prediction).unwrap().clone()
}

fn at(gradient: &Tensor, index: usize, row: usize, col: usize) -> f64 {
    let values = gradient.get(index).unwrap().get(2).unwrap();
    values
        .get(row)
        .unwrap()
        .get(col)
        .unwrap()
        .to_scalar()
        .unwrap()
}

#[test]
fn the_overlap_band_pulls_ten_times_as_hard_as_the_hole_and_the_rest_not_at_all() {
    let loss = JointLoss::default();
    let gradient = gradient(&loss, &mask("square:20", 64), Output::Whole);
    let in_hole = at(&gradient, 0, 30, 30);
    // 2 (x^ - x) over the weighted values: 28 x 28 pixels of 3 channels.
    assert!((in_hole - 2.0 / (3.0 * 28.0 * 28.0)).abs() < 1e-12);
    for (row, col, factor) in [
        (22, 22, 1.0),
        (41, 41, 1.0),
        (21, 30, 10.0),
        (18, 18, 10.0),
        (45, 45, 10.0),
        (17, 30, 0.0),
        (30, 46, 0.0),
        (0, 0, 0.0),
    ] {
        let pull = at(&gradient, 0, row, col);
        assert!(
            (pull - factor * in_hole).abs() < 1e-9,
            "{row}, {col}: {pull}"
        );
    }
}

#[test]
fn a_patch_has_the_weights_of_its_part_of_the_image() {
    let loss = JointLoss::default();
    let masks = mask("square:20", 64);
    let whole = gradient(&loss, &masks, Output::Whole);
    let patch = gradient(&loss, &masks, Output::Patch { size_px: 32 });
    let part = whole.narrow(2, 16, 32).unwrap().narrow(3, 16, 32).unwrap();
    let difference = (patch - part).unwrap().abs().unwrap().max_all().unwrap();
    assert_eq!(difference.to_scalar::<f64>().unwrap(), 0.0);
}

#[test]
fn all_known_pixels_can_weigh_as_those_of_the_released_code_for_random_holes() {
    let random = JointLoss {
        overlap_px: 64,
        ..JointLoss::default()
    };
    let masks = mask("pattern:0.25", 64);
    let gradient = gradient(&random, &masks, Output::Whole);
    let in_hole = 2.0 / (3.0 * 64.0 * 64.0);
    for ((row, col), is_known) in masks.known(0).indexed_iter() {
        let want = if *is_known { 10.0 * in_hole } else { in_hole };
        let pull = at(&gradient, 0, row, col);
        assert!((pull - want).abs() < 1e-9, "{row}, {col}: {pull} {want}");
    }
}

#[test]
fn a_small_hole_counts_as_much_as_a_large_one() {
    let masks = Mask::stack(&[mask("square:4", 32), mask("square:20", 32)]).unwrap();
    let loss = JointLoss {
        overlap_weight: 0.0,
        ..JointLoss::default()
    };
    let gradient = gradient(&loss, &masks, Output::Whole);
    let total = |index| {
        let sum = gradient.get(index).unwrap().sum_all().unwrap();
        sum.to_scalar::<f64>().unwrap()
    };
    assert!((total(0) - 1.0).abs() < 1e-9 && (total(1) - 1.0).abs() < 1e-9);
}

#[test]
fn weights_out_of_range_are_named() {
    let good = JointLoss::default();
    good.validate().unwrap();
    for (loss, name) in [
        (
            JointLoss {
                overlap_weight: -1.0,
                ..good
            },
            "overlap",
        ),
        (
            JointLoss {
                far_weight: f64::NAN,
                ..good
            },
            "far",
        ),
        (
            JointLoss {
                adversarial_weight: 1.0,
                ..good
            },
            "adversarial",
        ),
        (
            JointLoss {
                adversarial_weight: -0.1,
                ..good
            },
            "adversarial",
        ),
    ] {
        let message = loss.validate().unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}
