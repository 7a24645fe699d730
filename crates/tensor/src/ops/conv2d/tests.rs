use super::*;
use crate::ops::conv_transpose2d;
use crate::{Device, Rng, Var};

fn random(dims: &[usize], seed: u64) -> Tensor {
    Rng::from_seed(seed)
        .uniform(-1.0, 1.0, dims, &Device::Cpu)
        .unwrap()
}

fn largest_difference(left: &Tensor, right: &Tensor) -> f32 {
    let difference = (left - right)
        .unwrap()
        .abs()
        .unwrap()
        .flatten_all()
        .unwrap();
    difference.max(0).unwrap().to_scalar().unwrap()
}

type Op = fn(&Tensor, &Tensor, ConvGeometry) -> Result<Tensor>;

/// Value and both gradients of `sum(op(x, w) * g)` agree between the two paths.
fn assert_paths_agree(fast: Op, plain: Op, x: &[usize], w: &[usize], geometry: ConvGeometry) {
    let x = Var::from_tensor(&random(x, 1)).unwrap();
    let w = Var::from_tensor(&random(w, 2)).unwrap();
    let run = |op: Op| {
        let y = op(x.as_tensor(), w.as_tensor(), geometry).unwrap();
        let g = random(y.dims(), 3);
        let gradients = (&y * g).unwrap().sum_all().unwrap().backward().unwrap();
        (
            y,
            gradients.get(&x).unwrap().clone(),
            gradients.get(&w).unwrap().clone(),
        )
    };
    let (fast, plain) = (run(fast), run(plain));
    assert!(largest_difference(&fast.0, &plain.0) < 1e-4);
    assert!(largest_difference(&fast.1, &plain.1) < 1e-4);
    assert!(largest_difference(&fast.2, &plain.2) < 1e-3);
}

fn exact(images: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    conv2d(images, weight, geometry, Precision::F32)
}

fn exact_transposed(images: &Tensor, weight: &Tensor, geometry: ConvGeometry) -> Result<Tensor> {
    conv_transpose2d(images, weight, geometry, Precision::F32)
}

#[test]
fn both_convolutions_agree_with_candle() {
    use super::super::conv_transpose2d as transposed;
    let (strided, projection) = (ConvGeometry::STRIDED, ConvGeometry::PROJECTION);
    assert_paths_agree(exact, reference, &[5, 3, 16, 16], &[8, 3, 4, 4], strided);
    assert_paths_agree(exact, reference, &[5, 8, 4, 4], &[1, 8, 4, 4], projection);
    assert_paths_agree(
        exact_transposed,
        transposed::reference,
        &[5, 8, 8, 8],
        &[8, 3, 4, 4],
        strided,
    );
    assert_paths_agree(
        exact_transposed,
        transposed::reference,
        &[5, 10, 1, 1],
        &[10, 6, 4, 4],
        projection,
    );
}

#[test]
fn untracked_operands_get_no_gradient() {
    let geometry = ConvGeometry::STRIDED;
    let x = Var::from_tensor(&random(&[2, 3, 8, 8], 1)).unwrap();
    let frozen = random(&[4, 3, 4, 4], 2);
    let gradients = conv2d(x.as_tensor(), &frozen, geometry, Precision::F32)
        .unwrap()
        .sum_all()
        .unwrap()
        .backward()
        .unwrap();
    assert!(gradients.get(&x).is_some());
    assert!(gradients.get(&frozen).is_none());

    let images = random(&[2, 4, 8, 8], 3);
    let w = Var::from_tensor(&random(&[4, 3, 4, 4], 4)).unwrap();
    let y = conv_transpose2d(&images, w.as_tensor(), geometry, Precision::F32).unwrap();
    let gradients = y.sum_all().unwrap().backward().unwrap();
    assert!(gradients.get(&w).is_some());
    assert!(gradients.get(&images).is_none());
}
