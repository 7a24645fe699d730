use semantic_inpaint_nn::loss::{
    binary_cross_entropy, log_one_minus_sigmoid, log_sigmoid, softplus,
};
use semantic_inpaint_nn::{BatchNorm, Mode, Params, leaky_relu_pullback};
use semantic_inpaint_tensor::ops::leaky_relu;
use semantic_inpaint_tensor::{DType, Device, Rng, Tensor, Var};
use testkit::{GRADCHECK_STEP, Tolerance, assert_close, gradcheck};

fn normal(dims: &[usize], deviation: f32, seed: u64) -> Tensor {
    let values = Rng::from_seed(seed).normal(0.0, deviation, dims, &Device::Cpu);
    values.unwrap().to_dtype(DType::F64).unwrap()
}

/// Logits at least 0.01 from 0, where the losses are put together from a rectifier.
fn logits() -> Tensor {
    let x = normal(&[40], 4.0, 1);
    (&x + (x.sign().unwrap() * 0.01).unwrap()).unwrap()
}

#[test]
fn loss_gradients_equal_differences() {
    for loss in [softplus, log_one_minus_sigmoid, log_sigmoid] {
        gradcheck(
            |x| loss(&x[0]).unwrap().sqr()?.sum_all(),
            &[logits()],
            GRADCHECK_STEP,
            Tolerance::GRADCHECK,
        );
    }
    for target in [0.0, 0.9, 1.0] {
        gradcheck(
            |x| Ok(binary_cross_entropy(&x[0], target).unwrap()),
            &[logits()],
            GRADCHECK_STEP,
            Tolerance::GRADCHECK,
        );
    }
}

#[test]
fn the_slope_of_the_softplus_at_zero_is_one_half() {
    let x = Var::new(&[0.0f64], &Device::Cpu).unwrap();
    let gradients = softplus(&x).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(gradients.get(&x).unwrap().to_vec1::<f64>().unwrap(), [0.5]);
}

/// A layer of 3 channels in f64 whose running statistics have left their start.
fn used_params() -> Params {
    let specs = BatchNorm::specs("norm", 3);
    let params = Params::initialize(&specs, &mut Rng::from_seed(1), &Device::Cpu).unwrap();
    let params = params.to_dtype(DType::F64).unwrap();
    let layer = BatchNorm::new(&params, "norm").unwrap();
    let images = (normal(&[4, 3, 5, 5], 2.0, 2) + 0.7).unwrap();
    layer.forward(&images, Mode::Train).unwrap();
    params
}

#[test]
fn batch_norm_gradients_equal_differences_in_both_modes() {
    let layer = BatchNorm::new(&used_params(), "norm").unwrap();
    let factors = normal(&[2, 3, 4, 3], 1.0, 3);
    for mode in [Mode::Train, Mode::Eval] {
        gradcheck(
            |x| (layer.forward(&x[0], mode).unwrap().sqr()? * &factors)?.sum_all(),
            &[normal(&[2, 3, 4, 3], 1.0, 4)],
            GRADCHECK_STEP,
            Tolerance::GRADCHECK,
        );
    }
}

#[test]
fn pullbacks_equal_the_gradients_of_the_graph() {
    let (params, factors) = (used_params(), normal(&[2, 3, 4, 3], 1.0, 3));
    let layer = BatchNorm::new(&params, "norm").unwrap();
    for mode in [Mode::Train, Mode::Eval] {
        let images = Var::from_tensor(&normal(&[2, 3, 4, 3], 1.0, 4)).unwrap();
        let result = layer.forward(&images, mode).unwrap();
        let loss = (&result * &factors).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        let got = layer.pullback(&factors, &images, mode).unwrap();
        let want = gradients.get(&images).unwrap();
        assert_close("batch norm", &got, want, Tolerance::F64_RELATIVE);
    }
    let x = Var::from_tensor(&normal(&[30], 1.0, 5)).unwrap();
    let result = leaky_relu(&x, 0.2).unwrap();
    let factors = normal(&[30], 1.0, 6);
    let loss = (&result * &factors).unwrap().sum_all().unwrap();
    let got = leaky_relu_pullback(&factors, &result, 0.2).unwrap();
    let gradients = loss.backward().unwrap();
    let want = gradients.get(&x).unwrap();
    assert_close("leaky relu", &got, want, Tolerance::EXACT);
}

#[test]
fn pullbacks_of_batch_norm_have_the_gradients_of_differences() {
    let layer = BatchNorm::new(&used_params(), "norm").unwrap();
    let inputs = [normal(&[2, 3, 4, 3], 1.0, 3), normal(&[2, 3, 4, 3], 1.0, 4)];
    for mode in [Mode::Train, Mode::Eval] {
        gradcheck(
            |x| {
                let pulled = layer.pullback(&x[0], &x[1], mode).unwrap();
                pulled.powf(3.0)?.sum_all()
            },
            &inputs,
            GRADCHECK_STEP,
            Tolerance::GRADCHECK,
        );
    }
}

#[test]
fn batch_norm_evaluates_its_equation() {
    let params = used_params();
    let images = normal(&[2, 3, 4, 3], 1.0, 4);
    let layer = BatchNorm::new(&params, "norm").unwrap();
    let wide = |part: &str| {
        let values = params.tensor(&format!("norm.{part}")).unwrap();
        values.reshape((1, 3, 1, 1)).unwrap()
    };
    let deviation = (wide("running_var") + 1e-5).unwrap().sqrt().unwrap();
    let normalized = images
        .broadcast_sub(&wide("running_mean"))
        .and_then(|centered| centered.broadcast_div(&deviation))
        .unwrap();
    let want = normalized
        .broadcast_mul(&wide("weight"))
        .and_then(|scaled| scaled.broadcast_add(&wide("bias")))
        .unwrap();
    let got = layer.forward(&images, Mode::Eval).unwrap();
    assert_close("batch norm", &got, &want, Tolerance::F64_RELATIVE);
}
