use super::*;
use crate::ops::{AdamMoments, AdamRates, adam_step};
use crate::passes::cuda::training::{AdamFactors, adam, average, gate, rectify};
use crate::{Device, Tensor, Var};

/// Fills no block.
const COUNT: usize = 777;

fn draw(seed: u64) -> Vec<f32> {
    let mut rng = Rng::from_seed(seed);
    let mut values: Vec<f32> = (0..COUNT)
        .map(|_| (2.0 * rng.next_unit() - 1.0) as f32)
        .collect();
    values[..2].copy_from_slice(&[0.0, -0.0]);
    values
}

#[test]
fn rectifier_and_gate_follow_the_sign_and_take_the_slope_at_zero() {
    let Some(runtime) = runtime() else { return };
    let (x, g) = (draw(1), draw(2));
    let (held, gradient) = (
        runtime.upload_floats(&x).unwrap(),
        runtime.upload_floats(&g).unwrap(),
    );
    for slope in [0.0, 0.2] {
        let factor = |x: f32| if x > 0.0 { 1.0 } else { slope as f32 };
        let y = run_twice(&runtime, COUNT, |output| {
            vec![rectify(COUNT, &held, output, slope).unwrap()]
        });
        let want: Vec<f32> = x.iter().map(|&x| x * factor(x)).collect();
        assert_eq!(y, want);
        let result = runtime.upload_floats(&y).unwrap();
        let gated = run_twice(&runtime, COUNT, |output| {
            vec![gate(COUNT, &gradient, &result, output, slope).unwrap()]
        });
        let want: Vec<f32> = g.iter().zip(&y).map(|(&g, &y)| g * factor(y)).collect();
        assert_eq!(gated, want);
    }
    let small = runtime.allocate(4).unwrap();
    assert!(rectify(COUNT, &held, &small, 0.0).is_err());
}

#[test]
fn an_average_moves_by_one_minus_decay() {
    let Some(runtime) = runtime() else { return };
    let (before, value) = (draw(3), draw(4));
    let (held, towards) = (
        runtime.upload_floats(&before).unwrap(),
        runtime.upload_floats(&value).unwrap(),
    );
    let launch = average(COUNT, &held, &towards, 0.75).unwrap();
    runtime.run(&[launch]).unwrap();
    let want: Vec<f32> = (before.iter().zip(&value))
        .map(|(before, value)| 0.75 * before + 0.25 * value)
        .collect();
    assert_near(&runtime.read_floats(&held).unwrap(), &want, 1e-6, "average");
}

#[test]
fn ten_steps_of_adam_equal_those_on_the_host_in_double_precision() {
    let Some(runtime) = runtime() else { return };
    let rates = AdamRates {
        learning_rate: 2e-3,
        beta1: 0.5,
        beta2: 0.999,
        epsilon: 1e-8,
    };
    let double = |values: &[f32]| -> Tensor {
        let values: Vec<f64> = values.iter().copied().map(f64::from).collect();
        Tensor::from_vec(values, COUNT, &Device::Cpu).unwrap()
    };
    let start = draw(5);
    let parameter = Var::from_tensor(&double(&start)).unwrap();
    let moments = AdamMoments::zeros_like(&parameter).unwrap();
    let held = runtime.upload_floats(&start).unwrap();
    let zeros = || runtime.upload_floats(&[0.0; COUNT]).unwrap();
    let (first, second) = (zeros(), zeros());
    for step in 1..=10 {
        let gradient = draw(100 + step);
        adam_step(&parameter, &double(&gradient), &moments, rates, step).unwrap();
        let gradient = runtime.upload_floats(&gradient).unwrap();
        let decayed = |beta: f64| 1.0 - beta.powf(step as f64);
        let factors = AdamFactors {
            decays: [rates.beta1, rates.beta2],
            step_size: rates.learning_rate / decayed(rates.beta1),
            root_factor: 1.0 / decayed(rates.beta2).sqrt(),
            epsilon: rates.epsilon,
        };
        let launch = adam(COUNT, &held, &gradient, [&first, &second], factors);
        runtime.run(&[launch.unwrap()]).unwrap();
    }
    for (memory, tensor) in [
        (&held, parameter.as_tensor()),
        (&first, moments.first()),
        (&second, moments.second()),
    ] {
        let want: Vec<f32> = tensor
            .to_vec1::<f64>()
            .unwrap()
            .iter()
            .map(|&value| value as f32)
            .collect();
        assert_near(&runtime.read_floats(memory).unwrap(), &want, 1e-6, "adam");
    }
}
