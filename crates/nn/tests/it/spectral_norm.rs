use semantic_inpaint_nn::{Error, Init, Mode, ParamSpec, Params, Role, SpectralNorm};
use semantic_inpaint_tensor::{DType, Device, Rng, Tensor};
use testkit::{GRADCHECK_STEP, Tolerance, assert_close, gradcheck};

const ROWS: usize = 5;
const COLUMNS: usize = 3 * 2 * 2;

/// The vectors of one weight and the weight itself, `[5, 3, 2, 2]` in f64.
fn params(seed: u64) -> Params {
    let mut specs = SpectralNorm::specs("conv", ROWS, COLUMNS);
    let normal = Init::Normal { deviation: 1.0 };
    let shape = [ROWS, 3, 2, 2];
    specs.push(ParamSpec::new("conv.weight", shape, normal, Role::Weight));
    let params = Params::initialize(&specs, &mut Rng::from_seed(seed), &Device::Cpu).unwrap();
    params.to_dtype(DType::F64).unwrap()
}

fn spectral(params: &Params) -> SpectralNorm {
    SpectralNorm::new(params, "conv").unwrap()
}

fn values(params: &Params, name: &str) -> Vec<f64> {
    let tensor = params.tensor(&format!("conv.{name}")).unwrap();
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[test]
fn vectors_start_with_length_one_and_keep_it() {
    let params = params(1);
    let spectral = spectral(&params);
    for _ in 0..3 {
        for name in ["left_singular", "right_singular"] {
            let length = length(&values(&params, name));
            // The start was drawn in f32.
            assert!((length - 1.0).abs() < 1e-6, "{name}: {length}");
        }
        let weight = params.tensor("conv.weight").unwrap();
        spectral.normalize(weight, Mode::Train).unwrap();
    }
}

#[test]
fn the_largest_stretch_of_a_normalized_weight_becomes_one() {
    let params = params(2);
    let weight = params.tensor("conv.weight").unwrap();
    spectral(&params).iterate(weight, 200).unwrap();
    let normalized = spectral(&params).normalize(weight, Mode::Eval).unwrap();
    let matrix: Vec<Vec<f64>> = normalized.flatten_from(1).unwrap().to_vec2().unwrap();
    let stretch = |direction: &[f64]| {
        let row = |row: &Vec<f64>| row.iter().zip(direction).map(|(a, b)| a * b).sum();
        length(&matrix.iter().map(row).collect::<Vec<f64>>()) / length(direction)
    };
    assert!((stretch(&values(&params, "right_singular")) - 1.0).abs() < 1e-10);
    let mut rng = Rng::from_seed(3);
    for _ in 0..1000 {
        let direction: Vec<f64> = (0..COLUMNS).map(|_| rng.next_unit() - 0.5).collect();
        assert!(stretch(&direction) <= 1.0 + 1e-10);
    }
}

#[test]
fn the_gradient_with_fixed_vectors_equals_differences() {
    let params = params(4);
    let spectral = spectral(&params);
    let weight = params.tensor("conv.weight").unwrap().detach();
    gradcheck(
        |x| {
            let normalized = spectral.normalize(&x[0], Mode::Eval).unwrap();
            normalized.powf(3.0)?.sum_all()
        },
        &[weight],
        GRADCHECK_STEP,
        Tolerance::GRADCHECK,
    );
}

/// A pass moves the vectors before an earlier pass is differentiated, as in every training step.
#[test]
fn the_gradient_of_a_pass_is_that_of_its_own_vectors() {
    let (params, again) = (params(5), params(5));
    let loss = |params: &Params| {
        let weight = params.tensor("conv.weight").unwrap();
        let normalized = spectral(params).normalize(weight, Mode::Train).unwrap();
        normalized.powf(3.0).unwrap().sum_all().unwrap()
    };
    let gradient = |params: &Params, loss: &Tensor| {
        let gradients = loss.backward().unwrap();
        let weight = params.variable("conv.weight").unwrap();
        gradients.get(weight).unwrap().clone()
    };
    let (first, alone) = (loss(&params), loss(&again));
    let second = loss(&params);
    assert_ne!(
        first.to_scalar::<f64>().unwrap(),
        second.to_scalar::<f64>().unwrap()
    );
    let (got, want) = (gradient(&params, &first), gradient(&again, &alone));
    assert_close("gradient", &got, &want, Tolerance::EXACT);
}

#[test]
fn evaluation_changes_nothing_and_frozen_vectors_refuse_training() {
    let params = params(6);
    let weight = params.tensor("conv.weight").unwrap();
    let before = values(&params, "left_singular");
    spectral(&params).normalize(weight, Mode::Eval).unwrap();
    assert_eq!(values(&params, "left_singular"), before);
    let frozen = spectral(&params.frozen().unwrap());
    assert!(matches!(
        frozen.normalize(weight, Mode::Train),
        Err(Error::Frozen)
    ));
    frozen.normalize(weight, Mode::Eval).unwrap();
}
