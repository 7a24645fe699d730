use proptest::prelude::*;
use semantic_inpaint_tensor::{DType, Tensor};

use super::{HoleSystem, Operator};
use crate::picture::Region;

/// What the operator is at a pixel of a plane, written down by its definition.
fn applied(operator: Operator, region: &Region, plane: &[f64], pixel: usize) -> f64 {
    let laplacian = |pixel: usize| {
        let differences = region.neighbors(pixel).map(|q| plane[pixel] - plane[q]);
        differences.sum::<f64>()
    };
    match operator {
        Operator::Laplacian => laplacian(pixel),
        Operator::Bilaplacian => {
            let around = region.neighbors(pixel);
            around.map(|q| laplacian(pixel) - laplacian(q)).sum()
        }
    }
}

#[test]
fn the_harmonic_system_equals_scipys_solver_in_double_precision() {
    let golden = testkit::golden(env!("CARGO_MANIFEST_DIR"), "local_fills");
    let flat = |tensor: &Tensor| {
        let tensor = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
        tensor.to_vec1::<f64>().unwrap()
    };
    let (height, width) = golden["square.known"].dims2().unwrap();
    let levels = golden["noise.levels"].get(0).unwrap();
    let values: Vec<f64> = flat(&levels).iter().map(|l| l / 127.5 - 1.0).collect();
    let names: Vec<&str> = golden
        .keys()
        .filter_map(|key| key.strip_suffix(".known"))
        .collect();
    assert_eq!(names.len(), 8);
    for name in names {
        let known = flat(&golden[&format!("{name}.known")]);
        let region = Region::new(height, width, known.iter().map(|&k| k == 1.0).collect());
        let mut plane = values.clone();
        HoleSystem::new(&region, Operator::Laplacian)
            .unwrap()
            .fill(&mut plane);
        let want = flat(&golden[&format!("noise.{name}.harmonic")]);
        for &pixel in &region.missing {
            assert!((plane[pixel] - want[pixel]).abs() < 1e-8, "{name}");
        }
    }
}

#[test]
fn a_large_hole_is_solved_to_rounding() {
    let (height, width) = (300, 320);
    let known = (0..height * width).map(|pixel| pixel / width < 20 || pixel % width == 7);
    let region = Region::new(height, width, known.collect());
    let wave = |pixel: usize| (pixel as f64 * 0.37).sin();
    for operator in [Operator::Laplacian, Operator::Bilaplacian] {
        let mut plane: Vec<f64> = (0..height * width).map(wave).collect();
        HoleSystem::new(&region, operator).unwrap().fill(&mut plane);
        for &pixel in &region.missing {
            assert!(applied(operator, &region, &plane, pixel).abs() < 1e-10);
        }
    }
}

proptest! {
    #[test]
    fn the_operator_takes_the_wanted_values_at_missing_pixels_of_any_mask(
        height in 1_usize..14,
        width in 1_usize..14,
        known in prop::collection::vec(any::<bool>(), 169),
        seed in 0_usize..1000,
        bilaplacian in any::<bool>(),
    ) {
        let known = known[..height * width].to_vec();
        prop_assume!(known.contains(&true));
        let operator = if bilaplacian { Operator::Bilaplacian } else { Operator::Laplacian };
        let region = Region::new(height, width, known);
        let wave = |pixel: usize| ((pixel + seed) as f64 * 2.7).sin();
        let mut plane: Vec<f64> = (0..height * width).map(wave).collect();
        let before = plane.clone();
        let wanted = |pixel: usize| ((pixel * seed) as f64).cos();
        HoleSystem::new(&region, operator).unwrap().fill_with(&mut plane, wanted);
        let scale = plane.iter().fold(1.0_f64, |scale, value| scale.max(value.abs()));
        for pixel in 0..plane.len() {
            if region.known[pixel] {
                prop_assert_eq!(plane[pixel], before[pixel]);
            } else {
                let got = applied(operator, &region, &plane, pixel);
                prop_assert!((got - wanted(pixel)).abs() < 1e-11 * scale);
            }
        }
    }
}
