use super::*;
use crate::Rng;

const SHAPES: [([usize; 4], [usize; 4], ConvGeometry); 6] = [
    ([3, 5, 8, 8], [7, 5, 4, 4], ConvGeometry::STRIDED),
    ([2, 3, 4, 4], [6, 3, 4, 4], ConvGeometry::PROJECTION),
    (
        [1, 2, 9, 7],
        [3, 2, 3, 3],
        ConvGeometry {
            stride: 1,
            padding: 1,
        },
    ),
    (
        [2, 2, 10, 13],
        [4, 2, 5, 5],
        ConvGeometry {
            stride: 3,
            padding: 2,
        },
    ),
    ([40, 1, 4, 4], [1, 1, 4, 4], ConvGeometry::PROJECTION),
    (
        [70, 2, 6, 6],
        [3, 2, 2, 2],
        ConvGeometry {
            stride: 2,
            padding: 0,
        },
    ),
];

fn random(count: usize, seed: u64) -> Vec<f64> {
    let mut rng = Rng::from_seed(seed);
    (0..count).map(|_| rng.next_unit() - 0.5).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| left * right)
        .sum()
}

/// The equation of the module, term by term.
fn by_definition(shape: &Correlation, x: &[f64], w: &[f64]) -> Vec<f64> {
    let count = x.len() / shape.image_len();
    let mut y = Vec::new();
    for n in 0..count {
        for o in 0..shape.out_channels {
            for p in 0..shape.out_height {
                for q in 0..shape.out_width {
                    y.push(one_response(
                        shape,
                        &x[n * shape.image_len()..],
                        w,
                        (o, p, q),
                    ));
                }
            }
        }
    }
    y
}

fn one_response(
    shape: &Correlation,
    x: &[f64],
    w: &[f64],
    (o, p, q): (usize, usize, usize),
) -> f64 {
    let mut sum = 0.0;
    for c in 0..shape.channels {
        for i in 0..shape.kernel {
            for j in 0..shape.kernel {
                let row = (p * shape.stride + i).wrapping_sub(shape.padding);
                let col = (q * shape.stride + j).wrapping_sub(shape.padding);
                if row < shape.height && col < shape.width {
                    sum += w[((o * shape.channels + c) * shape.kernel + i) * shape.kernel + j]
                        * x[(c * shape.height + row) * shape.width + col];
                }
            }
        }
    }
    sum
}

#[test]
fn forward_equals_the_definition() {
    for (x_shape, w_shape, geometry) in SHAPES {
        let shape = Correlation::of_image(&x_shape, &w_shape, geometry).unwrap();
        let x = random(x_shape.iter().product(), 1);
        let w = random(w_shape.iter().product(), 2);
        for (got, want) in forward(&shape, &x, &w)
            .iter()
            .zip(by_definition(&shape, &x, &w))
        {
            assert!((got - want).abs() < 1e-12, "{shape:?}");
        }
    }
}

#[test]
fn transpose_is_the_adjoint_of_forward() {
    for (x_shape, w_shape, geometry) in SHAPES {
        let shape = Correlation::of_image(&x_shape, &w_shape, geometry).unwrap();
        let x = random(x_shape.iter().product(), 1);
        let w = random(w_shape.iter().product(), 2);
        let g = random(x_shape[0] * shape.response_len(), 3);
        let left = dot(&forward(&shape, &x, &w), &g);
        let right = dot(&x, &transpose(&shape, &g, &w));
        assert!((left - right).abs() < 1e-10, "{shape:?}: {left} {right}");
    }
}

#[test]
fn weight_is_the_gradient_of_a_linear_form() {
    for (x_shape, w_shape, geometry) in SHAPES {
        let shape = Correlation::of_image(&x_shape, &w_shape, geometry).unwrap();
        let x = random(x_shape.iter().product(), 1);
        let w = random(w_shape.iter().product(), 2);
        let g = random(x_shape[0] * shape.response_len(), 3);
        let left = dot(&forward(&shape, &x, &w), &g);
        let right = dot(&w, &weight(&shape, &x, &g));
        assert!((left - right).abs() < 1e-10, "{shape:?}: {left} {right}");
    }
}

#[test]
fn an_image_has_the_same_bits_alone_and_in_a_batch() {
    for (x_shape, w_shape, geometry) in SHAPES {
        let one = Correlation::of_image(&x_shape, &w_shape, geometry).unwrap();
        let w: Vec<f32> = random(w_shape.iter().product(), 2)
            .iter()
            .map(|&v| v as f32)
            .collect();
        let x: Vec<f32> = random(65 * one.image_len(), 1)
            .iter()
            .map(|&v| v as f32)
            .collect();
        let together = forward(&one, &x, &w);
        let back = transpose(&one, &together, &w);
        for index in [0, 1, 31, 64] {
            let image = &x[index * one.image_len()..][..one.image_len()];
            let response = &together[index * one.response_len()..][..one.response_len()];
            assert_eq!(forward(&one, image, &w), response, "{one:?}");
            let alone = transpose(&one, response, &w);
            assert_eq!(
                alone,
                &back[index * one.image_len()..][..one.image_len()],
                "{one:?}"
            );
        }
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let strided = ConvGeometry::STRIDED;
    assert!(Correlation::of_image(&[1, 3, 8, 8], &[4, 2, 4, 4], strided).is_err());
    assert!(Correlation::of_image(&[1, 3, 1, 1], &[4, 3, 4, 4], strided).is_err());
    assert!(Correlation::of_image(&[3, 8, 8], &[4, 3, 4, 4], strided).is_err());
    assert!(Correlation::of_response(&[1, 3, 8, 8], &[4, 2, 4, 4], strided).is_err());
    let zero = ConvGeometry {
        stride: 0,
        padding: 0,
    };
    assert!(Correlation::of_image(&[1, 3, 8, 8], &[4, 3, 4, 4], zero).is_err());
}
