//! Where the restarts of each image start.

use std::fmt;

use rayon::prelude::*;
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_nn::{Discriminator, Generator, LatentEncoder, Mode};
use semantic_inpaint_tensor::{DType, Error as TensorError, ImageBatch, Latent, Tensor};

use super::{LatentSearch, ROWS_PER_PASS};
use crate::latent_walk::{LatentWalk, candidates, drawn};
use crate::objective::Objective;
use crate::{ContextDistance, Error, LatentStart, Result};

/// The known pixels of one image that count, and the candidates that fit them best.
struct Ranking {
    /// Place in the image `[C, H, W]`, weight and value.
    known: Vec<(usize, f32, f32)>,
    /// Losses and numbers of candidates, the lowest loss first.
    kept: Vec<(f64, usize)>,
    limit: usize,
}

impl Ranking {
    /// Judges candidate number `first` and those that follow it by their images.
    fn judge(&mut self, images: &[Vec<f32>], first: usize, distance: ContextDistance) {
        for (number, image) in images.iter().enumerate() {
            let terms = self.known.iter().map(|&(place, weight, value)| {
                f64::from(weight * distance.value_and_slope(image[place] - value).0)
            });
            let loss: f64 = terms.sum();
            let place = self.kept.partition_point(|&(kept, _)| kept <= loss);
            if place < self.limit {
                self.kept.insert(place, (loss, first + number));
                self.kept.truncate(self.limit);
            }
        }
    }
}

/// What is known of images, as an encoder reads it.
pub(super) struct Known {
    /// `[N, C, H, W]`, missing pixels 0.
    images: ImageBatch,
    /// `[N, 1, H, W]`, 1 where known.
    mask: Tensor,
}

impl Known {
    pub(super) fn of(corrupted: &CorruptedImages) -> Result<Self> {
        let images = corrupted.images().clone();
        let mask = corrupted.mask().to_tensor(images.tensor().device())?;
        Ok(Self { images, mask })
    }

    /// Images of which nothing is missing.
    pub(super) fn all(images: &ImageBatch) -> Result<Self> {
        let shape = images.shape();
        let dims = (images.count(), 1, shape.height, shape.width);
        let mask = Tensor::ones(dims, DType::F32, images.tensor().device());
        Ok(Self {
            images: images.clone(),
            mask: mask.map_err(TensorError::from)?,
        })
    }
}

/// An encoder, whatever its type.
pub(super) trait LatentGuess: fmt::Debug + Send + Sync {
    /// The latents of images, `[N, Z]`.
    fn guess(&self, known: &Known) -> Result<Latent>;
}

impl<E: LatentEncoder + fmt::Debug + Send + Sync> LatentGuess for E {
    fn guess(&self, known: &Known) -> Result<Latent> {
        Ok(self.encode(&known.images, &known.mask, Mode::Eval)?)
    }
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentSearch<G, D> {
    /// The walks of every image's restarts, at their starts; an encoder is shown what is `known`.
    pub(super) fn walks(
        &self,
        objective: &Objective,
        restarts: usize,
        known: impl FnOnce() -> Result<Known>,
    ) -> Result<Vec<Vec<LatentWalk>>> {
        match self.config.start {
            LatentStart::Prior | LatentStart::Normal => {
                self.drawn_walks(objective.rows(), restarts)
            }
            LatentStart::Nearest { candidates } => self.nearest(objective, restarts, candidates),
            LatentStart::Encoder { spread } => {
                let encoder = self.encoder.as_ref().ok_or(Error::NoEncoder)?;
                self.guessed(&encoder.guess(&known()?)?, restarts, spread)
            }
        }
    }

    /// Walks from these latents, but for the first restart moved by a share of draws from the prior.
    fn guessed(
        &self,
        latent: &Latent,
        restarts: usize,
        spread: f64,
    ) -> Result<Vec<Vec<LatentWalk>>> {
        let (prior, len) = (self.generator.latent_prior(), self.generator.latent_len());
        let draws = (1..restarts).map(|restart| drawn(&self.config, prior, len, restart));
        let draws = draws.collect::<Result<Vec<_>>>()?;
        let moved = |guess: &[f32], draw: &[f32]| -> Vec<f32> {
            let pairs = guess.iter().zip(draw);
            pairs.map(|(z, draw)| z + spread as f32 * draw).collect()
        };
        let walks = |guess: Vec<f32>| {
            let others: Vec<_> = draws.iter().map(|draw| moved(&guess, draw)).collect();
            let starts = std::iter::once(guess).chain(others).enumerate();
            starts
                .map(|(restart, z)| LatentWalk::from(&self.config, prior, z, restart))
                .collect()
        };
        Ok(host_rows(latent.tensor())?.into_iter().map(walks).collect())
    }

    /// Walks from draws, the same for so many images.
    pub(super) fn drawn_walks(
        &self,
        num_images: usize,
        restarts: usize,
    ) -> Result<Vec<Vec<LatentWalk>>> {
        let (prior, len) = (self.generator.latent_prior(), self.generator.latent_len());
        let start = |restart| LatentWalk::start(&self.config, prior, len, restart);
        let starts = (0..restarts).map(start).collect::<Result<Vec<_>>>()?;
        Ok(vec![starts; num_images])
    }

    fn nearest(
        &self,
        objective: &Objective,
        restarts: usize,
        count: usize,
    ) -> Result<Vec<Vec<LatentWalk>>> {
        let (prior, len) = (self.generator.latent_prior(), self.generator.latent_len());
        let drawn = candidates(&self.config, prior, len, count)?;
        let drawn: Vec<Vec<f32>> = drawn.chunks_exact(len).map(<[f32]>::to_vec).collect();
        let mut rankings = rankings(objective, restarts)?;
        for (chunk, rows) in drawn.chunks(ROWS_PER_PASS).enumerate() {
            let images = host_rows(self.generate(rows)?.tensor())?;
            rankings.par_iter_mut().for_each(|ranking| {
                ranking.judge(&images, chunk * ROWS_PER_PASS, objective.distance);
            });
        }
        let walks = |ranking: Ranking| {
            let kept = ranking.kept.into_iter().enumerate();
            kept.map(|(restart, (_, number))| {
                LatentWalk::from(&self.config, prior, drawn[number].clone(), restart)
            })
            .collect()
        };
        Ok(rankings.into_iter().map(walks).collect())
    }
}

/// A ranking of no candidate yet for each image.
fn rankings(objective: &Objective, limit: usize) -> Result<Vec<Ranking>> {
    let (targets, weights) = (
        host_rows(&objective.target)?,
        host_rows(&objective.weights)?,
    );
    let ranking = |(target, weights): (Vec<f32>, Vec<f32>)| {
        let num_pixels = weights.len();
        let weighed = target.into_iter().enumerate();
        let weighed = weighed.map(|(place, value)| (place, weights[place % num_pixels], value));
        Ranking {
            known: weighed.filter(|&(_, weight, _)| weight > 0.0).collect(),
            kept: Vec::with_capacity(limit + 1),
            limit,
        }
    };
    Ok(targets.into_iter().zip(weights).map(ranking).collect())
}

/// The rows of a tensor on the host.
fn host_rows(tensor: &Tensor) -> Result<Vec<Vec<f32>>> {
    let rows = tensor.flatten_from(1).and_then(|rows| rows.to_vec2());
    Ok(rows.map_err(TensorError::from)?)
}
