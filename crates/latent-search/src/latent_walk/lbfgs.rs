//! Limited-memory BFGS on one latent, with a point judged at a time.

use std::collections::VecDeque;

use crate::LatentConstraint;

/// Share of the decrease that the gradient promises which a step must bring (Armijo 1966).
const ARMIJO: f64 = 1e-4;
/// Halvings of a step after which what is remembered counts as misleading.
const MAX_HALVINGS: u32 = 6;
/// Root mean square of a step's coordinates at most: a normal prior's deviation.
const LONGEST_STEP: f64 = 1.0;

/// How a latent moves.
#[derive(Debug, Clone, Copy)]
pub(super) struct LbfgsRule {
    pub(super) history: usize,
    pub(super) learning_rate: f64,
    /// Share of the step that the schedule leaves.
    pub(super) scale: f64,
    pub(super) constraint: LatentConstraint,
}

/// A latent that was judged.
#[derive(Debug, Clone)]
pub(super) struct Point {
    z: Vec<f32>,
    objective: f64,
    gradient: Vec<f64>,
}

/// What the method remembers of its way.
#[derive(Debug, Clone, Default)]
pub(super) struct Lbfgs {
    base: Option<Base>,
    /// The newest last.
    pairs: VecDeque<Pair>,
}

/// The last point that was good enough, and the step from it that is tried.
#[derive(Debug, Clone)]
struct Base {
    point: Point,
    direction: Vec<f64>,
    /// Of the direction.
    share: f64,
    halvings: u32,
}

/// A step and the change of the gradient along it.
#[derive(Debug, Clone)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// Their product, positive.
    curvature: f64,
}

impl Point {
    pub(super) fn new(z: &[f32], objective: f64, gradient: &[f32]) -> Self {
        Self {
            z: z.to_vec(),
            objective,
            gradient: gradient.iter().copied().map(f64::from).collect(),
        }
    }

    /// From another point to this one.
    fn step_from(&self, other: &Self) -> Vec<f64> {
        difference(self.z.iter().zip(&other.z), |&z| f64::from(z))
    }

    /// The gradient without what the constraint would undo: coordinates that press against a wall of the
    /// box, the part that leads away from the sphere.
    fn free_gradient(&self, constraint: LatentConstraint) -> Vec<f64> {
        let coordinates = self.z.iter().zip(&self.gradient);
        match constraint {
            LatentConstraint::Clip { bound } => {
                let wall = bound as f32;
                let is_held =
                    |z: f32, slope: f64| (z >= wall && slope < 0.0) || (z <= -wall && slope > 0.0);
                coordinates
                    .map(|(&z, &slope)| if is_held(z, slope) { 0.0 } else { slope })
                    .collect()
            }
            LatentConstraint::Sphere => {
                let z: Vec<f64> = self.z.iter().copied().map(f64::from).collect();
                let outward = dot(&z, &self.gradient) / dot(&z, &z).max(f64::MIN_POSITIVE);
                let tangent = z.iter().zip(&self.gradient);
                tangent.map(|(z, slope)| slope - outward * z).collect()
            }
            _ => self.gradient.clone(),
        }
    }
}

impl Lbfgs {
    /// The point to judge next, before the constraint.
    pub(super) fn next(&mut self, rule: LbfgsRule, found: Point) -> Vec<f32> {
        match self.base.take() {
            Some(base) if !base.accepts(&found) => self.shorten(rule, base),
            Some(base) => {
                self.remember(rule.history, &base.point, &found);
                self.set_out(rule, found)
            }
            None => self.set_out(rule, found),
        }
    }

    /// Forgets what a step is measured by, and gives the point that it was tried from.
    pub(super) fn forget_base(&mut self) -> Option<Vec<f32>> {
        self.base.take().map(|base| base.point.z)
    }

    /// Half of a step that was too long; where even short ones fail, a step that knows no curvature.
    fn shorten(&mut self, rule: LbfgsRule, base: Base) -> Vec<f32> {
        if base.halvings >= MAX_HALVINGS && !self.pairs.is_empty() {
            self.pairs.clear();
            return self.set_out(rule, base.point);
        }
        self.go(Base {
            share: base.share / 2.0,
            halvings: base.halvings + 1,
            ..base
        })
    }

    /// A whole step from a new point.
    fn set_out(&mut self, rule: LbfgsRule, point: Point) -> Vec<f32> {
        let free = point.free_gradient(rule.constraint);
        let mut direction = self.quasi_newton(&free);
        if let LatentConstraint::Clip { .. } = rule.constraint {
            let held = direction.iter_mut().zip(&free);
            let held = held.filter(|(_, slope)| **slope == 0.0);
            held.for_each(|(direction, _)| *direction = 0.0);
        }
        if self.pairs.is_empty() || dot(&direction, &free) >= 0.0 {
            self.pairs.clear();
            direction = free.iter().map(|slope| -slope).collect();
            stretch(&mut direction, |_| rule.learning_rate);
        }
        stretch(&mut direction, |length| length.min(LONGEST_STEP));
        self.go(Base {
            point,
            direction,
            share: rule.scale,
            halvings: 0,
        })
    }

    fn go(&mut self, base: Base) -> Vec<f32> {
        let z = base.point.z.iter().zip(&base.direction);
        let z = z.map(|(&z, direction)| (f64::from(z) + base.share * direction) as f32);
        let z = z.collect();
        self.base = Some(base);
        z
    }

    /// Keeps the step between two points if the objective bends upward along it.
    fn remember(&mut self, history: usize, from: &Point, to: &Point) {
        let step = to.step_from(from);
        let change = difference(to.gradient.iter().zip(&from.gradient), |&slope| slope);
        let curvature = dot(&step, &change);
        if curvature > f64::EPSILON * dot(&step, &step).sqrt() * dot(&change, &change).sqrt() {
            self.pairs.push_back(Pair {
                step,
                change,
                curvature,
            });
        }
        while self.pairs.len() > history {
            self.pairs.pop_front();
        }
    }

    /// `-H g` by the two-loop recursion (Nocedal and Wright 2006, algorithm 7.4), where H is the
    /// remembered approximation of the inverse Hessian.
    fn quasi_newton(&self, gradient: &[f64]) -> Vec<f64> {
        let mut direction: Vec<f64> = gradient.iter().map(|slope| -slope).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = dot(&pair.step, &direction) / pair.curvature;
            add(&mut direction, -share, &pair.change);
            shares.push(share);
        }
        if let Some(newest) = self.pairs.back() {
            let scale = newest.curvature / dot(&newest.change, &newest.change);
            direction.iter_mut().for_each(|value| *value *= scale);
        }
        for (pair, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let back = dot(&pair.change, &direction) / pair.curvature;
            add(&mut direction, share - back, &pair.step);
        }
        direction
    }
}

impl Base {
    /// Whether a point that the step led to, the constraint applied, is good enough.
    fn accepts(&self, found: &Point) -> bool {
        let promised = dot(&found.step_from(&self.point), &self.point.gradient);
        found.objective <= self.point.objective + ARMIJO * promised.min(0.0)
    }
}

/// Gives a direction another root mean square, as a function of the one it has.
fn stretch(direction: &mut [f64], length: impl Fn(f64) -> f64) {
    let own = (dot(direction, direction) / direction.len() as f64).sqrt();
    if own > 0.0 {
        let scale = length(own) / own;
        direction.iter_mut().for_each(|value| *value *= scale);
    }
}

fn difference<'a, T: 'a>(
    pairs: impl Iterator<Item = (&'a T, &'a T)>,
    value: impl Fn(&T) -> f64,
) -> Vec<f64> {
    pairs.map(|(a, b)| value(a) - value(b)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], share: f64, values: &[f64]) {
    for (to, value) in to.iter_mut().zip(values) {
        *to += share * value;
    }
}

#[cfg(test)]
mod tests;
