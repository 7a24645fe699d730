//! Files in, batches out: the data crate as its users see it.

// clippy.toml allows it in test functions only, not in what they call.
#![allow(clippy::unwrap_used)]

mod animation;
mod batches;
mod caching;
#[cfg(feature = "candle-datasets")]
mod candle_sets;
mod classes;
mod decoding;
#[cfg(feature = "download")]
mod downloads;
mod encoding;
mod framing;
mod manifests;
mod partitions;
mod pictures;
mod prepared_sets;
mod random_crops;
mod real_images;
#[cfg(feature = "download")]
mod refused_downloads;
#[cfg(feature = "download")]
mod server;
mod sets;
mod sources;

use std::path::{Path, PathBuf};

use semantic_inpaint_data::{Photo, encode_png};

/// A picture in which every pixel differs from its neighbors, and from those of other seeds.
fn textured(height: usize, width: usize, seed: usize) -> Photo {
    let level = |row: usize, column: usize, channel: usize| {
        ((row * 37 + column * 11 + channel * 71 + seed * 53 + row * column) % 256) as u8
    };
    let mut rgb = Vec::with_capacity(height * width * 3);
    for row in 0..height {
        for column in 0..width {
            rgb.extend((0..3).map(|channel| level(row, column, channel)));
        }
    }
    Photo::from_rgb(height, width, rgb).unwrap()
}

/// PNG files named `NNN.png`, of one size.
fn named_pngs(count: usize, height: usize, width: usize) -> Vec<(String, Vec<u8>)> {
    let png = |index| encode_png(&textured(height, width, index)).unwrap();
    (0..count)
        .map(|index| (format!("{index:03}.png"), png(index)))
        .collect()
}

fn write_folder(folder: &Path, files: &[(String, Vec<u8>)]) {
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn write_zip(path: &Path, files: &[(String, Vec<u8>)]) {
    use std::io::Write as _;
    let mut archive = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in files {
        archive
            .start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

fn tar_bytes(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, name, bytes.as_slice())
            .unwrap();
    }
    archive.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file of the real images beside the checkout, or `None` after saying that it is not there.
fn real_file(relative: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(relative);
    if path.is_file() {
        return Some(path);
    }
    eprintln!("skipped: the real images `{relative}` are not beside the checkout");
    None
}
