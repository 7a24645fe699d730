use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat};
use semantic_inpaint_data::{Error, Photo, decode, encode_png, read_photo, read_rgba};

use crate::textured;

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(photo: &Photo) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = (photo.width() as u32, photo.height() as u32);
    JpegEncoder::new_with_quality(&mut bytes, 100)
        .encode(photo.rgb(), width, height, image::ExtendedColorType::Rgb8)
        .unwrap();
    bytes
}

/// The JPEG with an EXIF block that holds nothing but this orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0II\x2A\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xFF, 0xE1]);
    bytes.extend((exif.len() as u16 + 2).to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

#[test]
fn lossless_formats_give_the_exact_pixels() {
    let photo = textured(7, 9, 1);
    let image = image::RgbImage::from_raw(9, 7, photo.rgb().to_vec())
        .unwrap()
        .into();
    for format in [
        ImageFormat::Png,
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::WebP,
    ] {
        assert_eq!(
            decode(&encoded(&image, format), "x").unwrap(),
            photo,
            "{format:?}"
        );
    }
}

#[test]
fn gray_becomes_three_equal_channels() {
    let gray = image::GrayImage::from_fn(4, 3, |x, y| image::Luma([(x * 60 + y) as u8]));
    let photo = decode(&encoded(&gray.clone().into(), ImageFormat::Png), "gray").unwrap();
    for (pixel, level) in photo.rgb().chunks(3).zip(gray.into_raw()) {
        assert_eq!(pixel, [level; 3]);
    }
    assert!(photo.alpha().is_none());
}

#[test]
fn sixteen_bits_are_rounded_to_eight() {
    let deep = image::ImageBuffer::from_fn(3, 1, |x, _| {
        image::Rgb([[0_u16, 32_896, 65_535][x as usize]; 3])
    });
    let photo = decode(
        &encoded(&DynamicImage::ImageRgb16(deep), ImageFormat::Png),
        "deep",
    )
    .unwrap();
    assert_eq!(photo.rgb(), [0, 0, 0, 128, 128, 128, 255, 255, 255]);
}

#[test]
fn alpha_is_kept_beside_unmixed_rgb() {
    let pixels = [[10, 20, 30, 0], [40, 50, 60, 255], [70, 80, 90, 128]];
    let image = image::RgbaImage::from_raw(3, 1, pixels.concat()).unwrap();
    let photo = decode(&encoded(&image.into(), ImageFormat::Png), "alpha").unwrap();
    assert_eq!(photo.rgb(), [10, 20, 30, 40, 50, 60, 70, 80, 90]);
    assert_eq!(photo.alpha(), Some(&[0, 255, 128][..]));
    assert_eq!(photo.to_rgba(), pixels);
}

#[test]
fn every_exif_orientation_comes_out_upright() {
    let levels = [40, 100, 160, 220];
    let mut stored = Photo::filled(16, 32, [0; 3]);
    for (quarter, level) in levels.into_iter().enumerate() {
        let patch = Photo::filled(8, 16, [level; 3]);
        stored
            .paste(&patch, quarter / 2 * 8, quarter % 2 * 16)
            .unwrap();
    }
    let bytes = jpeg(&stored);
    // Quarters of the stored picture, counted row by row, as they lie in the upright one.
    let upright = [
        [0, 1, 2, 3],
        [1, 0, 3, 2],
        [3, 2, 1, 0],
        [2, 3, 0, 1],
        [0, 2, 1, 3],
        [2, 0, 3, 1],
        [3, 1, 2, 0],
        [1, 3, 0, 2],
    ];
    for (orientation, quarters) in (1..).zip(upright) {
        let photo = decode(&with_orientation(&bytes, orientation), "turned").unwrap();
        let (height, width) = (photo.height(), photo.width());
        assert_eq!(
            (height, width),
            if orientation >= 5 { (32, 16) } else { (16, 32) }
        );
        for (place, quarter) in quarters.into_iter().enumerate() {
            let (row, column) = (
                height / 4 + place / 2 * height / 2,
                width / 4 + place % 2 * width / 2,
            );
            let level = photo.rgb()[(row * width + column) * 3];
            assert!(
                level.abs_diff(levels[quarter]) <= 2,
                "orientation {orientation}, place {place}"
            );
        }
    }
}

#[test]
fn cmyk_jpegs_are_converted() {
    let photo = decode(&cmyk_jpeg([200, 100, 50, 255]), "cmyk").unwrap();
    assert_eq!((photo.height(), photo.width()), (8, 8));
    for pixel in photo.rgb().chunks(3) {
        for (&got, expected) in pixel.iter().zip([200_i32, 100, 50]) {
            assert!((i32::from(got) - expected).abs() <= 2, "{pixel:?}");
        }
    }
}

/// An 8x8 JPEG of one color with four components, as Adobe programs write it (levels inverted, no
/// transform): quantization 1, one block per component, nothing but its mean.
fn cmyk_jpeg(levels: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xEE, 0, 14];
    bytes.extend(b"Adobe\0\x64\0\0\0\0\0");
    bytes.extend([0xFF, 0xDB, 0, 67, 0]);
    bytes.extend([1; 64]);
    bytes.extend([0xFF, 0xC0, 0, 20, 8, 0, 8, 0, 8, 4]);
    (1..=4).for_each(|component| bytes.extend([component, 0x11, 0]));
    // Means: twelve codes of four bits. The rest of a block: one code of one bit, its end.
    bytes.extend([
        0xFF, 0xC4, 0, 31, 0x00, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    bytes.extend(0..12);
    bytes.extend([
        0xFF, 0xC4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    bytes.extend([0xFF, 0xDA, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0]);
    let mut bits = String::new();
    for level in levels {
        let mean = (i32::from(level) - 128) * 8;
        let len = (32 - mean.unsigned_abs().leading_zeros()) as usize;
        let value = if mean < 0 {
            mean + (1 << len) - 1
        } else {
            mean
        };
        bits += &format!("{len:04b}{value:0len$b}0");
    }
    bits += &"1".repeat(bits.len().next_multiple_of(8) - bits.len());
    for byte in bits.as_bytes().chunks(8) {
        let byte = u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap();
        bytes.push(byte);
        if byte == 0xFF {
            bytes.push(0);
        }
    }
    bytes.extend([0xFF, 0xD9]);
    bytes
}

#[test]
fn truncated_files_are_refused_in_every_format() {
    let photo = textured(40, 40, 3);
    let image: DynamicImage = image::RgbImage::from_raw(40, 40, photo.rgb().to_vec())
        .unwrap()
        .into();
    let formats = [
        ImageFormat::Bmp,
        ImageFormat::Tiff,
        ImageFormat::WebP,
        ImageFormat::Gif,
    ];
    let mut files: Vec<_> = formats
        .map(|format| (format, encoded(&image, format)))
        .into();
    files.push((ImageFormat::Png, encode_png(&photo).unwrap()));
    files.push((ImageFormat::Jpeg, jpeg(&photo)));
    for (format, bytes) in files {
        for kept in [bytes.len() / 2, bytes.len() * 9 / 10] {
            let error = decode(&bytes[..kept], "cut.img").unwrap_err();
            let message = error.to_string();
            assert!(
                message.starts_with("cut.img: ") && message.contains("again"),
                "{format:?}: {message}"
            );
        }
    }
}

#[test]
fn a_jpeg_without_its_end_is_called_truncated() {
    let bytes = jpeg(&textured(40, 40, 4));
    let cut = decode(&bytes[..bytes.len() * 3 / 4], "cut.jpg");
    assert!(matches!(cut, Err(Error::TruncatedImage { .. })), "{cut:?}");
    let mut padded = bytes.clone();
    padded.extend([0; 100]);
    assert_eq!(decode(&padded, "x").unwrap(), decode(&bytes, "x").unwrap());
}

#[test]
fn empty_files_texts_and_huge_images_are_told_apart() {
    assert!(matches!(decode(b"", "a"), Err(Error::EmptyFile { .. })));
    assert!(matches!(
        decode(b"hello, world", "a"),
        Err(Error::NotAnImage { .. })
    ));
    let mut png = encode_png(&Photo::filled(1, 1, [0; 3])).unwrap();
    png[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let error = decode(&png, "huge.png").unwrap_err();
    assert!(matches!(error, Error::ImageTooLarge { .. }), "{error}");
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[test]
fn reading_names_the_file_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.png");
    let error = read_photo(&missing).unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }));
    assert!(error.to_string().contains("missing.png") && error.to_string().contains("check"));
    assert!(matches!(
        read_photo(folder.path()),
        Err(Error::Unreadable { .. })
    ));
    let empty = folder.path().join("empty.png");
    std::fs::write(&empty, b"").unwrap();
    assert!(
        read_photo(&empty)
            .unwrap_err()
            .to_string()
            .contains("empty.png: the file is empty")
    );
}

#[test]
fn the_content_and_not_the_name_tells_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actually_png.jpg");
    let photo = textured(5, 4, 2).with_alpha((0..20).collect()).unwrap();
    std::fs::write(&path, encode_png(&photo).unwrap()).unwrap();
    assert_eq!(read_photo(&path).unwrap(), photo);
    let rgba = read_rgba(&path).unwrap();
    assert_eq!((rgba.height, rgba.width), (5, 4));
    assert_eq!(rgba.pixels, photo.to_rgba());
}
