use super::*;
use crate::{DType, Device, Rng, Var};

fn some_changes() -> Vec<ImageChange> {
    let changes = [
        ([0.0, 1.0, 1.0], [0, 0], [0, 0, 0, 0]),
        ([0.3, 0.4, 1.3], [0, 0], [0, 0, 0, 0]),
        ([0.0, 1.0, 1.0], [2, -3], [0, 0, 0, 0]),
        ([-0.2, 1.9, 0.6], [-1, 4], [-2, 3, 5, 4]),
        ([0.1, 0.0, 1.0], [-9, 0], [0, 0, 0, 0]),
        ([0.1, 1.0, 0.5], [1, 0], [4, 9, 5, 30]),
        ([0.1, 1.0, 0.5], [0, 1], [isize::MAX, isize::MIN, 8, -1]),
    ];
    changes
        .map(
            |([brightness, saturation, contrast], [rows, cols], cutout)| ImageChange {
                color: ColorChange {
                    brightness,
                    saturation,
                    contrast,
                },
                moved: Move { rows, cols },
                cutout: Cutout {
                    top: cutout[0],
                    left: cutout[1],
                    height: cutout[2] as usize,
                    width: cutout[3] as usize,
                },
            },
        )
        .to_vec()
}

fn values_and_gradient(
    images: &Var,
    run: impl Fn(&Tensor, &[ImageChange]) -> Result<Tensor>,
) -> Vec<Vec<f64>> {
    let changed = run(images.as_tensor(), &some_changes()).unwrap();
    let loss = changed.powf(2.0).unwrap().sum_all().unwrap();
    let gradients = loss.backward().unwrap();
    [&changed, gradients.get(images).unwrap()]
        .map(|tensor| {
            tensor
                .to_dtype(DType::F64)
                .unwrap()
                .flatten_all()
                .unwrap()
                .to_vec1()
                .unwrap()
        })
        .to_vec()
}

#[test]
fn values_and_gradients_are_those_of_the_reference() {
    for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::F64, 1e-13)] {
        for channels in [1, 3] {
            let images = Rng::from_seed(3).normal(0.0, 1.0, (7, channels, 8, 10), &Device::Cpu);
            let images = Var::from_tensor(&images.unwrap().to_dtype(dtype).unwrap()).unwrap();
            let got = values_and_gradient(&images, change_images);
            let want = values_and_gradient(&images, reference::change_images);
            for (got, want) in got.concat().into_iter().zip(want.concat()) {
                assert!((got - want).abs() <= tolerance, "{dtype:?} {got} {want}");
            }
        }
    }
}

#[test]
fn images_that_nothing_changes_keep_their_bits() {
    let images = Rng::from_seed(3)
        .normal(0.0, 1.0, (2, 3, 8, 10), &Device::Cpu)
        .unwrap();
    let changed = change_images(&images, &[ImageChange::NONE; 2]).unwrap();
    let bits = |tensor: &Tensor| -> Vec<u32> {
        let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    assert_eq!(bits(&changed), bits(&images));
}

#[test]
fn an_image_is_changed_alone_as_in_a_batch() {
    let images = Rng::from_seed(3)
        .normal(0.0, 1.0, (7, 3, 8, 10), &Device::Cpu)
        .unwrap();
    let all = change_images(&images, &some_changes()).unwrap();
    for (index, change) in some_changes().into_iter().enumerate() {
        let one = change_images(&images.narrow(0, index, 1).unwrap(), &[change]).unwrap();
        let values =
            |tensor: &Tensor| -> Vec<f32> { tensor.flatten_all().unwrap().to_vec1().unwrap() };
        assert_eq!(values(&one), values(&all.get(index).unwrap()));
    }
}

#[test]
fn every_image_has_one_change() {
    let images = Tensor::zeros((2, 1, 4, 4), DType::F32, &Device::Cpu).unwrap();
    let error = change_images(&images, &[ImageChange::NONE; 3]).unwrap_err();
    assert!(error.to_string().contains("[3, C, H, W]"), "{error}");
}
