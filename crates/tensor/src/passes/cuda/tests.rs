use proptest::prelude::*;

use super::arguments::WORDS;
use super::geometry::{Geometry, Splits};
use super::tile::Tile;
use super::*;
use crate::Rng;
use crate::passes::{Direction, MapShape, Precision};

const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::Tf32, Precision::Bf16];
const DIRECTIONS: [Direction; 2] = [Direction::Up, Direction::Down];

fn emulator() -> Option<Runtime> {
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
    let Some(runtime) = emulator() else { return };
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
    let Some(runtime) = emulator() else { return };
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
    let Some(runtime) = emulator() else { return };
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

#[test]
fn epilogues_are_applied_to_whole_and_split_sums() {
    let Some(runtime) = emulator() else { return };
    for (shapes, nominal) in [
        ((map(40, 4), map(10, 8)), 1),
        ((map(40, 4), map(10, 8)), 4096),
        ((map(7, 1), map(10, 4)), 1),
    ] {
        let case = Case::new(shapes, Direction::Up, Precision::F32, 2);
        let sums = case.sums();
        let pixels = shapes.1.side() * shapes.1.side();
        let shift: Vec<f32> = (0..10).map(|channel| channel as f32 - 4.5).collect();
        let held = case
            .pass(&runtime, nominal)
            .upload_shift(&runtime, &shift)
            .unwrap();
        let rectify = Epilogue::Rectify {
            shift: Some(&held),
            slope: 0.2,
        };
        let want: Vec<f32> = (sums.iter().enumerate())
            .map(|(at, sum)| sum + shift[at / pixels % 10])
            .map(|v| v.max(0.2 * v))
            .collect();
        assert_near(
            &case.run(&runtime, nominal, rectify),
            &want,
            1e-5,
            "rectify",
        );

        let gates: Vec<f32> = (0..sums.len())
            .map(|at| (at % 3) as f32 - 1.0)
            .map(|gate| gate.max(0.0))
            .collect();
        let held = to_elements(Precision::F32, &to_stored(&gates, 10, pixels));
        let held = runtime.upload(&held).unwrap();
        let gate = Epilogue::Gate {
            outputs: &held,
            slope: 0.3,
        };
        let want: Vec<f32> = (sums.iter().zip(&gates))
            .map(|(sum, &gate)| if gate > 0.0 { *sum } else { 0.3 * sum })
            .collect();
        assert_near(&case.run(&runtime, nominal, gate), &want, 1e-5, "gate");

        let images = runtime.allocate(2 * pixels * stored(10) * 4).unwrap();
        let tanh = case.run(&runtime, nominal, Epilogue::Tanh { images: &images });
        let want: Vec<f32> = sums.iter().map(|sum| sum.tanh()).collect();
        assert_near(&tanh, &want, 1e-5, "tanh");
        let images = from_stored(&runtime.read_floats(&images).unwrap(), 10, pixels);
        assert_eq!(images, tanh);
    }
}

#[test]
fn the_context_gradient_is_added_before_the_tanh() {
    let Some(runtime) = emulator() else { return };
    let case = Case::new((map(6, 8), map(3, 16)), Direction::Up, Precision::Bf16, 3);
    let (pixels, sums) = (256, case.sums());
    let images: Vec<f32> = (0..sums.len())
        .map(|at| ((at % 19) as f32 - 9.0) / 10.0)
        .collect();
    let target: Vec<f32> = (0..sums.len())
        .map(|at| ((at % 7) as f32 - 3.0) / 5.0)
        .collect();
    let weights: Vec<f32> = (0..3 * pixels).map(|at| (at % 4) as f32).collect();
    let mut blanked = target.clone();
    for (at, value) in blanked.iter_mut().enumerate() {
        // What the hole holds must not be read.
        if weights[at / (3 * pixels) * pixels + at % pixels] == 0.0 {
            *value = f32::NAN;
        }
    }
    let scales = [0.5, 1.0, 2.0];
    let held_images = runtime
        .upload_floats(&to_stored(&images, 3, pixels))
        .unwrap();
    let held_target = runtime
        .upload_floats(&to_stored(&blanked, 3, pixels))
        .unwrap();
    let held_weights = runtime.upload_floats(&weights).unwrap();
    let held_scales = runtime.upload_floats(&scales).unwrap();
    for distance in [Distance::Absolute, Distance::Squared] {
        let terms = ContextTerms {
            images: &held_images,
            target: &held_target,
            pixel_weights: &held_weights,
            scales: &held_scales,
            distance,
        };
        let want = |prior: &[f32]| -> Vec<f32> {
            (prior.iter().enumerate())
                .map(|(at, prior)| {
                    let image = at / (3 * pixels);
                    let (x, y) = (images[at], target[at]);
                    let slope = match distance {
                        _ if x == y => 0.0,
                        Distance::Absolute => (x - y).signum(),
                        Distance::Squared => 2.0 * (x - y),
                    };
                    let weight = weights[image * pixels + at % pixels];
                    (prior + scales[image] * weight * slope) * (1.0 - x * x)
                })
                .collect()
        };
        let got = case.run(&runtime, 8, Epilogue::ImageGradient(terms));
        assert_near(&got, &want(&sums), 1e-5, "with a prior loss");

        let output = runtime.allocate(3 * pixels * 8 * 4).unwrap();
        let shape = MapShape::Image {
            channels: 3,
            side: 16,
        };
        let launch = image_gradient(3, shape, Precision::F32, &output, terms).unwrap();
        runtime.record(&[launch]).unwrap().replay().unwrap();
        let got = from_stored(&runtime.read_floats(&output).unwrap(), 3, pixels);
        assert_near(&got, &want(&vec![0.0; sums.len()]), 1e-6, "without");
    }
}

#[test]
fn memory_that_is_too_small_is_refused() {
    let runtime = Runtime::emulated(std::path::Path::new("no program is run"), 0);
    let case = Case::new((map(6, 8), map(3, 16)), Direction::Up, Precision::Bf16, 3);
    let pass = case.pass(&runtime, 8);
    let (input, small) = (case.upload_input(&runtime), runtime.allocate(64).unwrap());
    let launch = |input, target| {
        pass.launches(3, input, target, SUM, &small, &mut Vec::new())
            .unwrap_err()
            .to_string()
    };
    assert!(launch(&input, Target::Elements(&small)).contains("output"));
    assert!(launch(&small, Target::Elements(&input)).contains("input"));
    assert!(runtime.write(&small, &[0; 65]).is_err());
}

#[test]
fn other_convolutions_have_no_pass() {
    let runtime = Runtime::emulated(std::path::Path::new("no program is run"), 0);
    let shapes = (map(2, 8), map(2, 8));
    let precision = Precision::F32;
    let pass = Pass::new(&runtime, shapes, &[0.0; 64], Direction::Up, precision, 1);
    assert!(pass.unwrap().is_none());
    let shapes = (map(2, 8), map(2, 16));
    assert!(Pass::new(&runtime, shapes, &[0.0; 63], Direction::Up, precision, 1).is_err());
}

#[test]
fn devices_without_kernels_are_named() {
    assert!(Runtime::of(&crate::Device::Cpu).unwrap().is_none());
    let runtime = Runtime::emulated(std::path::Path::new("/no/such/program"), 0);
    let memory = runtime.upload_floats(&[1.0]).unwrap();
    assert_eq!(runtime.read_floats(&memory).unwrap(), [1.0]);
    let arguments = super::arguments::Arguments::default().memory(&memory);
    let launch = Launch::new("finish_f32".into(), [1, 1, 1], 256, arguments).unwrap();
    runtime.record(&[launch]).unwrap().replay().unwrap();
    let message = runtime.read(&memory).unwrap_err().to_string();
    assert!(message.contains("/no/such/program"), "{message}");
    let too_many = Launch::new("x".into(), [1, 1 << 16, 1], 256, Default::default());
    assert!(too_many.is_err());
}

#[test]
fn bf16_and_tf32_round_to_nearest() {
    let ties = [1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0, -1.0 - 1.0 / 256.0];
    assert_eq!(
        rounded(Precision::Bf16, &ties),
        [1.0, 1.0 + 4.0 / 256.0, -1.0]
    );
    let ties = [1.0 + 1.0 / 2048.0, -1.0 - 1.0 / 2048.0, f32::INFINITY];
    assert_eq!(
        rounded(Precision::Tf32, &ties),
        [1.0 + 1.0 / 1024.0, -1.0 - 1.0 / 1024.0, f32::INFINITY]
    );
    for precision in PRECISIONS {
        assert!(rounded(precision, &[f32::NAN])[0].is_nan());
    }
}

#[test]
fn arguments_fill_the_structs_that_the_kernels_assert() {
    let arguments = super::arguments::Arguments::default()
        .double(2.5)
        .nowhere()
        .int(-1)
        .float(0.5);
    assert_eq!(arguments.len(), 24);
    let words = arguments.words();
    assert_eq!(f64::from_bits(words[0]), 2.5);
    assert_eq!(words[1..3], [0, 0x3f00_0000_ffff_ffff]);
    assert_eq!((words.len(), words[3]), (WORDS, 0));
}

proptest! {
    #[test]
    fn layouts_go_back_to_where_they_came_from(channels in 1usize..20, side in 1usize..5, images in 1usize..4) {
        let values: Vec<f32> = (0..images * channels * side * side).map(|at| at as f32).collect();
        let stored_values = to_stored(&values, channels, side * side);
        prop_assert_eq!(stored_values.len(), images * side * side * stored(channels));
        prop_assert_eq!(from_stored(&stored_values, channels, side * side), values);
    }

    #[test]
    fn splits_cover_the_depth_and_none_is_empty(
        coarse in 1usize..600,
        fine in 1usize..600,
        side in 1usize..17,
        images in 1usize..300,
    ) {
        let shapes = [(map(coarse, 1), map(fine, 4)), (map(coarse, side), map(fine, 2 * side))];
        for (low, high) in shapes {
            for direction in DIRECTIONS {
                for precision in PRECISIONS {
                    let geometry = Geometry::new(low, high, direction).unwrap();
                    let steps = (geometry.depth() * element_bytes(precision)).div_ceil(64);
                    let Splits { count, steps_each } = Splits::new(&geometry, precision, images);
                    prop_assert!(count >= 1 && count <= 32);
                    prop_assert!(count * steps_each >= steps && (count - 1) * steps_each < steps);
                    let tile = Tile::choose(&geometry, Splits { count, steps_each }, images);
                    let (rows, columns) = tile.sides();
                    let [x, y, z] = tile.grid(&geometry, Splits { count, steps_each }, images);
                    prop_assert!(x * rows >= geometry.rows(images) && (x - 1) * rows < geometry.rows(images));
                    prop_assert!(y * columns >= geometry.columns && (y - 1) * columns < geometry.columns);
                    prop_assert_eq!(z, count * geometry.phases);
                }
            }
        }
    }
}
