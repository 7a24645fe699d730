use std::path::{Path, PathBuf};

use semantic_inpaint::context_encoder::{
    Connection, ContextEncoder, ContextEncoderConfig, ContextEncoderModel,
};
use semantic_inpaint::data::encode_png;
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::nn::weight_file::StoredPrecision;
use semantic_inpaint::{DcganConfig, DcganModel, Device, ModelCard, Photo, Rng};

pub(crate) const MODEL: &str = "tiny.safetensors";

/// A folder with a model of 32x32 images.
pub(crate) fn folder_with_model() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    tiny_model()
        .save(&folder.path().join(MODEL), StoredPrecision::F32)
        .unwrap();
    folder
}

pub(crate) fn tiny_model() -> DcganModel {
    let config = DcganConfig {
        latent_len: 8,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: 32,
        ..DcganConfig::default()
    };
    let (rng, cpu) = (&mut Rng::from_seed(1), &Device::Cpu);
    DcganModel {
        generator: DcganGenerator::initialize(config, rng, cpu).unwrap(),
        discriminator: Some(DcganDiscriminator::initialize(config, rng, cpu).unwrap()),
        card: ModelCard {
            dataset: "none".into(),
            ..ModelCard::default()
        },
    }
}

/// Saves a Context Encoder without training that predicts whole images of 32 px.
pub(crate) fn save_tiny_encoder(path: &Path) {
    let config = ContextEncoderConfig {
        image_size_px: 32,
        base_channels: 4,
        connection: Connection::Bottleneck { len: 8 },
        ..ContextEncoderConfig::default()
    };
    save_encoder(path, config);
}

/// Saves a Context Encoder without training for `square:12`.
pub(crate) fn save_encoder(path: &Path, config: ContextEncoderConfig) {
    let network = ContextEncoder::initialize(config, &mut Rng::from_seed(6), &Device::Cpu);
    let model = ContextEncoderModel {
        network: network.unwrap(),
        masks: vec!["square:12".parse().unwrap()],
        card: ModelCard::default(),
    };
    model.save(path, StoredPrecision::F32).unwrap();
}

/// A picture with a different value in nearly every pixel.
pub(crate) fn textured(height: usize, width: usize, seed: usize) -> Photo {
    let value = |index: usize| ((index + 1) * (31 + 2 * seed) % 251) as u8;
    let rgb = (0..3 * height * width).map(value).collect();
    Photo::from_rgb(height, width, rgb).unwrap()
}

/// White rectangle on black: first row, first column, rows, columns.
pub(crate) fn drawn_mask(height: usize, width: usize, hole: (usize, usize, usize, usize)) -> Photo {
    let (top, left, rows, cols) = hole;
    let mut mask = Photo::filled(height, width, [0; 3]);
    let patch = Photo::filled(rows, cols, [255; 3]);
    mask.paste(&patch, top, left).unwrap();
    mask
}

/// A folder `images` of `count` pictures.
pub(crate) fn folder_of_photos(folder: &Path, count: usize, size_px: usize) -> PathBuf {
    let images = folder.join("images");
    std::fs::create_dir(&images).unwrap();
    for index in 0..count {
        let name = format!("{index:02}.png");
        textured(size_px, size_px, index)
            .save(images.join(name))
            .unwrap();
    }
    images
}

/// A PNG of any color type and depth, from its unfiltered rows.
pub(crate) fn raw_png(side: u32, depth: u8, color_type: u8, rows: &[u8]) -> Vec<u8> {
    let row_len = rows.len() / side as usize;
    let filtered: Vec<u8> = rows
        .chunks(row_len)
        .flat_map(|row| [&[0], row].concat())
        .collect();
    let len = u16::try_from(filtered.len()).unwrap();
    let adler = filtered.iter().fold((1u32, 0u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    let mut data = vec![0x78, 1, 1];
    data.extend(len.to_le_bytes());
    data.extend((!len).to_le_bytes());
    data.extend(filtered);
    data.extend((adler.1 << 16 | adler.0).to_be_bytes());

    let mut header = [side.to_be_bytes(), side.to_be_bytes()].concat();
    header.extend([depth, color_type, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1A\n".to_vec();
    for (name, body) in [(b"IHDR", header), (b"IDAT", data), (b"IEND", Vec::new())] {
        png.extend((body.len() as u32).to_be_bytes());
        let named = [name.as_slice(), &body].concat();
        png.extend(&named);
        png.extend(crc(&named).to_be_bytes());
    }
    png
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// An 8x8 JPEG of one color with four components, as Adobe programs write it: levels 200, 100, 50.
pub(crate) const CMYK_JPEG: &[u8] = &[
    0xff, 0xd8, 0xff, 0xee, 0x00, 0x0e, 0x41, 0x64, 0x6f, 0x62, 0x65, 0x00, 0x64, 0x00, 0x00, 0x00,
    0x00, 0x00, 0xff, 0xdb, 0x00, 0x43, 0x00, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0xff, 0xc0, 0x00, 0x14, 0x08, 0x00, 0x08, 0x00, 0x08,
    0x04, 0x01, 0x11, 0x00, 0x02, 0x11, 0x00, 0x03, 0x11, 0x00, 0x04, 0x11, 0x00, 0xff, 0xc4, 0x00,
    0x1f, 0x00, 0x00, 0x00, 0x00, 0x0c, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0xff, 0xc4,
    0x00, 0x14, 0x10, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0xff, 0xda, 0x00, 0x0e, 0x04, 0x01, 0x00, 0x02, 0x00, 0x03, 0x00, 0x04,
    0x00, 0x00, 0x3f, 0x00, 0xa9, 0x01, 0x03, 0xea, 0x63, 0xd5, 0xfc, 0x3f, 0xff, 0xd9,
];

/// The bytes that a photo and its PNG share, for files that must be damaged.
pub(crate) fn png_bytes(photo: &Photo) -> Vec<u8> {
    encode_png(photo).unwrap()
}
