//! Measures latent search on cats and dogs of the Oxford-IIIT Pet Dataset that the model never saw.
//!
//! ```sh
//! cargo run --release --example pets -- --data images.tar.gz --out out/pets
//! # The same with a model of your own:
//! semantic-inpaint train dcgan --data images.tar.gz --framing squash --split train \
//!     --augment color,translation,cutout --out runs/pets
//! cargo run --release --example pets -- --data images.tar.gz --model runs/pets --out out/pets
//! ```
//!
//! Measured are images of the validation part by file name's hash. Breeds hold near-duplicates, several
//! photos of one animal: look at the nearest training images (`semantic-inpaint score`) as well.
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
use semantic_inpaint::data::{ReadOptions, Split};
use semantic_inpaint::{Device, Framing, PretrainedModel};

use common::{Arguments, evaluate};

const NAME: &str = "pets";
/// As the publisher ships it, read in place.
const ARCHIVE: &str = "images.tar.gz";
const MODEL: PretrainedModel = PretrainedModel::Pets;
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
/// The animal may be anywhere in the frame, of which a centered square often cuts the head.
const FRAMING: Framing = Framing::Squash;

fn main() -> Result<()> {
    let arguments = Arguments::parse(NAME, ARCHIVE, COUNT)?;
    let model = arguments.model(MODEL, &Device::Cpu)?;
    let size_px = model.generator.config().image_size_px;
    let options = |split| ReadOptions {
        split,
        ..ReadOptions::new(FRAMING, size_px)
    };
    let images = arguments.images(&options(Split::Validation))?;
    let training = arguments.training(&options(Split::Train))?;
    let what = (NAME, MASKS.as_slice(), SEED);
    evaluate(&arguments, what, &model, (&images, training.as_ref()))
}
