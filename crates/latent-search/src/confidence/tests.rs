use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights, Mask};
use semantic_inpaint_tensor::{Device, ImageBatch, Rng, Tensor};

use super::*;

const SIZE: usize = 20;

fn images(seed: u64) -> ImageBatch {
    let drawn = Rng::from_seed(seed).uniform(-1.0, 1.0, (2, 3, SIZE, SIZE), &Device::Cpu);
    ImageBatch::new(drawn.unwrap()).unwrap()
}

fn mask() -> Mask {
    Mask::from_missing(SIZE, SIZE, |row, col| row < 6 && col > 11).unwrap()
}

#[test]
fn evidence_is_the_weighted_error_of_the_ring_and_the_deviation_in_the_hole() {
    let (photos, generated) = (images(1), images(2));
    let corrupted = CorruptedImages::new(&photos, &mask()).unwrap();
    let map = Rng::from_seed(3).uniform(0.0, 0.4, (2, 1, SIZE, SIZE), &Device::Cpu);
    let map = map.unwrap();
    let found = evidence(&corrupted, &generated, Some(&map)).unwrap();
    let weights = ImportanceWeights::new(&mask(), 15).unwrap();
    let at = |tensor: &Tensor, place: [usize; 4]| -> f64 {
        let [image, channel, row, col] = place;
        let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        let channels = tensor.dims()[1];
        f64::from(values[((image * channels + channel) * SIZE + row) * SIZE + col])
    };
    for (image, found) in found.iter().enumerate() {
        let (mut sum, mut total, mut squares, mut missing) = (0.0, 0.0, 0.0, 0.0);
        for row in 0..SIZE {
            for col in 0..SIZE {
                for channel in 0..3 {
                    let weight = f64::from(weights.values()[(0, row, col)]);
                    let place = [image, channel, row, col];
                    let apart = at(photos.tensor(), place) - at(generated.tensor(), place);
                    sum += weight * apart.abs();
                    total += weight;
                }
                if !mask().is_known(0, row, col) {
                    squares += at(&map, [image, 0, row, col]).powi(2);
                    missing += 1.0;
                }
            }
        }
        assert!((found.ring_error - sum / total).abs() < 1e-6);
        let deviation = f64::sqrt(squares / missing);
        assert!((found.disagreement.unwrap() - deviation).abs() < 1e-6);
        assert_eq!(found.depth_px, mask().depth_px(0));
    }
    let lone = evidence(&corrupted, &generated, None).unwrap();
    assert_eq!(lone[0].disagreement, None);
    assert_eq!(lone[1].ring_error, found[1].ring_error);
}

/// Fills of a known law, with a noise of at most half a decibel.
fn samples(has_several: bool) -> Vec<CalibrationSample> {
    let rng = &mut Rng::from_seed(9);
    let mut draw = |low: f64, high: f64| low + (high - low) * rng.next_unit();
    let sample = |_| {
        let evidence = Evidence {
            ring_error: draw(0.02, 0.1),
            disagreement: has_several.then(|| draw(0.05, 0.2)),
            depth_px: draw(1.0, 5.0),
        };
        let spread = evidence.disagreement.map_or(0.0, f64::ln);
        let law = 10.0 - 4.0 * evidence.ring_error.ln() - 2.0 * evidence.depth_px.ln() - spread;
        CalibrationSample {
            evidence,
            hole_psnr_db: law + draw(-0.5, 0.5),
        }
    };
    (0..400).map(sample).collect()
}

#[test]
fn a_calibration_finds_the_law_and_eight_in_ten_lie_in_its_interval() {
    for has_several in [false, true] {
        let samples = samples(has_several);
        let (fitted, others) = samples.split_at(200);
        let calibration = Calibration::fit(fitted).unwrap();
        assert!((calibration.ring_error + 4.0).abs() < 0.3);
        assert!((calibration.depth + 2.0).abs() < 0.3);
        assert_eq!(calibration.disagreement.is_some(), has_several);
        let mut inside = 0;
        for sample in others {
            let expected = calibration.expect(&sample.evidence).unwrap();
            assert!((expected.psnr_db - sample.hole_psnr_db).abs() < 0.8);
            assert!(expected.low_db < expected.psnr_db && expected.psnr_db < expected.high_db);
            let interval = expected.low_db..=expected.high_db;
            inside += usize::from(interval.contains(&sample.hole_psnr_db));
        }
        assert!((140..=180).contains(&inside), "{inside} of 200");
        let worse = |evidence: Evidence| calibration.expect(&evidence).unwrap().psnr_db;
        let evidence = fitted[0].evidence;
        let doubled = Evidence {
            ring_error: 2.0 * evidence.ring_error,
            ..evidence
        };
        assert!(worse(doubled) < worse(evidence));
    }
}

#[test]
fn evidence_of_another_kind_has_no_expectation() {
    let calibration = Calibration::fit(&samples(true)).unwrap();
    let evidence = samples(true)[0].evidence;
    assert!(calibration.expect(&evidence).is_some());
    let others = [
        Evidence {
            disagreement: None,
            ..evidence
        },
        Evidence {
            depth_px: 7.0,
            ..evidence
        },
        Evidence {
            depth_px: 0.5,
            ..evidence
        },
    ];
    assert!(others.iter().all(|it| calibration.expect(it).is_none()));
}

#[test]
fn samples_that_no_calibration_can_be_fitted_to_are_refused() {
    let mut mixed = samples(true);
    mixed[3].evidence.disagreement = None;
    let mut broken = samples(false);
    broken[7].hole_psnr_db = f64::INFINITY;
    for (samples, reason) in [
        (&samples(false)[..19], "at least 20"),
        (&mixed[..], "all of one restart"),
        (&broken[..], "finite"),
    ] {
        let message = Calibration::fit(samples).unwrap_err().to_string();
        assert!(message.contains(reason), "{message}");
    }
    // One mask alone tells nothing of depths.
    let mut flat = samples(false);
    for sample in &mut flat {
        sample.evidence.depth_px = 3.0;
    }
    let calibration = Calibration::fit(&flat).unwrap();
    assert!(calibration.depth.abs() < 1e-3, "{calibration:?}");
}
