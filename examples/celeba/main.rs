//! Measures latent search on aligned CelebA images that the model never saw.
//!
//! ```sh
//! cargo run --release --example celeba -- --data img_align_celeba.zip \
//!     --training-set celeba64-crop108.zip --count 200 --out out/celeba
//! ```
//!
//! For each mask the images go through one search; its result is blended both ways, and both are
//! scored next to two fills that need no network: the mean face of the training set, and the harmonic
//! fill, which is Poisson blending without anything to blend. `OUT/report.md` (also printed) holds means with
//! 95 % intervals, `OUT/per_image.csv` every number, `OUT/figure.png` the first images. A mask whose
//! part lies in `OUT/parts` already is not searched again, so that a run can be stopped and resumed.
//!
//! The figure shows images of the data set: do not publish it.

mod arguments;
mod evaluation;
mod mean_face;
mod model;
mod progress;
mod report;
mod rows;

use anyhow::{Context as _, Result};
use semantic_inpaint_data::{Framing, ImageSet, ImageSource, ReadOptions};
use semantic_inpaint_latent_search::SearchConfig;
use semantic_inpaint_mask::MaskShape;

use arguments::Arguments;
use evaluation::Evaluation;

/// The holes: a small, a regular and a large square, a circle, and random blocks with the area of the
/// regular square.
const MASKS: [&str; 5] = [
    "square:10",
    "square:20",
    "square:30",
    "circle:20",
    "blocks:2x2:100",
];
/// Originals to measure on, first by name.
const COUNT: usize = 200;
/// Images in one search.
const BATCH_SIZE: usize = 50;
/// Seed of the masks and of the search.
const SEED: u64 = 1;
/// Images in the figure.
const FIGURE_ROWS: usize = 10;
/// How aligned images become the model's input; images of the model's size pass unchanged.
const FRAMING: Framing = Framing::Crop108;

fn main() -> Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let device = arguments.device.open()?;
    let training_set = match &arguments.training_set {
        Some(path) => Some(read_set(path, usize::MAX)?),
        None => None,
    };
    let model = model::obtain(&arguments, training_set.as_ref(), &device)?;
    let last = arguments.skip.saturating_add(arguments.count);
    let images = read_set(&arguments.data, last)?;
    let indices: Vec<usize> = (arguments.skip..last.min(images.count())).collect();
    let images = images
        .select(&indices)
        .with_context(|| format!("--skip {} leaves no image", arguments.skip))?;

    let mut config = SearchConfig::paper();
    config.seed = SEED;
    config.iterations = arguments.iterations.unwrap_or(config.iterations);
    let mean_face = training_set
        .as_ref()
        .map(mean_face::mean_face)
        .transpose()?;
    let masks = MASKS.map(str::parse::<MaskShape>);
    let masks = masks.into_iter().collect::<Result<Vec<_>, _>>()?;
    let evaluation = Evaluation::new(&model, &images, mean_face, config, &arguments.out)?;
    let rows = evaluation.run(&masks, &device)?;
    report::write(&arguments.out, &masks, &rows, &evaluation.settings())
}

/// The first `limit` images of a folder or archive at the model's framing and size.
fn read_set(path: &std::path::Path, limit: usize) -> Result<ImageSet> {
    let options = ReadOptions {
        limit: Some(limit),
        ..ReadOptions::new(FRAMING, model::SIZE_PX)
    };
    let set = ImageSet::read(&ImageSource::open(path)?, &options, &|_| {})?;
    eprintln!("{}: {} images", path.display(), set.count());
    Ok(set)
}
