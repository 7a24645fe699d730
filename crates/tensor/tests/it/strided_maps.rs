//! The convolutions of the kinds that passes know, with their gradients, against candle's own
//! operations and against the same in double precision.

use proptest::prelude::*;
use semantic_inpaint_tensor::ops::{ConvGeometry, conv_transpose2d, conv2d};
use semantic_inpaint_tensor::passes::Precision;
use semantic_inpaint_tensor::{DType, Result, Tensor, Var};

use crate::normal;

type Op = fn(&Tensor, &Tensor, ConvGeometry, Precision) -> Result<Tensor>;

fn by_candle(
    images: &Tensor,
    weight: &Tensor,
    geometry: ConvGeometry,
    _: Precision,
) -> Result<Tensor> {
    Ok(images.conv2d(weight, geometry.padding, geometry.stride, 1, 1)?)
}

fn transposed_by_candle(
    images: &Tensor,
    weight: &Tensor,
    geometry: ConvGeometry,
    _: Precision,
) -> Result<Tensor> {
    Ok(images.conv_transpose2d(weight, geometry.padding, 0, geometry.stride, 1)?)
}

/// The value, and the gradients of `<value, g>` with respect to images and weight.
fn value_and_gradients(
    op: Op,
    [images, weight, g]: [&Tensor; 3],
    geometry: ConvGeometry,
    (dtype, precision): (DType, Precision),
) -> [Tensor; 3] {
    let var = |tensor: &Tensor| Var::from_tensor(&tensor.to_dtype(dtype).unwrap()).unwrap();
    let (images, weight) = (var(images), var(weight));
    let value = op(&images, &weight, geometry, precision).unwrap();
    let product = (&value * g.to_dtype(dtype).unwrap()).unwrap();
    let gradients = product.sum_all().unwrap().backward().unwrap();
    let of = |var: &Var| gradients.get(var).unwrap().clone();
    [value.clone(), of(&images), of(&weight)]
}

/// The largest difference, as a part of the largest value.
fn relative_error(got: &Tensor, want: &Tensor) -> f64 {
    let values = |tensor: &Tensor| -> Vec<f64> {
        let flat = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
        flat.to_vec1().unwrap()
    };
    let (got, want) = (values(got), values(want));
    let largest = want
        .iter()
        .fold(0.0f64, |most, value| most.max(value.abs()));
    let pairs = got.iter().zip(&want);
    pairs.fold(0.0f64, |most, (got, want)| most.max((got - want).abs())) / largest
}

/// Both convolutions between coarse maps of `side` pixels and fine ones of twice the side, or of 4
/// pixels for a side of 1.
fn assert_exact(count: usize, maps: [usize; 2], side: usize, other: DType) {
    assert_near(count, maps, side, other, (Precision::F32, 1e-5));
}

/// [`assert_exact`] for a precision and the error that it may have.
fn assert_near(
    count: usize,
    [coarse, fine]: [usize; 2],
    side: usize,
    other: DType,
    (precision, bound): (Precision, f64),
) {
    let (geometry, fine_side) = match side {
        1 => (ConvGeometry::PROJECTION, 4),
        _ => (ConvGeometry::STRIDED, 2 * side),
    };
    let weight = normal(&[coarse, fine, 4, 4], 1);
    let fine_map = normal(&[count, fine, fine_side, fine_side], 2);
    let coarse_map = normal(&[count, coarse, side, side], 3);
    let ops: [(Op, Op, [&Tensor; 3]); 2] = [
        (conv2d, by_candle, [&fine_map, &weight, &coarse_map]),
        (
            conv_transpose2d,
            transposed_by_candle,
            [&coarse_map, &weight, &fine_map],
        ),
    ];
    for (op, plain, tensors) in ops {
        let plain = if other == DType::F64 { op } else { plain };
        let got = value_and_gradients(op, tensors, geometry, (DType::F32, precision));
        let want = value_and_gradients(plain, tensors, geometry, (other, Precision::F32));
        for (what, (got, want)) in ["value", "image", "weight"]
            .iter()
            .zip(got.iter().zip(&want))
        {
            let error = relative_error(got, want);
            assert!(
                error < bound,
                "{what}: {count} images, {coarse} channels of side {side} to {fine}: {error}"
            );
        }
    }
}

#[test]
fn values_and_gradients_equal_candle_at_the_sides_of_every_image_size() {
    for (channels, side) in [
        ([16, 32], 1),
        ([32, 16], 4),
        ([24, 16], 8),
        ([16, 8], 16),
        ([8, 3], 16),
        ([8, 3], 32),
        ([6, 3], 64),
        ([8, 1], 8),
    ] {
        assert_exact(2, channels, side, DType::F32);
    }
}

#[test]
fn long_sums_are_exact() {
    // Tiles of many images in several parts, and channels of several blocks.
    assert_exact(65, [40, 33], 4, DType::F64);
    assert_exact(33, [33, 40], 8, DType::F64);
    assert_exact(9, [35, 3], 16, DType::F64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn values_and_gradients_equal_double_precision(
        count in 1usize..6,
        coarse in 1usize..40,
        fine in 1usize..40,
        side in prop::sample::select(vec![1, 4, 8, 12]),
    ) {
        assert_exact(count, [coarse, fine], side, DType::F64);
    }
}

#[test]
fn rounded_factors_err_by_their_rounding() {
    let rounded = (Precision::Bf16, 3e-2);
    for (count, channels, side) in [(3, [40, 33], 4), (33, [33, 40], 8), (2, [20, 35], 16)] {
        assert_near(count, channels, side, DType::F64, rounded);
    }
}

#[test]
fn every_number_of_threads_gives_the_same_bits() {
    let bits = |threads: usize, precision: Precision| -> Vec<Vec<u32>> {
        let as_what = (DType::F32, precision);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build().unwrap().install(|| {
            [([40, 33], 4), ([20, 35], 8), ([9, 3], 16)]
                .into_iter()
                .flat_map(|([coarse, fine], side)| {
                    let images = normal(&[21, fine, 2 * side, 2 * side], 1);
                    let (weight, g) = (
                        normal(&[coarse, fine, 4, 4], 2),
                        normal(&[21, coarse, side, side], 3),
                    );
                    let tensors = [&images, &weight, &g];
                    value_and_gradients(conv2d, tensors, ConvGeometry::STRIDED, as_what)
                })
                .map(|tensor| {
                    let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
                    values.into_iter().map(f32::to_bits).collect()
                })
                .collect()
        })
    };
    for precision in [Precision::F32, Precision::Bf16] {
        let one = bits(1, precision);
        assert!(
            bits(2, precision) == one && bits(5, precision) == one,
            "{precision}"
        );
    }
}
