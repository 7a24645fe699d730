use proptest::prelude::*;
use semantic_inpaint_tensor::ops::{ConvGeometry, conv_transpose2d, conv2d};
use semantic_inpaint_tensor::passes::Precision;
use semantic_inpaint_tensor::{DType, Tensor};

use crate::normal;

/// A convolution whose result, transposed back, has the size of its images.
#[derive(Debug, Clone)]
struct Case {
    images: [usize; 4],
    weight: [usize; 4],
    geometry: ConvGeometry,
}

fn cases() -> impl Strategy<Value = Case> {
    let sizes = (1usize..6, 1usize..5, 1usize..5, 1usize..6, 1usize..6);
    (sizes, 1usize..6, 1usize..4, 0usize..3).prop_filter_map(
        "the padding leaves nothing",
        |((count, inputs, outputs, rows, cols), kernel, stride, padding)| {
            let side = |positions: usize| {
                ((positions - 1) * stride + kernel)
                    .checked_sub(2 * padding)
                    .filter(|&side| side > 0)
            };
            Some(Case {
                images: [count, inputs, side(rows)?, side(cols)?],
                weight: [outputs, inputs, kernel, kernel],
                geometry: ConvGeometry { stride, padding },
            })
        },
    )
}

fn dot(left: &Tensor, right: &Tensor) -> f64 {
    let product = (left * right).unwrap().sum_all().unwrap();
    product.to_scalar().unwrap()
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

proptest! {
    #[test]
    fn the_transposed_convolution_is_the_adjoint(case in cases(), seed in 0u64..1000) {
        let Case { images, weight, geometry } = case;
        let (x, w) = (normal(&images, seed), normal(&weight, seed + 1));
        let y = conv2d(&x, &w, geometry, Precision::F32).unwrap();
        let g = normal(y.dims(), seed + 2);
        let back = conv_transpose2d(&g, &w, geometry, Precision::F32).unwrap();
        prop_assert_eq!(back.dims(), x.dims());
        let (left, right) = (dot(&y, &g), dot(&x, &back));
        let scale = dot(&y, &y).sqrt() * dot(&g, &g).sqrt();
        prop_assert!((left - right).abs() <= 1e-12 * scale, "{left} {right}");
    }

    #[test]
    fn convolutions_are_linear(case in cases(), seed in 0u64..1000, factor in -3.0f64..3.0) {
        let Case { images, weight, geometry } = case;
        let w = normal(&weight, seed);
        let (a, b) = (normal(&images, seed + 1), normal(&images, seed + 2));
        let map = |x: &Tensor| conv2d(x, &w, geometry, Precision::F32).unwrap();
        let joined = map(&(&a + (&b * factor).unwrap()).unwrap());
        let apart = (map(&a) + (map(&b) * factor).unwrap()).unwrap();
        testkit::assert_close("sum", &joined, &apart, testkit::Tolerance::F64_RELATIVE);
    }

    #[test]
    fn an_image_has_the_same_bits_in_any_company(case in cases(), seed in 0u64..1000) {
        let Case { images, weight, geometry } = case;
        let single = |tensor: Tensor| tensor.to_dtype(DType::F32).unwrap();
        let (x, w) = (single(normal(&images, seed)), single(normal(&weight, seed + 1)));
        let y = conv2d(&x, &w, geometry, Precision::F32).unwrap();
        let back = conv_transpose2d(&y, &w, geometry, Precision::F32).unwrap();
        for index in 0..images[0] {
            let alone = conv2d(&x.narrow(0, index, 1).unwrap(), &w, geometry, Precision::F32).unwrap();
            prop_assert_eq!(bits(&alone), bits(&y.narrow(0, index, 1).unwrap()));
            let alone = conv_transpose2d(&alone, &w, geometry, Precision::F32).unwrap();
            prop_assert_eq!(bits(&alone), bits(&back.narrow(0, index, 1).unwrap()));
        }
    }
}

#[test]
fn weights_that_only_meet_padding_do_not_matter() {
    let geometry = ConvGeometry {
        stride: 1,
        padding: 2,
    };
    let (x, w) = (normal(&[1, 1, 1, 1], 1), normal(&[1, 1, 5, 5], 2));
    let center = w.narrow(2, 2, 1).unwrap().narrow(3, 2, 1).unwrap();
    let want = dot(&x, &center);
    for y in [
        conv2d(&x, &w, geometry, Precision::F32),
        conv_transpose2d(&x, &w, geometry, Precision::F32),
    ] {
        let y = y.unwrap();
        assert_eq!(y.dims(), [1, 1, 1, 1]);
        assert!((y.sum_all().unwrap().to_scalar::<f64>().unwrap() - want).abs() < 1e-15);
    }
}

#[test]
fn long_sums_have_the_same_bits_in_any_company() {
    let single = |tensor: Tensor| tensor.to_dtype(DType::F32).unwrap();
    // 7 responses of 104 x 16 products each: few rows, long sums, and one column per image.
    let x = single(normal(&[65, 104, 4, 4], 1));
    let w = single(normal(&[7, 104, 4, 4], 2));
    let all = conv2d(&x, &w, ConvGeometry::PROJECTION, Precision::F32).unwrap();
    for count in [1, 16, 63, 64] {
        let some = x.narrow(0, 65 - count, count).unwrap();
        let some = conv2d(&some, &w, ConvGeometry::PROJECTION, Precision::F32).unwrap();
        let want = all.narrow(0, 65 - count, count).unwrap();
        assert_eq!(bits(&some), bits(&want), "{count}");
    }
}
