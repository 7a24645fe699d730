use std::collections::BTreeMap;

use anyhow::Result;
use semantic_inpaint::dcgan::DcganGenerator;
use semantic_inpaint::train::{History, RunDirectory};
use semantic_inpaint::{Device, ImageSet};

use super::run_config::RunConfig;
use crate::scoring::RealImages;

/// The score that the best checkpoint is chosen by.
const DISTANCE: &str = "sliced_wasserstein";
/// The same between two halves of the training images.
const DISTANCE_OF_HALVES: &str = "sliced_wasserstein_of_halves";
const NEAR_DUPLICATES: &str = "near_duplicates";

/// Scores the checkpoints of a run against its training images and knows the best.
pub(super) struct Scorer {
    real: RealImages,
    seed: u64,
    lowest: Option<f64>,
}

impl Scorer {
    /// `None` where the settings ask for no scores, or the set has no two halves of two images.
    pub(super) fn new(
        config: &RunConfig,
        set: &ImageSet,
        run: &RunDirectory,
        first_step: u64,
    ) -> Result<Option<Self>> {
        let (count, seed) = (config.score.samples, config.train.seed);
        if count < 2 || set.count() < 4 {
            return Ok(None);
        }
        let history = History::read(&run.events())?;
        // Scores of later steps stem from checkpoints that are made again.
        let earlier = history.scores().get(DISTANCE).into_iter().flatten();
        let lowest = earlier
            .filter(|(step, _)| *step <= first_step)
            .map(|(_, distance)| *distance)
            .reduce(f64::min);
        Ok(Some(Self {
            real: RealImages::new(set, count, seed)?,
            seed,
            lowest,
        }))
    }

    pub(super) fn score(
        &self,
        generator: &DcganGenerator,
        device: &Device,
    ) -> Result<BTreeMap<String, f64>> {
        let samples = self.real.draw(generator, self.seed, device, &|_| {})?;
        let distance = self.real.distance(&samples)?;
        let levels = distance.levels.iter().map(|level| {
            let name = format!("{DISTANCE}_{}x{}", level.height, level.width);
            (name, level.distance)
        });
        let mut scores: BTreeMap<String, f64> = levels.collect();
        scores.insert(DISTANCE.into(), distance.mean);
        scores.insert(DISTANCE_OF_HALVES.into(), self.real.halves.mean);
        let duplicates = self.real.duplicates(&samples)?;
        scores.insert(NEAR_DUPLICATES.into(), duplicates.samples.share);
        Ok(scores)
    }

    /// Whether a checkpoint of these scores is the best so far; it counts from now on.
    pub(super) fn is_best(&mut self, scores: &BTreeMap<String, f64>) -> bool {
        let Some(&distance) = scores.get(DISTANCE) else {
            return false;
        };
        let best = self.lowest.is_none_or(|lowest| distance < lowest);
        if best {
            self.lowest = Some(distance);
        }
        best
    }
}
