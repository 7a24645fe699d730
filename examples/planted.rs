//! Measures how often a search finds a latent that is known to exist.
//!
//! The photo is an image of the model itself, `y = G(z*)`, with a hole; a search that works brings its
//! hidden part back.
//!
//! ```sh
//! cargo run --release --example planted
//! ```

use std::error::Error;
use std::time::Instant;

use semantic_inpaint::latent_search::{LatentConstraint, LatentOptimizer, Silent};
use semantic_inpaint::metrics::{Region, region_psnr};
use semantic_inpaint::nn::{Generator as _, Mode, Network as _};
use semantic_inpaint::{
    CorruptedImages, Device, ImageBatch, LatentSearch, MaskShape, PretrainedModel, Rng,
    SearchConfig,
};

/// Latents that are planted.
const COUNT: usize = 200;
const MASK: &str = "square:20";
/// Hole PSNR in dB from which a latent counts as found.
const FOUND_DB: f64 = 35.0;
/// Where the planted latents come from; the search starts from seed 0.
const SEED: u64 = 12_345;

fn main() -> Result<(), Box<dyn Error>> {
    let config = SearchConfig {
        iterations: 500,
        optimizer: LatentOptimizer::Adam {
            learning_rate: 0.05,
        },
        constraint: LatentConstraint::Clip { bound: 1.0 },
        restarts: 1,
        prior_weight: 0.0,
        window: 63,
        ..SearchConfig::paper()
    };
    let model = PretrainedModel::CelebA.load(&Device::Cpu)?;
    let generator = model.generator.frozen()?;
    let (rng, prior) = (&mut Rng::from_seed(SEED), generator.latent_prior());
    let planted = prior.sample(COUNT, generator.latent_len(), rng, &Device::Cpu)?;
    let truth = ImageBatch::new(generator.forward(&planted, Mode::Eval)?.into_tensor())?;
    let size = generator.image_shape();
    let mask = MASK
        .parse::<MaskShape>()?
        .build(size.height, size.width, rng)?;

    let search = LatentSearch::new(&generator, model.discriminator.as_ref(), config)?;
    let started = Instant::now();
    let found = search.search(&CorruptedImages::new(&truth, &mask)?, &mut Silent)?;
    let seconds = started.elapsed().as_secs_f64();

    let mut decibels = region_psnr(&truth, &found.generated, &mask, Region::Hole)?;
    decibels.sort_by(f64::total_cmp);
    let above = decibels.iter().filter(|&&psnr| psnr > FOUND_DB).count();
    println!("{MASK}, {config:?}");
    println!("{above} of {COUNT} above {FOUND_DB} dB in the hole");
    let (least, tenth, median) = (decibels[0], decibels[COUNT / 10], decibels[COUNT / 2]);
    println!("hole PSNR: least {least:.1}, lowest tenth {tenth:.1}, median {median:.1} dB");
    println!("{seconds:.1} s");
    Ok(())
}
