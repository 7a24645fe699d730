use std::collections::BTreeMap;
use std::error::Error;

use anyhow::Result;
use semantic_inpaint::dcgan::DcganGenerator;
use semantic_inpaint::train::{CheckpointScore, CheckpointScores};
use semantic_inpaint::{Device, ImageSet};

use super::RunConfig;
use crate::scoring::RealImages;

/// The score that the best checkpoint is chosen by.
const DISTANCE: &str = "sliced_wasserstein";
/// The same between two halves of the training images.
const DISTANCE_OF_HALVES: &str = "sliced_wasserstein_of_halves";
const NEAR_DUPLICATES: &str = "near_duplicates";

/// Scores the checkpoints of a run against its training images.
pub(super) struct Scorer {
    /// `None` where the settings ask for no scores, or the set has no two halves of two images.
    real: Option<RealImages>,
    seed: u64,
    device: Device,
}

impl Scorer {
    pub(super) fn new(config: &RunConfig, set: &ImageSet, device: &Device) -> Result<Self> {
        let (count, seed) = (config.score.samples, config.train.seed);
        let can_score = count >= 2 && set.count() >= 4;
        let real = can_score.then(|| RealImages::new(set, count, seed));
        Ok(Self {
            real: real.transpose()?,
            seed,
            device: device.clone(),
        })
    }

    fn scores(&self, real: &RealImages, generator: &DcganGenerator) -> Result<CheckpointScores> {
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
}

impl CheckpointScore<DcganGenerator> for Scorer {
    fn score(
        &mut self,
        _step: u64,
        generator: &DcganGenerator,
    ) -> Result<Option<CheckpointScores>, Box<dyn Error + Send + Sync>> {
        let scores = self.real.as_ref();
        let scores = scores.map(|real| self.scores(real, generator));
        Ok(scores.transpose()?)
    }
}
