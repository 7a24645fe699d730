//! Passes by what multiplies bfloat16 numbers.

use super::super::bf16::{Factors, Unit};
use super::*;

/// Every vector instruction set with what multiplies bfloat16 numbers there.
fn units() -> impl Iterator<Item = (InstructionSet, Unit)> {
    let sets = InstructionSet::available().into_iter();
    sets.flat_map(|set| bf16_units(set).into_iter().map(move |unit| (set, unit)))
}

#[test]
fn every_pass_by_a_unit_is_within_its_precision_of_the_definition() {
    let mut rng = Rng::from_seed(6);
    for case in cases() {
        let channels = case.coarse.channels() * case.fine.channels();
        let weights = draw(&mut rng, channels * 16);
        for direction in [Direction::Up, Direction::Down] {
            let (coarse, fine) = (case.coarse, case.fine);
            let shape = if direction == Direction::Up {
                coarse
            } else {
                fine
            };
            let input = draw(&mut rng, 3 * shape.channels() * shape.side().pow(2));
            let want = expected(&case, direction, &weights, &input);
            let norm = want.iter().map(|value| value * value).sum::<f64>().sqrt();
            for (set, unit) in units() {
                for tiling in [Tiling::Direct, Tiling::Two, Tiling::Four] {
                    let pass =
                        Pass::with_unit(set, coarse, fine, &weights, direction, tiling, Some(unit));
                    let got = computed(&pass.unwrap(), set, 3, &input);
                    let squares = got.iter().zip(&want);
                    let squares = squares.map(|(&got, want)| (f64::from(got) - want).powi(2));
                    let error = squares.sum::<f64>().sqrt() / norm;
                    let bound = match unit {
                        Unit::Tiles(_, Factors::Split) => 1e-5,
                        Unit::Tiles(..) | Unit::Pairs(_) => 2e-2,
                    };
                    assert!(
                        error < bound,
                        "{coarse:?} to {fine:?} {direction:?} {set} {unit:?} {tiling:?}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_image_has_the_same_bits_in_any_company_by_a_unit() {
    let mut rng = Rng::from_seed(7);
    for case in cases() {
        let (coarse, fine) = (case.coarse, case.fine);
        let weights = draw(&mut rng, coarse.channels() * fine.channels() * 16);
        for direction in [Direction::Up, Direction::Down] {
            let shape = if direction == Direction::Up {
                coarse
            } else {
                fine
            };
            let len = shape.channels() * shape.side().pow(2);
            let input = draw(&mut rng, 9 * len);
            for (set, unit) in units() {
                for tiling in [Tiling::Direct, Tiling::Two, Tiling::Four] {
                    let pass =
                        Pass::with_unit(set, coarse, fine, &weights, direction, tiling, Some(unit))
                            .unwrap();
                    let together = computed(&pass, set, 9, &input);
                    let output_len = together.len() / 9;
                    for image in [0, 4, 8] {
                        let alone = computed(&pass, set, 1, &input[image * len..][..len]);
                        assert_eq!(alone, together[image * output_len..][..output_len]);
                    }
                }
            }
        }
    }
}
