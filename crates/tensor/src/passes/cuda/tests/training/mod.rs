//! The operations of a training step against their definitions in double precision.

mod batch_norm;
mod values;

use super::*;
use crate::passes::cuda::training::{Convolution, WeightGradient};

/// Runs launches twice on memory of NaN and gives what `output` holds; both times the same bits.
fn run_twice(runtime: &Runtime, len: usize, launches: impl Fn(&Memory) -> Vec<Launch>) -> Vec<f32> {
    let run = || {
        let output = runtime.upload_floats(&vec![f32::NAN; len]).unwrap();
        runtime.run(&launches(&output)).unwrap();
        runtime.read_floats(&output).unwrap()
    };
    let (first, second) = (run(), run());
    let bits = |values: &[f32]| {
        values
            .iter()
            .map(|value| value.to_bits())
            .collect::<Vec<_>>()
    };
    assert_eq!(bits(&first), bits(&second), "equal arguments, equal bits");
    assert!(first.iter().all(|value| !value.is_nan()), "all is written");
    first
}

fn len(shape: MapShape, images: usize) -> usize {
    images * shape.channels() * shape.side() * shape.side()
}

/// What a convolution of tensors computes from a case's input and weights.
fn convolved(runtime: &Runtime, case: &Case) -> Vec<f32> {
    let convolution = Convolution::new(case.coarse, case.fine, case.direction, case.precision);
    let convolution = convolution.unwrap();
    let upload = |values: &[f32]| runtime.upload_floats(values).unwrap();
    let (input, weights) = (upload(&case.input), upload(&case.weights));
    let (_, to) = case.ends();
    run_twice(runtime, len(to, case.images), |output| {
        convolution
            .launches(runtime, case.images, &input, &weights, output)
            .unwrap()
    })
}

#[test]
fn convolutions_of_tensors_equal_their_definition() {
    let Some(runtime) = runtime() else { return };
    for (coarse, fine) in SHAPES {
        for direction in DIRECTIONS {
            for precision in PRECISIONS {
                let shapes = (map(coarse.0, coarse.1), map(fine.0, fine.1));
                let case = Case::new(shapes, direction, precision, 3);
                let what = format!("{coarse:?} {fine:?} {direction:?} {precision}");
                assert_near(&convolved(&runtime, &case), &case.sums(), 1e-5, &what);
            }
        }
    }
}

#[test]
fn many_tensors_fill_wide_tiles_and_equal_their_definition() {
    let Some(runtime) = runtime() else { return };
    for (direction, shapes) in [
        (Direction::Up, (map(8, 8), map(130, 16))),
        (Direction::Down, (map(130, 12), map(7, 24))),
    ] {
        let case = Case::new(shapes, direction, Precision::Tf32, 65);
        let what = format!("{direction:?}");
        assert_near(&convolved(&runtime, &case), &case.sums(), 1e-5, &what);
    }
}

/// Two maps, filled with what a precision can hold.
struct Pair {
    shapes: (MapShape, MapShape),
    precision: Precision,
    images: usize,
    coarse: Vec<f32>,
    fine: Vec<f32>,
}

impl Pair {
    fn new(shapes: (MapShape, MapShape), precision: Precision, images: usize) -> Self {
        let rng = &mut Rng::from_seed(23);
        let mut draw = |shape| -> Vec<f32> {
            let drawn = (0..len(shape, images)).map(|_| (2.0 * rng.next_unit() - 1.0) as f32);
            rounded(precision, &drawn.collect::<Vec<_>>())
        };
        Self {
            coarse: draw(shapes.0),
            fine: draw(shapes.1),
            shapes,
            precision,
            images,
        }
    }

    /// The gradient by its definition: coarse pixel k and tap t meet in fine pixel 2 k - 1 + t, or t.
    fn definition(&self) -> Vec<f32> {
        let (coarse, fine) = self.shapes;
        let (low, high) = (coarse.side(), fine.side());
        let mut weights = vec![0.0f64; coarse.channels() * fine.channels() * 16];
        let meet = |k: usize, t: usize| match high {
            4 if low == 1 => Some(t),
            _ => (2 * k + t).checked_sub(1).filter(|&pixel| pixel < high),
        };
        for image in 0..self.images {
            for (ky, kx, ty, tx) in pixels_and_taps(low) {
                let (Some(y), Some(x)) = (meet(ky, ty), meet(kx, tx)) else {
                    continue;
                };
                for a in 0..coarse.channels() {
                    let left = (image * coarse.channels() + a) * low * low + ky * low + kx;
                    for b in 0..fine.channels() {
                        let right = (image * fine.channels() + b) * high * high + y * high + x;
                        weights[((a * fine.channels() + b) * 4 + ty) * 4 + tx] +=
                            f64::from(self.coarse[left]) * f64::from(self.fine[right]);
                    }
                }
            }
        }
        weights.into_iter().map(|weight| weight as f32).collect()
    }

    fn computed(&self, runtime: &Runtime) -> Vec<f32> {
        let (coarse, fine) = self.shapes;
        let pass = WeightGradient::new(coarse, fine, self.precision).unwrap();
        let upload = |values: &[f32]| runtime.upload_floats(values).unwrap();
        let maps = (upload(&self.coarse), upload(&self.fine));
        let count = coarse.channels() * fine.channels() * 16;
        run_twice(runtime, count, |weights| {
            pass.launches(runtime, self.images, (&maps.0, &maps.1), weights)
                .unwrap()
        })
    }
}

#[test]
fn weight_gradients_equal_their_definition_at_awkward_sizes() {
    let Some(runtime) = runtime() else { return };
    // Sides of 1 to 24, channels that fill no tile and no chunk, depths that fill no step.
    let more = [((1, 1), (1, 2)), ((136, 4), (9, 8)), ((3, 12), (17, 24))];
    for (coarse, fine) in SHAPES.into_iter().chain(more) {
        for precision in PRECISIONS {
            for images in [1, 3] {
                let shapes = (map(coarse.0, coarse.1), map(fine.0, fine.1));
                let pair = Pair::new(shapes, precision, images);
                let what = format!("{coarse:?} {fine:?} {precision} {images}");
                assert_near(&pair.computed(&runtime), &pair.definition(), 1e-5, &what);
            }
        }
    }
}

#[test]
fn weight_gradients_of_many_images_in_many_parts_equal_their_definition() {
    let Some(runtime) = runtime() else { return };
    for shapes in [
        (map(136, 4), map(11, 8)),
        (map(40, 8), map(3, 16)),
        (map(100, 2), map(21, 4)),
    ] {
        for precision in PRECISIONS {
            let pair = Pair::new(shapes, precision, 65);
            let plan = WeightGradient::new(shapes.0, shapes.1, precision).unwrap();
            assert!(plan.plan(65).splits > 1, "{shapes:?}");
            let what = format!("{shapes:?} {precision}");
            assert_near(&pair.computed(&runtime), &pair.definition(), 1e-5, &what);
        }
    }
}

#[test]
fn memory_of_tensors_that_is_too_small_is_refused() {
    let runtime = Runtime::emulated(std::path::Path::new("no program is run"), 0);
    let (coarse, fine) = (map(6, 8), map(3, 16));
    let small = runtime.allocate(64).unwrap();
    let large = runtime.allocate(1 << 20).unwrap();
    let up = Convolution::new(coarse, fine, Direction::Up, Precision::F32).unwrap();
    let refused = |input, weights, output| {
        let launches = up.launches(&runtime, 3, input, weights, output);
        launches.unwrap_err().to_string()
    };
    assert!(refused(&small, &large, &large).contains("map"));
    assert!(refused(&large, &small, &large).contains("weights"));
    assert!(refused(&large, &large, &small).contains("output"));
    let gradient = WeightGradient::new(coarse, fine, Precision::F32).unwrap();
    for (maps, weights) in [
        ((&small, &large), &large),
        ((&large, &small), &large),
        ((&large, &large), &small),
    ] {
        assert!(gradient.launches(&runtime, 3, maps, weights).is_err());
    }
    let many = gradient.launches(&runtime, 1 << 23, (&large, &large), &large);
    assert!(many.unwrap_err().to_string().contains("fewer images"));
    assert!(Convolution::new(coarse, coarse, Direction::Up, Precision::F32).is_none());
    assert!(WeightGradient::new(fine, coarse, Precision::F32).is_none());
}

#[test]
fn parts_of_a_depth_cover_it_and_none_is_empty() {
    for (channels, side) in [(1, 4), (64, 32), (512, 4), (100, 1)] {
        for images in [1, 3, 128, 1000] {
            for precision in PRECISIONS {
                let shapes = (
                    map(channels, side),
                    map(channels, if side == 1 { 4 } else { 2 * side }),
                );
                let plan = WeightGradient::new(shapes.0, shapes.1, precision)
                    .unwrap()
                    .plan(images);
                let pixels = 64 / element_bytes(precision);
                let steps = (images * side * side).div_ceil(pixels);
                assert!((1..=64).contains(&plan.splits), "{plan:?}");
                assert!(plan.splits * plan.steps_each >= steps, "{plan:?}");
                assert!((plan.splits - 1) * plan.steps_each < steps, "{plan:?}");
            }
        }
    }
}
