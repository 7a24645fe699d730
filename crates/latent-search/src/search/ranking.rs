//! What is made of the restarts at a search's end.

use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, Latent, Tensor};

use super::state::Row;
use super::{Course, LatentSearch, SearchResult};
use crate::{Result, SearchAnswer, SearchObserver};

/// Several completions of each image, the likeliest first.
#[derive(Debug, Clone)]
pub struct RankedCompletions {
    /// The first has for each image the restart with the lowest objective, and so on.
    pub ranks: Vec<RankedCompletion>,
    /// How much the generated images differ at each pixel: their standard deviation over the ranks, root
    /// mean square over the channels, on the scale of `[-1, 1]`: `[N, 1, H, W]` on the CPU. 0 with one
    /// restart.
    pub disagreement: Tensor,
    /// What [`LatentSearch::search`] finds.
    pub result: SearchResult,
}

/// One completion of each image.
#[derive(Debug, Clone)]
pub struct RankedCompletion {
    /// The latents, `[N, Z]`.
    pub latent: Latent,
    /// Their images, `[N, C, H, W]` in `[-1, 1]`, before blending.
    pub generated: ImageBatch,
    /// The objective of each image, not below that of the rank before.
    pub objective: Vec<f64>,
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentSearch<G, D> {
    /// The completions that all restarts found, ranked by their objective, and where they disagree.
    ///
    /// There are [`SearchConfig::restarts_left`](crate::SearchConfig::restarts_left) ranks, or more where an
    /// observer stopped the search. The objective reads the known
    /// pixels alone, so the order may be another than that by the hidden truth.
    ///
    /// # Errors
    ///
    /// As [`LatentSearch::search`].
    pub fn completions(
        &self,
        corrupted: &CorruptedImages,
        observer: &mut dyn SearchObserver,
    ) -> Result<RankedCompletions> {
        let course = self.course(corrupted, observer)?;
        let rows = course.state.ranked_rows();
        let num_ranks = rows.iter().map(Vec::len).min().unwrap_or(0);
        let ranks = (0..num_ranks)
            .map(|rank| self.completion(&rows, rank))
            .collect::<Result<Vec<_>>>()?;
        Ok(RankedCompletions {
            disagreement: disagreement(&ranks)?,
            ranks,
            result: self.finish(course)?,
        })
    }

    fn completion(&self, rows: &[Vec<&Row>], rank: usize) -> Result<RankedCompletion> {
        let latents = latents(rows, rank);
        Ok(RankedCompletion {
            latent: self.to_latent(&latents)?,
            generated: self.generate(&latents)?,
            objective: rows.iter().map(|rows| rows[rank].best.objective).collect(),
        })
    }

    /// The images that the search answers with.
    pub(super) fn answer(&self, course: &Course) -> Result<ImageBatch> {
        let rows = course.state.ranked_rows();
        let mean = |of| -> Result<Tensor> {
            let image = |rank| Ok(self.generate(&latents(&rows, rank))?.into_tensor());
            let images = (0..of).map(image).collect::<Result<Vec<_>>>()?;
            let mean = Tensor::stack(&images, 0).and_then(|images| images.mean(0));
            Ok(mean.map_err(TensorError::from)?)
        };
        match self.config.answer {
            SearchAnswer::Best => self.generate(&latents(&rows, 0)),
            SearchAnswer::Mean { of } => Ok(ImageBatch::new(mean(of)?)?),
            SearchAnswer::MeanAndGuess { of, guess_share } => {
                let (found, guess) = (mean(of)?, self.generate(&course.starts)?.into_tensor());
                let mixture =
                    (found * (1.0 - guess_share)).and_then(|found| found + (guess * guess_share)?);
                Ok(ImageBatch::new(mixture.map_err(TensorError::from)?)?)
            }
        }
    }
}

fn latents(rows: &[Vec<&Row>], rank: usize) -> Vec<Vec<f32>> {
    let latents = rows.iter().map(|rows| rows[rank].best.z.clone());
    latents.collect()
}

fn disagreement(ranks: &[RankedCompletion]) -> Result<Tensor> {
    let images = ranks.iter().map(|rank| rank.generated.tensor());
    let images: Vec<&Tensor> = images.collect();
    let deviation = || {
        let images = Tensor::stack(&images, 0)?;
        let apart = images.broadcast_sub(&images.mean_keepdim(0)?)?;
        let deviation = apart.sqr()?.mean(0)?.mean_keepdim(1)?.sqrt()?;
        deviation.to_device(&Device::Cpu)
    };
    Ok(deviation().map_err(TensorError::from)?)
}
