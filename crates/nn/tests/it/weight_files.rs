use std::collections::BTreeMap;

use proptest::prelude::*;
use semantic_inpaint_nn::weight_file::{self, StoredPrecision};
use semantic_inpaint_nn::{Init, ParamSpec, Params, Role};
use semantic_inpaint_tensor::{DType, Device, Rng, Tensor};

/// Names, shapes and bits.
fn content(tensors: &BTreeMap<String, Tensor>) -> Vec<(String, Vec<usize>, Vec<u32>)> {
    let bits = |tensor: &Tensor| -> Vec<u32> {
        let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    tensors
        .iter()
        .map(|(name, tensor)| (name.clone(), tensor.dims().to_vec(), bits(tensor)))
        .collect()
}

fn params(shapes: &BTreeMap<String, Vec<usize>>, seed: u64) -> (Vec<ParamSpec>, Params) {
    let specs: Vec<ParamSpec> = shapes
        .iter()
        .map(|(name, shape)| {
            let init = Init::Normal { deviation: 1.0 };
            ParamSpec::new(name.clone(), shape.clone(), init, Role::Weight)
        })
        .collect();
    let params = Params::initialize(&specs, &mut Rng::from_seed(seed), &Device::Cpu).unwrap();
    (specs, params)
}

fn shapes() -> impl Strategy<Value = BTreeMap<String, Vec<usize>>> {
    let shape = proptest::collection::vec(1usize..5, 0..5);
    proptest::collection::btree_map("[a-z]{1,8}(\\.[a-z0-9]{1,8}){0,3}", shape, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn weights_round_trip_through_a_file(
        shapes in shapes(),
        seed in 0u64..1000,
        metadata in "\\PC{0,40}",
    ) {
        let (specs, params) = params(&shapes, seed);
        let want = params.to_tensors().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        weight_file::save(&path, &want, &metadata, StoredPrecision::F32).unwrap();
        let file = weight_file::load(&path).unwrap();
        prop_assert_eq!(file.metadata.as_deref(), Some(metadata.as_str()));
        let read = Params::from_tensors(&specs, &file.tensors, &Device::Cpu).unwrap();
        prop_assert_eq!(content(&read.to_tensors().unwrap()), content(&want));
    }

    #[test]
    fn half_precision_keeps_three_digits(shapes in shapes(), seed in 0u64..1000) {
        let tensors = params(&shapes, seed).1.to_tensors().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        weight_file::save(&path, &tensors, "{}", StoredPrecision::F16).unwrap();
        for (name, got) in weight_file::load(&path).unwrap().tensors {
            prop_assert_eq!(got.dtype(), DType::F16);
            // Eleven bits of mantissa, rounded to nearest.
            let tolerance = testkit::Tolerance::relative(0.5f64.powi(11));
            testkit::assert_close(&name, &got, &tensors[&name], tolerance);
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_and_does_not_panic(share in 0.0f64..1.0, seed in 0u64..100) {
        let shapes = BTreeMap::from([("a".to_owned(), vec![3, 2]), ("b".to_owned(), vec![4])]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        let tensors = params(&shapes, seed).1.to_tensors().unwrap();
        weight_file::save(&path, &tensors, "{}", StoredPrecision::F32).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let cut = (share * whole.len() as f64) as usize;
        let error = weight_file::from_bytes(&whole[..cut], "cut.safetensors").unwrap_err();
        prop_assert!(error.to_string().contains("cut.safetensors"));
    }
}
