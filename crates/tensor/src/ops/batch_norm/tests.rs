use candle_core::DType;

use super::*;
use crate::{Device, Rng, Var};

fn vars(dtype: DType) -> [Var; 3] {
    let mut rng = Rng::from_seed(4);
    [vec![6, 5, 3, 7], vec![5], vec![5]].map(|dims| {
        let values = rng.normal(0.7, 1.3, dims, &Device::Cpu).unwrap();
        Var::from_tensor(&values.to_dtype(dtype).unwrap()).unwrap()
    })
}

fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor
        .to_dtype(DType::F64)
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap()
}

type Op = fn(&Tensor, &Tensor, &Tensor, f64) -> Result<(Tensor, BatchStatistics)>;

fn run(op: Op, [x, scale, shift]: &[Var; 3]) -> Vec<Vec<f64>> {
    let (y, statistics) = op(x, scale, shift, 1e-5).unwrap();
    let weights = Rng::from_seed(8)
        .normal(0.0, 1.0, y.shape(), &Device::Cpu)
        .unwrap();
    let loss = (y.sqr().unwrap() * weights.to_dtype(y.dtype()).unwrap()).unwrap();
    let gradients = loss.sum_all().unwrap().backward().unwrap();
    let mut all = vec![flat(&y), flat(&statistics.mean), flat(&statistics.variance)];
    all.extend([x, scale, shift].map(|var| flat(gradients.get(var).unwrap())));
    all
}

#[test]
fn value_statistics_and_gradients_equal_the_reference() {
    for (dtype, tolerance) in [(DType::F64, 1e-10), (DType::F32, 2e-4)] {
        let vars = vars(dtype);
        for (fast, plain) in run(batch_norm, &vars).iter().zip(run(reference, &vars)) {
            let largest = plain
                .iter()
                .fold(0.0f64, |largest, value| largest.max(value.abs()));
            for (fast, plain) in fast.iter().zip(&plain) {
                assert!(
                    (fast - plain).abs() <= tolerance * largest,
                    "{fast} {plain}"
                );
            }
        }
    }
}

#[test]
fn the_rectified_form_equals_both_operations() {
    for slope in [0.0, 0.2] {
        let rectified: Op = if slope == 0.0 {
            |x, scale, shift, epsilon| batch_norm_leaky_relu(x, scale, shift, epsilon, 0.0)
        } else {
            |x, scale, shift, epsilon| batch_norm_leaky_relu(x, scale, shift, epsilon, 0.2)
        };
        let apart: Op = if slope == 0.0 {
            |x, scale, shift, epsilon| {
                let (y, statistics) = batch_norm(x, scale, shift, epsilon)?;
                Ok((leaky_relu(&y, 0.0)?, statistics))
            }
        } else {
            |x, scale, shift, epsilon| {
                let (y, statistics) = batch_norm(x, scale, shift, epsilon)?;
                Ok((leaky_relu(&y, 0.2)?, statistics))
            }
        };
        for dtype in [DType::F64, DType::F32] {
            let vars = vars(dtype);
            assert_eq!(run(rectified, &vars), run(apart, &vars), "{slope}");
        }
    }
    let [x, scale, shift] = vars(DType::F32);
    assert!(batch_norm_leaky_relu(&x, &scale, &shift, 1e-5, -0.1).is_err());
}

#[test]
fn large_means_do_not_spoil_the_variance() {
    let x = Rng::from_seed(1)
        .normal(1000.0, 0.01, (8, 1, 8, 8), &Device::Cpu)
        .unwrap();
    let one = Tensor::ones(1, DType::F32, &Device::Cpu).unwrap();
    let (_, statistics) = batch_norm(&x, &one, &one, 1e-5).unwrap();
    let exact = x
        .to_dtype(DType::F64)
        .unwrap()
        .flatten_all()
        .unwrap()
        .var(0)
        .unwrap();
    let exact: f64 = exact.to_scalar::<f64>().unwrap() * 511.0 / 512.0;
    let got = flat(&statistics.variance)[0];
    assert!((got - exact).abs() < 1e-3 * exact, "{got} {exact}");
}

#[test]
fn a_single_value_per_channel_is_refused() {
    let x = Tensor::zeros((1, 2, 1, 1), DType::F32, &Device::Cpu).unwrap();
    let scale = Tensor::ones(2, DType::F32, &Device::Cpu).unwrap();
    assert!(batch_norm(&x, &scale, &scale, 1e-5).is_err());
}
