use semantic_inpaint_tensor::Rng;

use crate::{Error, Result};

/// Iterations in which attraction is exaggerated, and the momentum is low, so that groups form.
const NUM_EARLY: usize = 250;
const EXAGGERATION: f64 = 12.0;
const MOMENTA: [f64; 2] = [0.5, 0.8];
const MIN_GAIN: f64 = 0.01;
const MIN_POINTS: usize = 4;
/// Halvings of the interval that the width of a neighborhood lies in.
const NUM_HALVINGS: usize = 60;
const LEAST: f64 = 1e-12;

/// Settings of [`tsne`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TsneConfig {
    /// About how many neighbors a point has; lowered to a third of the points where they are fewer.
    pub perplexity: f64,
    /// Steps of the descent.
    pub iterations: usize,
    /// Seed of the starting places.
    pub seed: u64,
}

impl Default for TsneConfig {
    /// Perplexity 30, 1000 steps, seed 1.
    fn default() -> Self {
        Self {
            perplexity: 30.0,
            iterations: 1000,
            seed: 1,
        }
    }
}

/// Places in the plane for points of many dimensions, such that near points stay near: exact t-SNE.
///
/// **Source**: van der Maaten and Hinton 2008, "Visualizing data using t-SNE", with early exaggeration and
/// gains. With `p` the symmetric Gaussian similarities of the points and
/// `q_ij = (1 + |y_i - y_j|^2)^-1 / sum` those of their places, it descends on
/// `KL(p | q) = sum p_ij log(p_ij / q_ij)`. Distances between groups that are far apart mean little.
///
/// Time and memory grow with the square of the number of points: for some hundreds.
///
/// # Errors
///
/// [`Error::TooFewImages`] for fewer than 4 points, [`Error::ShapeMismatch`] when their lengths differ,
/// [`Error::NotFinite`] when a coordinate is not finite.
pub fn tsne(points: &[Vec<f32>], config: &TsneConfig) -> Result<Vec<[f64; 2]>> {
    check(points)?;
    let count = points.len();
    let perplexity = config.perplexity.clamp(1.0, count as f64 / 3.0);
    let similarities = similarities(points, perplexity);
    let rng = &mut Rng::from_seed(config.seed);
    let mut places: Vec<[f64; 2]> = (0..count)
        .map(|_| [0; 2].map(|_| 1e-2 * (rng.next_unit() - 0.5)))
        .collect();
    let rate = (count as f64 / EXAGGERATION / 4.0).max(50.0);
    let (mut speeds, mut gains) = (vec![[0.0; 2]; count], vec![[1.0_f64; 2]; count]);
    for iteration in 0..config.iterations {
        let is_early = iteration < NUM_EARLY;
        let exaggeration = if is_early { EXAGGERATION } else { 1.0 };
        let momentum = MOMENTA[usize::from(!is_early)];
        let gradient = gradient(&similarities, &places, exaggeration);
        for (index, slopes) in gradient.iter().enumerate() {
            for axis in 0..2 {
                let (gain, speed) = (&mut gains[index][axis], &mut speeds[index][axis]);
                let is_along = (slopes[axis] > 0.0) == (*speed > 0.0);
                *gain = if is_along { *gain * 0.8 } else { *gain + 0.2 };
                *gain = gain.max(MIN_GAIN);
                *speed = momentum * *speed - rate * *gain * slopes[axis];
                places[index][axis] += *speed;
            }
        }
        center(&mut places);
    }
    Ok(places)
}

/// `KL(p | q)` of places for points.
#[cfg(test)]
pub(super) fn divergence(points: &[Vec<f32>], places: &[[f64; 2]], perplexity: f64) -> f64 {
    let p = similarities(points, perplexity);
    let (weights, sum) = kernel(places);
    let pairs = p.iter().zip(weights).filter(|(p, _)| **p > LEAST);
    pairs
        .map(|(p, weight)| p * (p * sum / weight.max(LEAST)).ln())
        .sum()
}

fn check(points: &[Vec<f32>]) -> Result<()> {
    if points.len() < MIN_POINTS {
        let (what, needed, got) = ("points", MIN_POINTS, points.len());
        return Err(Error::TooFewImages { what, needed, got });
    }
    let len = points[0].len();
    for (index, point) in points.iter().enumerate() {
        if point.len() != len {
            return Err(Error::ShapeMismatch {
                what: "coordinates of a point",
                expected: len.to_string(),
                got: point.len().to_string(),
            });
        }
        if let Some(&value) = point.iter().find(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                what: "point",
                index,
                value,
            });
        }
    }
    Ok(())
}

fn squared_distance(one: &[f32], other: &[f32]) -> f64 {
    let differences = one
        .iter()
        .zip(other)
        .map(|(one, other)| f64::from(one - other));
    differences.map(|difference| difference * difference).sum()
}

/// `p_ij`, `[N, N]` with sum 1 and 0 on the diagonal.
fn similarities(points: &[Vec<f32>], perplexity: f64) -> Vec<f64> {
    let count = points.len();
    let mut conditional = vec![0.0; count * count];
    for (index, row) in conditional.chunks_exact_mut(count).enumerate() {
        for (value, point) in row.iter_mut().zip(points) {
            *value = squared_distance(&points[index], point);
        }
        to_probabilities(row, index, perplexity.ln());
    }
    let symmetric = |at: usize| conditional[at] + conditional[at % count * count + at / count];
    (0..count * count)
        .map(|at| symmetric(at) / (2 * count) as f64)
        .collect()
}

/// Turns squared distances from a point into probabilities of its neighbors with this entropy.
fn to_probabilities(row: &mut [f64], own: usize, entropy: f64) {
    let others = |row: &[f64]| -> Vec<f64> {
        let others = row.iter().enumerate().filter(|(index, _)| *index != own);
        others.map(|(_, distance)| *distance).collect()
    };
    let distances = others(row);
    let nearest = distances.iter().copied().fold(f64::INFINITY, f64::min);
    let mean = distances.iter().sum::<f64>() / distances.len() as f64 - nearest;
    // On a logarithmic scale about what the mean distance suggests.
    let (mut low, mut high) = (-30.0_f64, 30.0_f64);
    let precision = |power: f64| power.exp() / mean.max(LEAST);
    for _ in 0..NUM_HALVINGS {
        let beta = precision(f64::midpoint(low, high));
        let weights = distances
            .iter()
            .map(|distance| (-beta * (distance - nearest)).exp());
        let weights: Vec<f64> = weights.collect();
        let sum: f64 = weights.iter().sum();
        let probabilities = weights.iter().map(|weight| weight / sum);
        let found: f64 = probabilities.map(|p| -p * p.max(LEAST).ln()).sum();
        if found > entropy {
            low = f64::midpoint(low, high);
        } else {
            high = f64::midpoint(low, high);
        }
    }
    let beta = precision(f64::midpoint(low, high));
    for (index, value) in row.iter_mut().enumerate() {
        *value = if index == own {
            0.0
        } else {
            (-beta * (*value - nearest)).exp()
        };
    }
    let sum: f64 = row.iter().sum();
    row.iter_mut().for_each(|value| *value /= sum);
}

/// `(1 + |y_i - y_j|^2)^-1`, `[N, N]` with 0 on the diagonal, and the sum.
fn kernel(places: &[[f64; 2]]) -> (Vec<f64>, f64) {
    let mut weights = Vec::with_capacity(places.len() * places.len());
    for (index, [x, y]) in places.iter().enumerate() {
        for (other, [other_x, other_y]) in places.iter().enumerate() {
            let squared = (x - other_x) * (x - other_x) + (y - other_y) * (y - other_y);
            weights.push(if index == other {
                0.0
            } else {
                1.0 / (1.0 + squared)
            });
        }
    }
    let sum = weights.iter().sum();
    (weights, sum)
}

/// `4 sum_j (p_ij - q_ij) (y_i - y_j) (1 + |y_i - y_j|^2)^-1` for each i.
fn gradient(p: &[f64], places: &[[f64; 2]], exaggeration: f64) -> Vec<[f64; 2]> {
    let (weights, sum) = kernel(places);
    let rows = p
        .chunks_exact(places.len())
        .zip(weights.chunks_exact(places.len()));
    let slope = |((p, weights), [x, y]): ((&[f64], &[f64]), &[f64; 2])| {
        let mut slope = [0.0; 2];
        for ((p, weight), [other_x, other_y]) in p.iter().zip(weights).zip(places) {
            let force = 4.0 * (exaggeration * p - weight / sum) * weight;
            slope[0] += force * (x - other_x);
            slope[1] += force * (y - other_y);
        }
        slope
    };
    rows.zip(places).map(slope).collect()
}

fn center(places: &mut [[f64; 2]]) {
    for axis in 0..2 {
        let mean = places.iter().map(|place| place[axis]).sum::<f64>() / places.len() as f64;
        places.iter_mut().for_each(|place| place[axis] -= mean);
    }
}
