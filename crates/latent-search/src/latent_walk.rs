mod lbfgs;

use semantic_inpaint_tensor::{Device, LatentPrior, Rng};

use crate::{LatentConstraint, LatentOptimizer, LatentSchedule, LatentStart, Result, SearchConfig};
use lbfgs::{Lbfgs, LbfgsRule, Point};

/// Streams of the seed: a restart with draw number d starts from stream `START_STREAMS + d`, and draws its
/// stochastic clipping from stream `CLIP_STREAMS + d`. The number is the restart's own, but for mirrored images.
const START_STREAMS: u64 = 0;
const CLIP_STREAMS: u64 = 1 << 32;
/// The candidates of a start are drawn one after the other from this stream.
const CANDIDATE_STREAM: u64 = 1 << 33;

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;
const EPSILON: f32 = 1e-8;
/// Where the normal prior is clipped, in standard deviations.
const NORMAL_BOUND: f64 = 3.0;

/// One latent on its way: position, velocity, and what the optimizer remembers.
///
/// Every row walks by itself, from a start that depends on the seed and the number of its draw alone.
#[derive(Debug, Clone)]
pub(crate) struct LatentWalk {
    pub(crate) z: Vec<f32>,
    first: Vec<f32>,
    second: Vec<f32>,
    lbfgs: Lbfgs,
    /// Updates made.
    iteration: i32,
    constraint: LatentConstraint,
    clip_rng: Rng,
}

impl LatentWalk {
    /// The walk of a restart from a drawn start.
    pub(crate) fn start(
        config: &SearchConfig,
        prior: LatentPrior,
        latent_len: usize,
        draw: usize,
    ) -> Result<Self> {
        let law = match config.start {
            LatentStart::Normal => LatentPrior::Normal,
            _ => prior,
        };
        let z = drawn(config, law, latent_len, draw)?;
        Ok(Self::from(config, prior, z, draw))
    }

    /// The walk of a restart from z, constrained.
    pub(crate) fn from(
        config: &SearchConfig,
        prior: LatentPrior,
        z: Vec<f32>,
        draw: usize,
    ) -> Self {
        let mut walk = Self {
            first: vec![0.0; z.len()],
            second: vec![0.0; z.len()],
            lbfgs: Lbfgs::default(),
            z,
            iteration: 0,
            constraint: resolve(config.constraint, prior),
            clip_rng: Rng::from_seed_and_stream(config.seed, CLIP_STREAMS + draw as u64),
        };
        walk.constrain();
        walk
    }

    /// Adam's first moment, or the velocity, and the second moment.
    pub(crate) fn moments(&self) -> (&[f32], &[f32]) {
        (&self.first, &self.second)
    }

    /// Goes to where somebody else moved it with so many updates, z and moments.
    pub(crate) fn go_to(&mut self, z: &[f32], first: &[f32], second: &[f32], updates: usize) {
        self.z.copy_from_slice(z);
        self.first.copy_from_slice(first);
        self.second.copy_from_slice(second);
        self.iteration = updates as i32;
    }

    /// Goes back to the last point that was good enough, if z is a mere trial: the objective is another from
    /// now on.
    pub(crate) fn judge_anew(&mut self) {
        if let Some(z) = self.lbfgs.forget_base() {
            self.z = z;
        }
    }

    /// Moves z by one update along `gradient`, `[Z]`, with this share of the step size; the objective at z
    /// tells whether the last update was a good one.
    pub(crate) fn update(
        &mut self,
        optimizer: LatentOptimizer,
        scale: f64,
        objective: f64,
        gradient: &[f32],
    ) {
        self.iteration += 1;
        match optimizer {
            LatentOptimizer::Adam { learning_rate } => {
                self.adam((scale * learning_rate) as f32, gradient);
            }
            LatentOptimizer::Nesterov {
                learning_rate,
                momentum,
            } => {
                self.nesterov((scale * learning_rate) as f32, momentum as f32, gradient);
            }
            LatentOptimizer::Lbfgs {
                history,
                learning_rate,
            } => {
                let rule = LbfgsRule {
                    history,
                    learning_rate,
                    scale,
                    constraint: self.constraint,
                };
                let found = Point::new(&self.z, objective, gradient);
                self.z = self.lbfgs.next(rule, found);
            }
        }
        self.constrain();
    }

    fn adam(&mut self, learning_rate: f32, gradient: &[f32]) {
        let [step, root] = adam_rates(learning_rate, self.iteration);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((z, (m, v)), &g) in self.z.iter_mut().zip(moments).zip(gradient) {
            *m = BETA1 * *m + (1.0 - BETA1) * g;
            *v = BETA2 * *v + (1.0 - BETA2) * g * g;
            *z -= step * *m / (v.sqrt() * root + EPSILON);
        }
    }

    fn nesterov(&mut self, learning_rate: f32, momentum: f32, gradient: &[f32]) {
        for ((z, v), &g) in self.z.iter_mut().zip(&mut self.first).zip(gradient) {
            let before = *v;
            *v = momentum * before - learning_rate * g;
            *z += (1.0 + momentum) * *v - momentum * before;
        }
    }

    fn constrain(&mut self) {
        match self.constraint {
            LatentConstraint::Clip { bound } => {
                let bound = bound as f32;
                self.z.iter_mut().for_each(|z| *z = z.clamp(-bound, bound));
            }
            LatentConstraint::StochasticClip { bound } => {
                for z in &mut self.z {
                    if f64::from(*z).abs() > bound {
                        *z = ((2.0 * self.clip_rng.next_unit() - 1.0) * bound) as f32;
                    }
                }
            }
            LatentConstraint::Sphere => {
                let norm = self.z.iter().map(|z| z * z).sum::<f32>().sqrt();
                let scale = (self.z.len() as f32).sqrt() / norm.max(f32::MIN_POSITIVE);
                self.z.iter_mut().for_each(|z| *z *= scale);
            }
            LatentConstraint::Prior | LatentConstraint::Free => {}
        }
    }
}

/// Draw `number` of the starts, `[Z]`.
pub(crate) fn drawn(
    config: &SearchConfig,
    law: LatentPrior,
    latent_len: usize,
    number: usize,
) -> Result<Vec<f32>> {
    draw(
        law,
        1,
        latent_len,
        config.seed,
        START_STREAMS + number as u64,
    )
}

/// The candidates of [`LatentStart::Nearest`], `[candidates, Z]` row by row.
pub(crate) fn candidates(
    config: &SearchConfig,
    prior: LatentPrior,
    latent_len: usize,
    count: usize,
) -> Result<Vec<f32>> {
    draw(prior, count, latent_len, config.seed, CANDIDATE_STREAM)
}

fn draw(
    law: LatentPrior,
    count: usize,
    latent_len: usize,
    seed: u64,
    stream: u64,
) -> Result<Vec<f32>> {
    let mut rng = Rng::from_seed_and_stream(seed, stream);
    let z = law.sample(count, latent_len, &mut rng, &Device::Cpu)?;
    let z = z.tensor().flatten_all().and_then(|z| z.to_vec1());
    Ok(z.map_err(semantic_inpaint_tensor::Error::from)?)
}

/// The step of Adam's update number `update`, counted from 1, and what the root of its second moment is
/// multiplied by.
fn adam_rates(learning_rate: f32, update: i32) -> [f32; 2] {
    [
        learning_rate / (1.0 - BETA1.powi(update)),
        1.0 / (1.0 - BETA2.powi(update)).sqrt(),
    ]
}

/// Updates after which both of Adam's corrections are exactly 1 in single precision.
const SETTLED: usize = 1 << 15;

/// The step of every update of a search, and Adam's factor of the second moment's root (else 0), one
/// after the other. The last pair stands for all updates after it: where the schedule is constant, there
/// are [`SETTLED`] at most.
pub(crate) fn rates(config: &SearchConfig) -> Vec<f32> {
    let rate = |iteration| {
        let scale = config.schedule.scale(iteration, config.iterations);
        match config.optimizer {
            LatentOptimizer::Adam { learning_rate } => {
                adam_rates((scale * learning_rate) as f32, iteration as i32 + 1)
            }
            LatentOptimizer::Nesterov { learning_rate, .. }
            | LatentOptimizer::Lbfgs { learning_rate, .. } => [(scale * learning_rate) as f32, 0.0],
        }
    };
    let updates = match config.schedule {
        LatentSchedule::Constant => config.iterations.min(SETTLED),
        LatentSchedule::Cosine => config.iterations,
    };
    (0..updates).flat_map(rate).collect()
}

/// The constraint that [`LatentConstraint::Prior`] stands for.
pub(crate) fn resolve(constraint: LatentConstraint, prior: LatentPrior) -> LatentConstraint {
    match (constraint, prior) {
        (LatentConstraint::Prior, LatentPrior::Uniform) => LatentConstraint::Clip { bound: 1.0 },
        (LatentConstraint::Prior, LatentPrior::Sphere) => LatentConstraint::Sphere,
        (LatentConstraint::Prior, _) => LatentConstraint::Clip {
            bound: NORMAL_BOUND,
        },
        _ => constraint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(config: &SearchConfig) -> LatentWalk {
        LatentWalk::start(config, LatentPrior::Uniform, 100, 0).unwrap()
    }

    #[test]
    fn the_rates_of_a_search_without_end_are_a_short_table() {
        let search = SearchConfig {
            iterations: usize::MAX,
            ..SearchConfig::paper()
        };
        let table = rates(&search);
        assert_eq!(table.len(), 2 * SETTLED);
        assert_eq!(table[..2], adam_rates(0.03, 1));
        assert_eq!(table[table.len() - 2..], adam_rates(0.03, 10_000_000));
    }

    #[test]
    fn constraints_hold_after_every_update() {
        let push: Vec<f32> = (0..100)
            .map(|i| if i % 2 == 0 { 50.0 } else { -50.0 })
            .collect();
        let paper = SearchConfig::paper();
        for constraint in [
            LatentConstraint::Prior,
            LatentConstraint::Clip { bound: 0.5 },
            LatentConstraint::StochasticClip { bound: 1.0 },
        ] {
            let mut walk = walk(&SearchConfig {
                constraint,
                ..paper
            });
            for _ in 0..50 {
                walk.update(
                    LatentOptimizer::Adam { learning_rate: 0.1 },
                    1.0,
                    0.0,
                    &push,
                );
                assert!(walk.z.iter().all(|z| z.abs() <= 1.0));
            }
        }
        let mut walk = walk(&SearchConfig {
            constraint: LatentConstraint::Sphere,
            ..paper
        });
        walk.update(
            LatentOptimizer::Adam { learning_rate: 0.1 },
            1.0,
            0.0,
            &push,
        );
        let norm = walk.z.iter().map(|z| z * z).sum::<f32>().sqrt();
        assert!((norm - 10.0).abs() < 1e-4);
    }

    #[test]
    fn both_optimizers_descend_a_bowl() {
        for (optimizer, iterations) in [
            (
                LatentOptimizer::Adam {
                    learning_rate: 0.03,
                },
                300,
            ),
            (
                LatentOptimizer::Nesterov {
                    learning_rate: 0.03,
                    momentum: 0.9,
                },
                300,
            ),
        ] {
            let mut walk = walk(&SearchConfig::paper());
            for _ in 0..iterations {
                let gradient: Vec<f32> = walk.z.iter().map(|z| 2.0 * (z - 0.25)).collect();
                walk.update(optimizer, 1.0, 0.0, &gradient);
            }
            assert!(
                walk.z.iter().all(|z| (z - 0.25).abs() < 1e-2),
                "{optimizer:?}"
            );
        }
    }

    #[test]
    fn restarts_differ_and_seeds_repeat() {
        let config = SearchConfig::paper();
        let start = |restart| {
            LatentWalk::start(&config, LatentPrior::Uniform, 100, restart)
                .unwrap()
                .z
        };
        assert_eq!(start(0), start(0));
        assert_ne!(start(0), start(1));
    }

    #[test]
    fn a_normal_start_is_brought_into_the_box() {
        let walk = walk(&SearchConfig::authors());
        assert!(walk.z.iter().filter(|z| z.abs() == 1.0).count() > 10);
        assert!(walk.z.iter().all(|z| z.abs() <= 1.0));
    }
}
