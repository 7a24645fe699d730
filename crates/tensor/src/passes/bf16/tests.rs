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
fn largest_error(unit: PairUnit, block: usize, rows: usize, runs: usize) -> f64 {
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
    let mut units: Vec<Unit> = pair_units(set).into_iter().map(Unit::Pairs).collect();
    if PANEL_VECTORS * set.lanes() == SIDE {
        let tiles = tile_units().into_iter();
        units.extend(tiles.map(|(unit, factors)| Unit::Tiles(unit, factors)));
    }
    units
}

/// What multiplies tiles: the definition everywhere, and what this processor has.
pub(in crate::passes) fn tile_units() -> Vec<(TileUnit, Factors)> {
    let all = [Factors::Rounded, Factors::Split];
    let mut units: Vec<_> = all.map(|factors| (TileUnit::Software, factors)).into();
    for factors in all {
        if let Some(Unit::Tiles(unit, factors)) = Unit::detect(InstructionSet::detect(), factors) {
            units.push((unit, factors));
        }
    }
    units
}

fn pair_units(set: InstructionSet) -> Vec<PairUnit> {
    let mut units = vec![PairUnit::Software];
    #[cfg(target_arch = "x86_64")]
    if Unit::detect(set, Factors::Rounded).is_some() {
        units.push(PairUnit::Avx512);
    }
    units
}

/// Rounded values, or where factors are split in turn a run of them and one of the rests.
fn factored(values: &[f32], factors: Factors) -> Vec<u16> {
    let rounded = |run: &[f32]| {
        run.iter()
            .map(|&value| convert::round(value))
            .collect::<Vec<_>>()
    };
    let rests = |run: &[f32]| run.iter().map(|&value| split(value).1).collect();
    let runs = values.chunks_exact(AREA);
    runs.flat_map(|run| match factors {
        Factors::Rounded => rounded(run),
        Factors::Split => [rounded(run), rests(run)].concat(),
    })
    .collect()
}

/// A panel in pairs of inner indices for a unit of tiles.
fn tile_panel(panel: &[f32], factors: Factors) -> Vec<u16> {
    let in_pairs = |run: &[u16]| -> Vec<u16> {
        let place = |index: usize| (2 * (index / 2 / SIDE) + index % 2) * SIDE + index / 2 % SIDE;
        (0..AREA).map(|index| run[place(index)]).collect()
    };
    let values = factored(panel, factors);
    values.chunks_exact(AREA).flat_map(in_pairs).collect()
}

/// The error of products by a unit of tiles, relative to the sizes of their terms.
fn largest_error_of_tiles(unit: TileUnit, factors: Factors, runs: usize) -> f64 {
    let mut rng = Rng::from_seed(runs as u64);
    let mut draw =
        |count: usize| -> Vec<f32> { (0..count).map(|_| rng.next_unit() as f32 - 0.5).collect() };
    let (left, panel) = (draw(runs * AREA), draw(runs * AREA));
    let exact = |value: f32| match factors {
        Factors::Rounded => f64::from(widened(convert::round(value))),
        Factors::Split => f64::from(value),
    };
    let offsets: Vec<u32> = (0..runs * factors.count())
        .map(|run| (run * AREA) as u32)
        .collect();
    let values = factored(&left, factors);
    let tiles = LeftTiles {
        values: &values,
        offsets: &offsets,
        places: [0, TILE_ROWS * SIDE],
    };
    let mut sums = Sums([f32::NAN; AREA]);
    unit.multiply(factors, tiles, &tile_panel(&panel, factors), &mut sums);
    let mut worst = 0.0f64;
    for (place, &got) in sums.0.iter().enumerate() {
        let (mut sum, mut size) = (0.0, 0.0);
        for inner in 0..runs * SIDE {
            let at = (inner / SIDE * SIDE + place / SIDE) * SIDE + inner % SIDE;
            let term = exact(left[at]) * exact(panel[inner * SIDE + place % SIDE]);
            (sum, size) = (sum + term, size + term.abs());
        }
        worst = worst.max((f64::from(got) - sum).abs() / size);
    }
    worst
}

#[test]
fn tiles_equal_the_product_of_the_factors() {
    for (unit, factors) in tile_units() {
        let bound = match factors {
            Factors::Rounded => 1e-6,
            Factors::Split => 4e-6,
        };
        for runs in [1, 2, 5, 64] {
            let error = largest_error_of_tiles(unit, factors, runs);
            assert!(error < bound, "{unit:?} {factors:?}, {runs} runs: {error}");
        }
    }
}

proptest! {
    #[test]
    fn a_number_and_its_rest_are_the_value_to_sixteen_bits(value in -1e30f32..1e30) {
        let (rounded, rest) = split(value);
        let sum = f64::from(widened(rounded)) + f64::from(widened(rest));
        let error = (sum - f64::from(value)).abs();
        prop_assert!(error <= f64::from(value.abs()) * 2f64.powi(-16), "{} {}", value, sum);
    }
}

#[test]
fn a_unit_of_tiles_with_a_fault_is_noticed() {
    struct Faulty(Factors);
    impl MultiplyTiles for Faulty {
        fn multiply(&self, left: LeftTiles<'_>, panel: &[u16], sums: &mut Sums) {
            software::SoftwareTiles.multiply(left, panel, sums);
            sums.0[AREA - 1] += f32::from(self.0 == Factors::Rounded);
        }

        fn multiply_split(&self, left: LeftTiles<'_>, panel: &[u16], sums: &mut Sums) {
            software::SoftwareTiles.multiply_split(left, panel, sums);
            sums.0[AREA - 1] += f32::from(self.0 == Factors::Split);
        }
    }
    assert!(!tiles::is_right(&Faulty(Factors::Rounded)));
    assert!(!tiles::is_right(&Faulty(Factors::Split)));
    assert!(tiles::is_right(&software::SoftwareTiles));
}

#[test]
#[should_panic(expected = "leave their values")]
fn tiles_beyond_their_values_are_refused() {
    let unit = tile_units()
        .last()
        .map_or(TileUnit::Software, |unit| unit.0);
    let left = LeftTiles {
        values: &vec![0; 2 * AREA],
        offsets: &[AREA as u32],
        places: [0, TILE_ROWS * SIDE + 1],
    };
    unit.multiply(Factors::Rounded, left, &vec![0; AREA], &mut Sums::zeros());
}

#[test]
fn products_equal_those_of_the_rounded_factors() {
    for set in InstructionSet::available() {
        let block = PANEL_VECTORS * set.lanes();
        for unit in pair_units(set) {
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
    let units = pair_units(InstructionSet::detect());
    let unit = units.last().copied().unwrap_or(PairUnit::Software);
    unit.multiply(rows, &[0; 1024], &mut target, Write::Replace);
}
