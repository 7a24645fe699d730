//! What is made of the restarts at a search's end.

use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::{Device, Error as TensorError, ImageBatch, Latent, Tensor};

use super::images::Latents;
use super::{Course, LatentSearch, SearchResult};
use crate::confidence::evidence;
use crate::{Orientation, Result, SearchAnswer, SearchObserver};

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
    /// Which way round what they generate is.
    pub orientation: Vec<Orientation>,
    /// Their images, upright, `[N, C, H, W]` in `[-1, 1]`, before blending.
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
        self.finish(course, Some(corrupted))
    }

    /// What a search found, with evidence where something was missing.
    pub(super) fn finish(
        &self,
        course: Course,
        corrupted: Option<&CorruptedImages>,
    ) -> Result<RankedCompletions> {
        let ranks = self.ranks(&course)?;
        let generated = self.answer(&course, &ranks)?;
        let disagreement = disagreement(&ranks)?;
        let several = (ranks.len() > 1).then_some(&disagreement);
        let evidence = corrupted.map(|corrupted| evidence(corrupted, &generated, several));
        let evidence = evidence.transpose()?.unwrap_or_default();
        let Course {
            state,
            trace,
            iterations,
            stopped,
            ..
        } = course;
        let (best, latents) = (state.best_rows(), state.best_latents());
        let result = SearchResult {
            latent: self.to_latent(&latents.z)?,
            orientation: latents.orientation,
            generated,
            context_loss: best.iter().map(|row| f64::from(row.best.context)).collect(),
            prior_loss: best.iter().map(|row| f64::from(row.best.prior)).collect(),
            objective: state.best.clone(),
            evidence,
            restart: best.iter().map(|row| row.restart).collect(),
            trace,
            iterations,
            converged: state.window.converged,
            precision: self.precision(),
            stopped,
        };
        Ok(RankedCompletions {
            ranks,
            disagreement,
            result,
        })
    }

    /// All restarts that are left of each image, the best first.
    fn ranks(&self, course: &Course) -> Result<Vec<RankedCompletion>> {
        let rows = course.state.ranked_rows();
        let num_ranks = rows.iter().map(Vec::len).min().unwrap_or(0);
        let ranks = (0..num_ranks).map(|rank| {
            let latents = Latents::best_of(rows.iter().map(|rows| rows[rank]));
            Ok(RankedCompletion {
                latent: self.to_latent(&latents.z)?,
                generated: self.upright(&latents)?,
                orientation: latents.orientation,
                objective: rows.iter().map(|rows| rows[rank].best.objective).collect(),
            })
        });
        ranks.collect()
    }

    /// The images that the search answers with.
    fn answer(&self, course: &Course, ranks: &[RankedCompletion]) -> Result<ImageBatch> {
        let found = |of| mean(ranks.iter().take(of).map(|rank| rank.generated.tensor()));
        match self.config.answer {
            SearchAnswer::Best => Ok(ImageBatch::new(found(1)?)?),
            SearchAnswer::Mean { of } => Ok(ImageBatch::new(found(of)?)?),
            SearchAnswer::MeanAndGuess { of, guess_share } => {
                let guesses = course.starts.iter().map(|start| self.upright(start));
                let guesses = guesses.collect::<Result<Vec<_>>>()?;
                let guess = mean(guesses.iter().map(ImageBatch::tensor))?;
                let mixture = (found(of)? * (1.0 - guess_share))
                    .and_then(|found| found + (guess * guess_share)?);
                Ok(ImageBatch::new(mixture.map_err(TensorError::from)?)?)
            }
        }
    }
}

/// The mean of images `[N, C, H, W]`; one alone keeps its bits.
fn mean<'a>(images: impl Iterator<Item = &'a Tensor>) -> Result<Tensor> {
    let images: Vec<&Tensor> = images.collect();
    if let [one] = images[..] {
        return Ok(one.clone());
    }
    let mean = Tensor::stack(&images, 0).and_then(|images| images.mean(0));
    Ok(mean.map_err(TensorError::from)?)
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
