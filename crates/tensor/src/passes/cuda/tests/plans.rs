use proptest::prelude::*;

use super::*;
use crate::passes::cuda::arguments::WORDS;

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
    let many = pass.launches(
        1 << 23,
        &input,
        Target::Elements(&small),
        SUM,
        &small,
        &mut Vec::new(),
    );
    assert!(many.unwrap_err().to_string().contains("fewer images"));
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
    let arguments = crate::passes::cuda::arguments::Arguments::default().memory(&memory);
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
    let arguments = crate::passes::cuda::arguments::Arguments::default()
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
                    prop_assert!((1..=32).contains(&count));
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
