use std::collections::BTreeMap;
use std::error::Error;

use anyhow::Result;
use semantic_inpaint::dcgan::DcganGenerator;
use semantic_inpaint::latent_search::Silent;
use semantic_inpaint::train::{CheckpointScore, CheckpointScores};
use semantic_inpaint::{Device, ImageSet, SearchConfig, reconstruction_psnr};

use super::RunConfig;
use crate::scoring::RealImages;

/// The score that the best checkpoint is chosen by, where no images are reconstructed.
const DISTANCE: &str = "sliced_wasserstein";
/// The same between two halves of the training images.
const DISTANCE_OF_HALVES: &str = "sliced_wasserstein_of_halves";
const NEAR_DUPLICATES: &str = "near_duplicates";
/// The score that it is chosen by otherwise, higher being better.
const RECONSTRUCTION: &str = "reconstruction_psnr_db";

/// Scores the checkpoints of a run by their samples beside the training images, and by how near they come
/// to images that are held out.
pub(super) struct Scorer {
    /// `None` where the settings ask for no scores, or the set has no two halves of two images.
    real: Option<RealImages>,
    held_out: Option<ImageSet>,
    seed: u64,
    device: Device,
}

impl Scorer {
    pub(super) fn new(
        config: &RunConfig,
        set: &ImageSet,
        held_out: Option<&ImageSet>,
        device: &Device,
    ) -> Result<Self> {
        let (count, seed) = (config.score.samples, config.train.seed);
        let can_score = count >= 2 && set.count() >= 4;
        let real = can_score.then(|| RealImages::new(set, count, seed));
        let held_out = held_out.map(|set| set.first(config.score.reconstruct));
        Ok(Self {
            real: real.transpose()?,
            held_out: held_out.transpose()?,
            seed,
            device: device.clone(),
        })
    }

    /// How samples differ from the training images.
    fn of_samples(
        &self,
        real: &RealImages,
        generator: &DcganGenerator,
    ) -> Result<CheckpointScores> {
        let samples = real.draw(generator, self.seed, &self.device, &|_| {})?;
        let distance = real.distance(&samples)?;
        let levels = distance.levels.iter().map(|level| {
            let name = format!("{DISTANCE}_{}x{}", level.height, level.width);
            (name, level.distance)
        });
        let mut named: BTreeMap<String, f64> = levels.collect();
        named.insert(DISTANCE.into(), distance.mean);
        named.insert(DISTANCE_OF_HALVES.into(), real.halves.mean);
        let duplicates = real.duplicates(&samples)?;
        named.insert(NEAR_DUPLICATES.into(), duplicates.samples.share);
        Ok(CheckpointScores {
            decisive: distance.mean,
            named,
        })
    }

    /// The mean PSNR of held-out images by a short search, which tells checkpoints apart and is soon over.
    fn reconstruction(&self, images: &ImageSet, generator: &DcganGenerator) -> Result<f64> {
        let config = SearchConfig {
            restarts: 2,
            iterations: 100,
            seed: self.seed,
            ..SearchConfig::reconstruction()
        };
        let found = reconstruction_psnr(generator, images, config, &self.device, &mut Silent)?;
        Ok(found.iter().sum::<f64>() / found.len() as f64)
    }

    fn scores(&self, generator: &DcganGenerator) -> Result<Option<CheckpointScores>> {
        let real = self.real.as_ref();
        let of_samples = real.map(|real| self.of_samples(real, generator));
        let Some(held_out) = &self.held_out else {
            return of_samples.transpose();
        };
        let psnr = self.reconstruction(held_out, generator)?;
        let mut named = of_samples
            .transpose()?
            .map_or_else(BTreeMap::new, |scores| scores.named);
        named.insert(RECONSTRUCTION.into(), psnr);
        Ok(Some(CheckpointScores {
            decisive: -psnr,
            named,
        }))
    }
}

impl CheckpointScore<DcganGenerator> for Scorer {
    fn score(
        &mut self,
        _step: u64,
        generator: &DcganGenerator,
    ) -> Result<Option<CheckpointScores>, Box<dyn Error + Send + Sync>> {
        Ok(self.scores(generator)?)
    }
}
