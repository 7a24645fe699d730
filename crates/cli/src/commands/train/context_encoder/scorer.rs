use std::collections::BTreeMap;
use std::error::Error;

use anyhow::Result;
use semantic_inpaint::context_encoder::{ContextEncoder, ContextEncoderInpainter, draw_masks};
use semantic_inpaint::mask::Inpainter as _;
use semantic_inpaint::metrics::{Region, mean_absolute_error, region_psnr};
use semantic_inpaint::train::{CheckpointScore, CheckpointScores};
use semantic_inpaint::{CorruptedImages, Device, ImageSet, Mask, Rng};

use super::RunConfig;

/// The stream of the seed that draws the holes.
const MASK_STREAM: u64 = 1 << 41;
/// Images that are completed at once.
const BATCH_LEN: usize = 64;

/// Scores the checkpoints of a run by images that it is not trained on.
pub(super) struct Scorer {
    held_out: Option<HeldOut>,
    device: Device,
}

/// Images and a hole for each.
struct HeldOut {
    set: ImageSet,
    indices: Vec<usize>,
    masks: Mask,
}

impl Scorer {
    pub(super) fn new(
        config: &RunConfig,
        held_out: Option<ImageSet>,
        device: &Device,
    ) -> Result<Self> {
        let with_holes = |set: ImageSet| -> Result<HeldOut> {
            let count = config.score.images.min(set.count());
            let mut rng = Rng::from_seed_and_stream(config.train.seed, MASK_STREAM);
            Ok(HeldOut {
                masks: draw_masks(&config.masks, count, set.size_px(), &mut rng)?,
                indices: (0..count).collect(),
                set,
            })
        };
        Ok(Self {
            held_out: held_out.map(with_holes).transpose()?,
            device: device.clone(),
        })
    }

    fn scores(&self, held_out: &HeldOut, network: &ContextEncoder) -> Result<CheckpointScores> {
        let inpainter = ContextEncoderInpainter::new(network)?;
        let (mut psnr, mut error) = (0.0, 0.0);
        for indices in held_out.indices.chunks(BATCH_LEN) {
            let truth = held_out.set.batch(indices, &self.device)?;
            let mask = held_out.masks.select(indices)?;
            let completed = inpainter.inpaint(&CorruptedImages::new(&truth, &mask)?)?;
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

impl CheckpointScore<ContextEncoder> for Scorer {
    fn score(
        &mut self,
        _step: u64,
        network: &ContextEncoder,
    ) -> Result<Option<CheckpointScores>, Box<dyn Error + Send + Sync>> {
        let held_out = self.held_out.as_ref();
        let scores = held_out.map(|held_out| self.scores(held_out, network));
        Ok(scores.transpose()?)
    }
}
