//! Fills a hole in the sample photo with the embedded model; nothing is downloaded.
//!
//! ```sh
//! cargo run --release --example quickstart
//! ```

use std::error::Error;
use std::time::Instant;

use semantic_inpaint::{Crop, Inpainter, MaskShape, PretrainedModel, photo_mask, read_photo};

fn main() -> Result<(), Box<dyn Error>> {
    let photo = read_photo(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/portrait.png"))?;
    let inpainter = Inpainter::pretrained(PretrainedModel::CelebA)?.with_crop(Crop::CenteredSquare);
    let shape: MaskShape = "square:20".parse()?;
    // Shapes are drawn at the model's size and grow with the photo.
    let mask = photo_mask(shape, photo.height(), photo.width(), 64, 1)?;

    let started = Instant::now();
    let completed = inpainter.inpaint(&photo, &mask)?;
    std::fs::create_dir_all("out")?;
    completed.save("out/quickstart.png")?;
    println!(
        "out/quickstart.png: {:.1} s",
        started.elapsed().as_secs_f64()
    );
    Ok(())
}
