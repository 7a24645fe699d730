use proptest::prelude::*;
use semantic_inpaint_nn::{Adam, AdamConfig, Init, ParamSpec, Params, Role};
use semantic_inpaint_tensor::{Device, Rng};

fn valid() -> impl Strategy<Value = AdamConfig> {
    (1e-8f64..1.0, 0.0f64..1.0, 0.0f64..1.0, 0.0f64..0.1).prop_map(
        |(learning_rate, beta1, beta2, epsilon)| AdamConfig {
            learning_rate,
            beta1,
            beta2,
            epsilon,
        },
    )
}

fn refused(config: AdamConfig) -> String {
    let params = Params::initialize(&[], &mut Rng::from_seed(1), &Device::Cpu).unwrap();
    Adam::new(&params, config).unwrap_err().to_string()
}

proptest! {
    #[test]
    fn settings_in_their_ranges_are_taken(config in valid()) {
        config.validate().unwrap();
    }

    #[test]
    fn a_setting_outside_its_range_is_refused_by_name(
        config in valid(),
        below in -1e3f64..-1e-9,
        above in 1.0f64..1e3,
    ) {
        let names = |config: AdamConfig, name: &str| refused(config).starts_with(name);
        for bad in [below, f64::NAN, f64::INFINITY] {
            let rate = AdamConfig { learning_rate: bad, ..config };
            prop_assert!(names(rate, "learning rate"));
            let epsilon = AdamConfig { epsilon: bad, ..config };
            prop_assert!(names(epsilon, "epsilon"));
        }
        for bad in [below, above, f64::NAN] {
            let beta1 = AdamConfig { beta1: bad, ..config };
            prop_assert!(names(beta1, "beta1"));
            let beta2 = AdamConfig { beta2: bad, ..config };
            prop_assert!(names(beta2, "beta2"));
        }
    }

    #[test]
    fn the_first_step_moves_every_weight_by_the_rate_against_its_gradient(
        values in proptest::collection::vec(prop_oneof![-10.0f32..-0.1, 0.1f32..10.0], 1..20),
        learning_rate in 1e-4f64..1e-1,
    ) {
        let init = Init::Zeros;
        let spec = ParamSpec::new("weight", [values.len()], init, Role::Weight);
        let params = Params::initialize(&[spec], &mut Rng::from_seed(1), &Device::Cpu).unwrap();
        let config = AdamConfig { learning_rate, ..AdamConfig::default() };
        let mut adam = Adam::new(&params, config).unwrap();
        let slopes = semantic_inpaint_tensor::Tensor::new(values.as_slice(), &Device::Cpu).unwrap();
        let loss = (params.tensor("weight").unwrap() * slopes).unwrap().sum_all().unwrap();
        adam.step(&params, &loss.backward().unwrap()).unwrap();
        let moved: Vec<f32> = params.tensor("weight").unwrap().to_vec1().unwrap();
        for (moved, slope) in moved.iter().zip(values) {
            let want = -learning_rate * f64::from(slope.signum());
            prop_assert!((f64::from(*moved) - want).abs() < 1e-5 * learning_rate);
        }
    }
}
