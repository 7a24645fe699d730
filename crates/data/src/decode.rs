use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::Path;

use image::error::{ImageError, LimitErrorKind};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use crate::{Error, Photo, Result};

/// Longest accepted side of an image in pixels.
pub const MAX_SIDE_PX: u32 = 32_768;

/// Largest accepted number of bytes of an encoded image, and of its decoded pixels: 1 GiB.
pub const MAX_IMAGE_BYTES: u64 = 1 << 30;

/// The pixels of an image as RGBA, for masks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbaPixels {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The pixels `[H, W]`, row by row; alpha is 255 when the file has none.
    pub pixels: Vec<[u8; 4]>,
}

/// The picture in an image file, upright.
///
/// See [`decode`] for what is converted and how.
///
/// # Errors
///
/// [`Error::NotFound`], [`Error::Unreadable`], and those of [`decode`], naming the file.
pub fn read_photo(path: impl AsRef<Path>) -> Result<Photo> {
    let path = path.as_ref();
    decode(&read_bytes(path)?, &path.display().to_string())
}

/// The pixels of an image file as RGBA, upright: the input of masks drawn in a paint program.
///
/// # Errors
///
/// As [`read_photo`].
pub fn read_rgba(path: impl AsRef<Path>) -> Result<RgbaPixels> {
    let photo = read_photo(path)?;
    Ok(RgbaPixels {
        height: photo.height(),
        width: photo.width(),
        pixels: photo.to_rgba(),
    })
}

/// The picture in the bytes of an image file, upright. `name` is what errors call it.
///
/// The format is recognized by content, not by name: PNG, JPEG, WebP, BMP, TIFF or GIF (its first
/// frame). Gray becomes RGB with equal channels, 16 bits per channel and floats are rounded to 8,
/// CMYK JPEGs are converted without a color profile. Alpha is not mixed in: RGB stays as stored and
/// the alpha plane is kept beside it ([`Photo::alpha`]). The EXIF orientation is applied. Color
/// profiles are ignored.
///
/// ```
/// use semantic_inpaint_data::{Photo, decode, encode_png};
///
/// # fn main() -> semantic_inpaint_data::Result<()> {
/// let photo = Photo::filled(3, 5, [200, 100, 0]);
/// assert_eq!(decode(&encode_png(&photo)?, "memory")?, photo);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::EmptyFile`], [`Error::NotAnImage`], [`Error::TruncatedImage`], [`Error::DamagedImage`],
/// [`Error::UnsupportedImage`], and [`Error::ImageTooLarge`] beyond [`MAX_SIDE_PX`] or
/// [`MAX_IMAGE_BYTES`].
pub fn decode(bytes: &[u8], name: &str) -> Result<Photo> {
    if bytes.is_empty() {
        return Err(Error::EmptyFile { name: name.into() });
    }
    let fault = |error| fault(error, name);
    let mut reader = ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .map_err(|error| fault(ImageError::IoError(error)))?;
    let Some(format) = reader.format() else {
        return Err(Error::NotAnImage { name: name.into() });
    };
    if format == ImageFormat::Jpeg && !jpeg_reaches_its_end(bytes) {
        return Err(Error::TruncatedImage { name: name.into() });
    }
    reader.limits(limits());
    let mut decoder = reader.into_decoder().map_err(fault)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAX_IMAGE_BYTES {
        let reason = format!("{height}x{width} pixels take more than {MAX_IMAGE_BYTES} bytes");
        return Err(Error::ImageTooLarge {
            name: name.into(),
            reason,
        });
    }
    let orientation = decoder.orientation().map_err(fault)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(fault)?;
    image.apply_orientation(orientation);
    to_photo(image)
}

/// The bytes of a file, refused beyond [`MAX_IMAGE_BYTES`].
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |source| Error::reading(path, source);
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_IMAGE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_IMAGE_BYTES {
        let reason = format!("its file is over {MAX_IMAGE_BYTES} bytes");
        return Err(Error::ImageTooLarge {
            name: path.display().to_string(),
            reason,
        });
    }
    Ok(bytes)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE_PX);
    limits.max_image_height = Some(MAX_SIDE_PX);
    limits.max_alloc = Some(MAX_IMAGE_BYTES);
    limits
}

fn to_photo(image: DynamicImage) -> Result<Photo> {
    let (height, width) = (image.height() as usize, image.width() as usize);
    if !image.color().has_alpha() {
        return Photo::from_rgb(height, width, image.into_rgb8().into_raw());
    }
    let rgba = image.into_rgba8().into_raw();
    let alpha = rgba.chunks_exact(4).map(|pixel| pixel[3]).collect();
    let rgb = rgba
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    Photo::from_rgb(height, width, rgb)?.with_alpha(alpha)
}

/// The decoder fills what is missing of a JPEG with gray. In the compressed data every 0xFF is
/// followed by 0 or a restart marker, so a complete file has an end marker after its last scan header.
fn jpeg_reaches_its_end(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xFF, marker]);
    match (last(0xDA), last(0xD9)) {
        (Some(scan), Some(end)) => end > scan,
        _ => false,
    }
}

fn fault(error: ImageError, name: &str) -> Error {
    let name = name.to_owned();
    let reason = error.to_string();
    match error {
        ImageError::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => {
            Error::TruncatedImage { name }
        }
        ImageError::Limits(limit) => match limit.kind() {
            LimitErrorKind::Unsupported { .. } => Error::UnsupportedImage { name, reason },
            _ => Error::ImageTooLarge { name, reason },
        },
        ImageError::Unsupported(_) => Error::UnsupportedImage { name, reason },
        _ if reason.to_lowercase().contains("unexpected end") => Error::TruncatedImage { name },
        _ => Error::DamagedImage { name, reason },
    }
}
