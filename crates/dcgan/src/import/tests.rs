use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};

use semantic_inpaint_tensor::{DType, Device, Tensor};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{
    InferredShape, Network, infer_shape, names_network, read_state_dict, to_parameter_names,
};
use crate::Error;

const MANIFEST: &str = env!("CARGO_MANIFEST_DIR");

fn file(name: &str) -> PathBuf {
    Path::new(MANIFEST).join("tests/golden").join(name)
}

fn parameters(name: &str, network: Network) -> BTreeMap<String, Tensor> {
    to_parameter_names(read_state_dict(file(name)).unwrap(), network).unwrap()
}

/// Names, shapes and bits of all values.
fn content(state: &BTreeMap<String, Tensor>) -> Vec<(String, Vec<usize>, Vec<u32>)> {
    let bits = |tensor: &Tensor| -> Vec<u32> {
        assert_eq!(tensor.dtype(), DType::F32);
        tensor
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()
            .into_iter()
            .map(f32::to_bits)
            .collect()
    };
    state
        .iter()
        .map(|(name, t)| (name.clone(), t.dims().to_vec(), bits(t)))
        .collect()
}

fn error_of_bytes(bytes: &[u8]) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.pth");
    std::fs::write(&path, bytes).unwrap();
    read_state_dict(&path).unwrap_err()
}

#[test]
fn every_way_to_save_a_generator_gives_the_same_parameters() {
    let want = content(&parameters(
        "own_names_generator.safetensors",
        Network::Generator,
    ));
    assert_eq!(want.len(), 5 + 4 * 4);
    for name in [
        "tutorial_generator.pth",
        "checkpoint_dict_generator.pth",
        "data_parallel_generator.pth",
        "layer_names_generator.pth",
        "both_networks.pth",
    ] {
        assert!(
            content(&parameters(name, Network::Generator)) == want,
            "{name}"
        );
    }
}

#[test]
fn archives_whose_name_has_21_characters_are_read() {
    let path = file("layer_names_generator.pth");
    assert_eq!(path.file_stem().unwrap().len(), 21);
    assert!(!read_state_dict(path).unwrap().is_empty());
}

#[test]
fn every_way_to_save_a_discriminator_gives_the_same_parameters() {
    let want = content(&parameters(
        "tutorial_discriminator.pth",
        Network::Discriminator,
    ));
    assert_eq!(want.len(), 5 + 3 * 4);
    for name in ["layer_names_discriminator.pth", "both_networks.pth"] {
        assert!(
            content(&parameters(name, Network::Discriminator)) == want,
            "{name}"
        );
    }
}

#[test]
fn sizes_are_inferred_from_the_shapes() {
    let common = InferredShape {
        latent_len: Some(6),
        base_channels: 2,
        image_size_px: 64,
        channels: 3,
    };
    let generator = parameters("tutorial_generator.pth", Network::Generator);
    assert_eq!(infer_shape(&generator, Network::Generator).unwrap(), common);
    let discriminator = parameters("tutorial_discriminator.pth", Network::Discriminator);
    assert_eq!(
        infer_shape(&discriminator, Network::Discriminator).unwrap(),
        InferredShape {
            latent_len: None,
            ..common
        }
    );
}

#[test]
fn batch_counters_are_read_and_dropped() {
    let state = read_state_dict(file("tutorial_generator.pth")).unwrap();
    assert!(state.contains_key("main.1.num_batches_tracked"));
    let parameters = to_parameter_names(state, Network::Generator).unwrap();
    assert!(parameters.keys().all(|name| !name.contains("num_batches")));
}

#[test]
fn names_in_a_checkpoint_of_both_networks_say_which() {
    let state = read_state_dict(file("both_networks.pth")).unwrap();
    assert!(state.contains_key("generator.tconv1.weight"));
    assert!(state.contains_key("discriminator.conv1.weight"));
    assert!(state.keys().all(|name| !name.starts_with("optimizer")));
}

#[test]
fn the_other_network_is_refused() {
    let state = read_state_dict(file("tutorial_discriminator.pth")).unwrap();
    let error = to_parameter_names(state, Network::Generator).unwrap_err();
    assert!(matches!(error, Error::UnexpectedShape { .. }), "{error}");
    let state = read_state_dict(file("tutorial_generator.pth")).unwrap();
    let error = to_parameter_names(state, Network::Discriminator).unwrap_err();
    assert!(matches!(error, Error::UnexpectedShape { .. }), "{error}");
}

#[test]
fn missing_unknown_and_repeated_parameters_are_named() {
    let state = || read_state_dict(file("tutorial_generator.pth")).unwrap();
    let error = |state| {
        to_parameter_names(state, Network::Generator)
            .unwrap_err()
            .to_string()
    };

    let mut incomplete = state();
    incomplete.remove("main.4.running_var");
    assert!(error(incomplete).starts_with("the generator lacks `block1.norm.running_var`"));

    let mut with_bias = state();
    let bias = with_bias["main.1.bias"].clone();
    with_bias.insert("main.0.bias".into(), bias.clone());
    assert!(error(with_bias).starts_with("`main.0.bias` is no parameter"));

    let mut with_more = state();
    with_more.insert("block4.norm.bias".into(), bias.clone());
    assert!(error(with_more).starts_with("`block4.norm.bias` is no parameter"));

    let mut foreign = state();
    foreign.insert("layer1.0.conv1.weight".into(), bias.clone());
    assert!(error(foreign).starts_with("`layer1.0.conv1.weight` is no parameter"));

    let mut repeated = state();
    repeated.insert("bn1.bias".into(), bias);
    assert!(error(repeated).starts_with("`block0.norm.bias` is there twice"));
}

#[test]
fn widths_that_do_not_double_are_refused() {
    let tensor = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
    let mut state = BTreeMap::from([
        ("block0.conv.weight".to_string(), tensor(&[4, 3, 4, 4])),
        ("block1.conv.weight".to_string(), tensor(&[12, 4, 4, 4])),
        ("block2.conv.weight".to_string(), tensor(&[1, 12, 4, 4])),
    ]);
    let error = infer_shape(&state, Network::Discriminator)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("`block1.conv.weight`") && error.contains("4 and 8"),
        "{error}"
    );
    state.insert("block1.conv.weight".into(), tensor(&[8, 4, 5, 5]));
    let error = infer_shape(&state, Network::Discriminator)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("[8, 4, 5, 5], expected 4x4 kernels"),
        "{error}"
    );
}

#[test]
fn hostile_pickle_is_refused_by_name_and_not_executed() {
    let error = read_state_dict(file("hostile.pth")).unwrap_err();
    assert!(
        matches!(&error, Error::ForbiddenObject { object, .. } if object == "posix.system"),
        "{error}"
    );
    let error = read_state_dict(file("hostile_plain.pth")).unwrap_err();
    assert!(matches!(error, Error::BarePickle { .. }), "{error}");
    assert!(!Path::new("executed-by-unpickling").exists());
}

#[test]
fn whole_modules_and_old_files_are_refused_with_the_remedy() {
    let error = read_state_dict(file("whole_module_generator.pth")).unwrap_err();
    assert!(
        matches!(&error, Error::ForbiddenObject { object, .. } if object == "networks.Generator"),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with("re-save it with torch.save(model.state_dict(), PATH)")
    );
    let error = read_state_dict(file("legacy_generator.pth")).unwrap_err();
    assert!(matches!(error, Error::BarePickle { .. }), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("re-save it with torch.save(model.state_dict(), PATH)")
    );
}

#[test]
fn files_without_tensors_are_refused() {
    let error = read_state_dict(file("no_tensors.pth")).unwrap_err();
    assert!(matches!(error, Error::NoTensors { .. }), "{error}");
    let empty = error_of_bytes(b"\x02\0\0\0\0\0\0\0{}");
    assert!(matches!(empty, Error::NoTensors { .. }), "{empty}");
}

#[test]
fn absent_empty_and_foreign_files_are_refused() {
    let error = read_state_dict(file("absent.pth")).unwrap_err();
    assert!(matches!(error, Error::Read { .. }), "{error}");
    for bytes in [&b""[..], b"GIF89a", &[0; 64], b"PK"] {
        let error = error_of_bytes(bytes);
        assert!(matches!(error, Error::UnknownFormat { .. }), "{error}");
    }
}

#[test]
fn truncated_files_are_refused() {
    for name in ["tutorial_generator.pth", "own_names_generator.safetensors"] {
        let whole = std::fs::read(file(name)).unwrap();
        for kept in [9, 100, whole.len() / 2, whole.len() - 1] {
            let error = error_of_bytes(&whole[..kept]);
            assert!(
                matches!(error, Error::Damaged { .. }),
                "{name} cut to {kept} bytes: {error}"
            );
        }
    }
}

/// A generator of bits that is good enough to choose bytes (Knuth's constant).
struct Bits(u64);

impl Bits {
    fn next(&mut self) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize
    }

    /// Changes a few of the bytes.
    fn change(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.next() % 4 {
            let place = self.next() % bytes.len();
            bytes[place] = self.next() as u8;
        }
    }
}

#[test]
fn changed_files_never_panic() {
    let mut bits = Bits(1);
    for name in [
        "tutorial_discriminator.pth",
        "own_names_generator.safetensors",
    ] {
        let whole = std::fs::read(file(name)).unwrap();
        for _ in 0..300 {
            let mut bytes = whole.clone();
            bits.change(&mut bytes);
            bits.change(&mut bytes[..1000]);
            // Reading may succeed where only a date or padding changed.
            if let Ok(state) = super::read::parse(&bytes) {
                let _ = to_parameter_names(state, Network::Discriminator);
            }
        }
    }
}

#[test]
fn changed_pickles_never_panic() {
    let whole = std::fs::read(file("both_networks.pth")).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(whole)).unwrap();
    let entries: Vec<(String, Vec<u8>)> = (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().to_string(), bytes)
        })
        .collect();
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut bits = Bits(2);
    let mut num_read = 0;
    for _ in 0..300 {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in &entries {
            let mut bytes = bytes.clone();
            if name.ends_with("data.pkl") {
                bits.change(&mut bytes);
            }
            archive.start_file(name, stored).unwrap();
            archive.write_all(&bytes).unwrap();
        }
        let bytes = archive.finish().unwrap().into_inner();
        num_read += usize::from(super::read::parse(&bytes).is_ok());
    }
    assert!((1..300).contains(&num_read), "{num_read}");
}

#[test]
fn random_bytes_never_panic() {
    let mut bits = Bits(3);
    for length in 0..400 {
        let mut bytes: Vec<u8> = (0..length).map(|_| bits.next() as u8).collect();
        assert!(super::read::parse(&bytes).is_err());
        let _ = super::pickle::read(&bytes);
        for start in [&b"PK\x03\x04"[..], b"\x40\0\0\0\0\0\0\0{", b"\x80\x02"] {
            bytes.splice(..start.len().min(length), start.iter().copied());
            assert!(super::read::parse(&bytes).is_err());
        }
    }
}

#[test]
fn a_network_is_named_by_its_own_prefix_alone() {
    let state = |names: &[&str]| -> BTreeMap<String, Tensor> {
        let zero = Tensor::zeros(1, DType::F32, &Device::Cpu).unwrap();
        let named = names.iter().map(|name| ((*name).to_owned(), zero.clone()));
        named.collect()
    };
    let both = state(&["module.netG.conv1.weight", "netD_state_dict.conv1.weight"]);
    let generator = state(&["generator.conv1.weight", "main.0.weight"]);
    let neither = state(&["main.0.weight", "conv1.weight", "generator.d.weight"]);
    for (state, names) in [
        (both, [true, true]),
        (generator, [true, false]),
        (neither, [false, false]),
    ] {
        let found = [Network::Generator, Network::Discriminator];
        assert_eq!(found.map(|network| names_network(&state, network)), names);
    }
}
