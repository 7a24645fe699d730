//! Measures latent search on aligned CelebA images that the model never saw.
//!
//! ```sh
//! cargo run --release --example celeba -- --data img_align_celeba.zip \
//!     --training-set celeba64-crop108.zip --count 200 --out out/celeba
//! ```
//!
//! The embedded model saw images of the official test part, so images of the train part are measured. The
//! mean face is that of `--training-set`; without one it is left out.
//!
//! For each mask the images go through one search, whose result is blended both ways, through every method
//! without a network, and through the Context Encoders of `--context-encoder`. `OUT/report.html` and
//! `OUT/report.md` hold means with 95 % intervals and figures, `OUT/per_image.csv` every number. What lies in
//! `OUT/parts` already is not made again, so that a run can be stopped and resumed. `semantic-inpaint evaluate`
//! does the same with all settings as options.
//!
//! The figures show images of the data set: do not publish them.

#[path = "../common/mod.rs"]
mod common;

use anyhow::Result;
use semantic_inpaint::data::ReadOptions;
use semantic_inpaint::{Device, Framing, PretrainedModel};

use common::{Arguments, evaluate};

const NAME: &str = "celeba";
/// As the publisher ships it, read in place.
const ARCHIVE: &str = "img_align_celeba.zip";
const MODEL: PretrainedModel = PretrainedModel::CelebA;
/// The holes: a small, a regular and a large square, a circle, random blocks with the area of the regular
/// square, and ten of these blocks.
const MASKS: [&str; 6] = [
    "square:10",
    "square:20",
    "square:30",
    "circle:20",
    "blocks:2x2:100",
    "blocks:2x2:10",
];
/// Images to measure on, first by name.
const COUNT: usize = 200;
/// Seed of the masks and of the search.
const SEED: u64 = 1;
/// How aligned images become the model's input; images of the model's size pass unchanged.
const FRAMING: Framing = Framing::Crop108;

fn main() -> Result<()> {
    let arguments = Arguments::parse(NAME, ARCHIVE, COUNT)?;
    let model = arguments.model(MODEL, &Device::Cpu)?;
    let size_px = model.generator.config().image_size_px;
    let options = ReadOptions::new(FRAMING, size_px);
    let images = arguments.images(&options)?;
    let training = arguments.training(&options)?;
    let what = (NAME, MASKS.as_slice(), SEED);
    evaluate(&arguments, what, &model, (&images, training.as_ref()))
}
