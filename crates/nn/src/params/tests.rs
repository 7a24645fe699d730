use super::*;

fn specs() -> Vec<ParamSpec> {
    vec![
        ParamSpec::new("b", [2, 3], Init::Normal { deviation: 0.02 }, Role::Weight),
        ParamSpec::new("a", [2], Init::Ones, Role::Statistic),
    ]
}

fn params() -> Params {
    Params::initialize(&specs(), &mut Rng::from_seed(1), &Device::Cpu).unwrap()
}

#[test]
fn names_are_ordered_and_only_weights_are_trainable() {
    let params = params();
    assert_eq!(
        params.iter().map(|(name, ..)| name).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(
        params.trainable().map(|(name, _)| name).collect::<Vec<_>>(),
        ["b"]
    );
    assert_eq!(params.num_values(), 8);
}

#[test]
fn tensors_round_trip_and_mismatches_name_the_parameter() {
    let mut tensors = params().to_tensors().unwrap();
    let load = |tensors: &_| Params::from_tensors(&specs(), tensors, &Device::Cpu);
    load(&tensors).unwrap();
    let good = tensors.insert("b".into(), Tensor::new(&[1.0f32], &Device::Cpu).unwrap());
    let message = load(&tensors).unwrap_err().to_string();
    assert!(message.contains("`b`") && message.contains("[2, 3]") && message.contains("[1]"));
    tensors.remove("b");
    assert!(matches!(load(&tensors), Err(Error::MissingParameter { name }) if name == "b"));
    tensors.insert("b".into(), good.unwrap());
    tensors.insert("c".into(), Tensor::new(&[1.0f32], &Device::Cpu).unwrap());
    assert!(matches!(load(&tensors), Err(Error::UnexpectedTensor { name }) if name == "c"));
}

#[test]
fn weights_that_are_not_finite_are_refused() {
    let mut tensors = params().to_tensors().unwrap();
    for bad in [f32::NAN, f32::INFINITY] {
        tensors.insert("a".into(), Tensor::new(&[bad, 1.0], &Device::Cpu).unwrap());
        let error = Params::from_tensors(&specs(), &tensors, &Device::Cpu).unwrap_err();
        assert!(matches!(error, Error::NotFinite { name } if name == "a"));
    }
}

#[test]
fn views_share_storage_and_copies_do_not() {
    let params = params();
    let (frozen, view) = (
        params.frozen().unwrap(),
        params.without_gradients().unwrap(),
    );
    let two = Tensor::full(2.0f32, (2, 3), &Device::Cpu).unwrap();
    params.variable("b").unwrap().set(&two).unwrap();
    let first = |params: &Params| params.tensor("b").unwrap().to_vec2::<f32>().unwrap()[0][0];
    assert_eq!(first(&view), 2.0);
    assert!(first(&frozen) < 1.0);
    assert!(view.variable("b").is_none() && view.variable("a").is_some());
    assert!(frozen.variable("a").is_none());
}

#[test]
fn averages_move_statistics_too() {
    let (average, target) = (params().duplicate().unwrap(), params());
    let five = Tensor::full(5.0f32, 2, &Device::Cpu).unwrap();
    target.variable("a").unwrap().set(&five).unwrap();
    average.average_towards(&target, 0.5).unwrap();
    assert_eq!(
        average.tensor("a").unwrap().to_vec1::<f32>().unwrap(),
        [3.0, 3.0]
    );
}
