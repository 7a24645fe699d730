//! The end of a search in bfloat16, which is in single precision.

use rayon::prelude::*;
use semantic_inpaint_nn::frozen::Precision;
use semantic_inpaint_nn::{Discriminator, Generator};

use super::LatentSearch;
use super::state::{Group, Path, State};
use crate::engine::{FastNetworks, FrozenPair};
use crate::{Error, Result, SearchConfig};

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
        state.fetch(iteration)?;
        state.precision = Precision::F32;
        state.window.begin_at(iteration);
        let rows = state.groups.iter_mut().flat_map(|group| &mut group.rows);
        rows.for_each(|row| row.walk.judge_anew());
        let config = &self.config;
        match networks {
            FastNetworks::Host(networks) => {
                let pair = networks.pair(Precision::F32);
                let groups = state.groups.par_iter_mut();
                groups.try_for_each(|group| group.judge_again(Some(pair), config, iteration))?;
            }
            FastNetworks::Cuda(_) => {
                let rows = state.groups.drain(..).flat_map(|group| group.rows);
                let rows = rows.collect();
                state.group(Some(networks), rows)?;
                let mut groups = state.groups.iter_mut();
                groups.try_for_each(|group| group.judge_again(None, config, iteration))?;
            }
        }
        self.judge_finished(state, iteration)?;
        state.best.fill(f64::INFINITY);
        state.note_best();
        Ok(())
    }

    /// Judges the rows of images that are done in single precision.
    fn judge_finished(&self, state: &mut State, iteration: usize) -> Result<()> {
        let rows = std::mem::take(&mut state.finished);
        let pair = match &self.frozen {
            Some(FastNetworks::Host(networks)) => Some(networks.pair(Precision::F32)),
            _ => None,
        };
        for mut group in state.groups_of(self.frozen.as_ref(), rows)? {
            group.judge_again(pair, &self.config, iteration)?;
            state.finished.extend(group.rows);
        }
        Ok(())
    }
}

impl Group {
    /// Judges every row's best z by other networks: those of a pair on the CPU, or the group's own.
    fn judge_again(
        &mut self,
        pair: Option<&FrozenPair>,
        config: &SearchConfig,
        iteration: usize,
    ) -> Result<()> {
        let latent_len = self.z.len() / self.rows.len();
        for (z, row) in self.z.chunks_exact_mut(latent_len).zip(&self.rows) {
            z.copy_from_slice(&row.best.z);
        }
        match (&mut self.path, pair) {
            (Path::Frozen(objective), Some(pair)) => {
                objective.move_to(pair);
                objective.evaluate(pair, &self.z, &mut self.evaluation);
            }
            (Path::Cuda(objective), _) => objective.evaluate(&self.z, &mut self.evaluation)?,
            _ => return Ok(()),
        }
        let losses = self.evaluation.context.iter().zip(&self.evaluation.prior);
        for (row, (&context, &prior)) in self.rows.iter_mut().zip(losses) {
            let objective = config.objective_of(context, prior, &row.best.z);
            if !objective.is_finite() {
                return Err(Error::NotFinite { iteration });
            }
            let best = &mut row.best;
            (best.objective, best.context, best.prior) = (objective, context, prior);
        }
        Ok(())
    }
}
