//! Searches whose rows live on a device, which evaluates and moves them without the host.

use semantic_inpaint_nn::{Discriminator, Generator};
use semantic_inpaint_tensor::Device;

use super::LatentSearch;
use super::state::{Group, Path, State};
use crate::Result;
use crate::engine::{CudaObjective, FastNetworks, Last, Rows};

/// What of a device's rows the host reads after an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Nothing,
    /// The lowest objective of each row.
    Objectives,
    /// The best latents too.
    Latents,
}

impl Reading {
    /// The least that gives an observer its images and the course its objectives.
    pub(super) fn of(wants_frame: bool, is_traced: bool) -> Self {
        match (wants_frame, is_traced) {
            (true, _) => Self::Latents,
            (false, true) => Self::Objectives,
            (false, false) => Self::Nothing,
        }
    }
}

impl<G: Generator + Sync, D: Discriminator + Sync> LatentSearch<G, D> {
    /// Where the objective's images and weights lie: a CUDA device's fast form takes them from the host.
    pub(super) fn objective_device(&self) -> &Device {
        match self.frozen {
            Some(FastNetworks::Cuda(_)) => &Device::Cpu,
            _ => &self.device,
        }
    }

    /// Whether groups are evaluated at the same time: on the CPU alone.
    pub(super) fn runs_in_parallel(&self) -> bool {
        self.device.is_cpu() && !matches!(self.frozen, Some(FastNetworks::Cuda(_)))
    }

    /// Losses and gradients of all rows, noting every new best; where a device moves the rows, also the
    /// update that follows.
    pub(super) fn iterate(
        &self,
        state: &mut State,
        iteration: usize,
        reading: Reading,
    ) -> Result<()> {
        if state.groups.iter().any(|group| group.on_device().is_none()) {
            return self.evaluate(state, iteration);
        }
        let last = if iteration == self.config.iterations {
            Last::Yes
        } else {
            Last::No
        };
        for group in &mut state.groups {
            group.advance(iteration, last)?;
        }
        match reading {
            Reading::Nothing => Ok(()),
            Reading::Objectives => state.read_objectives(iteration),
            Reading::Latents => state.fetch(iteration),
        }
    }
}

impl State {
    /// Brings the rows to where their device has them. `iteration` is the last one made.
    pub(super) fn fetch(&mut self, iteration: usize) -> Result<()> {
        self.groups
            .iter_mut()
            .try_for_each(|group| group.fetch(iteration))
    }

    /// Reads every row's lowest objective. Its latents stay behind until they are fetched.
    fn read_objectives(&mut self, iteration: usize) -> Result<()> {
        for group in &mut self.groups {
            let Some(objective) = group.on_device() else {
                continue;
            };
            let best = objective.best(iteration)?;
            for (row, objective) in group.rows.iter_mut().zip(best) {
                row.best.objective = objective;
            }
        }
        Ok(())
    }
}

impl Group {
    /// The objective that moves the rows itself, if it does.
    pub(super) fn on_device(&self) -> Option<&CudaObjective> {
        match &self.path {
            Path::Cuda(objective) if objective.walks() => Some(objective),
            _ => None,
        }
    }

    /// Starts an iteration on the device, without waiting for it.
    fn advance(&mut self, iteration: usize, last: Last) -> Result<()> {
        let Path::Cuda(objective) = &mut self.path else {
            return Ok(());
        };
        if !objective.is_ahead() {
            let mut rows = Rows::default();
            for row in &self.rows {
                let (first, second) = row.walk.moments();
                rows.z.extend(&row.walk.z);
                rows.first.extend(first);
                rows.second.extend(second);
                rows.best_z.extend(&row.best.z);
                rows.best.push(row.best.objective);
                rows.best_losses.extend([row.best.context, row.best.prior]);
            }
            objective.load(&rows, iteration)?;
        }
        objective.advance(last)
    }

    fn fetch(&mut self, iteration: usize) -> Result<()> {
        let Some(objective) = self.on_device().filter(|objective| objective.is_ahead()) else {
            return Ok(());
        };
        let (updates, fetched) = (objective.updates(), objective.fetch(iteration)?);
        let len = self.z.len() / self.rows.len();
        let (losses, _) = fetched.best_losses.as_chunks::<2>();
        for (index, row) in self.rows.iter_mut().enumerate() {
            let of = |values: &'_ [f32]| values[index * len..][..len].to_vec();
            let (z, first, second) = (of(&fetched.z), of(&fetched.first), of(&fetched.second));
            row.walk.go_to(&z, &first, &second, updates);
            row.best.z = of(&fetched.best_z);
            row.best.objective = fetched.best[index];
            [row.best.context, row.best.prior] = losses[index];
        }
        Ok(())
    }
}
