use semantic_inpaint_tensor::{LatentPrior, Rng};

use super::super::LatentWalk;
use super::*;
use crate::{LatentOptimizer, SearchConfig};

const Z: usize = 100;
const LBFGS: LatentOptimizer = LatentOptimizer::Lbfgs {
    history: 10,
    learning_rate: 0.1,
};

/// `1/2 sum_i c_i (y_i - b_i)^2` with `y = z - 2 u (u z)`, a reflection, and c from 1 to 1000.
struct Bowl {
    optimum: Vec<f64>,
    mirror: Vec<f64>,
}

fn draw(seed: u64) -> Vec<f64> {
    let mut rng = Rng::from_seed(seed);
    (0..Z).map(|_| 2.0 * rng.next_unit() - 1.0).collect()
}

impl Bowl {
    fn coupled() -> Self {
        let mut mirror = draw(2);
        stretch(&mut mirror, |_| 1.0 / (Z as f64).sqrt());
        Self {
            optimum: draw(1),
            mirror,
        }
    }

    fn reflected(&self, z: &[f64]) -> Vec<f64> {
        let mut mirrored = z.to_vec();
        add(&mut mirrored, -2.0 * dot(&self.mirror, z), &self.mirror);
        mirrored
    }

    fn at(&self, z: &[f32]) -> (f64, Vec<f32>) {
        let apart = difference(
            z.iter()
                .map(|&z| f64::from(z))
                .collect::<Vec<_>>()
                .iter()
                .zip(&self.optimum),
            |&value| value,
        );
        let apart = self.reflected(&apart);
        let bend = |index: usize| 1000f64.powf(index as f64 / (Z - 1) as f64);
        let slopes: Vec<f64> = apart.iter().enumerate().map(|(i, y)| bend(i) * y).collect();
        let gradient = self.reflected(&slopes).iter().map(|&g| g as f32).collect();
        (0.5 * dot(&slopes, &apart), gradient)
    }
}

fn walk(constraint: LatentConstraint) -> LatentWalk {
    let config = SearchConfig {
        constraint,
        ..SearchConfig::paper()
    };
    LatentWalk::start(&config, LatentPrior::Uniform, Z, 0).unwrap()
}

/// The lowest value and its point after so many evaluations.
fn minimize(
    mut walk: LatentWalk,
    optimizer: LatentOptimizer,
    evaluations: usize,
    function: impl Fn(&[f32]) -> (f64, Vec<f32>),
) -> (f64, Vec<f32>) {
    let mut best = (f64::INFINITY, Vec::new());
    for _ in 0..evaluations {
        let (value, gradient) = function(&walk.z);
        if value < best.0 {
            best = (value, walk.z.clone());
        }
        walk.update(optimizer, 1.0, value, &gradient);
    }
    best
}

fn farthest(z: &[f32], optimum: &[f64]) -> f64 {
    let apart = z.iter().zip(optimum).map(|(&z, best)| f64::from(z) - best);
    apart.fold(0.0, |farthest, apart| farthest.max(apart.abs()))
}

#[test]
fn a_stretched_bowl_is_minimized_much_faster_than_by_adam() {
    let bowl = Bowl::coupled();
    let lowest = |optimizer, evaluations| {
        let walk = walk(LatentConstraint::Free);
        minimize(walk, optimizer, evaluations, |z| bowl.at(z))
    };
    let (ours, _) = lowest(LBFGS, 150);
    for learning_rate in [0.01, 0.03, 0.1, 0.3] {
        let (adam, _) = lowest(LatentOptimizer::Adam { learning_rate }, 150);
        assert!(ours < 0.01 * adam, "{ours}, Adam {learning_rate}: {adam}");
    }
    let (value, z) = lowest(LBFGS, 600);
    let apart = farthest(&z, &bowl.optimum);
    assert!(value < 1e-6 && apart < 1e-3, "{value} {apart}");
}

#[test]
fn the_optimum_in_a_box_is_found_where_the_free_one_lies_outside() {
    let mut bowl = Bowl::coupled();
    // No reflection: each coordinate has its optimum, or the wall before it.
    bowl.mirror.fill(0.0);
    bowl.optimum.iter_mut().for_each(|best| *best *= 3.0);
    let inside: Vec<f64> = bowl
        .optimum
        .iter()
        .map(|best| best.clamp(-1.0, 1.0))
        .collect();
    assert!(inside.iter().filter(|best| best.abs() == 1.0).count() > 30);
    let (_, z) = minimize(
        walk(LatentConstraint::Clip { bound: 1.0 }),
        LBFGS,
        300,
        |z| bowl.at(z),
    );
    let apart = farthest(&z, &inside);
    assert!(apart < 1e-3, "{apart}");
}

#[test]
fn the_nearest_point_of_the_sphere_is_found() {
    let bowl = Bowl::coupled();
    let norm = dot(&bowl.optimum, &bowl.optimum).sqrt();
    let nearest: Vec<f64> = bowl.optimum.iter().map(|best| best * 10.0 / norm).collect();
    let distance = |z: &[f32]| {
        let apart: Vec<f32> = z
            .iter()
            .zip(&bowl.optimum)
            .map(|(z, &best)| z - best as f32)
            .collect();
        let squares: f64 = apart.iter().map(|apart| f64::from(*apart).powi(2)).sum();
        (0.5 * squares, apart)
    };
    let (_, z) = minimize(walk(LatentConstraint::Sphere), LBFGS, 60, distance);
    let apart = farthest(&z, &nearest);
    assert!(apart < 1e-2, "{apart}");
}

#[test]
fn pairs_of_no_positive_curvature_are_not_remembered() {
    let mut lbfgs = Lbfgs::default();
    let rule = LbfgsRule {
        history: 3,
        learning_rate: 0.1,
        scale: 1.0,
        constraint: LatentConstraint::Clip { bound: 1.0 },
    };
    // A hill: the gradient grows less along every step downward.
    let hill = |z: &[f32]| {
        let gradient: Vec<f32> = z.iter().map(|z| -z).collect();
        (
            -0.5 * z.iter().map(|z| f64::from(z * z)).sum::<f64>(),
            gradient,
        )
    };
    let mut z = vec![0.1, -0.2, 0.3];
    for _ in 0..30 {
        let (value, gradient) = hill(&z);
        z = lbfgs.next(rule, Point::new(&z, value, &gradient));
        z.iter_mut().for_each(|z| *z = z.clamp(-1.0, 1.0));
        assert!(lbfgs.pairs.is_empty());
    }
    assert_eq!(z, [1.0, -1.0, 1.0]);
}

#[test]
fn no_more_pairs_are_kept_than_the_history_has() {
    let bowl = Bowl::coupled();
    let mut walk = walk(LatentConstraint::Free);
    for _ in 0..40 {
        let (value, gradient) = bowl.at(&walk.z);
        walk.update(LBFGS, 1.0, value, &gradient);
    }
    assert_eq!(walk.lbfgs.pairs.len(), 10);
    assert!(walk.lbfgs.pairs.iter().all(|pair| pair.curvature > 0.0));
}

#[test]
fn a_step_that_raises_the_objective_is_halved_from_where_it_began() {
    let mut walk = walk(LatentConstraint::Free);
    let start = walk.z.clone();
    let slope = vec![1.0; Z];
    walk.update(LBFGS, 1.0, 5.0, &slope);
    let whole: Vec<f32> = walk.z.clone();
    walk.update(LBFGS, 1.0, 6.0, &slope);
    for ((half, whole), start) in walk.z.iter().zip(&whole).zip(&start) {
        assert!((whole - start + 0.1).abs() < 1e-6);
        assert!((half - (start + whole) / 2.0).abs() < 1e-6);
    }
    walk.judge_anew();
    assert_eq!(walk.z, start);
}
