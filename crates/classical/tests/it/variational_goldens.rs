use semantic_inpaint_classical::{
    Coupling, TotalVariation, TotalVariationConfig, TruncatedNuclearNorm,
    TruncatedNuclearNormConfig,
};

use crate::material::{batch, complete, golden, mask_of, to_f64};

/// The total variation of planes `[C, H, W]` as the documentation states it.
fn objective(values: &[f64], height: usize, width: usize, coupling: Coupling) -> f64 {
    let planes: Vec<&[f64]> = values.chunks_exact(height * width).collect();
    let together = match coupling {
        Coupling::Joint => planes.len(),
        Coupling::Separate => 1,
    };
    let mut sum = 0.0;
    for group in planes.chunks(together) {
        for pixel in 0..height * width {
            let mut square = 0.0;
            for plane in group {
                if pixel % width + 1 < width {
                    square += (plane[pixel + 1] - plane[pixel]).powi(2);
                }
                if pixel / width + 1 < height {
                    square += (plane[pixel + width] - plane[pixel]).powi(2);
                }
            }
            sum += square.sqrt();
        }
    }
    sum
}

#[test]
fn the_total_variation_is_the_smallest_that_a_cone_solver_finds() {
    let golden = golden("variational_fills");
    let steps = &golden["steps.values"];
    let (channels, height, width) = steps.dims3().unwrap();
    let values: Vec<f32> = to_f64(steps).iter().map(|&value| value as f32).collect();
    let truth = batch(channels, height, width, values);
    for name in ["center", "corner", "scattered"] {
        let mask = mask_of(&golden[&format!("{name}.known")]);
        for (coupling, label) in [(Coupling::Joint, "joint"), (Coupling::Separate, "separate")] {
            let config = TotalVariationConfig {
                coupling,
                iterations: 20_000,
                tolerance: 1e-7,
            };
            let got = complete(&TotalVariation::new(config).unwrap(), &truth, &mask);
            let got: Vec<f64> = got.into_iter().map(f64::from).collect();
            let key = format!("{name}.total_variation_{label}");
            let minimum = to_f64(&golden[&format!("{key}.minimum")])[0];
            let reached = objective(&got, height, width, coupling);
            assert!(
                (reached / minimum - 1.0).abs() < 1e-5,
                "{key}: {reached}, {minimum}"
            );
            let want = to_f64(&golden[&key]);
            let worst = got.iter().zip(&want).map(|(g, w)| (g - w).abs());
            let worst = worst.fold(0.0, f64::max);
            assert!(worst < 2e-3, "{key}: {worst}");

            let quick = TotalVariationConfig {
                coupling,
                ..TotalVariationConfig::default()
            };
            let got = complete(&TotalVariation::new(quick).unwrap(), &truth, &mask);
            let got: Vec<f64> = got.into_iter().map(f64::from).collect();
            let reached = objective(&got, height, width, coupling);
            assert!(reached / minimum < 1.002, "{key}: {reached}, {minimum}");
        }
    }
}

#[test]
fn low_rank_fills_equal_those_of_other_solvers() {
    let golden = golden("variational_fills");
    let (height, width) = golden["low.values"].dims2().unwrap();
    let values: Vec<f32> = to_f64(&golden["low.values"])
        .iter()
        .map(|&value| value as f32)
        .collect();
    let truth = batch(1, height, width, values);
    let mask = mask_of(&golden["low.known"]);
    for rank in [0, 1, 2] {
        let config = TruncatedNuclearNormConfig {
            rank,
            rounds: 60,
            iterations: 4000,
            tolerance: 1e-8,
            ..TruncatedNuclearNormConfig::default()
        };
        let got = complete(&TruncatedNuclearNorm::new(config).unwrap(), &truth, &mask);
        let want = to_f64(&golden[&format!("low.rank{rank}")]);
        let worst = got
            .iter()
            .zip(&want)
            .map(|(g, w)| (f64::from(*g) - w.clamp(-1.0, 1.0)).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst < 1e-4, "rank {rank}: {worst}");
    }
}
