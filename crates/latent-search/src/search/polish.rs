//! The end of a search in bfloat16, which is in single precision.

use rayon::prelude::*;
use semantic_inpaint_nn::frozen::Precision;
use semantic_inpaint_nn::{Discriminator, Generator};

use super::LatentSearch;
use super::state::{Group, Path, State};
use crate::engine::FrozenPair;
use crate::{Error, Result};

/// One of so many parts of the iterations, the last, is in single precision.
const PARTS: usize = 10;

/// The first iteration of the last part, which has at least one.
pub(super) fn start(iterations: usize) -> usize {
    iterations - iterations.div_ceil(PARTS)
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentSearch<G, D> {
    /// Goes on in single precision, if the search is not in it yet: the best latents so far are judged
    /// again, and what they are judged by from now on.
    pub(super) fn polish(&self, state: &mut State, iteration: usize) -> Result<()> {
        let Some(networks) = &self.frozen else {
            return Ok(());
        };
        if state.precision == Precision::F32 {
            return Ok(());
        }
        state.precision = Precision::F32;
        let pair = networks.pair(Precision::F32);
        let weight = self.config.prior_weight;
        (state.groups.par_iter_mut())
            .map(|group| group.judge_again(pair, weight))
            .reduce(|| true, |left, right| left && right)
            .then_some(())
            .ok_or(Error::NotFinite { iteration })?;
        state.best.fill(f64::INFINITY);
        state.note_best();
        Ok(())
    }
}

impl Group {
    /// Losses of every row's best z by other networks; false when one is not finite.
    fn judge_again(&mut self, pair: &FrozenPair, prior_weight: f64) -> bool {
        let Path::Frozen(objective) = &mut self.path else {
            return true;
        };
        objective.move_to(pair);
        let latent_len = self.z.len() / self.rows.len();
        for (z, row) in self.z.chunks_exact_mut(latent_len).zip(&self.rows) {
            z.copy_from_slice(&row.best.z);
        }
        objective.evaluate(pair, &self.z, &mut self.evaluation);
        let losses = self.evaluation.context.iter().zip(&self.evaluation.prior);
        let rows = self.rows.iter_mut().zip(losses);
        rows.fold(true, |finite, (row, (&context, &prior))| {
            let objective = f64::from(context) + prior_weight * f64::from(prior);
            let best = &mut row.best;
            (best.objective, best.context, best.prior) = (objective, context, prior);
            finite && objective.is_finite()
        })
    }
}
