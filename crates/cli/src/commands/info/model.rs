use anyhow::Result;
use semantic_inpaint::nn::Network as _;
use semantic_inpaint::{Device, Photo, Rng};
use serde_json::{Value, json};

use crate::commands::sample;
use crate::model_choice::ModelChoice;

const NUM_SAMPLES: usize = 16;

/// Sizes and card of a model, and what a few of its samples look like in numbers.
pub(super) fn describe(choice: &ModelChoice) -> Result<Value> {
    let model = choice.load(&Device::Cpu)?;
    let (generator, rng) = (&model.generator, &mut Rng::from_seed(0));
    let photos = sample::photos(generator, NUM_SAMPLES, rng, &Device::Cpu)?;
    let discriminator = model.discriminator.as_ref();
    Ok(json!({
        "kind": "DCGAN model",
        "model": choice.to_string(),
        "config": model.generator.config(),
        "parameters": {
            "generator": model.generator.params().num_values(),
            "discriminator": discriminator.map(|network| network.params().num_values()),
        },
        "samples": {
            "count": NUM_SAMPLES,
            "mean_level": rounded(mean_level(&photos)),
            "deviation_between_samples": rounded(deviation(&photos)),
        },
        "card": model.card,
    }))
}

fn rounded(value: f64) -> f64 {
    (100.0 * value).round() / 100.0
}

/// Mean of all values, 0 to 255.
fn mean_level(photos: &[Photo]) -> f64 {
    let levels = photos.iter().flat_map(|photo| photo.rgb());
    let count: usize = photos.iter().map(|photo| photo.rgb().len()).sum();
    levels.map(|&level| f64::from(level)).sum::<f64>() / count.max(1) as f64
}

/// Standard deviation of a value from one image to another, averaged over the positions: near 0
/// when all latents give the same image.
fn deviation(photos: &[Photo]) -> f64 {
    let len = photos.first().map_or(0, |photo| photo.rgb().len());
    let count = photos.len().max(1) as f64;
    let at = |position: usize| photos.iter().map(move |p| f64::from(p.rgb()[position]));
    let deviations = (0..len).map(|position| {
        let mean = at(position).sum::<f64>() / count;
        (at(position)
            .map(|level| (level - mean).powi(2))
            .sum::<f64>()
            / count)
            .sqrt()
    });
    deviations.sum::<f64>() / len.max(1) as f64
}
