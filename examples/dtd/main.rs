//! Measures latent search on textures of the Describable Textures Dataset that the model never saw.
//!
//! ```sh
//! cargo run --release --example dtd -- --data dtd-r1.0.1.tar.gz --out out/dtd
//! # The same with a model of your own:
//! semantic-inpaint train dcgan --data dtd-r1.0.1.tar.gz --framing random-crops:16 --split train \
//!     --augment color,translation,cutout --out runs/dtd \
//!     --classes banded,blotchy,braided,bubbly,bumpy,chequered,cobwebbed,cracked,crosshatched,crystalline
//! cargo run --release --example dtd -- --data dtd-r1.0.1.tar.gz --model runs/dtd --out out/dtd
//! ```
//!
//! Measured are crops of the validation part by file name's hash: all crops of a photo are in one part. Those of
//! one photo are alike, so the intervals are a little too narrow.
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

const NAME: &str = "dtd";
/// As the publisher ships it, read in place.
const ARCHIVE: &str = "dtd-r1.0.1.tar.gz";
const MODEL: PretrainedModel = PretrainedModel::Dtd;
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
/// The classes that the model knows.
const CLASSES: [&str; 10] = [
    "banded",
    "blotchy",
    "braided",
    "bubbly",
    "bumpy",
    "chequered",
    "cobwebbed",
    "cracked",
    "crosshatched",
    "crystalline",
];
/// Scale and aspect carry the class, so squares are cut and not squashed: three of each photo, as few photos
/// are left to measure on.
const FRAMING: &str = "random-crops:3";

fn main() -> Result<()> {
    let arguments = Arguments::parse(NAME, ARCHIVE, COUNT)?;
    let model = arguments.model(MODEL, &Device::Cpu)?;
    let size_px = model.generator.config().image_size_px;
    let framing: Framing = FRAMING.parse()?;
    let options = |split| ReadOptions {
        split,
        classes: CLASSES.map(String::from).to_vec(),
        ..ReadOptions::new(framing, size_px)
    };
    let images = arguments.images(&options(Split::Validation))?;
    let training = arguments.training(&options(Split::Train))?;
    let what = (NAME, MASKS.as_slice(), SEED);
    evaluate(&arguments, what, &model, (&images, training.as_ref()))
}
