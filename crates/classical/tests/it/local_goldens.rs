use semantic_inpaint_classical::{Biharmonic, Harmonic, Telea, TeleaConfig};
use semantic_inpaint_tensor::Tensor;

use crate::material::{
    Golden, batch, batch_of_levels, complete, golden, hole_psnr, mask_of, to_f64,
};

const PICTURES: [&str; 3] = ["ramp", "texture", "noise"];

fn masks(golden: &Golden) -> Vec<String> {
    let names = golden.keys().filter_map(|key| key.strip_suffix(".known"));
    let names: Vec<String> = names.map(Into::into).collect();
    assert_eq!(names.len(), 8);
    names
}

fn levels_of(values: &[f32]) -> Vec<i32> {
    values
        .iter()
        .map(|value| ((value + 1.0) * 127.5).round() as i32)
        .collect()
}

/// Levels that differ, and the largest difference.
fn compare(values: &[f32], want: &Tensor) -> (usize, i32) {
    let want = to_f64(want);
    let differences = levels_of(values)
        .into_iter()
        .zip(want)
        .map(|(got, want)| (got - want as i32).abs());
    differences.fold((0, 0), |(count, largest), difference| {
        (count + usize::from(difference > 0), largest.max(difference))
    })
}

#[test]
fn telea_equals_opencv() {
    let golden = golden("local_fills");
    let mut different = Vec::new();
    for mask_name in masks(&golden) {
        let mask = mask_of(&golden[&format!("{mask_name}.known")]);
        for picture in PICTURES {
            let levels = &golden[&format!("{picture}.levels")];
            let key = format!("{picture}.{mask_name}");
            for radius_px in [3, 5] {
                let telea = Telea::new(TeleaConfig { radius_px }).unwrap();
                let got = complete(&telea, &batch_of_levels(levels), &mask);
                let found = compare(&got, &golden[&format!("{key}.telea{radius_px}")]);
                if found.0 > 0 {
                    different.push((format!("{key}.telea{radius_px}"), found));
                }
            }
            let green = levels.get(1).unwrap();
            let got = complete(&Telea::default(), &batch_of_levels(&green), &mask);
            let found = compare(&got, &golden[&format!("{key}.telea_gray")]);
            if found.0 > 0 {
                different.push((format!("{key}.telea_gray"), found));
            }
        }
    }
    assert!(
        different.is_empty(),
        "(levels that differ, largest difference): {different:#?}"
    );
}

#[test]
fn biharmonic_equals_scikit_image() {
    let golden = golden("local_fills");
    for mask_name in masks(&golden) {
        let mask = mask_of(&golden[&format!("{mask_name}.known")]);
        for picture in PICTURES {
            let truth = batch_of_levels(&golden[&format!("{picture}.levels")]);
            let got = complete(&Biharmonic, &truth, &mask);
            let want = to_f64(&golden[&format!("{picture}.{mask_name}.biharmonic")]);
            let worst = got
                .iter()
                .zip(&want)
                .map(|(g, w)| (f64::from(*g) - w).abs());
            let worst = worst.fold(0.0, f64::max);
            assert!(worst < 1e-5, "{picture}, {mask_name}: {worst:e}");

            let want: Vec<f32> = want.iter().map(|&value| value as f32).collect();
            let truth = truth.to_values().unwrap();
            // Ramps are filled exactly; what is left there is rounding.
            let ours = hole_psnr(&mask, &truth, &got).min(120.0);
            let theirs = hole_psnr(&mask, &truth, &want).min(120.0);
            assert!((ours - theirs).abs() < 1e-3, "{ours} dB, {theirs} dB");
        }
    }
}

#[test]
fn harmonic_equals_scipy() {
    let golden = golden("local_fills");
    let levels = &golden["noise.levels"];
    let truth = batch_of_levels(&levels.get(0).unwrap());
    for mask_name in masks(&golden) {
        let mask = mask_of(&golden[&format!("{mask_name}.known")]);
        let got = complete(&Harmonic, &truth, &mask);
        let want = to_f64(&golden[&format!("noise.{mask_name}.harmonic")]);
        for (got, want) in got.iter().zip(want) {
            // Outputs are f32; the system itself is compared in f64 beside its code.
            assert!((f64::from(*got) - want).abs() < 1.2e-7, "{mask_name}");
        }
    }
}

#[test]
fn images_of_one_row_column_or_pair_are_filled() {
    for (height, width) in [(1, 6), (6, 1), (2, 3), (1, 2), (2, 1)] {
        let truth = batch(1, height, width, vec![0.2; height * width]);
        let last = height * width - 1;
        let missing = |row, col| row * width + col == last;
        let mask = semantic_inpaint_mask::Mask::from_missing(height, width, missing).unwrap();
        assert!((complete(&Harmonic, &truth, &mask)[last] - 0.2).abs() < 1e-6);
        assert!((complete(&Biharmonic, &truth, &mask)[last] - 0.2).abs() < 1e-6);
        assert!(complete(&Telea::default(), &truth, &mask)[last].is_finite());
    }
}
