use semantic_inpaint_nn::Network as _;

use super::*;

/// The settings of the search and of the Context Encoder with these weights.
fn settings(model: &DcganModel, encoder: &ContextEncoderModel) -> [String; 2] {
    let encoders = [encoder.clone()];
    let context = MethodContext {
        model: Some(model),
        model_name: "tiny",
        search: quick(4),
        context_encoders: &encoders,
        ..MethodContext::default()
    };
    let names = [MethodName::Latent, MethodName::ContextEncoder];
    names.map(|name| Method::build(name, &context).unwrap().settings())
}

/// Changes the last bit of a network's last value.
fn nudge(params: &semantic_inpaint_nn::Params) {
    let mut tensors = params.to_tensors().unwrap();
    let (name, _, _) = params.iter().last().unwrap();
    let tensor = &tensors[name];
    let mut values = tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let last = values.last_mut().unwrap();
    *last = f32::from_bits(last.to_bits() ^ 1);
    let changed = Tensor::from_vec(values, tensor.dims(), &Device::Cpu).unwrap();
    tensors.insert(name.to_owned(), changed);
    params.assign(&tensors).unwrap();
}

#[test]
fn networks_that_differ_in_one_bit_have_other_settings() {
    let fresh = || (model(3), encoder(Output::Whole, "square:8"));
    let (first, net) = fresh();
    let [of_search, of_encoder] = settings(&first, &net);
    assert!(of_search.contains(", weights ") && of_encoder.contains(", weights "));
    let (same, same_net) = fresh();
    assert_eq!(settings(&same, &same_net), settings(&first, &net));

    nudge(same.generator.params());
    assert_ne!(settings(&same, &same_net)[0], of_search);
    let (same, same_net) = fresh();
    nudge(same.discriminator.as_ref().unwrap().params());
    assert_ne!(settings(&same, &same_net)[0], of_search);
    nudge(same_net.network.params());
    assert_ne!(settings(&same, &same_net)[1], of_encoder);
}

#[test]
fn the_hash_of_weights_stays_with_other_searches_and_devices() {
    let model = model(3);
    let context = MethodContext {
        model: Some(&model),
        search: quick(4),
        ..MethodContext::default()
    };
    let method = Method::build(MethodName::Latent, &context).unwrap();
    let hash = |method: &Method| {
        let settings = method.settings();
        let (_, rest) = settings.split_once("weights ").unwrap();
        rest[..17].to_owned()
    };
    let found = hash(&method);
    assert!(
        found.ends_with(',') && found[..16].chars().all(|c| c.is_ascii_hexdigit()),
        "{found}"
    );
    assert_eq!(hash(&method.clone().with_search(quick(5))), found);
    assert_eq!(hash(&method.with_device(&Device::Cpu).unwrap()), found);
}
