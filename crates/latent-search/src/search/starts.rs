//! Where the restarts of each image start.

use std::fmt;

use rayon::prelude::*;
use semantic_inpaint_mask::CorruptedImages;
use semantic_inpaint_nn::{Discriminator, Generator, LatentEncoder, Mode};
use semantic_inpaint_tensor::{DType, Error as TensorError, ImageBatch, Latent, Tensor};

use super::images::mirrored;
use super::{LatentSearch, ROWS_PER_PASS};
use crate::latent_walk::{LatentWalk, candidates, drawn};
use crate::objective::Objective;
use crate::{ContextDistance, Error, LatentStart, Orientation, Result};

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

    /// The images mirrored.
    fn mirrored(&self) -> Result<Self> {
        Ok(Self {
            images: ImageBatch::new(mirrored(self.images.tensor())?)?,
            mask: mirrored(&self.mask)?,
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
                let known = known()?;
                let upright = host_rows(encoder.guess(&known)?.tensor())?;
                let mirrored = match self.has_mirrored(restarts) {
                    true => host_rows(encoder.guess(&known.mirrored()?)?.tensor())?,
                    false => Vec::new(),
                };
                self.guessed([&upright, &mirrored], restarts, spread)
            }
        }
    }

    /// Whether one of so many restarts works on the mirrored image.
    fn has_mirrored(&self, restarts: usize) -> bool {
        let mut orientations = (0..restarts).map(|restart| self.config.mirror.orientation(restart));
        orientations.any(|orientation| orientation == Orientation::Mirrored)
    }

    /// Walks from an encoder's latents of images and of mirrored images, but for the first of both moved by a
    /// share of draws from the prior.
    fn guessed(
        &self,
        [upright, mirrored]: [&[Vec<f32>]; 2],
        restarts: usize,
        spread: f64,
    ) -> Result<Vec<Vec<LatentWalk>>> {
        let (prior, len) = (self.generator.latent_prior(), self.generator.latent_len());
        let num_draws = self.config.mirror.draw_of(restarts - 1) + 1;
        let draws = (1..num_draws).map(|draw| drawn(&self.config, prior, len, draw));
        let draws = draws.collect::<Result<Vec<_>>>()?;
        let moved = |guess: &[f32], number: usize| -> Vec<f32> {
            let Some(draw) = number.checked_sub(1).map(|place| &draws[place]) else {
                return guess.to_vec();
            };
            let pairs = guess.iter().zip(draw);
            pairs.map(|(z, draw)| z + spread as f32 * draw).collect()
        };
        let walk = |image: usize, restart: usize| {
            let number = self.config.mirror.draw_of(restart);
            let guess = match self.config.mirror.orientation(restart) {
                Orientation::Upright => &upright[image],
                Orientation::Mirrored => &mirrored[image],
            };
            LatentWalk::from(&self.config, prior, moved(guess, number), number)
        };
        let walks = |image| (0..restarts).map(|restart| walk(image, restart)).collect();
        Ok((0..upright.len()).map(walks).collect())
    }

    /// Walks from draws, the same for so many images.
    pub(super) fn drawn_walks(
        &self,
        num_images: usize,
        restarts: usize,
    ) -> Result<Vec<Vec<LatentWalk>>> {
        let (prior, len) = (self.generator.latent_prior(), self.generator.latent_len());
        let number = |restart| self.config.mirror.draw_of(restart);
        let start = |restart| LatentWalk::start(&self.config, prior, len, number(restart));
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
        let mirror = self.config.mirror;
        let drawn = candidates(&self.config, prior, len, count)?;
        let drawn: Vec<Vec<f32>> = drawn.chunks_exact(len).map(<[f32]>::to_vec).collect();
        let limit = mirror.draw_of(restarts - 1) + 1;
        // Those of the mirrored images stand behind the others.
        let mut rankings = rankings(objective, limit)?;
        if self.has_mirrored(restarts) {
            rankings.extend(self::rankings(&objective.mirrored()?, limit)?);
        }
        for (chunk, rows) in drawn.chunks(ROWS_PER_PASS).enumerate() {
            let images = host_rows(self.generate(rows)?.tensor())?;
            rankings.par_iter_mut().for_each(|ranking| {
                ranking.judge(&images, chunk * ROWS_PER_PASS, objective.distance);
            });
        }
        let num_images = objective.rows();
        let walk = |image: usize, restart: usize| {
            let before = match mirror.orientation(restart) {
                Orientation::Upright => 0,
                Orientation::Mirrored => num_images,
            };
            let number = mirror.draw_of(restart);
            let (_, candidate) = rankings[before + image].kept[number];
            LatentWalk::from(&self.config, prior, drawn[candidate].clone(), number)
        };
        let walks = |image| (0..restarts).map(|restart| walk(image, restart)).collect();
        Ok((0..num_images).map(walks).collect())
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
