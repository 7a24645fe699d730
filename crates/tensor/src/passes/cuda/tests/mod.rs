mod epilogues;
mod plans;
mod training;

use super::geometry::{Geometry, Splits};
use super::tile::Tile;
use super::*;
use crate::Rng;
use crate::passes::{Direction, MapShape, Precision};

const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::Tf32, Precision::Bf16];
const DIRECTIONS: [Direction; 2] = [Direction::Up, Direction::Down];

/// The first GPU, or else the kernels on the host.
fn runtime() -> Option<Runtime> {
    if let Ok(device) = crate::DeviceChoice::Cuda(0).open() {
        let runtime = Runtime::of(&device).unwrap()?;
        // What is allocated next lies where this was, and holds NaN as it does on the host.
        drop(runtime.upload(&vec![0xff; 1 << 28]).unwrap());
        return Some(runtime);
    }
    testkit::kernel_emulator().map(|program| Runtime::emulated(&program, 1 << 30))
}

fn map(channels: usize, side: usize) -> MapShape {
    MapShape::Map { channels, side }
}

/// Two maps and weights between them, filled with what a precision can hold.
struct Case {
    coarse: MapShape,
    fine: MapShape,
    direction: Direction,
    precision: Precision,
    weights: Vec<f32>,
    input: Vec<f32>,
    images: usize,
}

impl Case {
    fn new(
        (coarse, fine): (MapShape, MapShape),
        direction: Direction,
        precision: Precision,
        images: usize,
    ) -> Self {
        let rng = &mut Rng::from_seed(17);
        let mut draw = |count: usize| -> Vec<f32> {
            let drawn = (0..count).map(|_| (2.0 * rng.next_unit() - 1.0) as f32);
            rounded(precision, &drawn.collect::<Vec<_>>())
        };
        let from = if direction == Direction::Up {
            coarse
        } else {
            fine
        };
        Self {
            weights: draw(coarse.channels() * fine.channels() * 16),
            input: draw(images * from.channels() * from.side() * from.side()),
            coarse,
            fine,
            direction,
            precision,
            images,
        }
    }

    fn ends(&self) -> (MapShape, MapShape) {
        match self.direction {
            Direction::Up => (self.coarse, self.fine),
            Direction::Down => (self.fine, self.coarse),
        }
    }

    /// The sums by their definition: coarse pixel k and tap t meet in fine pixel 2 k - 1 + t, or t.
    fn sums(&self) -> Vec<f32> {
        let (_, to) = self.ends();
        let (coarse, fine) = (self.coarse.side(), self.fine.side());
        let area = |shape: MapShape| shape.side() * shape.side();
        let mut sums = vec![0.0f64; self.images * to.channels() * area(to)];
        let meet = |k: usize, t: usize| match coarse {
            1 => Some(t),
            _ => (2 * k + t).checked_sub(1).filter(|&pixel| pixel < fine),
        };
        for image in 0..self.images {
            for a in 0..self.coarse.channels() {
                for b in 0..self.fine.channels() {
                    for (ky, kx, ty, tx) in pixels_and_taps(coarse) {
                        let (Some(y), Some(x)) = (meet(ky, ty), meet(kx, tx)) else {
                            continue;
                        };
                        let weight =
                            self.weights[((a * self.fine.channels() + b) * 4 + ty) * 4 + tx];
                        let low = (image * self.coarse.channels() + a) * coarse * coarse
                            + ky * coarse
                            + kx;
                        let high = (image * self.fine.channels() + b) * fine * fine + y * fine + x;
                        let (read, written) = match self.direction {
                            Direction::Up => (low, high),
                            Direction::Down => (high, low),
                        };
                        sums[written] += f64::from(weight) * f64::from(self.input[read]);
                    }
                }
            }
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    }

    fn pass(&self, runtime: &Runtime, nominal: usize) -> Pass {
        let shapes = (self.coarse, self.fine);
        let (weights, direction) = (&self.weights, self.direction);
        Pass::new(runtime, shapes, weights, direction, self.precision, nominal)
            .unwrap()
            .unwrap()
    }

    fn upload_input(&self, runtime: &Runtime) -> Memory {
        let (from, _) = self.ends();
        let stored = to_stored(&self.input, from.channels(), from.side() * from.side());
        runtime
            .upload(&to_elements(self.precision, &stored))
            .unwrap()
    }

    /// What the pass computes in single precision, `[N, C, H, W]`.
    fn run(&self, runtime: &Runtime, nominal: usize, epilogue: Epilogue<'_>) -> Vec<f32> {
        let pass = self.pass(runtime, nominal);
        let (_, to) = self.ends();
        let pixels = to.side() * to.side();
        let output = runtime
            .allocate(self.images * pixels * stored(to.channels()) * 4)
            .unwrap();
        let partial = runtime.allocate(pass.partial_bytes(self.images)).unwrap();
        let mut launches = Vec::new();
        pass.launches(
            self.images,
            &self.upload_input(runtime),
            Target::Single(&output),
            epilogue,
            &partial,
            &mut launches,
        )
        .unwrap();
        runtime.record(&launches).unwrap().replay().unwrap();
        let values = runtime.read_floats(&output).unwrap();
        assert!(values.iter().all(|value| !value.is_nan()), "all is written");
        from_stored(&values, to.channels(), pixels)
    }
}

/// All pixels of a side by all taps.
fn pixels_and_taps(side: usize) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    (0..side * side * 16).map(move |index| {
        let (pixel, tap) = (index / 16, index % 16);
        (pixel / side, pixel % side, tap / 4, tap % 4)
    })
}

fn rounded(precision: Precision, values: &[f32]) -> Vec<f32> {
    let bytes = to_elements(precision, values);
    match precision {
        Precision::Bf16 => {
            let halves = bytes.as_chunks::<2>().0.iter();
            halves
                .map(|&half| f32::from_bits(u32::from(u16::from_le_bytes(half)) << 16))
                .collect()
        }
        _ => {
            let words = bytes.as_chunks::<4>().0.iter();
            words.map(|&word| f32::from_le_bytes(word)).collect()
        }
    }
}

#[track_caller]
fn assert_near(got: &[f32], want: &[f32], tolerance: f32, what: &str) {
    let size = want
        .iter()
        .fold(0.0f32, |size, value| size.max(value.abs()));
    assert_eq!(got.len(), want.len(), "{what}");
    for (index, (got, want)) in got.iter().zip(want).enumerate() {
        let apart = (got - want).abs();
        assert!(
            apart <= tolerance * size,
            "{what}: {got} for {want} at {index}"
        );
    }
}

const SUM: Epilogue<'static> = Epilogue::Rectify {
    shift: None,
    slope: 1.0,
};

/// Sides, and channels that fill no tile and no chunk.
const SHAPES: [((usize, usize), (usize, usize)); 6] = [
    ((13, 1), (9, 4)),
    ((1, 1), (20, 4)),
    ((5, 4), (70, 8)),
    ((67, 4), (3, 8)),
    ((9, 8), (3, 16)),
    ((8, 4), (16, 8)),
];

#[test]
fn passes_equal_their_definition_at_awkward_sizes() {
    let Some(runtime) = runtime() else { return };
    for (coarse, fine) in SHAPES {
        for direction in DIRECTIONS {
            for precision in PRECISIONS {
                // One image in many parts of the depth, and three in one part or few.
                for (images, nominal) in [(1, 1), (3, 4096)] {
                    let shapes = (map(coarse.0, coarse.1), map(fine.0, fine.1));
                    let case = Case::new(shapes, direction, precision, images);
                    let got = case.run(&runtime, nominal, SUM);
                    let what = format!("{coarse:?} {fine:?} {direction:?} {precision} {images}");
                    assert_near(&got, &case.sums(), 1e-5, &what);
                }
            }
        }
    }
}

#[test]
fn many_images_fill_wide_tiles_and_equal_their_definition() {
    let Some(runtime) = runtime() else { return };
    for (direction, shapes) in [
        (Direction::Up, (map(8, 8), map(136, 16))),
        (Direction::Down, (map(136, 12), map(8, 24))),
    ] {
        for precision in PRECISIONS {
            let case = Case::new(shapes, direction, precision, 65);
            let geometry = Geometry::new(shapes.0, shapes.1, direction).unwrap();
            let splits = Splits::new(&geometry, precision, 4096);
            assert_eq!(Tile::choose(&geometry, splits, 65), Tile::Wide);
            let got = case.run(&runtime, 4096, SUM);
            assert_near(&got, &case.sums(), 1e-5, &format!("{direction:?}"));
        }
    }
}

#[test]
fn an_image_has_the_same_bits_alone_and_in_a_batch() {
    let Some(runtime) = runtime() else { return };
    // In the last, the batch has other tiles than the image alone.
    for (coarse, fine) in SHAPES.into_iter().chain([((8, 8), (136, 16))]) {
        for direction in DIRECTIONS {
            let shapes = (map(coarse.0, coarse.1), map(fine.0, fine.1));
            let batch = Case::new(shapes, direction, Precision::Bf16, 65);
            let mut alone = Case::new(shapes, direction, Precision::Bf16, 1);
            let len = batch.input.len() / 65;
            alone.input = batch.input[64 * len..].to_vec();
            alone.weights.clone_from(&batch.weights);
            let all = batch.run(&runtime, 8, SUM);
            let one = alone.run(&runtime, 8, SUM);
            assert_eq!(&all[all.len() - one.len()..], &one[..]);
        }
    }
}
