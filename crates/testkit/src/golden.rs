use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

/// The tensors of the golden file `tests/golden/NAME.safetensors` of a crate, on the CPU.
///
/// `manifest_dir` is the crate's folder, `env!("CARGO_MANIFEST_DIR")` in its tests. What the names
/// mean is written in the file's metadata under `description`, see [`golden_metadata`].
///
/// # Panics
///
/// If the file cannot be read; the message says which program writes it.
#[must_use]
#[track_caller]
pub fn golden(manifest_dir: &str, name: &str) -> HashMap<String, Tensor> {
    let bytes = read(manifest_dir, name);
    match candle_core::safetensors::load_buffer(&bytes, &Device::Cpu) {
        Ok(tensors) => tensors,
        Err(error) => panic!("golden file {name}: {error}"),
    }
}

/// The tensors whose names start with `PREFIX.`, without it.
#[must_use]
pub fn under(prefix: &str, tensors: &HashMap<String, Tensor>) -> BTreeMap<String, Tensor> {
    let short = |name: &String| Some(name.strip_prefix(prefix)?.strip_prefix('.')?.to_owned());
    tensors
        .iter()
        .filter_map(|(name, tensor)| Some((short(name)?, tensor.clone())))
        .collect()
}

/// The gradients of the first step of Adam with beta1 = 0.5 by the names of their parameters, from its stored
/// moments: the first moment, `NAME.first`, started at 0 and is `(1 - beta1) g`.
///
/// # Panics
///
/// If the device fails.
#[must_use]
#[track_caller]
pub fn first_gradients(moments: &BTreeMap<String, Tensor>) -> BTreeMap<String, Tensor> {
    let gradient = |(name, moment): (&String, &Tensor)| match moment * 2.0 {
        Ok(gradient) => Some((name.strip_suffix(".first")?.to_owned(), gradient)),
        Err(error) => panic!("{name}: {error}"),
    };
    moments.iter().filter_map(gradient).collect()
}

/// The metadata of a golden file: `script`, `description`, `seed` and the versions of `python`,
/// `torch` and `numpy` that wrote it.
///
/// # Panics
///
/// If the file cannot be read or has no metadata.
#[must_use]
#[track_caller]
pub fn golden_metadata(manifest_dir: &str, name: &str) -> HashMap<String, String> {
    let bytes = read(manifest_dir, name);
    match SafeTensors::read_metadata(&bytes) {
        Ok((_, header)) => match header.metadata() {
            Some(metadata) => metadata.clone(),
            None => panic!("golden file {name}: no metadata; write it with scripts/golden"),
        },
        Err(error) => panic!("golden file {name}: {error}"),
    }
}

/// The images that a golden file holds as u8 levels: `level / 127.5 - 1` as f32.
///
/// # Panics
///
/// If the tensor is not of type u8.
#[must_use]
#[track_caller]
pub fn images_from_levels(levels: &Tensor) -> Tensor {
    assert_eq!(levels.dtype(), DType::U8, "levels are stored as u8");
    let images = levels
        .to_dtype(DType::F64)
        .and_then(|l| (l / 127.5)? - 1.0)
        .and_then(|i| i.to_dtype(DType::F32));
    match images {
        Ok(images) => images,
        Err(error) => panic!("levels cannot be converted: {error}"),
    }
}

#[track_caller]
fn read(manifest_dir: &str, name: &str) -> Vec<u8> {
    let path = Path::new(manifest_dir)
        .join("tests/golden")
        .join(format!("{name}.safetensors"));
    match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            panic!(
                "{}: {error}; the programs in scripts/golden write these files",
                path.display()
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DCGAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dcgan");

    #[test]
    fn tensors_and_metadata_are_read() {
        let tensors = golden(DCGAN, "dcgan_forward");
        assert_eq!(tensors["z"].dims(), [3, 8]);
        assert_eq!(
            tensors["generator.block0.conv.weight"].dims(),
            [8, 32, 4, 4]
        );
        assert_eq!(
            golden_metadata(DCGAN, "dcgan_forward")["script"],
            "scripts/golden/dcgan.py"
        );
    }

    #[test]
    fn levels_map_linearly_to_the_image_range() {
        let levels = Tensor::new(&[0u8, 51, 255], &Device::Cpu).unwrap();
        let images = images_from_levels(&levels).to_vec1::<f32>().unwrap();
        assert_eq!(images, [-1.0, -0.6, 1.0]);
    }

    #[test]
    #[should_panic(expected = "scripts/golden write these files")]
    fn missing_file_says_what_writes_it() {
        let _ = golden(DCGAN, "no_such_file");
    }
}
