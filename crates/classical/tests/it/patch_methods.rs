use semantic_inpaint_classical::{
    Error, Harmonic, PatchCompletion, PatchCompletionConfig, TextureSynthesis,
    TextureSynthesisConfig,
};
use semantic_inpaint_mask::{Mask, MaskShape};
use semantic_inpaint_tensor::{ImageBatch, Rng};

use crate::material::{batch, complete, hole_psnr};

/// A color texture with a period of 6 rows and 5 columns whose cells differ in every pixel.
fn periodic(size: usize) -> ImageBatch {
    let mut rng = Rng::from_seed(11);
    let tile: Vec<f32> = (0..90)
        .map(|_| rng.next_unit() as f32 * 2.0 - 1.0)
        .collect();
    let value = |at: usize| {
        let (channel, pixel) = (at / (size * size), at % (size * size));
        tile[channel * 30 + (pixel / size % 6) * 5 + pixel % size % 5]
    };
    batch(3, size, size, (0..3 * size * size).map(value).collect())
}

fn mask(spec: &str, size: usize) -> Mask {
    let shape: MaskShape = spec.parse().unwrap();
    shape.build(size, size, &mut Rng::from_seed(4)).unwrap()
}

#[test]
fn texture_synthesis_repeats_a_periodic_texture_exactly() {
    let truth = periodic(48);
    for spec in ["square:16", "half:top", "blocks:6x4:6", "circle:20"] {
        let got = complete(&TextureSynthesis::default(), &truth, &mask(spec, 48));
        assert_eq!(got, truth.to_values().unwrap(), "{spec}");
    }
}

#[test]
fn patch_completion_repeats_a_periodic_texture_from_its_harmonic_start() {
    let truth = periodic(48);
    let values = truth.to_values().unwrap();
    for spec in ["square:10", "blocks:6x4:6"] {
        let mask = mask(spec, 48);
        let smooth = hole_psnr(&mask, &values, &complete(&Harmonic, &truth, &mask));
        let config = PatchCompletionConfig {
            passes: 8,
            rounds: 30,
            ..PatchCompletionConfig::default()
        };
        let patches = PatchCompletion::new(config).unwrap();
        let got = hole_psnr(&mask, &values, &complete(&patches, &truth, &mask));
        assert!(
            got > smooth + 20.0,
            "{spec}: {got} dB, harmonic {smooth} dB"
        );
    }
}

#[test]
fn seeds_change_what_is_drawn() {
    let mut rng = Rng::from_seed(1);
    let values = (0..3 * 24 * 24)
        .map(|_| rng.next_unit() as f32 - 0.5)
        .collect();
    let truth = batch(3, 24, 24, values);
    let mask = mask("square:8", 24);
    let fill = |seed| {
        let config = TextureSynthesisConfig {
            seed,
            window_px: 5,
            ..TextureSynthesisConfig::default()
        };
        complete(&TextureSynthesis::new(config).unwrap(), &truth, &mask)
    };
    assert_ne!(fill(1), fill(2));
}

#[test]
fn settings_out_of_range_are_errors() {
    let texture = |window_px, max_candidates| {
        let config = TextureSynthesisConfig {
            window_px,
            max_candidates,
            seed: 0,
        };
        TextureSynthesis::new(config)
    };
    for bad in [texture(4, 10), texture(1, 10), texture(5, 0)] {
        assert!(matches!(bad, Err(Error::InvalidSetting { .. })));
    }
    let patch = |patch_px, rounds, passes| {
        PatchCompletion::new(PatchCompletionConfig {
            patch_px,
            rounds,
            passes,
            seed: 0,
        })
    };
    for bad in [patch(6, 1, 1), patch(7, 0, 1), patch(7, 1, 0)] {
        assert!(matches!(bad, Err(Error::InvalidSetting { .. })));
    }
}
