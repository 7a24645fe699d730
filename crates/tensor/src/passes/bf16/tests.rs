use proptest::prelude::*;

use super::super::product::{PANEL_VECTORS, Target, Write};
use super::software::widened;
use super::*;
use crate::Rng;

proptest! {
    #[test]
    fn rounding_is_to_the_nearest_and_of_two_to_the_even(bits in any::<u32>()) {
        let value = f32::from_bits(bits);
        let rounded = convert::round(value);
        if value.is_nan() {
            prop_assert!(widened(rounded).is_nan());
        } else {
            let distance = |half: u16| {
                // Beyond the largest number the next would be twice its power of two.
                let near = f64::from(widened(half));
                let near = if near.is_infinite() { near.signum() * 2f64.powi(128) } else { near };
                (near - f64::from(value)).abs()
            };
            let value_is_finite = value.is_finite();
            for neighbor in [rounded.wrapping_sub(1), rounded.wrapping_add(1)] {
                if value_is_finite && !widened(neighbor).is_nan() {
                    prop_assert!(distance(rounded) <= distance(neighbor));
                    let tie = distance(rounded) == distance(neighbor);
                    prop_assert!(!tie || rounded.is_multiple_of(2));
                }
            }
            prop_assert!(value_is_finite || widened(rounded) == value);
        }
    }

    #[test]
    fn numbers_with_eight_bits_stay_as_they_are(half in any::<u16>()) {
        let value = widened(half);
        prop_assume!(!value.is_nan());
        prop_assert_eq!(convert::round(value), half);
    }

    #[test]
    fn rounding_vectors_gives_the_same_bits(seed in any::<u64>(), len in 0usize..100) {
        let mut rng = Rng::from_seed(seed);
        let values: Vec<f32> = (0..len).map(|_| rng.next_unit() as f32 - 0.5).collect();
        for set in InstructionSet::available() {
            let mut rounded = vec![0; len];
            round_all(set, &values, &mut rounded);
            for (&value, &half) in values.iter().zip(&rounded) {
                prop_assert_eq!(convert::round(value), half);
            }
        }
    }
}

/// Bounds of the sums of a product of random matrices, and what a unit makes of it.
fn largest_error(unit: Unit, block: usize, rows: usize, runs: usize) -> f64 {
    let mut rng = Rng::from_seed((rows * 10 + runs) as u64);
    let mut draw =
        |count: usize| -> Vec<f32> { (0..count).map(|_| rng.next_unit() as f32 - 0.5).collect() };
    let run_stride = point_len(rows, block);
    let left: Vec<u16> = draw(runs * run_stride + 2)
        .iter()
        .map(|&value| convert::round(value))
        .collect();
    let panel = draw(runs * block * block);
    let packed = paired(&panel, block);
    let offsets: Vec<u32> = (0..rows).map(|row| (row * block) as u32).collect();
    let pairs = PairRows {
        values: &left,
        first: 2,
        offsets: &offsets,
        runs,
        run_stride,
        run_len: block,
    };
    let mut out = vec![f32::NAN; rows * block];
    for write in [Write::Replace, Write::Add] {
        let mut target = Target {
            values: &mut out,
            first: 0,
            offsets: &offsets,
        };
        unit.multiply(pairs, halves(&packed), &mut target, write);
    }
    let mut worst = 0.0f64;
    for row in 0..rows {
        for column in 0..block {
            let (mut sum, mut size) = (0.0, 0.0);
            for inner in 0..runs * block {
                let place = 2 + row * block + inner / block * run_stride + inner % block;
                let factor = widened(convert::round(panel[inner * block + column]));
                let term = f64::from(widened(left[place])) * f64::from(factor);
                (sum, size) = (sum + 2.0 * term, size + 2.0 * term.abs());
            }
            worst = worst.max((f64::from(out[row * block + column]) - sum).abs() / size);
        }
    }
    worst
}

/// What there is to multiply with beside these vector instructions.
pub(in super::super) fn units(set: InstructionSet) -> Vec<Unit> {
    let mut units = vec![Unit::Software];
    if PANEL_VECTORS * set.lanes() == tiles::SIDE {
        units.push(Unit::SoftwareTiles);
    }
    #[cfg(target_arch = "x86_64")]
    if Unit::detect(set) == Some(Unit::Amx) {
        units.push(Unit::Avx512);
    }
    units.extend(Unit::detect(set));
    units
}

#[test]
fn tiles_multiply_small_integers_without_an_error() {
    assert!(tiles::is_right(&software::SoftwareTiles));
    for (rows, runs) in [(1, 1), (15, 5), (32, 4), (45, 9), (64, 2), (65, 1)] {
        let error = largest_error(Unit::SoftwareTiles, tiles::SIDE, rows, runs);
        assert!(error < 1e-6, "{rows} rows, {runs} runs: {error}");
    }
}

#[test]
fn a_unit_of_tiles_with_a_fault_is_noticed() {
    struct Faulty;
    impl tiles::TileUnit for Faulty {
        fn multiply_add(&self, left: &[u16], run_stride: usize, panel: &[u16], sums: &mut [f32]) {
            software::SoftwareTiles.multiply_add(left, run_stride, panel, sums);
            sums[tiles::AREA - 1] += 1.0;
        }
    }
    assert!(!tiles::is_right(&Faulty));
}

#[test]
fn products_equal_those_of_the_rounded_factors() {
    for set in InstructionSet::available() {
        let block = PANEL_VECTORS * set.lanes();
        for unit in units(set) {
            for (rows, runs) in [
                (1, 1),
                (7, 2),
                (8, 1),
                (9, 3),
                (16, 2),
                (23, 1),
                (45, 2),
                (64, 4),
            ] {
                let error = largest_error(unit, block, rows, runs);
                assert!(
                    error < 1e-6,
                    "{set} {unit:?} {rows} rows, {runs} runs: {error}"
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "leaves its slices")]
fn a_product_beyond_its_slices_is_refused() {
    let offsets = [0, 32];
    let rows = PairRows {
        values: &[0; 63],
        first: 0,
        offsets: &offsets,
        runs: 1,
        run_stride: 64,
        run_len: 32,
    };
    let mut target = Target {
        values: &mut [0.0; 64],
        first: 0,
        offsets: &offsets,
    };
    let unit = Unit::detect(InstructionSet::detect()).unwrap_or(Unit::Software);
    unit.multiply(rows, &[0; 1024], &mut target, Write::Replace);
}
