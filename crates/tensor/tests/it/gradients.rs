use semantic_inpaint_tensor::Tensor;
use semantic_inpaint_tensor::ops::{
    ConvGeometry, batch_norm, channel_affine, conv_transpose2d, conv2d, leaky_relu,
};
use semantic_inpaint_tensor::passes::Precision;
use testkit::{GRADCHECK_STEP, Tolerance, gradcheck};

use crate::normal;

/// `[N, C, H, W]` and the weights' shape.
type Shapes = ([usize; 4], [usize; 4]);

/// Checks the gradient of `sum(op(inputs)^2 g)`, curved in every value of the result.
fn check(op: impl Fn(&[Tensor]) -> Tensor, inputs: &[Tensor]) {
    gradcheck(
        |inputs| {
            let result = op(inputs);
            let factors = normal(result.dims(), 99);
            (result.sqr()? * factors)?.sum_all()
        },
        inputs,
        GRADCHECK_STEP,
        Tolerance::GRADCHECK,
    );
}

fn inputs((x, w): Shapes) -> [Tensor; 2] {
    [normal(&x, 1), normal(&w, 2)]
}

#[test]
fn convolution_gradients_equal_differences() {
    let overlapping = ConvGeometry {
        stride: 1,
        padding: 2,
    };
    for (shapes, geometry) in [
        (([2, 3, 8, 6], [4, 3, 4, 4]), ConvGeometry::STRIDED),
        (([3, 5, 4, 4], [1, 5, 4, 4]), ConvGeometry::PROJECTION),
        (([2, 2, 5, 7], [3, 2, 3, 3]), overlapping),
    ] {
        let op = |x: &[Tensor]| conv2d(&x[0], &x[1], geometry, Precision::F32).unwrap();
        check(op, &inputs(shapes));
    }
}

#[test]
fn transposed_convolution_gradients_equal_differences() {
    let skipping = ConvGeometry {
        stride: 3,
        padding: 0,
    };
    for (shapes, geometry) in [
        (([2, 4, 4, 3], [4, 3, 4, 4]), ConvGeometry::STRIDED),
        (([3, 6, 1, 1], [6, 2, 4, 4]), ConvGeometry::PROJECTION),
        (([2, 2, 3, 2], [2, 3, 2, 2]), skipping),
    ] {
        let op = |x: &[Tensor]| conv_transpose2d(&x[0], &x[1], geometry, Precision::F32).unwrap();
        check(op, &inputs(shapes));
    }
}

#[test]
fn batch_norm_gradients_equal_differences() {
    let inputs = [normal(&[3, 4, 5, 2], 1), normal(&[4], 2), normal(&[4], 3)];
    check(
        |x| batch_norm(&x[0], &x[1], &x[2], 1e-5).unwrap().0,
        &inputs,
    );
}

#[test]
fn channel_affine_gradients_equal_differences() {
    let inputs = [normal(&[3, 4, 5, 2], 1), normal(&[4], 2), normal(&[4], 3)];
    check(|x| channel_affine(&x[0], &x[1], &x[2]).unwrap(), &inputs);
}

#[test]
fn rectifier_gradients_equal_differences_away_from_zero() {
    let x = normal(&[50], 1);
    let clear = (&x + (x.sign().unwrap() * 0.1).unwrap()).unwrap();
    for slope in [0.0, 0.2] {
        let op = |x: &[Tensor]| leaky_relu(&x[0], slope).unwrap();
        check(op, std::slice::from_ref(&clear));
    }
}

#[test]
fn gradients_pass_through_transposed_and_narrowed_inputs() {
    let geometry = ConvGeometry::STRIDED;
    check(
        |x| {
            let images = x[0].transpose(2, 3).unwrap().narrow(0, 1, 2).unwrap();
            conv2d(
                &images,
                &x[1].transpose(0, 1).unwrap(),
                geometry,
                Precision::F32,
            )
            .unwrap()
        },
        &[normal(&[4, 3, 6, 8], 1), normal(&[3, 4, 4, 4], 2)],
    );
}
