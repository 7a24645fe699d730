//! Writes the README's picture, `assets/showcase.png`.
//!
//! ```sh
//! cargo run --release --example showcase
//! ```
//!
//! Left the sample photo, right of it several holes (above) and their completions (below), at the
//! bottom images that the model made up. Everything comes from one seed; nothing is picked.

use std::error::Error;

use semantic_inpaint::data::{ContactSheet, batch_to_photos};
use semantic_inpaint::dcgan::DcganGenerator;
use semantic_inpaint::latent_search::Silent;
use semantic_inpaint::nn::{Generator as _, Mode};
use semantic_inpaint::{
    Crop, Device, Inpainter, Mask, MaskShape, Photo, PretrainedModel, Rng, photo_mask, read_photo,
};

const MASKS: [&str; 6] = [
    "square:20",
    "circle:20",
    "half:left",
    "blocks:2x2:100",
    "pattern:0.25",
    "pixels:0.8",
];
const SEED: u64 = 1;
/// Made-up images at the bottom.
const NUM_SAMPLES: usize = 16;
const GAP_PX: usize = 4;
const MISSING: [u8; 3] = [128; 3];

fn main() -> Result<(), Box<dyn Error>> {
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    let photo = read_photo(format!("{assets}/portrait.png"))?;
    let model = PretrainedModel::CelebA.load(&Device::Cpu)?;
    let size_px = model.generator.config().image_size_px;
    let inpainter = Inpainter::from_model(model.clone())?.with_crop(Crop::CenteredSquare);
    let masks = MASKS.map(|text| {
        let shape: MaskShape = text.parse()?;
        photo_mask(shape, photo.height(), photo.width(), size_px, SEED)
            .map_err(Box::<dyn Error>::from)
    });
    let masks = masks.into_iter().collect::<Result<Vec<_>, _>>()?;
    let photos = vec![photo.clone(); masks.len()];
    let completions = inpainter.inpaint_batch(&photos, &masks, &mut Silent)?;
    let mut panels: Vec<Photo> = masks.iter().map(|mask| with_hole(&photo, mask)).collect();
    panels.extend(completions.into_iter().map(|completion| completion.photo));
    let grid = sheet(masks.len(), GAP_PX).render(&panels)?;
    let original = photo.resized(grid.height(), grid.height())?;
    let samples = sheet(NUM_SAMPLES, GAP_PX).render(&samples(&model.generator)?)?;

    let width = original.width() + GAP_PX + grid.width();
    let samples = samples.resized(samples.height() * width / samples.width(), width)?;
    let height = grid.height() + 2 * GAP_PX + samples.height();
    let mut picture = Photo::filled(height, width, [255; 3]);
    picture.paste(&original, 0, 0)?;
    picture.paste(&grid, 0, original.width() + GAP_PX)?;
    picture.paste(&samples, grid.height() + 2 * GAP_PX, 0)?;
    picture.save(format!("{assets}/showcase.png"))?;
    println!("{assets}/showcase.png: {height}x{width}");
    Ok(())
}

fn sheet(num_columns: usize, gap_px: usize) -> ContactSheet {
    ContactSheet {
        num_columns,
        gap_px,
        ..ContactSheet::default()
    }
}

fn with_hole(photo: &Photo, mask: &Mask) -> Photo {
    let mut photo = photo.clone();
    for (pixel, is_known) in photo.rgb_mut().chunks_exact_mut(3).zip(mask.known(0)) {
        if !is_known {
            pixel.copy_from_slice(&MISSING);
        }
    }
    photo
}

/// Images of random latents, as they come.
fn samples(generator: &DcganGenerator) -> Result<Vec<Photo>, Box<dyn Error>> {
    let (prior, len) = (generator.latent_prior(), generator.latent_len());
    let mut rng = Rng::from_seed(SEED);
    let latent = prior.sample(NUM_SAMPLES, len, &mut rng, &Device::Cpu)?;
    Ok(batch_to_photos(&generator.forward(&latent, Mode::Eval)?)?)
}
