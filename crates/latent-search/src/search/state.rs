use semantic_inpaint_nn::frozen::Precision;
use semantic_inpaint_nn::{Discriminator, Generator};

use super::convergence::Window;
use super::images::Latents;
use super::{LatentSearch, ROWS_PER_PASS};
use crate::engine::{CudaObjective, FastNetworks, FrozenObjective};
use crate::latent_walk::LatentWalk;
use crate::objective::{Evaluation, Objective};
use crate::{Orientation, Result, SearchConfig, SearchProgress};

/// All rows of a search: a row per image and restart, in groups that share a pass.
pub(super) struct State {
    pub(super) groups: Vec<Group>,
    /// A row per image, and behind them one per mirrored image, if some rows work on these.
    objective: Objective,
    /// Of the networks that the groups' buffers belong to.
    pub(super) precision: Precision,
    /// The lowest objective of each image.
    pub(super) best: Vec<f64>,
    /// What decides when an image is done.
    pub(super) window: Window,
    /// The rows of images that are done.
    pub(super) finished: Vec<Row>,
}

pub(super) struct Group {
    pub(super) path: Path,
    pub(super) rows: Vec<Row>,
    /// The rows' latents, `[rows, Z]`.
    pub(super) z: Vec<f32>,
    pub(super) evaluation: Evaluation,
}

/// The ways to the same values.
pub(super) enum Path {
    Frozen(Box<FrozenObjective>),
    Cuda(Box<CudaObjective>),
    Plain(Objective),
}

impl Group {
    fn new(path: Path, rows: Vec<Row>) -> Self {
        let latent_len = rows.first().map_or(0, |row| row.walk.z.len());
        let evaluation = Evaluation {
            context: vec![0.0; rows.len()],
            prior: vec![0.0; rows.len()],
            gradient: vec![0.0; rows.len() * latent_len],
        };
        let z = vec![0.0; rows.len() * latent_len];
        Self {
            path,
            rows,
            z,
            evaluation,
        }
    }

    /// Keeps every row's present z if it is its best so far; false when a loss is not finite.
    pub(super) fn note(&mut self, config: &SearchConfig) -> bool {
        let Evaluation { context, prior, .. } = &self.evaluation;
        let losses = context.iter().copied().zip(prior.iter().copied());
        let rows = self.rows.iter_mut().zip(losses);
        rows.fold(true, |finite, (row, losses)| {
            row.note(losses, config) && finite
        })
    }
}

pub(super) struct Row {
    pub(super) image: usize,
    pub(super) restart: usize,
    pub(super) orientation: Orientation,
    pub(super) walk: LatentWalk,
    pub(super) best: Best,
}

#[derive(Debug, Clone)]
pub(super) struct Best {
    pub(super) objective: f64,
    pub(super) context: f32,
    pub(super) prior: f32,
    pub(super) z: Vec<f32>,
}

impl Row {
    fn is_mirrored(&self) -> bool {
        self.orientation == Orientation::Mirrored
    }

    /// Keeps the present z if it is the best so far; false when a loss is not finite.
    fn note(&mut self, (context, prior): (f32, f32), config: &SearchConfig) -> bool {
        let objective = config.objective_of(context, prior, &self.walk.z);
        if objective < self.best.objective {
            (self.best.objective, self.best.context, self.best.prior) = (objective, context, prior);
            self.best.z.copy_from_slice(&self.walk.z);
        }
        objective.is_finite()
    }
}

impl State {
    /// All rows at the starts of these walks, those of each image.
    pub(super) fn at<G: Generator + Sync, D: Discriminator + Sync>(
        search: &LatentSearch<G, D>,
        objective: &Objective,
        walks: Vec<Vec<LatentWalk>>,
    ) -> Result<Self> {
        let mut rows = Vec::new();
        for (image, walks) in walks.into_iter().enumerate() {
            for (restart, walk) in walks.into_iter().enumerate() {
                let best = Best {
                    objective: f64::INFINITY,
                    context: f32::INFINITY,
                    prior: 0.0,
                    z: walk.z.clone(),
                };
                rows.push(Row {
                    image,
                    restart,
                    orientation: search.config.mirror.orientation(restart),
                    walk,
                    best,
                });
            }
        }
        let has_mirrored = rows.iter().any(Row::is_mirrored);
        let mut state = Self {
            groups: Vec::new(),
            precision: search.precision(),
            best: vec![f64::INFINITY; objective.rows()],
            window: Window::new(objective.rows()),
            finished: Vec::new(),
            objective: match has_mirrored {
                true => objective.with_mirrored()?,
                false => objective.clone(),
            },
        };
        state.group(search.frozen.as_ref(), rows)?;
        Ok(state)
    }

    /// Puts the rows that go on into groups, with buffers for them.
    pub(super) fn group(&mut self, networks: Option<&FastNetworks>, rows: Vec<Row>) -> Result<()> {
        self.groups.clear();
        self.groups = self.groups_of(networks, rows)?;
        Ok(())
    }

    /// Rows in groups that share a pass.
    pub(super) fn groups_of(
        &self,
        networks: Option<&FastNetworks>,
        mut rows: Vec<Row>,
    ) -> Result<Vec<Group>> {
        let mut groups = Vec::new();
        if rows.is_empty() {
            return Ok(groups);
        }
        let (group_len, path) = paths(networks, self.precision, rows.len())?;
        while !rows.is_empty() {
            let rest = rows.split_off(group_len.min(rows.len()));
            let targets: Vec<u32> = rows.iter().map(|row| self.target_of(row)).collect();
            let objective = self.objective.select(&targets)?;
            groups.push(Group::new(path(objective)?, rows));
            rows = rest;
        }
        Ok(groups)
    }

    /// The row of the objective that a row is judged by.
    fn target_of(&self, row: &Row) -> u32 {
        let before = match row.orientation {
            Orientation::Upright => 0,
            Orientation::Mirrored => self.num_images(),
        };
        (before + row.image) as u32
    }

    pub(super) fn num_images(&self) -> usize {
        self.best.len()
    }

    /// Puts the rows to latents, `[rows, Z]` row by row.
    pub(super) fn place(&mut self, z: &[f32]) {
        let rows = self.groups.iter_mut().flat_map(|group| &mut group.rows);
        let len = z.len() / self.best.len();
        for (row, z) in rows.zip(z.chunks_exact(len)) {
            row.walk.z.copy_from_slice(z);
        }
    }

    /// The groups' latest losses and gradients, in the order of the rows.
    pub(super) fn evaluations(&self) -> impl Iterator<Item = &Evaluation> {
        self.groups.iter().map(|group| &group.evaluation)
    }

    /// Moves every row's z by the update that follows `iteration`, where a device has not done so.
    pub(super) fn update(&mut self, config: &SearchConfig, iteration: usize) {
        let scale = config.schedule.scale(iteration, config.iterations);
        let on_host = |group: &&mut Group| group.on_device().is_none();
        for group in self.groups.iter_mut().filter(on_host) {
            let Evaluation {
                context,
                prior,
                gradient,
            } = &group.evaluation;
            let gradients = gradient.chunks_exact(gradient.len() / group.rows.len());
            let found = context.iter().zip(prior).zip(gradients);
            for (row, ((&context, &prior), gradient)) in group.rows.iter_mut().zip(found) {
                let objective = config.objective_of(context, prior, &row.walk.z);
                row.walk
                    .update(config.optimizer, scale, objective, gradient);
            }
        }
    }

    /// All rows, those of images that are done behind the others.
    fn rows(&self) -> impl Iterator<Item = &Row> {
        let going_on = self.groups.iter().flat_map(|group| &group.rows);
        going_on.chain(&self.finished)
    }

    /// Where the search stands after an iteration.
    pub(super) fn progress(&self, iteration: usize, iterations: usize) -> SearchProgress {
        SearchProgress {
            iteration,
            iterations,
            mean_objective: self.best.iter().sum::<f64>() / self.best.len() as f64,
        }
    }

    pub(super) fn note_best(&mut self) {
        let mut lowest = std::mem::take(&mut self.best);
        for row in self.rows() {
            let best = &mut lowest[row.image];
            *best = best.min(row.best.objective);
        }
        self.best = lowest;
    }

    /// The rows of each image, the lowest objective first.
    pub(super) fn ranked_rows(&self) -> Vec<Vec<&Row>> {
        let mut ranked: Vec<Vec<&Row>> = vec![Vec::new(); self.num_images()];
        for row in self.rows() {
            ranked[row.image].push(row);
        }
        for rows in &mut ranked {
            rows.sort_by(|a, b| a.best.objective.total_cmp(&b.best.objective));
        }
        ranked
    }

    /// The best row of each image.
    pub(super) fn best_rows(&self) -> Vec<&Row> {
        let ranked = self.ranked_rows().into_iter();
        ranked.filter_map(|rows| rows.first().copied()).collect()
    }

    /// Where the first restart of each image is, and the first of each mirrored image if there is one.
    pub(super) fn first_latents(&self) -> Vec<Latents> {
        let of = |restart| Latents::present(self.rows().filter(move |row| row.restart == restart));
        let has_mirrored = self.rows().any(Row::is_mirrored);
        (0..=usize::from(has_mirrored)).map(of).collect()
    }

    pub(super) fn best_latents(&self) -> Latents {
        Latents::best_of(self.best_rows().into_iter())
    }
}

/// What makes a group's way to its values.
type MakePath<'a> = Box<dyn Fn(Objective) -> Result<Path> + 'a>;

/// Rows of a group, and its way to the values.
fn paths(
    networks: Option<&FastNetworks>,
    precision: Precision,
    rows: usize,
) -> Result<(usize, MakePath<'_>)> {
    let on_host = rows_per_group(rows);
    Ok(match networks {
        None => (on_host, Box::new(|objective| Ok(Path::Plain(objective)))),
        Some(FastNetworks::Host(networks)) => {
            let pair = networks.pair(precision);
            let path = |objective| {
                Ok(Path::Frozen(Box::new(FrozenObjective::new(
                    pair, &objective,
                )?)))
            };
            (on_host, Box::new(path))
        }
        Some(FastNetworks::Cuda(networks)) => {
            let at_once = networks.rows_at_once(rows, precision)?;
            let spaces = networks.spaces(precision, at_once)?;
            let path = move |objective| {
                let objective = CudaObjective::new(networks, &spaces, &objective)?;
                Ok(Path::Cuda(Box::new(objective)))
            };
            (at_once, Box::new(path))
        }
    })
}

/// Groups of equal size, as many for each thread.
fn rows_per_group(rows: usize) -> usize {
    let threads = rayon::current_num_threads();
    let rounds = rows.div_ceil(threads * ROWS_PER_PASS).max(1);
    rows.div_ceil(threads * rounds).max(1)
}
