//! Every pass against the definition in double precision.

mod units;

use super::bf16::Unit;
use super::bf16::tests::units as bf16_units;
use super::*;
use crate::Rng;

struct Case {
    coarse: MapShape,
    fine: MapShape,
    stride: usize,
}

fn cases() -> Vec<Case> {
    let map = |channels, side| MapShape::Map { channels, side };
    let image = |channels, side| MapShape::Image { channels, side };
    vec![
        Case {
            coarse: map(10, 1),
            fine: map(40, 4),
            stride: 1,
        },
        Case {
            coarse: map(1, 1),
            fine: map(70, 4),
            stride: 1,
        },
        Case {
            coarse: map(40, 4),
            fine: map(33, 8),
            stride: 2,
        },
        Case {
            coarse: map(35, 8),
            fine: map(64, 16),
            stride: 2,
        },
        Case {
            coarse: map(5, 16),
            fine: map(3, 32),
            stride: 2,
        },
        Case {
            coarse: map(37, 4),
            fine: image(3, 8),
            stride: 2,
        },
        Case {
            coarse: map(20, 8),
            fine: image(1, 16),
            stride: 2,
        },
        Case {
            coarse: map(64, 16),
            fine: image(3, 32),
            stride: 2,
        },
    ]
}

fn draw(rng: &mut Rng, count: usize) -> Vec<f32> {
    (0..count)
        .map(|_| (rng.next_unit() * 2.0 - 1.0) as f32)
        .collect()
}

/// The definition: coarse pixel k and tap t meet in fine pixel `stride k - padding + t`.
fn expected(case: &Case, direction: Direction, weights: &[f32], input: &[f32]) -> Vec<f64> {
    let (coarse, fine) = (case.coarse, case.fine);
    let (input_shape, output_shape) = match direction {
        Direction::Up => (coarse, fine),
        Direction::Down => (fine, coarse),
    };
    let image_len = |shape: MapShape| shape.channels() * shape.side() * shape.side();
    let images = input.len() / image_len(input_shape);
    let mut output = vec![0.0; images * image_len(output_shape)];
    let place = |shape: MapShape, image: usize, channel: usize, row: usize, column: usize| {
        ((image * shape.channels() + channel) * shape.side() + row) * shape.side() + column
    };
    let fine_pixel = |pixel: usize, tap: usize| {
        let pixel = (case.stride * pixel + tap).checked_sub(case.stride - 1)?;
        (pixel < fine.side()).then_some(pixel)
    };
    let side = coarse.side();
    for image in 0..images {
        for (pixel, tap) in (0..side * side).flat_map(|p| (0..16).map(move |t| (p, t))) {
            let (row, column) = (pixel / side, pixel % side);
            let fine_at = (fine_pixel(row, tap / 4), fine_pixel(column, tap % 4));
            let (Some(fine_row), Some(fine_column)) = fine_at else {
                continue;
            };
            for c in 0..coarse.channels() {
                for f in 0..fine.channels() {
                    let weight = f64::from(weights[(c * fine.channels() + f) * 16 + tap]);
                    let at_coarse = place(coarse, image, c, row, column);
                    let at_fine = place(fine, image, f, fine_row, fine_column);
                    match direction {
                        Direction::Up => output[at_fine] += weight * f64::from(input[at_coarse]),
                        Direction::Down => output[at_coarse] += weight * f64::from(input[at_fine]),
                    }
                }
            }
        }
    }
    output
}

fn to_map(shape: MapShape, set: InstructionSet, images: &[f32]) -> Vec<f32> {
    let count = images.len() / (shape.channels() * shape.side() * shape.side());
    let mut values = vec![0.0; shape.len(set, count)];
    shape.write_images(set, count, images, &mut values);
    values
}

fn to_images(shape: MapShape, set: InstructionSet, count: usize, values: &[f32]) -> Vec<f32> {
    let mut images = vec![0.0; count * shape.channels() * shape.side() * shape.side()];
    shape.read_images(set, count, values, &mut images);
    images
}

fn computed(pass: &Pass, set: InstructionSet, images: usize, input: &[f32]) -> Vec<f32> {
    let plan = pass.plan(images, images);
    let mut scratch = Scratch::new([&plan]);
    let values = to_map(pass.input(), set, input);
    // Stale values must not shine through.
    let mut output = vec![f32::NAN; pass.output().len(set, images)];
    pass.run(
        &plan,
        Span::first(images),
        &values,
        &mut output,
        &mut scratch,
        Epilogue::Nothing,
    );
    to_images(pass.output(), set, images, &output)
}

#[test]
fn every_pass_equals_its_definition_on_every_instruction_set() {
    let mut rng = Rng::from_seed(3);
    for case in cases() {
        let channels = case.coarse.channels() * case.fine.channels();
        let weights = draw(&mut rng, channels * 16);
        for direction in [Direction::Up, Direction::Down] {
            let shape = if direction == Direction::Up {
                case.coarse
            } else {
                case.fine
            };
            let input = draw(&mut rng, 3 * shape.channels() * shape.side() * shape.side());
            let want = expected(&case, direction, &weights, &input);
            let largest = want
                .iter()
                .fold(0.0f64, |most, value| most.max(value.abs()));
            for set in InstructionSet::available() {
                for tiling in [Tiling::Direct, Tiling::Two, Tiling::Four] {
                    let (coarse, fine) = (case.coarse, case.fine);
                    let pass =
                        Pass::with_unit(set, coarse, fine, &weights, direction, tiling, None);
                    let got = computed(&pass.unwrap(), set, 3, &input);
                    for (got, want) in got.iter().zip(&want) {
                        let error = (f64::from(*got) - want).abs() / largest;
                        assert!(
                            error < 1e-5,
                            "{:?} to {:?} {direction:?} {set} {tiling:?}: {got} {want}",
                            case.coarse,
                            case.fine
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn an_image_has_the_same_bits_in_any_company() {
    let mut rng = Rng::from_seed(4);
    let set = InstructionSet::detect();
    for case in cases() {
        let channels = case.coarse.channels() * case.fine.channels();
        let weights = draw(&mut rng, channels * 16);
        for direction in [Direction::Up, Direction::Down] {
            let shape = if direction == Direction::Up {
                case.coarse
            } else {
                case.fine
            };
            let len = shape.channels() * shape.side() * shape.side();
            let input = draw(&mut rng, 9 * len);
            for tiling in [Tiling::Direct, Tiling::Two, Tiling::Four] {
                let (coarse, fine) = (case.coarse, case.fine);
                let pass = Pass::with_unit(set, coarse, fine, &weights, direction, tiling, None);
                let pass = pass.unwrap();
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

#[test]
fn epilogues_equal_their_definition() {
    let mut rng = Rng::from_seed(5);
    let set = InstructionSet::detect();
    let coarse = MapShape::Map {
        channels: 20,
        side: 4,
    };
    let fine = MapShape::Map {
        channels: 35,
        side: 8,
    };
    let weights = draw(&mut rng, 20 * 35 * 16);
    for direction in [Direction::Up, Direction::Down] {
        for (tiling, unit) in ways(set) {
            let pass = Pass::with_unit(set, coarse, fine, &weights, direction, tiling, unit);
            let pass = pass.unwrap();
            let plan = pass.plan(5, 5);
            let mut scratch = Scratch::new([&plan]);
            let image_len = pass.input().channels() * pass.input().side().pow(2);
            let input = to_map(pass.input(), set, &draw(&mut rng, 5 * image_len));
            let len = pass.output().len(set, 5);
            let mut run = |epilogue: Epilogue<'_>| {
                let mut output = vec![f32::NAN; len];
                pass.run(
                    &plan,
                    Span::first(5),
                    &input,
                    &mut output,
                    &mut scratch,
                    epilogue,
                );
                output
            };
            let plain = run(Epilogue::Nothing);
            let gates = draw(&mut rng, len);
            let gated = run(Epilogue::Gate {
                outputs: &gates,
                images: 5,
                first: 0,
                slope: 0.25,
            });
            for ((value, gate), got) in plain.iter().zip(&gates).zip(&gated) {
                assert_eq!(*got, if *gate > 0.0 { *value } else { 0.25 * value });
            }
            let shift = vec![0.5; pass.padded_channels()];
            let rectified = run(Epilogue::Rectify {
                shift: &shift,
                slope: 0.25,
            });
            for (value, got) in plain.iter().zip(&rectified) {
                let sum = value + 0.5;
                assert_eq!(*got, if sum > 0.0 { sum } else { 0.25 * sum });
            }
        }
    }
}

#[test]
fn sides_that_do_not_fit_are_refused() {
    let (coarse, fine) = (
        MapShape::Map {
            channels: 1,
            side: 6,
        },
        MapShape::Map {
            channels: 1,
            side: 12,
        },
    );
    let set = InstructionSet::detect();
    let pass = |fine, weights: &[f32]| {
        let (up, direct) = (Direction::Up, Tiling::Direct);
        Pass::new(set, coarse, fine, weights, up, direct, Precision::F32).map(|_| ())
    };
    assert!(matches!(
        pass(fine, &[0.0; 16]),
        Err(crate::Error::OutOfRange { .. })
    ));
    assert!(matches!(
        pass(fine, &[0.0; 15]),
        Err(crate::Error::ShapeMismatch { .. })
    ));
}

#[test]
fn a_span_moves_images_between_maps_of_different_numbers() {
    let mut rng = Rng::from_seed(6);
    let set = InstructionSet::detect();
    for case in cases() {
        let weights = draw(&mut rng, case.coarse.channels() * case.fine.channels() * 16);
        for direction in [Direction::Up, Direction::Down] {
            for (tiling, unit) in ways(set) {
                let (coarse, fine) = (case.coarse, case.fine);
                let pass = Pass::with_unit(set, coarse, fine, &weights, direction, tiling, unit);
                let pass = pass.unwrap();
                let shape = pass.input();
                let input = draw(&mut rng, 7 * shape.channels() * shape.side().pow(2));
                let all = computed(&pass, set, 7, &input);
                let plan = pass.plan(7, 4);
                let mut scratch = Scratch::new([&plan]);
                let mut output = vec![-1.0; pass.output().len(set, 4)];
                let gates = vec![1.0; pass.output().len(set, 9)];
                let epilogue = match pass.output() {
                    MapShape::Map { .. } => Epilogue::Gate {
                        outputs: &gates,
                        images: 9,
                        first: 6,
                        slope: 0.0,
                    },
                    MapShape::Image { .. } => Epilogue::Nothing,
                };
                let span = Span {
                    from: 2,
                    to: 1,
                    count: 3,
                };
                let values = to_map(shape, set, &input);
                pass.run(&plan, span, &values, &mut output, &mut scratch, epilogue);
                let got = to_images(pass.output(), set, 4, &output);
                let len = got.len() / 4;
                assert_eq!(
                    got[len..4 * len],
                    all[2 * len..5 * len],
                    "{direction:?} {tiling:?} {unit:?}"
                );
                assert!(
                    got[..len].iter().all(|&value| value == -1.0),
                    "an image beside the span"
                );
            }
        }
    }
}

/// Every way to compute a pass between maps with these vector instructions.
fn ways(set: InstructionSet) -> Vec<(Tiling, Option<Unit>)> {
    let units = std::iter::once(None).chain(bf16_units(set).into_iter().map(Some));
    let tilings = [Tiling::Direct, Tiling::Two, Tiling::Four];
    units
        .flat_map(|unit| tilings.map(|tiling| (tiling, unit)))
        .collect()
}
