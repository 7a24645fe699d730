use proptest::prelude::*;
use semantic_inpaint_tensor::Rng;

use super::*;
use crate::MaskShape;

/// A published sum is rounded to three decimals.
const SUM_TOLERANCE: f64 = 6e-4;
/// A published maximum is rounded to four decimals.
const MAX_TOLERANCE: f32 = 6e-5;

/// Weights as measured on the public code of the method: number of non-zero weights, sum, maximum.
struct Oracle {
    shape: &'static str,
    num_missing: usize,
    windows: [(usize, usize, f64, f32); 3],
}

const ORACLES: [Oracle; 6] = [
    Oracle {
        shape: "square:10",
        num_missing: 100,
        windows: [
            (7, 156, 31.347, 0.4286),
            (15, 476, 60.729, 0.3111),
            (25, 1056, 84.000, 0.1600),
        ],
    },
    Oracle {
        shape: "square:20",
        num_missing: 400,
        windows: [
            (7, 276, 65.633, 0.4286),
            (15, 756, 135.396, 0.4667),
            (25, 1536, 210.662, 0.3840),
        ],
    },
    Oracle {
        shape: "square:30",
        num_missing: 900,
        windows: [
            (7, 396, 99.918, 0.4286),
            (15, 1036, 210.062, 0.4667),
            (25, 2016, 335.462, 0.4800),
        ],
    },
    Oracle {
        shape: "square:32",
        num_missing: 1024,
        windows: [
            (7, 420, 106.776, 0.4286),
            (15, 1092, 224.996, 0.4667),
            (25, 2112, 360.422, 0.4800),
        ],
    },
    Oracle {
        shape: "circle:20",
        num_missing: 316,
        windows: [
            (7, 276, 53.061, 0.4490),
            (15, 756, 112.604, 0.4000),
            (25, 1536, 180.851, 0.3392),
        ],
    },
    Oracle {
        shape: "half:left",
        num_missing: 2048,
        windows: [
            (7, 192, 54.857, 0.4286),
            (15, 448, 119.467, 0.4667),
            (25, 768, 199.680, 0.4800),
        ],
    },
];

fn build(shape: &str) -> Mask {
    shape
        .parse::<MaskShape>()
        .unwrap()
        .build(64, 64, &mut Rng::from_seed(0))
        .unwrap()
}

fn corner() -> Mask {
    Mask::from_missing(64, 64, |row, col| row < 20 && col < 20).unwrap()
}

fn assert_oracle(weights: &ImportanceWeights, nonzero: usize, sum: f64, max: f32, what: &str) {
    let values = weights.values();
    assert_eq!(
        values.iter().filter(|&&weight| weight > 0.0).count(),
        nonzero,
        "{what}"
    );
    assert!(
        (weights.sum(0) - sum).abs() < SUM_TOLERANCE,
        "{what}: {} vs {sum}",
        weights.sum(0)
    );
    let found = values.iter().copied().fold(0.0, f32::max);
    assert!(
        (found - max).abs() < MAX_TOLERANCE,
        "{what}: {found} vs {max}"
    );
}

#[test]
fn weights_equal_the_published_code_on_every_hole_and_window() {
    for oracle in &ORACLES {
        let mask = build(oracle.shape);
        assert_eq!(mask.num_missing(0), oracle.num_missing, "{}", oracle.shape);
        for (window, nonzero, sum, max) in oracle.windows {
            let symmetric =
                ImportanceWeights::with_border(&mask, window, WindowBorder::Symmetric).unwrap();
            let what = format!("{} n={window}", oracle.shape);
            assert_oracle(&symmetric, nonzero, sum, max, &what);
        }
    }
}

#[test]
fn clipped_weights_equal_the_published_ones_unless_a_weighted_window_reaches_the_edge() {
    // A window of 25 around a pixel 12 px from these holes leaves the image, so its cardinality is
    // below 625. The sums were computed once with NumPy.
    let clipped_at_25 = [
        ("square:20", 211.208),
        ("square:30", 354.899),
        ("square:32", 390.896),
        ("circle:20", 181.041),
    ];
    for oracle in &ORACLES {
        let mask = build(oracle.shape);
        for (window, nonzero, sum, max) in oracle.windows {
            let exception = clipped_at_25
                .iter()
                .find(|(shape, _)| window == 25 && *shape == oracle.shape);
            let sum = exception.map_or(sum, |&(_, clipped)| clipped);
            let weights = ImportanceWeights::new(&mask, window).unwrap();
            assert_oracle(
                &weights,
                nonzero,
                sum,
                max,
                &format!("{} n={window}", oracle.shape),
            );
        }
    }
}

#[test]
fn weights_fall_by_one_row_of_the_window_with_every_pixel_from_an_edge() {
    let weights = ImportanceWeights::new(&build("square:20"), 7).unwrap();
    let values = weights.values();
    for (distance, expected) in [(1, 21.0), (2, 14.0), (3, 7.0), (4, 0.0)] {
        assert_eq!(
            values[(0, 22 - distance, 32)],
            expected / 49.0,
            "above, {distance} px"
        );
        assert_eq!(
            values[(0, 41 + distance, 32)],
            expected / 49.0,
            "below, {distance} px"
        );
        assert_eq!(
            values[(0, 32, 22 - distance)],
            expected / 49.0,
            "left, {distance} px"
        );
        assert_eq!(
            values[(0, 32, 41 + distance)],
            expected / 49.0,
            "right, {distance} px"
        );
    }
    for (row, col) in [(21, 21), (21, 42), (42, 21), (42, 42)] {
        assert_eq!(values[(0, row, col)], 9.0 / 49.0, "corner {row}, {col}");
    }
}

#[test]
fn windows_at_the_edge_are_divided_by_the_pixels_that_are_left() {
    let half = ImportanceWeights::new(&build("half:left"), 7).unwrap();
    assert!(
        (half.sum(0) - 54.857).abs() < SUM_TOLERANCE,
        "{}",
        half.sum(0)
    );
    assert!((half.sum(0) - 64.0 * 42.0 / 49.0).abs() < 1e-5);
    // Four rows of the window are inside the image, and three of its seven columns are missing.
    assert_eq!(half.values()[(0, 0, 32)], 12.0 / 28.0);

    let corner = ImportanceWeights::new(&corner(), 7).unwrap();
    assert!(
        (corner.sum(0) - 33.551).abs() < SUM_TOLERANCE,
        "{}",
        corner.sum(0)
    );
}

#[test]
fn clipped_and_symmetric_windows_agree_on_a_corner_for_seven_and_part_for_twenty_five() {
    let sum = |window, border| {
        ImportanceWeights::with_border(&corner(), window, border)
            .unwrap()
            .sum(0)
    };
    assert!((sum(7, WindowBorder::Symmetric) - 33.551).abs() < SUM_TOLERANCE);
    assert!((sum(25, WindowBorder::Symmetric) - 115.066).abs() < SUM_TOLERANCE);
    assert!((sum(25, WindowBorder::Clipped) - 114.843).abs() < SUM_TOLERANCE);
}

#[test]
fn even_zero_and_degenerate_windows_are_refused_with_a_remedy() {
    let mask = build("square:20");
    for window in [0, 1, 2, 8, 1024, 1025, usize::MAX] {
        let error = ImportanceWeights::new(&mask, window).unwrap_err();
        assert!(matches!(error, Error::OutOfRange { .. }), "{window}");
        assert!(error.to_string().contains("odd"), "{error}");
    }
}

#[test]
fn uniform_weights_are_one_on_known_pixels() {
    let mask = build("square:20");
    let weights = ImportanceWeights::uniform(&mask);
    assert_eq!(weights.sum(0), 3696.0);
    assert!(
        weights
            .values()
            .iter()
            .zip(mask.known(0))
            .all(|(&w, &k)| w == f32::from(k))
    );
}

#[test]
fn each_mask_of_a_batch_has_its_own_weights_and_the_tensor_holds_them_in_order() {
    let masks = [build("square:20"), build("half:left"), build("circle:20")];
    let batch = ImportanceWeights::new(&Mask::stack(&masks).unwrap(), 7).unwrap();
    let tensor = batch.to_tensor(&Device::Cpu).unwrap();
    assert_eq!(tensor.dims(), [3, 1, 64, 64]);
    let uploaded: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
    assert_eq!(uploaded, batch.values().iter().copied().collect::<Vec<_>>());
    for (index, mask) in masks.iter().enumerate() {
        let single = ImportanceWeights::new(mask, 7).unwrap();
        assert_eq!(
            single.values().index_axis(Axis(0), 0),
            batch.values().index_axis(Axis(0), index)
        );
    }
}

/// The definition, pixel by pixel: visits every neighbor and counts.
fn by_definition(mask: &Mask, window: usize, border: WindowBorder) -> Vec<f64> {
    let (height, width) = (mask.height() as isize, mask.width() as isize);
    let radius = (window / 2) as isize;
    let reflect = |mut position: isize, len: isize| {
        while position < 0 || position >= len {
            position = if position < 0 {
                -1 - position
            } else {
                2 * len - 1 - position
            };
        }
        position
    };
    let mut weights = Vec::new();
    for row in 0..height {
        for col in 0..width {
            let (mut num_missing, mut cardinality) = (0, 0);
            for near_row in row - radius..=row + radius {
                for near_col in col - radius..=col + radius {
                    let inside = (0..height).contains(&near_row) && (0..width).contains(&near_col);
                    if !inside && border == WindowBorder::Clipped {
                        continue;
                    }
                    let (r, c) = (reflect(near_row, height), reflect(near_col, width));
                    cardinality += 1;
                    num_missing += u32::from(!mask.is_known(0, r as usize, c as usize));
                }
            }
            let is_known = mask.is_known(0, row as usize, col as usize);
            weights.push(if is_known {
                f64::from(num_missing) / f64::from(cardinality)
            } else {
                0.0
            });
        }
    }
    weights
}

prop_compose! {
    fn any_mask()(height in 1_usize..24, width in 2_usize..24)
        (bits in prop::collection::vec(any::<bool>(), height * width), width in Just(width))
        -> Mask
    {
        // The first two pixels differ so that both kinds of pixels are there.
        let height = bits.len() / width;
        Mask::from_missing(height, width, |row, col| match (row, col) {
            (0, 0) => false,
            (0, 1) => true,
            _ => bits[row * width + col],
        })
        .unwrap()
    }
}

fn any_window() -> impl Strategy<Value = usize> {
    (1_usize..16).prop_map(|radius| 2 * radius + 1)
}

fn flip(
    mask: &Mask,
    mirror_row: impl Fn(usize) -> usize,
    mirror_col: impl Fn(usize) -> usize,
) -> Mask {
    Mask::from_known(mask.height(), mask.width(), |row, col| {
        mask.is_known(0, mirror_row(row), mirror_col(col))
    })
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn weights_equal_a_double_loop_over_the_definition(mask in any_mask(), window in any_window()) {
        for border in [WindowBorder::Clipped, WindowBorder::Symmetric] {
            let weights = ImportanceWeights::with_border(&mask, window, border).unwrap();
            let expected = by_definition(&mask, window, border);
            for (&weight, expected) in weights.values().iter().zip(expected) {
                prop_assert!((f64::from(weight) - expected).abs() < 1e-6, "{weight} vs {expected}");
            }
        }
    }

    #[test]
    fn weights_are_zero_on_missing_pixels_and_below_one_elsewhere(
        mask in any_mask(),
        window in any_window(),
    ) {
        let weights = ImportanceWeights::new(&mask, window).unwrap();
        for (&weight, &is_known) in weights.values().iter().zip(mask.known(0)) {
            prop_assert!((0.0..1.0).contains(&weight));
            prop_assert!(is_known || weight == 0.0);
        }
    }

    #[test]
    fn flips_commute_with_weighing(mask in any_mask(), window in any_window()) {
        let (last_row, last_col) = (mask.height() - 1, mask.width() - 1);
        let weights = ImportanceWeights::new(&mask, window).unwrap();
        let across = ImportanceWeights::new(&flip(&mask, |r| r, |c| last_col - c), window).unwrap();
        let down = ImportanceWeights::new(&flip(&mask, |r| last_row - r, |c| c), window).unwrap();
        for ((_, row, col), &weight) in weights.values().indexed_iter() {
            prop_assert_eq!(across.values()[(0, row, last_col - col)], weight);
            prop_assert_eq!(down.values()[(0, last_row - row, col)], weight);
        }
    }

    #[test]
    fn equal_masks_have_equal_weights_in_any_batch(mask in any_mask(), count in 1_usize..4) {
        let alone = ImportanceWeights::new(&mask, 7).unwrap();
        let batch = ImportanceWeights::new(&mask.repeat(count).unwrap(), 7).unwrap();
        for one in batch.values().outer_iter() {
            prop_assert_eq!(one, alone.values().index_axis(Axis(0), 0));
        }
    }
}

#[test]
fn weights_of_several_windows_are_their_mean() {
    let mask = Mask::from_missing(20, 24, |row, col| row < 5 && col > 9).unwrap();
    let several = ImportanceWeights::of_windows(&mask, &[3, 9]).unwrap();
    let [narrow, wide] = [3, 9].map(|window| ImportanceWeights::new(&mask, window).unwrap());
    for (place, weight) in several.values().indexed_iter() {
        let mean = (narrow.values()[place] + wide.values()[place]) / 2.0;
        assert!((weight - mean).abs() < 1e-7);
    }
    assert!(ImportanceWeights::of_windows(&mask, &[3, 8]).is_err());
    let message = ImportanceWeights::of_windows(&mask, &[]).unwrap_err();
    assert!(message.to_string().contains("at least 1"), "{message}");
}
