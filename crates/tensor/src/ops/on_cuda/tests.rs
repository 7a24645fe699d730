//! Operations on a CUDA device in f32 against the CPU in f64, values and gradients.

use candle_core::{DType, Device, Tensor, Var};

use crate::ops::{
    AdamMoments, AdamRates, ConvGeometry, adam_step, batch_norm_leaky_relu, conv_transpose2d,
    conv2d, leaky_relu, moving_average,
};
use crate::passes::Precision;
use crate::{DeviceChoice, Result, Rng};

/// The first CUDA device, or `None` with a message.
fn device() -> Option<Device> {
    let device = DeviceChoice::Cuda(0).open();
    device
        .inspect_err(|error| eprintln!("skipped: {error}"))
        .ok()
}

fn draw(seed: u64, dims: &[usize]) -> Tensor {
    let drawn = Rng::from_seed(seed).normal(0.0, 1.0, dims, &Device::Cpu);
    drawn.unwrap().to_dtype(DType::F64).unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    let flat = tensor.to_dtype(DType::F64).unwrap().flatten_all().unwrap();
    flat.to_vec1().unwrap()
}

/// The value of an operation on some operands, and the gradients of its inner product with `weights`.
fn value_and_gradients(
    operands: &[Tensor],
    op: &dyn Fn(&[Tensor]) -> Result<Tensor>,
    place: &dyn Fn(&Tensor) -> Tensor,
) -> Vec<Vec<f64>> {
    let vars: Vec<Var> = operands
        .iter()
        .map(|operand| Var::from_tensor(&place(operand)).unwrap())
        .collect();
    let tensors: Vec<Tensor> = vars.iter().map(|var| var.as_tensor().clone()).collect();
    let value = op(&tensors).unwrap();
    let weights = place(&draw(99, value.dims()));
    let product = (&value * weights).unwrap().sum_all().unwrap();
    let gradients = product.backward().unwrap();
    let mut all = vec![numbers(&value)];
    all.extend(vars.iter().map(|var| numbers(gradients.get(var).unwrap())));
    all
}

#[track_caller]
fn assert_same(operands: &[Tensor], op: &dyn Fn(&[Tensor]) -> Result<Tensor>, what: &str) {
    let Some(device) = device() else { return };
    let on_device = |tensor: &Tensor| {
        let single = tensor.to_dtype(DType::F32).unwrap();
        single.to_device(&device).unwrap()
    };
    let want = value_and_gradients(operands, op, &Tensor::clone);
    // Several times: equal arguments, equal bits.
    let got = value_and_gradients(operands, op, &on_device);
    for _ in 0..3 {
        assert_eq!(value_and_gradients(operands, op, &on_device), got, "{what}");
    }
    for (part, (got, want)) in got.iter().zip(&want).enumerate() {
        let size = want
            .iter()
            .fold(0.0f64, |most, value| most.max(value.abs()));
        assert_eq!(got.len(), want.len(), "{what}");
        for (got, want) in got.iter().zip(want) {
            let near = (got - want).abs() <= 1e-4 * size;
            assert!(near, "{what}, part {part}: {got} for {want}");
        }
    }
}

/// Batch, coarse channels and side, fine channels, geometry.
const CONVOLUTIONS: [(usize, usize, usize, usize, ConvGeometry); 7] = [
    (1, 1, 1, 1, ConvGeometry::PROJECTION),
    (65, 13, 1, 9, ConvGeometry::PROJECTION),
    (3, 136, 4, 70, ConvGeometry::STRIDED),
    (1, 5, 12, 3, ConvGeometry::STRIDED),
    (65, 7, 8, 3, ConvGeometry::STRIDED),
    (3, 64, 3, 17, ConvGeometry::STRIDED),
    // No pass of ours: candle's.
    (
        2,
        4,
        5,
        3,
        ConvGeometry {
            stride: 1,
            padding: 1,
        },
    ),
];

fn fine_side(side: usize, geometry: ConvGeometry) -> usize {
    (side - 1) * geometry.stride + 4 - 2 * geometry.padding
}

#[test]
fn convolutions_and_their_gradients_equal_those_in_double_precision() {
    for (images, coarse, side, fine, geometry) in CONVOLUTIONS {
        let high = fine_side(side, geometry);
        let operands = [
            draw(1, &[images, fine, high, high]),
            draw(2, &[coarse, fine, 4, 4]),
        ];
        let op = |t: &[Tensor]| conv2d(&t[0], &t[1], geometry, Precision::F32);
        assert_same(&operands, &op, &format!("{coarse} {side} {fine} down"));
        let operands = [
            draw(3, &[images, coarse, side, side]),
            draw(4, &[coarse, fine, 4, 4]),
        ];
        let op = |t: &[Tensor]| conv_transpose2d(&t[0], &t[1], geometry, Precision::F32);
        assert_same(&operands, &op, &format!("{coarse} {side} {fine} up"));
    }
}

#[test]
fn batch_normalization_and_its_gradients_equal_those_in_double_precision() {
    for dims in [[2, 1, 1, 1], [3, 5, 4, 4], [65, 3, 24, 24], [2, 136, 3, 5]] {
        for slope in [0.0, 0.2, 1.0] {
            let operands = [draw(5, &dims), draw(6, &[dims[1]]), draw(7, &[dims[1]])];
            let op = |t: &[Tensor]| {
                let (result, _) = batch_norm_leaky_relu(&t[0], &t[1], &t[2], 1e-5, slope)?;
                Ok(result)
            };
            assert_same(&operands, &op, &format!("{dims:?} {slope}"));
        }
    }
}

#[test]
fn the_statistics_of_a_batch_equal_those_in_double_precision() {
    let Some(device) = device() else { return };
    let x = (draw(8, &[5, 7, 6, 6]) + 3.0).unwrap();
    let statistics = |x: &Tensor| {
        let ones = Tensor::ones(7, x.dtype(), x.device()).unwrap();
        let (_, found) = batch_norm_leaky_relu(x, &ones, &ones, 1e-5, 0.2).unwrap();
        assert_eq!(found.count, 180);
        [numbers(&found.mean), numbers(&found.variance)].concat()
    };
    let single = x.to_dtype(DType::F32).unwrap().to_device(&device).unwrap();
    for (got, want) in statistics(&single).iter().zip(statistics(&x)) {
        assert!((got - want).abs() <= 1e-5 * want.abs(), "{got} for {want}");
    }
}

#[test]
fn the_rectifier_and_its_gradient_equal_those_in_double_precision() {
    for slope in [0.0, 0.2] {
        let op = |t: &[Tensor]| leaky_relu(&t[0], slope);
        assert_same(&[draw(9, &[3, 5, 7])], &op, "rectifier");
    }
}

#[test]
fn steps_of_adam_and_averages_equal_those_in_double_precision() {
    let Some(device) = device() else { return };
    let rates = AdamRates {
        learning_rate: 2e-3,
        beta1: 0.5,
        beta2: 0.999,
        epsilon: 1e-8,
    };
    let walk = |place: &dyn Fn(&Tensor) -> Tensor| {
        let parameter = Var::from_tensor(&place(&draw(10, &[33, 9]))).unwrap();
        let average = Var::from_tensor(&place(&draw(11, &[33, 9]))).unwrap();
        let moments = AdamMoments::zeros_like(&parameter).unwrap();
        for step in 1..=10 {
            let gradient = place(&draw(20 + step, &[33, 9]));
            adam_step(&parameter, &gradient, &moments, rates, step).unwrap();
            moving_average(&average, &parameter, 0.9).unwrap();
        }
        let all = [parameter.as_tensor(), average.as_tensor(), moments.second()];
        all.map(numbers).concat()
    };
    let on_device = |tensor: &Tensor| {
        let single = tensor.to_dtype(DType::F32).unwrap();
        single.to_device(&device).unwrap()
    };
    let got = walk(&on_device);
    for (got, want) in got.iter().zip(walk(&Tensor::clone)) {
        assert!((got - want).abs() <= 1e-5 * want.abs().max(1.0));
    }
}
