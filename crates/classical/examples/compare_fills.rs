//! Hole PSNR of every classical fill on images of an archive, under three masks.
//!
//! ```sh
//! cargo run --release --package semantic-inpaint-classical --example compare_fills -- \
//!     IMAGES FRAMING COUNT TRAINING NUM_TRAINING OUT
//! ```
//!
//! IMAGES are brought to 64 x 64 by FRAMING (`crop108`, `squash`, `center-crop`), the first COUNT by name
//! are filled. TRAINING holds 64 x 64 images for the mean and the nearest image. The folder OUT receives
//! `levels.u8` and `MASK.known.u8` for `scripts/compare_classical.py`, and `scores.csv`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use semantic_inpaint_classical::{
    Biharmonic, Error, Harmonic, MeanImage, NearestImage, NearestImageConfig, PatchCompletion,
    Telea, TextureSynthesis, TotalVariation, TruncatedNuclearNorm,
};
use semantic_inpaint_data::{Framing, ImageSet, ImageSource, ReadOptions};
use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask, MaskShape};
use semantic_inpaint_metrics::{Region, region_psnr};
use semantic_inpaint_tensor::{Device, ImageBatch, Rng};

const SIZE_PX: usize = 64;
const MASKS: [&str; 3] = ["square:20", "circle:20", "blocks:2x2:100"];
const MASK_SEED: u64 = 20_161_122;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [images, framing, count, training, num_training, out] = arguments.as_slice() else {
        bail!("usage: compare_fills IMAGES FRAMING COUNT TRAINING NUM_TRAINING OUT");
    };
    let set = read(images, framing.parse()?, count.parse()?)?;
    let training = read(training, Framing::CenterCrop, num_training.parse()?)?;
    let out = Path::new(out);
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join("levels.u8"), set.pixels())?;
    let methods = methods(&to_batch(&training)?)?;
    drop(training);

    let truth = to_batch(&set)?;
    let mut scores = "mask,method,image,hole_psnr_db\n".to_owned();
    for spec in MASKS {
        let mask = masks(spec, truth.count())?;
        let known: Vec<u8> = (0..mask.count())
            .flat_map(|index| {
                mask.known(index)
                    .iter()
                    .map(|&k| u8::from(k))
                    .collect::<Vec<_>>()
            })
            .collect();
        std::fs::write(out.join(format!("{}.known.u8", file_name(spec))), known)?;
        let corrupted = CorruptedImages::new(&truth, &mask)?;
        for method in &methods {
            let completed = method.inpaint(&corrupted)?;
            let psnr = region_psnr(&truth, &completed, &mask, Region::Hole)?;
            for (image, db) in psnr.iter().enumerate() {
                writeln!(scores, "{spec},{},{image},{db}", method.name())?;
            }
            println!(
                "{spec:16} {:24} {}",
                method.name(),
                mean_with_interval(&psnr)
            );
        }
    }
    std::fs::write(out.join("scores.csv"), scores).context("writing scores.csv")
}

fn read(source: &str, framing: Framing, count: usize) -> Result<ImageSet> {
    let options = ReadOptions {
        limit: Some(count),
        ..ReadOptions::new(framing, SIZE_PX)
    };
    Ok(ImageSet::read(
        &ImageSource::open(source)?,
        &options,
        &|_| {},
    )?)
}

fn to_batch(set: &ImageSet) -> Result<ImageBatch> {
    let all: Vec<usize> = (0..set.count()).collect();
    Ok(set.batch(&all, &Device::Cpu)?)
}

fn methods(training: &ImageBatch) -> Result<Vec<Box<dyn Inpainter<Error = Error>>>> {
    Ok(vec![
        Box::new(MeanImage::new(training)?),
        Box::new(NearestImage::new(training, NearestImageConfig::default())?),
        Box::new(Harmonic),
        Box::new(Biharmonic),
        Box::new(Telea::default()),
        Box::new(TotalVariation::default()),
        Box::new(TruncatedNuclearNorm::default()),
        Box::new(TextureSynthesis::default()),
        Box::new(PatchCompletion::default()),
    ])
}

/// One mask for each image; random shapes differ from image to image.
fn masks(spec: &str, count: usize) -> Result<Mask> {
    let shape: MaskShape = spec.parse()?;
    let masks = (0..count as u64).map(|image| {
        let mut rng = Rng::from_seed_and_stream(MASK_SEED, image);
        shape.build(SIZE_PX, SIZE_PX, &mut rng)
    });
    Ok(Mask::stack(&masks.collect::<Result<Vec<_>, _>>()?)?)
}

fn file_name(spec: &str) -> String {
    spec.replace(':', "-")
}

/// The mean with half the width of its 95 % interval (normal law).
fn mean_with_interval(values: &[f64]) -> String {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let half = 1.96 * (squares / (count - 1.0) / count).sqrt();
    format!("{mean:.2} ± {half:.2} dB")
}
