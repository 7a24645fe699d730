use proptest::prelude::*;

use super::reference::{known_of, planes, solve_densely};
use crate::{Error, PoissonSolver};

/// Rounding of a well-conditioned f64 solve of values near 1, with a wide margin.
const EXACT: f64 = 1e-10;

fn assert_solves(height: usize, width: usize, known: &[bool], seed: u64) {
    let (values, guide) = planes(known.len(), seed);
    let expected = solve_densely(height, width, known, &values, &guide);
    let direct = PoissonSolver::new(height, width, known).unwrap();
    let iterative = PoissonSolver::with_factor_limit(height, width, known, 0).unwrap();
    for solver in [direct, iterative] {
        let completed = solver.solve(&values, &guide).unwrap();
        assert!(solver.residual(&completed, &guide).unwrap() < EXACT);
        for pixel in 0..known.len() {
            if known[pixel] {
                assert_eq!(completed[pixel].to_bits(), values[pixel].to_bits());
            } else {
                let error = (completed[pixel] - expected[pixel]).abs();
                assert!(
                    error < EXACT,
                    "pixel {pixel} is off by {error:e} in\n{known:?}"
                );
            }
        }
    }
}

fn assert_solves_rows(rows: &[&str]) {
    let (height, width, known) = known_of(rows);
    assert_solves(height, width, &known, 5);
}

fn assert_solves_where(height: usize, width: usize, missing: impl Fn(usize, usize) -> bool) {
    let known: Vec<bool> = (0..height * width)
        .map(|pixel| !missing(pixel / width, pixel % width))
        .collect();
    assert_solves(height, width, &known, 11);
}

#[test]
fn a_hole_in_the_middle_is_solved() {
    assert_solves_where(12, 14, |row, col| {
        (3..9).contains(&row) && (4..9).contains(&col)
    });
}

#[test]
fn a_square_hole_is_solved_wherever_it_lies() {
    for top in 0..8 {
        for left in 0..8 {
            assert_solves_where(12, 12, |row, col| {
                (top..top + 5).contains(&row) && (left..left + 5).contains(&col)
            });
        }
    }
}

#[test]
fn holes_along_each_border_are_solved() {
    assert_solves_where(10, 12, |row, _| row < 3);
    assert_solves_where(10, 12, |row, _| row >= 7);
    assert_solves_where(10, 12, |_, col| col < 3);
    assert_solves_where(10, 12, |_, col| col >= 9);
}

#[test]
fn half_images_are_solved() {
    assert_solves_where(16, 16, |_, col| col < 8);
    assert_solves_where(16, 16, |row, _| row >= 8);
}

#[test]
fn several_components_are_solved() {
    assert_solves_rows(&[
        "..####.#", "..###..#", "####...#", "#.######", "#.#.##..", "#.#.##..",
    ]);
}

#[test]
fn components_touching_at_corners_are_solved() {
    assert_solves_rows(&["..####", "..####", "##..##", "##..##", "####..", "####.."]);
}

#[test]
fn a_ring_with_its_island_is_solved() {
    assert_solves_rows(&[
        "#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######",
    ]);
}

#[test]
fn single_pixels_are_the_mean_of_their_neighbors_and_the_guide() {
    for pixel in 0..20 {
        let mut known = [true; 20];
        known[pixel] = false;
        assert_solves(4, 5, &known, pixel as u64);
    }
}

#[test]
fn a_checkerboard_is_solved() {
    assert_solves_where(16, 16, |row, col| (row + col) % 2 == 1);
}

#[test]
fn one_known_pixel_is_enough() {
    for known in [0, 11, 143] {
        assert_solves_where(12, 12, |row, col| row * 12 + col != known);
    }
}

#[test]
fn lines_of_pixels_are_solved() {
    assert_solves_where(1, 30, |_, col| col > 3 && col != 20);
    assert_solves_where(30, 1, |row, _| row < 25);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_masks_are_solved(
        height in 1_usize..14,
        width in 1_usize..14,
        kept in 0.02_f64..0.98,
        seed in any::<u64>(),
    ) {
        let (draws, _) = planes(height * width, seed);
        let mut known: Vec<bool> = draws.iter().map(|draw| draw.abs() < kept).collect();
        known[seed as usize % (height * width)] = true;
        assert_solves(height, width, &known, seed ^ 1);
    }

    #[test]
    fn a_constant_added_to_the_guide_changes_nothing(offset in -100.0_f64..100.0, seed in any::<u64>()) {
        let (height, width, known) = known_of(&["##..", "#...", "#.#.", "...#"]);
        let (values, guide) = planes(known.len(), seed);
        let solver = PoissonSolver::new(height, width, &known).unwrap();
        let shifted: Vec<f64> = guide.iter().map(|value| value + offset).collect();
        let plain = solver.solve(&values, &guide).unwrap();
        for (a, b) in plain.iter().zip(solver.solve(&values, &shifted).unwrap()) {
            prop_assert!((a - b).abs() < 1e-11);
        }
    }
}

fn centered_hole(size: usize, hole: usize) -> Vec<bool> {
    let inside = (size - hole) / 2..(size + hole) / 2;
    (0..size * size)
        .map(|p| !(inside.contains(&(p / size)) && inside.contains(&(p % size))))
        .collect()
}

#[test]
fn a_constant_guide_gives_the_harmonic_fill() {
    let known = centered_hole(24, 12);
    // The discrete Laplacian of x^2 - y^2 + x y vanishes, so the fill must continue it.
    let harmonic: Vec<f64> = (0..24 * 24)
        .map(|p| ((p % 24) as f64 / 24.0, (p / 24) as f64 / 24.0))
        .map(|(x, y)| x * x - y * y + x * y)
        .collect();
    let solver = PoissonSolver::new(24, 24, &known).unwrap();
    let filled = solver.solve(&harmonic, &vec![0.3; 24 * 24]).unwrap();
    for (value, expected) in filled.iter().zip(&harmonic) {
        assert!((value - expected).abs() < 1e-12);
    }
}

#[test]
fn the_truth_as_guide_gives_the_truth() {
    let known = centered_hole(64, 30);
    let truth: Vec<f64> = (0..64 * 64)
        .map(|p| ((p % 64) as f64 * 0.1).sin() * ((p / 64) as f64 * 0.07).cos())
        .collect();
    let corrupted: Vec<f64> = truth
        .iter()
        .zip(&known)
        .map(|(&value, &known)| if known { value } else { 9.0 })
        .collect();
    let completed = PoissonSolver::new(64, 64, &known)
        .unwrap()
        .solve(&corrupted, &truth)
        .unwrap();
    assert_eq!(completed, truth);
}

#[test]
fn large_holes_have_residuals_of_rounding_size() {
    let all_but_one: Vec<bool> = (0..64 * 64).map(|pixel| pixel == 2080).collect();
    for known in [centered_hole(64, 60), all_but_one, centered_hole(200, 190)] {
        let size = known.len().isqrt();
        let (values, guide) = planes(known.len(), 3);
        let solver = PoissonSolver::new(size, size, &known).unwrap();
        let completed = solver.solve(&values, &guide).unwrap();
        assert!(solver.residual(&completed, &guide).unwrap() < EXACT);
    }
}

#[test]
fn values_of_missing_pixels_are_not_read() {
    let (height, width, known) = known_of(&["####", "#..#", "#..."]);
    let (mut values, guide) = planes(known.len(), 8);
    let solver = PoissonSolver::new(height, width, &known).unwrap();
    let before = solver.solve(&values, &guide).unwrap();
    for (value, _) in values.iter_mut().zip(&known).filter(|&(_, &known)| !known) {
        *value = f64::NAN;
    }
    assert_eq!(solver.solve(&values, &guide).unwrap(), before);
}

#[test]
fn values_that_are_not_finite_are_refused_where_they_matter() {
    let (height, width, known) = known_of(&["####", "#.##", "####"]);
    let solver = PoissonSolver::new(height, width, &known).unwrap();
    let zeros = [0.0; 12];
    let with = |pixel: usize, value: f64| {
        let mut plane = zeros;
        plane[pixel] = value;
        plane
    };
    for pixel in [1, 4, 5, 6, 9] {
        let refused = solver.solve(&zeros, &with(pixel, f64::NAN));
        assert!(matches!(
            refused,
            Err(Error::BlendNotFinite { row: 1, col: 1 })
        ));
    }
    assert!(solver.solve(&with(4, f64::INFINITY), &zeros).is_err());
    assert!(solver.solve(&zeros, &with(3, f64::NAN)).is_ok());
}

#[test]
fn planes_of_another_size_and_empty_knowledge_are_refused() {
    assert!(matches!(
        PoissonSolver::new(2, 2, &[false; 4]),
        Err(Error::BlendNothingKnown {
            height: 2,
            width: 2
        })
    ));
    assert!(matches!(
        PoissonSolver::new(2, 2, &[true; 3]),
        Err(Error::BlendPlaneSize {
            what: "known",
            got: 3,
            ..
        })
    ));
    let solver = PoissonSolver::new(2, 2, &[true, true, true, false]).unwrap();
    assert!(solver.solve(&[0.0; 4], &[0.0; 5]).is_err());
    assert!(solver.solve(&[0.0; 3], &[0.0; 4]).is_err());
    assert!(solver.residual(&[0.0; 4], &[0.0; 3]).is_err());
}

#[test]
fn a_plane_without_missing_pixels_is_returned() {
    let solver = PoissonSolver::new(1, 2, &[true, true]).unwrap();
    assert_eq!(
        solver.solve(&[1.0_f32, 2.0], &[0.0, 0.0]).unwrap(),
        [1.0, 2.0]
    );
}
