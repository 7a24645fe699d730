use semantic_inpaint_classical::{
    Error, MeanImage, NearestImage, NearestImageConfig, Seam, Telea, TeleaConfig, TotalVariation,
    TotalVariationConfig, TruncatedNuclearNorm, TruncatedNuclearNormConfig,
};
use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
use semantic_inpaint_tensor::{ImageBatch, Rng};

use crate::material::{batch, complete};

const SIZE: usize = 20;

fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::from_seed(seed);
    let values = (0..count * 3 * SIZE * SIZE).map(|_| rng.next_unit() as f32 * 1.6 - 0.8);
    values.collect()
}

fn training() -> ImageBatch {
    batch(3, SIZE, SIZE, noise(12, 8))
}

fn center() -> Mask {
    Mask::from_missing(SIZE, SIZE, |row, col| {
        (6..14).contains(&row) && (5..12).contains(&col)
    })
    .unwrap()
}

fn nearest(seam: Seam) -> NearestImage {
    let config = NearestImageConfig {
        context_px: 3,
        seam,
    };
    NearestImage::new(&training(), config).unwrap()
}

#[test]
fn a_planted_copy_is_found_whatever_lies_beyond_the_context() {
    let planted = training().narrow(7, 1).unwrap().to_values().unwrap();
    let mut seen = planted.clone();
    let strange = noise(1, 99);
    for (at, value) in seen.iter_mut().enumerate() {
        let (row, col) = (at % (SIZE * SIZE) / SIZE, at % SIZE);
        if !((3..17).contains(&row) && (2..15).contains(&col)) {
            *value = strange[at];
        }
    }
    let truth = batch(3, SIZE, SIZE, seen.clone());
    for seam in [Seam::Paste, Seam::Membrane] {
        let got = complete(&nearest(seam), &truth, &center());
        for (at, value) in got.iter().enumerate() {
            let (row, col) = (at % (SIZE * SIZE) / SIZE, at % SIZE);
            let want = if center().is_known(0, row, col) {
                seen[at]
            } else {
                planted[at]
            };
            assert!((value - want).abs() < 1e-6, "{seam:?} at {row}, {col}");
        }
    }
}

#[test]
fn a_membrane_takes_up_a_change_of_brightness_that_a_paste_shows() {
    let planted = training().narrow(3, 1).unwrap().to_values().unwrap();
    let brighter: Vec<f32> = planted.iter().map(|value| value + 0.125).collect();
    let truth = batch(3, SIZE, SIZE, brighter.clone());
    let blended = complete(&nearest(Seam::Membrane), &truth, &center());
    let pasted = complete(&nearest(Seam::Paste), &truth, &center());
    let middle = 10 * SIZE + 8;
    assert!((blended[middle] - brighter[middle]).abs() < 1e-6);
    assert!((pasted[middle] - planted[middle]).abs() < 1e-6);
}

#[test]
fn the_mean_image_is_the_mean_of_the_training_images() {
    let truth = batch(3, SIZE, SIZE, noise(1, 5));
    let got = complete(&MeanImage::new(&training()).unwrap(), &truth, &center());
    let values = training().to_values().unwrap();
    let middle = SIZE * SIZE + 9 * SIZE + 9;
    let images = values.chunks_exact(3 * SIZE * SIZE);
    let mean = images.map(|image| f64::from(image[middle])).sum::<f64>() / 12.0;
    assert!((f64::from(got[middle]) - mean).abs() < 1e-7);
}

#[test]
fn images_of_another_size_are_refused_with_both_sizes() {
    let truth = batch(3, 4, 5, vec![0.0; 60]);
    let mask = Mask::from_missing(4, 5, |row, _| row == 1).unwrap();
    let corrupted = CorruptedImages::new(&truth, &mask).unwrap();
    let mean = MeanImage::new(&training()).unwrap();
    for error in [
        nearest(Seam::Paste).inpaint(&corrupted).unwrap_err(),
        mean.inpaint(&corrupted).unwrap_err(),
    ] {
        let expected = matches!(
            error,
            Error::TrainingShape {
                expected: [3, SIZE, SIZE],
                got: [3, 4, 5]
            }
        );
        assert!(expected, "{error}");
    }
}

#[test]
fn training_images_that_are_not_finite_are_refused_by_their_index() {
    let mut values = noise(3, 1);
    values[2 * 3 * SIZE * SIZE + 5] = f32::INFINITY;
    let error = MeanImage::new(&batch(3, SIZE, SIZE, values)).unwrap_err();
    assert!(matches!(error, Error::TrainingNotFinite { index: 2 }));
}

#[test]
fn settings_out_of_range_are_errors() {
    assert!(Telea::new(TeleaConfig { radius_px: 0 }).is_err());
    assert!(Telea::new(TeleaConfig { radius_px: 101 }).is_err());
    let config = NearestImageConfig {
        context_px: 0,
        seam: Seam::Paste,
    };
    assert!(NearestImage::new(&training(), config).is_err());
    for tolerance in [0.0, -1.0, f64::NAN] {
        let config = TotalVariationConfig {
            tolerance,
            ..TotalVariationConfig::default()
        };
        assert!(TotalVariation::new(config).is_err());
        let config = TruncatedNuclearNormConfig {
            tolerance,
            ..TruncatedNuclearNormConfig::default()
        };
        assert!(TruncatedNuclearNorm::new(config).is_err());
    }
}

#[test]
fn images_of_eight_bits_give_what_their_values_give() {
    let mut rng = Rng::from_seed(3);
    let pixels = SIZE * SIZE;
    let levels: Vec<u8> = (0..5 * 3 * pixels)
        .map(|_| rng.next_index(256) as u8)
        .collect();
    let value = |at: usize| {
        let (image, channel, pixel) = (at / (3 * pixels), at / pixels % 3, at % pixels);
        f32::from(levels[image * 3 * pixels + pixel * 3 + channel]) / 127.5 - 1.0
    };
    let values = batch(3, SIZE, SIZE, (0..levels.len()).map(value).collect());
    let (truth, shape) = (batch(3, SIZE, SIZE, noise(2, 5)), values.shape());
    let config = NearestImageConfig::default();
    let nearest = NearestImage::from_levels(levels.clone(), shape, config).unwrap();
    assert_eq!(
        complete(&nearest, &truth, &center()),
        complete(
            &NearestImage::new(&values, config).unwrap(),
            &truth,
            &center()
        )
    );
    let mean = complete(
        &MeanImage::from_levels(&levels, shape).unwrap(),
        &truth,
        &center(),
    );
    let expected = complete(&MeanImage::new(&values).unwrap(), &truth, &center());
    assert!({ mean.iter().zip(&expected) }.all(|(a, b)| (a - b).abs() < 1e-6));
    assert!(MeanImage::from_levels(&levels[1..], shape).is_err());
    assert!(NearestImage::from_levels(Vec::new(), shape, config).is_err());
}
