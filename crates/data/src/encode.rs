use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage, RgbaImage};
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, write_whole};

use crate::photo::checked_side;
use crate::{Error, Photo, Result};

const JPEG_QUALITY: u8 = 95;

/// The value in `[-1, 1]` of a level 0 to 255: `level / 127.5 - 1`.
#[must_use]
pub fn level_to_value(level: u8) -> f32 {
    f32::from(level) / 127.5 - 1.0
}

/// The level 0 to 255 nearest to a value: `round((value + 1) * 127.5)`.
///
/// The exact inverse of [`level_to_value`]; any other value within `[-1, 1]` comes back within half
/// a level. Values outside are clamped, not-a-number becomes 0.
#[must_use]
pub fn value_to_level(value: f32) -> u8 {
    // A float to integer cast saturates and sends NaN to 0.
    ((value + 1.0) * 127.5).round() as u8
}

/// Pictures of one size as a batch `[N, 3, H, W]`, f32 in `[-1, 1]`. Alpha is left out.
///
/// # Errors
///
/// [`Error::SizeMismatch`] when sizes differ, [`Error::TooFewImages`] when there is no picture,
/// [`Error::Tensor`] when the device fails.
pub fn photos_to_batch(photos: &[Photo], device: &Device) -> Result<ImageBatch> {
    let Some(first) = photos.first() else {
        return Err(Error::TooFewImages {
            source_name: "batch".into(),
            needed: 1,
            found: 0,
            remedy: "give at least one picture",
        });
    };
    let (height, width) = (first.height(), first.width());
    let mut values = vec![0.0; photos.len() * 3 * height * width];
    let per_image = 3 * height * width;
    for (index, (photo, values)) in photos.iter().zip(values.chunks_mut(per_image)).enumerate() {
        check_same_size(index, photo, first)?;
        write_planes(photo.rgb(), values, height * width);
    }
    Ok(ImageBatch::from_values(
        values,
        ImageShape {
            channels: 3,
            height,
            width,
        },
        device,
    )?)
}

/// The pictures of a batch, rounded to 8 bits; gray batches give equal channels.
///
/// # Errors
///
/// [`Error::Tensor`] when the device fails.
pub fn batch_to_photos(batch: &ImageBatch) -> Result<Vec<Photo>> {
    let ImageShape {
        channels,
        height,
        width,
    } = batch.shape();
    let num_pixels = height * width;
    let values = batch.to_values()?;
    let photos = values.chunks_exact(channels * num_pixels).map(|image| {
        let mut rgb = Vec::with_capacity(3 * num_pixels);
        for pixel in 0..num_pixels {
            for channel in 0..3 {
                let plane = channel.min(channels - 1);
                rgb.push(value_to_level(image[plane * num_pixels + pixel]));
            }
        }
        Photo::from_rgb(height, width, rgb)
    });
    photos.collect()
}

/// The picture as a PNG file in memory; alpha is kept.
///
/// # Errors
///
/// [`Error::Encoding`] when the encoder fails, [`Error::OutOfRange`] when a side is over 65535.
pub fn encode_png(photo: &Photo) -> Result<Vec<u8>> {
    encode_as(photo, ImageFormat::Png, "PNG")
}

/// Writes bytes to a file at once or not at all.
///
/// A reader sees the old file or the new one, never a part: see
/// [`WholeFile`](semantic_inpaint_tensor::WholeFile).
///
/// # Errors
///
/// [`Error::Unwritable`] naming the path.
pub fn write_atomically(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    write_whole(path, bytes).map_err(|source| Error::writing(path, source))
}

pub(crate) fn save_photo(photo: &Photo, path: &Path) -> Result<()> {
    let format = match ImageFormat::from_path(path) {
        Ok(
            format @ (ImageFormat::Png
            | ImageFormat::Jpeg
            | ImageFormat::WebP
            | ImageFormat::Bmp
            | ImageFormat::Tiff),
        ) => format,
        _ => return Err(Error::UnknownOutputFormat { path: path.into() }),
    };
    write_atomically(
        path,
        &encode_as(photo, format, &path.display().to_string())?,
    )
}

/// Writes interleaved RGB levels as three planes of values.
pub(crate) fn write_planes(rgb: &[u8], values: &mut [f32], num_pixels: usize) {
    let (red, rest) = values.split_at_mut(num_pixels);
    let (green, blue) = rest.split_at_mut(num_pixels);
    let planes = red.iter_mut().zip(green).zip(blue);
    for (((red, green), blue), pixel) in planes.zip(rgb.chunks_exact(3)) {
        *red = level_to_value(pixel[0]);
        *green = level_to_value(pixel[1]);
        *blue = level_to_value(pixel[2]);
    }
}

pub(crate) fn check_same_size(index: usize, photo: &Photo, first: &Photo) -> Result<()> {
    if (photo.height(), photo.width()) == (first.height(), first.width()) {
        return Ok(());
    }
    Err(Error::SizeMismatch {
        name: format!("picture {index}"),
        expected_height: first.height(),
        expected_width: first.width(),
        height: photo.height(),
        width: photo.width(),
    })
}

fn encode_as(photo: &Photo, format: ImageFormat, what: &str) -> Result<Vec<u8>> {
    let (height, width) = (checked_side(photo.height())?, checked_side(photo.width())?);
    let fault = |reason: String| Error::Encoding {
        what: what.into(),
        reason,
    };
    let mut bytes = Cursor::new(Vec::new());
    if format == ImageFormat::Jpeg {
        JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
            .write_image(photo.rgb(), width, height, ExtendedColorType::Rgb8)
            .map_err(|error| fault(error.to_string()))?;
        return Ok(bytes.into_inner());
    }
    let image = match photo.alpha() {
        Some(_) => RgbaImage::from_raw(width, height, photo.to_rgba().into_flattened())
            .map(DynamicImage::from),
        None => RgbImage::from_raw(width, height, photo.rgb().to_vec()).map(DynamicImage::from),
    };
    let image = image.ok_or_else(|| fault("its pixels do not fill it".into()))?;
    image
        .write_to(&mut bytes, format)
        .map_err(|error| fault(error.to_string()))?;
    Ok(bytes.into_inner())
}
