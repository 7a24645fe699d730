use proptest::prelude::*;
use semantic_inpaint_mask::{CorruptedImages, Mask, MaskShape};
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng, Tensor};
use testkit::{golden, golden_metadata};

use crate::{
    Error, Region, Scores, ScoresSummary, mean_absolute_error, mean_squared_error, psnr,
    region_psnr, score, seam_score, ssim,
};

/// f64 against f64 in another order of summation, over some hundred terms.
const GOLDEN_TOLERANCE: f64 = 1e-9;

fn random_images(count: usize, seed: u64) -> ImageBatch {
    let mut rng = Rng::from_seed(seed);
    let values = rng
        .uniform(-1.0, 1.0, (count, 3, 16, 20), &Device::Cpu)
        .unwrap();
    ImageBatch::new(values).unwrap()
}

fn random_masks(count: usize) -> Mask {
    let shape = MaskShape::Pattern { fraction: 0.3 };
    shape
        .build_batch(count, 16, 20, &mut Rng::from_seed(5))
        .unwrap()
}

fn constant(value: f32, count: usize) -> ImageBatch {
    let shape = ImageShape {
        channels: 1,
        height: 16,
        width: 16,
    };
    ImageBatch::from_values(vec![value; count * 256], shape, &Device::Cpu).unwrap()
}

fn assert_all_close(found: &[f64], expected: &Tensor, what: &str) {
    let expected: Vec<f64> = expected.to_vec1().unwrap();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < GOLDEN_TOLERANCE,
            "{what}: {found} vs {expected}"
        );
    }
}

#[test]
fn psnr_and_ssim_equal_scikit_image() {
    let tensors = golden(env!("CARGO_MANIFEST_DIR"), "ssim");
    for name in ["rgb", "gray", "smallest"] {
        let images = |role: &str| ImageBatch::new(tensors[&format!("{name}.{role}")].clone());
        let (truth, completed) = (images("truth").unwrap(), images("completed").unwrap());
        let found = psnr(&truth, &completed).unwrap();
        assert_all_close(
            &found,
            &tensors[&format!("{name}.psnr")],
            &format!("{name} psnr"),
        );
        let found = ssim(&truth, &completed).unwrap();
        assert_all_close(
            &found,
            &tensors[&format!("{name}.ssim")],
            &format!("{name} ssim"),
        );
    }
}

#[test]
fn the_golden_file_says_where_it_comes_from() {
    let metadata = golden_metadata(env!("CARGO_MANIFEST_DIR"), "ssim");
    for key in [
        "script",
        "description",
        "seed",
        "python",
        "numpy",
        "scikit-image",
    ] {
        assert!(metadata.contains_key(key), "{key}");
    }
}

#[test]
fn equal_images_have_infinite_psnr_unit_ssim_and_no_error() {
    let (images, masks) = (random_images(2, 1), random_masks(2));
    for scores in score(&images, &images, &masks).unwrap() {
        assert_eq!(
            (scores.psnr, scores.hole_psnr),
            (f64::INFINITY, f64::INFINITY)
        );
        assert_eq!(scores.hole_l1, 0.0);
        assert!((scores.ssim - 1.0).abs() < 1e-12);
    }
}

#[test]
fn black_against_white_has_zero_decibels_and_an_error_of_two() {
    let (black, white) = (constant(-1.0, 1), constant(1.0, 1));
    assert_eq!(psnr(&black, &white).unwrap(), [0.0]);
    let mask = Mask::from_missing(16, 16, |row, _| row < 3).unwrap();
    for region in [
        Region::Whole,
        Region::Hole,
        Region::Known,
        Region::Border { width_px: 1 },
    ] {
        assert_eq!(
            mean_squared_error(&black, &white, &mask, region).unwrap(),
            [4.0]
        );
        assert_eq!(
            mean_absolute_error(&black, &white, &mask, region).unwrap(),
            [2.0]
        );
    }
    // Constant images: only the luminance term is left, and one mean is 0.
    let floor = 1e-4;
    assert!((ssim(&black, &white).unwrap()[0] - floor / (1.0 + floor)).abs() < 1e-12);
}

#[test]
fn errors_of_the_whole_are_the_weighted_mean_of_hole_and_known() {
    let (truth, completed, masks) = (random_images(3, 1), random_images(3, 2), random_masks(3));
    for measure in [mean_squared_error, mean_absolute_error] {
        let over = |region| measure(&truth, &completed, &masks, region).unwrap();
        let (whole, hole, known) = (over(Region::Whole), over(Region::Hole), over(Region::Known));
        for index in 0..3 {
            let share = masks.num_missing(index) as f64 / masks.num_pixels() as f64;
            let mixed = share * hole[index] + (1.0 - share) * known[index];
            assert!((whole[index] - mixed).abs() < 1e-12);
        }
    }
}

#[test]
fn scores_are_those_of_the_single_metrics() {
    let (truth, completed, masks) = (random_images(3, 1), random_images(3, 2), random_masks(3));
    let scores = score(&truth, &completed, &masks).unwrap();
    let column = |field: fn(&Scores) -> f64| scores.iter().map(field).collect::<Vec<_>>();
    let hole_psnr = region_psnr(&truth, &completed, &masks, Region::Hole).unwrap();
    let hole_l1 = mean_absolute_error(&truth, &completed, &masks, Region::Hole).unwrap();
    let whole_psnr = psnr(&truth, &completed).unwrap();
    for (found, expected) in column(|scores| scores.psnr).iter().zip(whole_psnr) {
        assert!((found - expected).abs() < 1e-9);
    }
    assert_eq!(column(|scores| scores.hole_psnr), hole_psnr);
    assert_eq!(
        column(|scores| scores.ssim),
        ssim(&truth, &completed).unwrap()
    );
    assert_eq!(column(|scores| scores.hole_l1), hole_l1);
    assert_eq!(
        column(|scores| scores.seam),
        seam_score(&completed, &masks).unwrap()
    );
}

#[test]
fn the_score_of_an_image_does_not_depend_on_its_batch() {
    let (truth, completed, masks) = (random_images(3, 1), random_images(3, 2), random_masks(3));
    let together = score(&truth, &completed, &masks).unwrap();
    for (index, expected) in together.iter().enumerate() {
        let one = |images: &ImageBatch| images.narrow(index, 1).unwrap();
        let mask = masks.narrow(index, 1).unwrap();
        assert_eq!(
            &score(&one(&truth), &one(&completed), &mask).unwrap()[0],
            expected
        );
    }
}

#[test]
fn a_single_mask_serves_every_image() {
    let (truth, completed, mask) = (random_images(3, 1), random_images(3, 2), random_masks(1));
    let single = score(&truth, &completed, &mask).unwrap();
    let repeated = score(&truth, &completed, &mask.repeat(3).unwrap()).unwrap();
    assert_eq!(single, repeated);
}

#[test]
fn ssim_is_symmetric() {
    let (truth, completed) = (random_images(2, 1), random_images(2, 2));
    let (there, back) = (
        ssim(&truth, &completed).unwrap(),
        ssim(&completed, &truth).unwrap(),
    );
    assert!(
        there
            .iter()
            .zip(back)
            .all(|(there, back)| (there - back).abs() < 1e-12)
    );
}

#[test]
fn a_gray_hole_has_a_seam_and_the_truth_has_none() {
    let shape = ImageShape {
        channels: 1,
        height: 16,
        width: 16,
    };
    let ramp: Vec<f32> = (0..256)
        .map(|pixel| (pixel / 16) as f32 / 32.0 + 0.25)
        .collect();
    let truth = ImageBatch::from_values(ramp, shape, &Device::Cpu).unwrap();
    let mask = Mask::from_missing(16, 16, |row, col| row / 4 == 1 && col / 4 == 1).unwrap();
    let gray = CorruptedImages::new(&truth, &mask).unwrap();
    assert_eq!(seam_score(&truth, &mask).unwrap(), [0.0]);
    assert!(seam_score(gray.images(), &mask).unwrap()[0] > 0.3);
}

#[test]
fn shapes_that_differ_are_refused_with_both() {
    let (truth, masks) = (random_images(3, 1), random_masks(3));
    let fewer = random_images(2, 1);
    let message = score(&truth, &fewer, &masks).unwrap_err().to_string();
    assert!(
        message.contains("[2, 3, 16, 20]") && message.contains("[3, 3, 16, 20]"),
        "{message}"
    );
    assert!(matches!(
        psnr(&truth, &fewer),
        Err(Error::ShapeMismatch { .. })
    ));
    assert!(matches!(
        ssim(&truth, &fewer),
        Err(Error::ShapeMismatch { .. })
    ));

    let transposed = Mask::from_missing(20, 16, |row, _| row == 0).unwrap();
    let error = score(&truth, &truth, &transposed).unwrap_err();
    assert!(matches!(error, Error::ShapeMismatch { .. }), "{error}");
    let error = score(&truth, &truth, &random_masks(2)).unwrap_err();
    assert!(matches!(error, Error::Mask(_)), "{error}");
}

#[test]
fn values_that_are_not_finite_are_refused_with_their_image() {
    let truth = constant(0.0, 3);
    for foreign in [f32::NAN, f32::INFINITY] {
        let mut values = truth.to_values().unwrap();
        values[256 + 7] = foreign;
        let completed = ImageBatch::from_values(values, truth.shape(), &Device::Cpu).unwrap();
        let error = psnr(&truth, &completed).unwrap_err();
        assert!(
            matches!(error, Error::NotFinite { index: 1, .. }),
            "{error}"
        );
        assert!(error.to_string().contains("completed image 1"), "{error}");
    }
}

#[test]
fn images_below_eleven_pixels_have_no_ssim_but_a_psnr() {
    let shape = ImageShape {
        channels: 1,
        height: 10,
        width: 40,
    };
    let images = ImageBatch::from_values(vec![0.5; 400], shape, &Device::Cpu).unwrap();
    let error = ssim(&images, &images).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooSmall {
                metric: "SSIM",
                height: 10,
                width: 40,
                min_px: 11
            }
        ),
        "{error}"
    );
    assert_eq!(psnr(&images, &images).unwrap(), [f64::INFINITY]);
}

#[test]
fn infinite_psnr_is_null_in_json_and_comes_back() {
    let infinite = f64::INFINITY;
    let exact = Scores {
        psnr: infinite,
        hole_psnr: infinite,
        ssim: 1.0,
        hole_l1: 0.0,
        seam: 0.25,
    };
    let scores = [
        exact,
        Scores {
            psnr: 30.5,
            ..exact
        },
    ];
    let text = serde_json::to_string(&exact).unwrap();
    assert_eq!(
        text,
        r#"{"psnr":null,"hole_psnr":null,"ssim":1.0,"hole_l1":0.0,"seam":0.25}"#
    );
    let text = serde_json::to_string(&scores).unwrap();
    assert_eq!(serde_json::from_str::<[Scores; 2]>(&text).unwrap(), scores);

    let summary = ScoresSummary::new(&scores).unwrap();
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(
        serde_json::from_str::<ScoresSummary>(&text).unwrap(),
        summary
    );
}

#[test]
fn the_summary_has_the_mean_of_every_score() {
    let (truth, completed, masks) = (random_images(4, 1), random_images(4, 2), random_masks(4));
    let scores = score(&truth, &completed, &masks).unwrap();
    let summary = ScoresSummary::new(&scores).unwrap();
    let mean = |field: fn(&Scores) -> f64| scores.iter().map(field).sum::<f64>() / 4.0;
    for (found, expected) in [
        (summary.psnr.mean, mean(|scores| scores.psnr)),
        (summary.hole_psnr.mean, mean(|scores| scores.hole_psnr)),
        (summary.ssim.mean, mean(|scores| scores.ssim)),
        (summary.hole_l1.mean, mean(|scores| scores.hole_l1)),
        (summary.seam.mean, mean(|scores| scores.seam)),
    ] {
        assert!((found - expected).abs() < 1e-12);
    }
    assert!(matches!(
        ScoresSummary::new(&[]),
        Err(Error::NoMean { num_values: 0, .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn hole_scores_ignore_known_pixels_and_known_scores_ignore_the_hole(seed in any::<u64>()) {
        let (truth, masks) = (random_images(2, seed), random_masks(2));
        let (first, second) = (random_images(2, !seed), random_images(2, seed / 2 + 1));
        // Equal to `first` in the hole and to `second` outside of it.
        let mixed = CorruptedImages::new(&second, &masks).unwrap().overlay(&first).unwrap();
        let over = |images: &ImageBatch, region| {
            mean_squared_error(&truth, images, &masks, region).unwrap()
        };
        prop_assert_eq!(over(&mixed, Region::Hole), over(&first, Region::Hole));
        prop_assert_eq!(over(&mixed, Region::Known), over(&second, Region::Known));
    }

    #[test]
    fn ten_times_the_error_costs_twenty_decibels(seed in any::<u64>(), scale in 0.01_f64..0.09) {
        let (truth, noise) = (random_images(1, seed), random_images(1, !seed));
        let noisy = |scale: f64| {
            let noise = (noise.tensor() * scale).unwrap();
            ImageBatch::new((truth.tensor() + noise).unwrap()).unwrap()
        };
        let near = psnr(&truth, &noisy(scale)).unwrap()[0];
        let far = psnr(&truth, &noisy(10.0 * scale)).unwrap()[0];
        prop_assert!((near - far - 20.0).abs() < 1e-3, "{near} {far}");
    }
}
