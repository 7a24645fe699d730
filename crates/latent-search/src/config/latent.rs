use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

/// How z moves along the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LatentOptimizer {
    /// Adam (Kingma and Ba 2015) with decays 0.9 and 0.999.
    Adam {
        /// Step size.
        learning_rate: f64,
    },
    /// Gradient descent with Nesterov's momentum: `v' = m v - a g; z += (1 + m) v' - m v`.
    Nesterov {
        /// Step size, a.
        learning_rate: f64,
        /// Momentum, m.
        momentum: f64,
    },
}

/// Where z may be after each update.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum LatentConstraint {
    /// Where the generator's prior has its mass: `[-1, 1]` for the uniform prior (the paper's
    /// clipping), `[-3, 3]` for the normal one, the sphere for the spherical one.
    Prior,
    /// Every coordinate clipped to `[-bound, bound]`.
    Clip {
        /// The bound.
        bound: f64,
    },
    /// Every coordinate outside `[-bound, bound]` drawn anew, uniform within (Lipton and Tripathi
    /// 2017).
    StochasticClip {
        /// The bound.
        bound: f64,
    },
    /// Projected to the sphere of radius `sqrt(Z)`.
    Sphere,
    /// Anywhere.
    Free,
}

/// Where z starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LatentStart {
    /// A draw from the generator's prior.
    Prior,
    /// A standard normal draw, then the constraint.
    Normal,
}

/// How the step size of z changes in the course of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LatentSchedule {
    /// Not at all, as in the paper.
    #[default]
    Constant,
    /// It falls along half a cosine to 0 at the end.
    Cosine,
}

impl LatentSchedule {
    /// The share of the step size after `iteration` of so many updates, counted from 0.
    pub(crate) fn scale(self, iteration: usize, iterations: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine => 0.5 + 0.5 * (PI * iteration as f64 / iterations as f64).cos(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_falls_from_the_whole_step_to_almost_none() {
        let scales: Vec<f64> = (0..500)
            .map(|at| LatentSchedule::Cosine.scale(at, 500))
            .collect();
        assert_eq!(
            (scales[0], LatentSchedule::Constant.scale(499, 500)),
            (1.0, 1.0)
        );
        assert!((scales[250] - 0.5).abs() < 1e-12);
        assert!(scales.windows(2).all(|pair| pair[0] > pair[1]));
        assert!((0.0..1e-4).contains(&scales[499]));
    }
}
