use std::path::Path;
use std::vec::IntoIter;

use candle_datasets::Batcher;
use candle_datasets::batcher::Iter1;
use candle_datasets::vision::mnist;
use semantic_inpaint_tensor::{DType, Device, Tensor};

use crate::{Error, Framing, ImageSet, Photo, Result};

/// Which part of a data set that candle knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandlePart {
    /// The images for training.
    Train,
    /// The images for testing.
    Test,
}

/// candle's batcher over the images of a set, in the order of the set.
///
/// It yields tensors `[B, 3, H, W]`, f32 in `[-1, 1]`; size of the batches and the fate of the last
/// one are set on the batcher itself. The whole set lies on the device as f32, so this is for small
/// sets and for code written against candle-datasets; training uses
/// [`ShuffledBatches`](crate::ShuffledBatches).
///
/// ```
/// use semantic_inpaint_data::{Framing, ImageSet, Photo, candle_batches};
/// use semantic_inpaint_tensor::Device;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let photos = (0..5).map(|i| (format!("{i}.png"), Photo::filled(8, 8, [i * 50, 0, 0])));
/// let set = ImageSet::from_photos("drawn", Framing::Squash, 8, photos.collect())?;
/// let mut batches = candle_batches(&set, &Device::Cpu)?.batch_size(2);
/// assert_eq!(batches.next().ok_or("no batch")??.dims(), [2, 3, 8, 8]);
/// assert_eq!(batches.count(), 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Tensor`] when the device fails.
pub fn candle_batches(set: &ImageSet, device: &Device) -> Result<Batcher<Iter1<IntoIter<Tensor>>>> {
    let indices: Vec<usize> = (0..set.count()).collect();
    let all = set.batch(&indices, device)?.into_tensor();
    // [N, 3, H, W] -> N of [3, H, W], sharing the storage
    let images: std::result::Result<Vec<Tensor>, _> =
        indices.into_iter().map(|index| all.get(index)).collect();
    Ok(Batcher::new1(
        images
            .map_err(semantic_inpaint_tensor::Error::from)?
            .into_iter(),
    ))
}

/// The MNIST digits as RGB images of `size_px` x `size_px`.
///
/// `folder` holds the four unpacked IDX files as published (`train-images-idx3-ubyte` and so on), all
/// of which candle-datasets reads. Images are named `train-000000` onward.
///
/// # Errors
///
/// [`Error::NotFound`] naming the first file that is missing, [`Error::Tensor`] when a file is
/// damaged, [`Error::OutOfRange`] for an impossible size.
pub fn mnist_digits(
    folder: impl AsRef<Path>,
    part: CandlePart,
    size_px: usize,
) -> Result<ImageSet> {
    let folder = folder.as_ref();
    for part in ["train", "t10k"] {
        for kind in ["images-idx3-ubyte", "labels-idx1-ubyte"] {
            let path = folder.join(format!("{part}-{kind}"));
            if !path.is_file() {
                return Err(Error::NotFound { path });
            }
        }
    }
    let digits = mnist::load_dir(folder).map_err(semantic_inpaint_tensor::Error::from)?;
    let (images, prefix) = match part {
        CandlePart::Train => (digits.train_images, "train"),
        CandlePart::Test => (digits.test_images, "test"),
    };
    image_set_from_candle("mnist", prefix, &images, size_px)
}

/// The images of a data set of candle's `vision` module as RGB images of `size_px` x `size_px`.
///
/// **Shape** `[N, S * S]` (gray and square, as for MNIST) or `[N, 3, H, W]` (as for CIFAR-10);
/// **range** `[0, 1]`. Images are named `PREFIX-000000` onward and framed by `squash`.
///
/// # Errors
///
/// [`Error::Tensor`] for tensors of another shape, [`Error::OutOfRange`] for an impossible size.
pub fn image_set_from_candle(
    source: &str,
    prefix: &str,
    images: &Tensor,
    size_px: usize,
) -> Result<ImageSet> {
    let levels = levels_hwc(images)?;
    let (height, width) = (levels.dims()[1], levels.dims()[2]);
    let values: Vec<u8> = levels
        .flatten_all()
        .and_then(|levels| levels.to_vec1())
        .map_err(semantic_inpaint_tensor::Error::from)?;
    let photos: Result<Vec<_>> = values
        .chunks_exact(height * width * 3)
        .enumerate()
        .map(|(index, rgb)| {
            let photo = Photo::from_rgb(height, width, rgb.to_vec())?;
            Ok((format!("{prefix}-{index:06}"), photo))
        })
        .collect();
    ImageSet::from_photos(source, Framing::Squash, size_px, photos?)
}

/// Values in `[0, 1]` as levels `[N, H, W, 3]`.
fn levels_hwc(images: &Tensor) -> Result<Tensor> {
    let rgb = match *images.dims() {
        [count, len] if len > 0 && len.isqrt().pow(2) == len => {
            let side = len.isqrt();
            images
                .reshape((count, 1, side, side))
                .and_then(|gray| gray.broadcast_as((count, 3, side, side)))
                .map_err(semantic_inpaint_tensor::Error::from)?
        }
        [_, 3, height, width] if height * width > 0 => images.clone(),
        _ => {
            return Err(Error::Tensor(
                semantic_inpaint_tensor::Error::ShapeMismatch {
                    what: "candle images",
                    expected: "[N, S * S] or [N, 3, H, W]".into(),
                    got: images.dims().to_vec(),
                },
            ));
        }
    };
    // The cast to u8 cuts off, so half a level is added first.
    let levels = rgb
        .permute((0, 2, 3, 1))
        .and_then(|rgb| {
            rgb.affine(255.0, 0.5)?
                .clamp(0.0, 255.0)?
                .to_dtype(DType::U8)
        })
        .map_err(semantic_inpaint_tensor::Error::from)?;
    Ok(levels)
}
