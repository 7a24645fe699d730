use semantic_inpaint_data::{CandlePart, Error, Photo, candle_batches, mnist_digits};
use semantic_inpaint_data::{Framing, ImageSet, image_set_from_candle};
use semantic_inpaint_tensor::{Device, Tensor};

use crate::textured;

fn idx_file(magic: u32, sizes: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_be_bytes().to_vec();
    sizes
        .iter()
        .for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

#[test]
fn mnist_becomes_a_set_with_exact_gray_levels() {
    let folder = tempfile::tempdir().unwrap();
    let digits: Vec<u8> = (0..3 * 784).map(|value| (value % 256) as u8).collect();
    for (part, count) in [("train", 3), ("t10k", 2)] {
        let images = idx_file(2051, &[count, 28, 28], &digits[..count as usize * 784]);
        let labels = idx_file(2049, &[count], &digits[..count as usize]);
        std::fs::write(
            folder.path().join(format!("{part}-images-idx3-ubyte")),
            images,
        )
        .unwrap();
        std::fs::write(
            folder.path().join(format!("{part}-labels-idx1-ubyte")),
            labels,
        )
        .unwrap();
    }
    let set = mnist_digits(folder.path(), CandlePart::Train, 28).unwrap();
    assert_eq!(
        set.names(),
        ["train-000000", "train-000001", "train-000002"]
    );
    let expected: Vec<u8> = digits.iter().flat_map(|&level| [level; 3]).collect();
    assert_eq!(set.pixels(), expected);
    assert_eq!(
        mnist_digits(folder.path(), CandlePart::Test, 32)
            .unwrap()
            .count(),
        2
    );

    std::fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte")).unwrap();
    let error = mnist_digits(folder.path(), CandlePart::Test, 28).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }) && error.to_string().contains("t10k-labels"));
}

#[test]
fn color_tensors_become_pictures() {
    let values: Vec<f32> = (0..24).map(|level| level as f32 * 10.0 / 255.0).collect();
    let images = Tensor::from_vec(values, (2, 3, 2, 2), &Device::Cpu).unwrap();
    let set = image_set_from_candle("cifar", "test", &images, 2).unwrap();
    assert_eq!(set.image(1).unwrap()[..3], [120, 160, 200]);
    let odd = Tensor::zeros((2, 3), semantic_inpaint_tensor::DType::F32, &Device::Cpu).unwrap();
    assert!(image_set_from_candle("odd", "x", &odd, 2).is_err());
}

#[test]
fn candles_batcher_yields_the_images_in_order() {
    let photos: Vec<(String, Photo)> = (0..5)
        .map(|seed| (format!("{seed}"), textured(4, 4, seed)))
        .collect();
    let set = ImageSet::from_photos("drawn", Framing::Squash, 4, photos).unwrap();
    let batcher = candle_batches(&set, &Device::Cpu).unwrap();
    let batches: Vec<Tensor> = batcher
        .batch_size(2)
        .return_last_incomplete_batch(true)
        .map(|b| b.unwrap())
        .collect();
    assert_eq!(batches.len(), 3);
    let second = batches[1].flatten_all().unwrap().to_vec1::<f32>().unwrap();
    assert_eq!(
        second,
        set.batch(&[2, 3], &Device::Cpu)
            .unwrap()
            .to_values()
            .unwrap()
    );
}
