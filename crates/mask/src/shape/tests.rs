use proptest::prelude::*;
use semantic_inpaint_tensor::Rng;

use super::*;

mod parse;

fn build(spec: &str, seed: u64) -> Mask {
    spec.parse::<MaskShape>()
        .unwrap()
        .build(64, 64, &mut Rng::from_seed(seed))
        .unwrap()
}

fn missing_pixels(mask: &Mask) -> Vec<(usize, usize)> {
    let known = mask.known(0);
    known
        .indexed_iter()
        .filter(|&(_, &is_known)| !is_known)
        .map(|(at, _)| at)
        .collect()
}

/// Pairs of neighbors, one known and one missing: the length of the hole's border.
fn border_len(mask: &Mask) -> usize {
    let known = mask.known(0);
    known
        .indexed_iter()
        .map(|((row, col), &is_known)| {
            let differs = |at| known.get(at).is_some_and(|&other| other != is_known);
            usize::from(differs((row + 1, col))) + usize::from(differs((row, col + 1)))
        })
        .sum()
}

#[test]
fn shapes_have_their_exact_number_of_missing_pixels() {
    for (spec, num_missing) in [
        ("square:10", 100),
        ("square:20", 400),
        ("square:30", 900),
        ("square:63", 3969),
        ("circle:20", 316),
        ("blocks:2x2:10", 40),
        ("blocks:2x2:100", 400),
        ("blocks:3x1:7", 21),
        ("blocks:2x2:1023", 4092),
        ("half:left", 2048),
        ("half:right", 2048),
        ("half:top", 2048),
        ("half:bottom", 2048),
        ("half:random", 2048),
        ("pixels:0.8", 3277),
        ("pixels:0.0002", 1),
        ("pattern:0.25", 1024),
        ("pattern:0.1", 410),
    ] {
        for seed in 0..5 {
            assert_eq!(
                build(spec, seed).num_missing(0),
                num_missing,
                "{spec}, seed {seed}"
            );
        }
    }
}

#[test]
fn the_square_is_centered() {
    for (row, col) in missing_pixels(&build("square:20", 0)) {
        assert!(
            (22..42).contains(&row) && (22..42).contains(&col),
            "{row}, {col}"
        );
    }
    let odd = MaskShape::Square { size_px: 2 }
        .build(5, 7, &mut Rng::from_seed(0))
        .unwrap();
    assert_eq!(missing_pixels(&odd), [(1, 2), (1, 3), (2, 2), (2, 3)]);
}

#[test]
fn the_circle_equals_itself_after_flips_and_transposition() {
    let circle = build("circle:20", 0);
    for (row, col) in missing_pixels(&circle) {
        for (row, col) in [(63 - row, col), (row, 63 - col), (col, row)] {
            assert!(!circle.is_known(0, row, col), "{row}, {col}");
        }
        let (y, x) = (row as f64 - 31.5, col as f64 - 31.5);
        assert!(y * y + x * x <= 100.0);
    }
}

#[test]
fn the_circle_is_centered_in_images_of_odd_size() {
    let circle = MaskShape::Circle { diameter_px: 3 }
        .build(7, 5, &mut Rng::from_seed(0))
        .unwrap();
    let cross_and_corners = missing_pixels(&circle);
    assert_eq!(cross_and_corners.len(), 9);
    assert!(
        cross_and_corners
            .iter()
            .all(|&(row, col)| row.abs_diff(3) <= 1 && col.abs_diff(2) <= 1)
    );
}

#[test]
fn halves_lie_on_the_side_that_they_name() {
    for (spec, corner) in [
        ("half:left", [(0, 0), (63, 31)]),
        ("half:right", [(0, 32), (63, 63)]),
        ("half:top", [(0, 0), (31, 63)]),
        ("half:bottom", [(32, 0), (63, 63)]),
    ] {
        let pixels = missing_pixels(&build(spec, 0));
        assert_eq!([pixels[0], pixels[2047]], corner, "{spec}");
        assert_eq!(border_len(&build(spec, 0)), 64, "{spec}");
    }
}

#[test]
fn the_random_half_takes_every_side() {
    let mut rng = Rng::from_seed(4);
    let masks = MaskShape::Half(Side::Random)
        .build_batch(60, 8, 8, &mut rng)
        .unwrap();
    for side in Side::FIXED {
        let fixed = MaskShape::Half(side).build(8, 8, &mut rng).unwrap();
        assert!(
            (0..60).any(|index| masks.known(index) == fixed.known(0)),
            "{side:?}"
        );
    }
}

#[test]
fn blocks_are_whole_in_both_directions() {
    // Two rows of three pixels: the text says width first.
    let mask = build("blocks:3x2:1", 9);
    let pixels = missing_pixels(&mask);
    let (first, last) = (pixels[0], pixels[5]);
    assert_eq!((last.0 - first.0, last.1 - first.1), (1, 2));
}

#[test]
fn pixels_are_scattered_and_patterns_are_blobs() {
    for seed in 0..10 {
        let scattered = border_len(&build("pixels:0.25", seed));
        let blobs = border_len(&build("pattern:0.25", seed));
        // A quarter at random has 2 * 64 * 63 * 0.375 = 3024 border pairs on average.
        assert!((2700..3350).contains(&scattered), "{scattered}");
        assert!((100..800).contains(&blobs), "{blobs}");
    }
}

#[test]
fn strokes_are_neither_empty_nor_more_than_half_of_any_image() {
    for (height, width) in [(64, 64), (16, 16), (128, 32), (1, 2), (3, 200)] {
        for seed in 0..40 {
            let mut rng = Rng::from_seed(seed);
            let mask = MaskShape::Strokes.build(height, width, &mut rng).unwrap();
            let num_missing = mask.num_missing(0);
            assert!(
                (1..=height * width / 2).contains(&num_missing),
                "{height}x{width}: {num_missing}"
            );
        }
    }
    let mean = (0..100)
        .map(|seed| build("strokes", seed).num_missing(0))
        .sum::<usize>()
        / 100;
    assert!((400..1800).contains(&mean), "{mean}");
}

#[test]
fn random_shapes_repeat_with_their_seed_and_change_with_it() {
    for spec in ["blocks:2x2:100", "pixels:0.8", "pattern:0.25", "strokes"] {
        assert_eq!(build(spec, 11), build(spec, 11), "{spec}");
        assert_ne!(build(spec, 11), build(spec, 12), "{spec}");
    }
}

#[test]
fn fixed_shapes_leave_the_generator_where_it_was() {
    for spec in ["square:20", "circle:20", "half:left"] {
        let mut rng = Rng::from_seed(1);
        spec.parse::<MaskShape>()
            .unwrap()
            .build(64, 64, &mut rng)
            .unwrap();
        assert_eq!(rng.state(), Rng::from_seed(1).state(), "{spec}");
    }
}

#[test]
fn a_batch_draws_every_mask_anew() {
    let shape: MaskShape = "pattern:0.25".parse().unwrap();
    let batch = shape
        .build_batch(3, 32, 48, &mut Rng::from_seed(2))
        .unwrap();
    assert_eq!((batch.count(), batch.height(), batch.width()), (3, 32, 48));
    assert_ne!(batch.known(0), batch.known(1));
    assert!(
        shape
            .build_batch(0, 32, 48, &mut Rng::from_seed(2))
            .is_err()
    );
}

#[test]
fn shapes_larger_than_the_image_are_refused_with_what_fits() {
    for (spec, remedy) in [
        ("square:65", "at most 64 px"),
        ("circle:65", "at most 64 px"),
        ("blocks:2x2:1025", "at most 1024 of these blocks"),
        ("blocks:65x1:1", "at most 0 of these blocks"),
        (
            "blocks:1x1:18446744073709551615",
            "at most 4096 of these blocks",
        ),
    ] {
        let shape: MaskShape = spec.parse().unwrap();
        let error = shape.build(64, 64, &mut Rng::from_seed(0)).unwrap_err();
        assert!(matches!(error, Error::DoesNotFit { .. }), "{spec}");
        assert!(error.to_string().contains(spec), "{error}");
        assert!(error.to_string().contains(remedy), "{error}");
    }
    let wide = MaskShape::Square { size_px: 10 }.build(8, 64, &mut Rng::from_seed(0));
    assert!(matches!(wide, Err(Error::DoesNotFit { .. })));
}

#[test]
fn shapes_that_leave_nothing_known_or_nothing_missing_are_refused() {
    for spec in [
        "square:64",
        "blocks:2x2:1024",
        "blocks:64x64:1",
        "pixels:0.9999",
    ] {
        let shape: MaskShape = spec.parse().unwrap();
        let error = shape.build(64, 64, &mut Rng::from_seed(0)).unwrap_err();
        assert!(
            matches!(
                error,
                Error::NothingKnown {
                    num_pixels: 4096,
                    ..
                }
            ),
            "{spec}: {error}"
        );
    }
    for spec in ["circle:1", "pixels:0.0001", "pattern:0.0001"] {
        let shape: MaskShape = spec.parse().unwrap();
        let error = shape.build(64, 64, &mut Rng::from_seed(0)).unwrap_err();
        assert!(
            matches!(error, Error::NothingMissing { .. }),
            "{spec}: {error}"
        );
    }
    assert!(
        MaskShape::Strokes
            .build(1, 1, &mut Rng::from_seed(0))
            .is_err()
    );
}

#[test]
fn images_without_pixels_are_refused_by_every_shape() {
    for spec in [
        "square:1",
        "circle:2",
        "blocks:1x1:1",
        "half:random",
        "pixels:0.5",
        "strokes",
    ] {
        let shape: MaskShape = spec.parse().unwrap();
        for (height, width) in [(0, 5), (5, 0)] {
            let error = shape
                .build(height, width, &mut Rng::from_seed(0))
                .unwrap_err();
            assert!(
                matches!(error, Error::ShapeMismatch { .. }),
                "{spec}: {error}"
            );
        }
    }
}

#[test]
fn parameters_out_of_range_are_refused_without_text_too() {
    let invalid = [
        MaskShape::Square { size_px: 0 },
        MaskShape::Circle { diameter_px: 0 },
        MaskShape::Blocks {
            height_px: 0,
            width_px: 2,
            count: 1,
        },
        MaskShape::Blocks {
            height_px: 2,
            width_px: 2,
            count: 0,
        },
        MaskShape::Pixels { fraction: 0.0 },
        MaskShape::Pixels { fraction: 1.0 },
        MaskShape::Pattern { fraction: f64::NAN },
        MaskShape::Pattern { fraction: -0.25 },
    ];
    for shape in invalid {
        let error = shape.build(64, 64, &mut Rng::from_seed(0)).unwrap_err();
        assert!(
            matches!(error, Error::OutOfRange { .. }),
            "{shape}: {error}"
        );
    }
}

fn any_shape() -> impl Strategy<Value = MaskShape> {
    let side = prop::sample::select(vec![
        Side::Left,
        Side::Right,
        Side::Top,
        Side::Bottom,
        Side::Random,
    ]);
    prop_oneof![
        (1_usize..40).prop_map(|size_px| MaskShape::Square { size_px }),
        (2_usize..40).prop_map(|diameter_px| MaskShape::Circle { diameter_px }),
        (1_usize..9, 1_usize..9, 1_usize..60).prop_map(|(height_px, width_px, count)| {
            MaskShape::Blocks {
                height_px,
                width_px,
                count,
            }
        }),
        side.prop_map(MaskShape::Half),
        (0.001_f64..0.999).prop_map(|fraction| MaskShape::Pixels { fraction }),
        (0.001_f64..0.999).prop_map(|fraction| MaskShape::Pattern { fraction }),
        Just(MaskShape::Strokes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_shape_gives_a_valid_mask_or_an_error(
        shape in any_shape(),
        height in 1_usize..50,
        width in 1_usize..50,
        seed in any::<u64>(),
    ) {
        if let Ok(mask) = shape.build(height, width, &mut Rng::from_seed(seed)) {
            prop_assert_eq!((mask.count(), mask.height(), mask.width()), (1, height, width));
            let num_missing = mask.num_missing(0);
            prop_assert!(num_missing > 0 && num_missing < height * width);
            let expected = match shape {
                MaskShape::Square { size_px } => size_px * size_px,
                MaskShape::Blocks { height_px, width_px, count } => height_px * width_px * count,
                MaskShape::Pixels { fraction } | MaskShape::Pattern { fraction } => {
                    (fraction * (height * width) as f64).round() as usize
                }
                _ => num_missing,
            };
            prop_assert_eq!(num_missing, expected);
        }
    }
}
