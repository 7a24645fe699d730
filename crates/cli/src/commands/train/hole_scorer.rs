use std::collections::BTreeMap;
use std::error::Error;

use anyhow::Result;
use semantic_inpaint::metrics::{Region, mean_absolute_error, region_psnr};
use semantic_inpaint::tensor::ImageBatch;
use semantic_inpaint::train::{CheckpointScore, CheckpointScores};
use semantic_inpaint::{CorruptedImages, Device, ImageSet, Mask, MaskShape, Rng};
use serde::{Deserialize, Serialize};

use super::held_out::HeldOut;

/// The stream of the seed that draws the holes.
const MASK_STREAM: u64 = 1 << 41;
/// Images that are completed at once.
const BATCH_LEN: usize = 64;

/// How checkpoints of networks that fill holes are scored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HoleScoreConfig {
    /// Images of the validation part, which is not trained on then; 0 for no scores.
    pub(super) images: usize,
}

impl HoleScoreConfig {
    pub(super) fn held_out(&self) -> HeldOut {
        HeldOut {
            count: self.images,
            option: "--score-images",
        }
    }
}

/// Fills the holes of images.
pub(super) type Completer = Box<dyn Fn(&CorruptedImages) -> Result<ImageBatch>>;

/// Scores the checkpoints of a run by the holes of images that it is not trained on, which a network fills
/// by the completer that is made of it, once for a score.
pub(super) struct HoleScorer<F> {
    held_out: Option<Holes>,
    device: Device,
    completer: F,
}

/// Images and a hole for each.
struct Holes {
    set: ImageSet,
    indices: Vec<usize>,
    masks: Mask,
}

impl<F> HoleScorer<F> {
    pub(super) fn new(
        config: &HoleScoreConfig,
        shapes: &[MaskShape],
        seed: u64,
        held_out: Option<ImageSet>,
        device: &Device,
        completer: F,
    ) -> Result<Self> {
        let with_holes = |set: ImageSet| -> Result<Holes> {
            let (count, size_px) = (config.images.min(set.count()), set.size_px());
            let mut rng = Rng::from_seed_and_stream(seed, MASK_STREAM);
            Ok(Holes {
                masks: Mask::draw(shapes, count, size_px, size_px, &mut rng)?,
                indices: (0..count).collect(),
                set,
            })
        };
        Ok(Self {
            held_out: held_out.map(with_holes).transpose()?,
            device: device.clone(),
            completer,
        })
    }

    fn scores<N>(&self, held_out: &Holes, network: &N) -> Result<CheckpointScores>
    where
        F: Fn(&N) -> Result<Completer>,
    {
        let complete = (self.completer)(network)?;
        let (mut psnr, mut error) = (0.0, 0.0);
        for indices in held_out.indices.chunks(BATCH_LEN) {
            let truth = held_out.set.batch(indices, &self.device)?;
            let mask = held_out.masks.select(indices)?;
            let completed = complete(&CorruptedImages::new(&truth, &mask)?)?;
            let hole = region_psnr(&truth, &completed, &mask, Region::Hole)?;
            psnr += hole.into_iter().sum::<f64>();
            let hole = mean_absolute_error(&truth, &completed, &mask, Region::Hole)?;
            error += hole.into_iter().sum::<f64>();
        }
        let count = held_out.indices.len() as f64;
        let (psnr, error) = (psnr / count, error / count);
        Ok(CheckpointScores {
            decisive: -psnr,
            named: BTreeMap::from([
                ("hole_psnr_db".to_owned(), psnr),
                ("hole_l1".to_owned(), error),
            ]),
        })
    }
}

impl<N, F> CheckpointScore<N> for HoleScorer<F>
where
    F: Fn(&N) -> Result<Completer>,
{
    fn score(
        &mut self,
        _step: u64,
        network: &N,
    ) -> Result<Option<CheckpointScores>, Box<dyn Error + Send + Sync>> {
        let held_out = self.held_out.as_ref();
        let scores = held_out.map(|held_out| self.scores(held_out, network));
        Ok(scores.transpose()?)
    }
}
