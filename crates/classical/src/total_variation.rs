use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::ImageBatch;
use serde::{Deserialize, Serialize};

use crate::error::check_setting;
use crate::harmonic::{membranes, to_values};
use crate::picture::{Region, complete};
use crate::sparse::{HoleSystem, Operator};
use crate::{Error, Result};

/// Over-relaxation (Boyd et al. 2011, section 3.4.3); between 1.5 and 1.8 in practice.
const RELAXATION: f64 = 1.7;
/// Residuals that differ by more than this factor change the penalty (Boyd et al. 2011, section 3.4.1).
const IMBALANCE: f64 = 10.0;
/// Iterations between two changes of the penalty.
const PENALTY_INTERVAL: usize = 20;

/// How the channels of a color image share one total variation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coupling {
    /// One norm over the differences of all channels of a pixel, so that edges stay in one place.
    #[default]
    Joint,
    /// Each channel on its own.
    Separate,
}

/// Settings of [`TotalVariation`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TotalVariationConfig {
    /// How channels are coupled.
    pub coupling: Coupling,
    /// Largest number of iterations, at least 1. 1,000 by default.
    pub iterations: usize,
    /// Iterations end when the primal and the dual residual are below this share of their terms,
    /// above 0. 1e-4 by default, which leaves the fill within about a level.
    pub tolerance: f64,
}

impl Default for TotalVariationConfig {
    fn default() -> Self {
        Self {
            coupling: Coupling::Joint,
            iterations: 1000,
            tolerance: 1e-4,
        }
    }
}

/// Fills holes so that the image's total variation is smallest: level lines are continued as straight
/// lines, edges stay sharp.
///
/// **Equation** (Rudin, Osher and Fatemi 1992; for inpainting without noise, constrained and by variable
/// splitting: Afonso, Bioucas-Dias and Figueiredo 2011, "An augmented Lagrangian approach to the
/// constrained optimization formulation of imaging inverse problems", with epsilon 0)
///
/// ```text
/// minimize over x   sum over pixels p of sqrt( sum over channels of (x_right - x_p)^2 + (x_below - x_p)^2 )
/// subject to        x_k = y_k for every known pixel k
/// ```
///
/// isotropic, with forward differences that are 0 at the image's border. With [`Coupling::Joint`] the sum
/// under the root runs over all channels, with [`Coupling::Separate`] each channel is an image of its own.
/// Solved by the alternating direction method of multipliers (split Bregman): the fill's step is a Laplace
/// equation in the hole, factored once; the step of the differences shrinks their length. Known pixels are
/// no term of a penalty but held exactly. Starts from the harmonic fill.
///
/// **Shapes** `[N, C, H, W]` in and out.
///
/// # Errors
///
/// [`Error::NotFinite`] when a known value is infinite or NaN; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::TotalVariation;
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A vertical edge goes on through the hole, where a harmonic fill would be a ramp.
/// let shape = ImageShape { channels: 1, height: 9, width: 8 };
/// let edge = (0..72).map(|pixel| if pixel % 8 < 4 { -0.5 } else { 0.5 }).collect();
/// let truth = ImageBatch::from_values(edge, shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(9, 8, |row, col| row == 4 && (2..6).contains(&col))?;
/// let corrupted = CorruptedImages::new(&truth, &mask)?;
/// let completed = TotalVariation::default().inpaint(&corrupted)?.to_values()?;
/// assert!(completed.iter().all(|value| (value.abs() - 0.5).abs() < 0.01));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TotalVariation {
    config: TotalVariationConfig,
}

impl TotalVariation {
    /// An inpainter with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when there is no iteration or the tolerance is not above 0.
    pub fn new(config: TotalVariationConfig) -> Result<Self> {
        check_setting("iterations", "at least 1", &config.iterations, || {
            config.iterations > 0
        })?;
        check_setting("tolerance", "a number above 0", &config.tolerance, || {
            config.tolerance > 0.0
        })?;
        Ok(Self { config })
    }
}

impl Inpainter for TotalVariation {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        let TotalVariationConfig {
            coupling,
            iterations,
            tolerance,
        } = self.config;
        complete(
            corrupted,
            |region| {
                let system = HoleSystem::new(region, Operator::Laplacian)?;
                Ok((system, Differences::new(region)))
            },
            |(system, differences), picture| {
                let mut planes: Vec<Vec<f64>> = membranes(picture, system).collect();
                let together = match coupling {
                    Coupling::Joint => planes.len(),
                    Coupling::Separate => 1,
                };
                for group in planes.chunks_mut(together) {
                    let mut splitting = Splitting::new(system, differences, group);
                    for iteration in 1..=iterations {
                        let residuals = splitting.step(group);
                        if residuals.within(tolerance) {
                            break;
                        }
                        if iteration % PENALTY_INTERVAL == 0 {
                            splitting.balance(&residuals);
                        }
                    }
                }
                Ok(to_values(planes.into_iter()))
            },
        )
    }

    fn name(&self) -> String {
        "total-variation".into()
    }
}

/// The pixels with a forward difference that a missing pixel takes part in.
#[derive(Debug)]
struct Differences {
    /// A pixel, the one to its right and the one below; itself where that lies outside the image.
    terms: Vec<[usize; 3]>,
}

impl Differences {
    fn new(region: &Region) -> Self {
        let terms = (0..region.known.len()).map(|pixel| {
            let is_last_col = (pixel + 1).is_multiple_of(region.width);
            let is_last_row = pixel + region.width >= region.known.len();
            let right = pixel + usize::from(!is_last_col);
            let below = pixel + if is_last_row { 0 } else { region.width };
            [pixel, right, below]
        });
        let takes_part = |term: &[usize; 3]| term.iter().any(|&pixel| !region.known[pixel]);
        Self {
            terms: terms.filter(takes_part).collect(),
        }
    }

    /// Right and lower difference of each term.
    fn of(&self, plane: &[f64]) -> impl Iterator<Item = [f64; 2]> {
        self.terms.iter().map(|&[pixel, right, below]| {
            [plane[right] - plane[pixel], plane[below] - plane[pixel]]
        })
    }

    /// The adjoint: adds the `values` of the terms' differences to the pixels that they come from.
    fn spread(&self, values: impl Iterator<Item = [f64; 2]>, plane: &mut [f64]) {
        plane.fill(0.0);
        for (&[pixel, right, below], [to_right, to_below]) in self.terms.iter().zip(values) {
            plane[right] += to_right;
            plane[below] += to_below;
            plane[pixel] -= to_right + to_below;
        }
    }
}

/// How far an iteration is from a solution, beside the size of its terms.
#[derive(Debug)]
struct Residuals {
    primal: f64,
    primal_scale: f64,
    dual: f64,
    dual_scale: f64,
}

impl Residuals {
    fn within(&self, tolerance: f64) -> bool {
        self.primal <= tolerance * self.primal_scale && self.dual <= tolerance * self.dual_scale
    }
}

/// The state of the alternating directions: split differences and scaled multipliers by channel.
#[derive(Debug)]
struct Splitting<'a> {
    system: &'a HoleSystem,
    differences: &'a Differences,
    split: Vec<Vec<[f64; 2]>>,
    multipliers: Vec<Vec<[f64; 2]>>,
    penalty: f64,
    spread: Vec<f64>,
}

impl<'a> Splitting<'a> {
    fn new(system: &'a HoleSystem, differences: &'a Differences, planes: &[Vec<f64>]) -> Self {
        let split: Vec<Vec<_>> = planes
            .iter()
            .map(|plane| differences.of(plane).collect())
            .collect();
        Self {
            multipliers: vec![vec![[0.0; 2]; differences.terms.len()]; planes.len()],
            spread: vec![0.0; planes.first().map_or(0, Vec::len)],
            split,
            system,
            differences,
            penalty: 10.0,
        }
    }

    /// One iteration: fills, differences, multipliers.
    fn step(&mut self, planes: &mut [Vec<f64>]) -> Residuals {
        for (channel, plane) in planes.iter_mut().enumerate() {
            let pairs = self.split[channel].iter().zip(&self.multipliers[channel]);
            let wanted = pairs.map(|(split, multiplier)| subtract(*split, *multiplier));
            self.differences.spread(wanted, &mut self.spread);
            self.system.fill_with(plane, |pixel| self.spread[pixel]);
        }
        let current: Vec<Vec<[f64; 2]>> = planes
            .iter()
            .map(|plane| self.differences.of(plane).collect())
            .collect();
        let before = self.split.clone();
        for term in 0..self.differences.terms.len() {
            self.shrink(term, &current);
        }
        self.residuals(&current, &before)
    }

    /// The differences of one term, shortened, and its multipliers.
    fn shrink(&mut self, term: usize, current: &[Vec<[f64; 2]>]) {
        let mut length = 0.0;
        for (channel, current) in current.iter().enumerate() {
            let split = self.split[channel][term];
            for axis in 0..2 {
                let relaxed = RELAXATION * current[term][axis] + (1.0 - RELAXATION) * split[axis];
                let sum = relaxed + self.multipliers[channel][term][axis];
                self.multipliers[channel][term][axis] = sum;
                length += sum * sum;
            }
        }
        let length = length.sqrt();
        let kept = (1.0 - 1.0 / (self.penalty * length)).max(0.0);
        for (split, multipliers) in self.split.iter_mut().zip(&mut self.multipliers) {
            let sum = multipliers[term];
            split[term] = if kept > 0.0 {
                sum.map(|value| value * kept)
            } else {
                [0.0; 2]
            };
            multipliers[term] = subtract(sum, split[term]);
        }
    }

    fn residuals(&mut self, current: &[Vec<[f64; 2]>], before: &[Vec<[f64; 2]>]) -> Residuals {
        let mut squares = [0.0; 5];
        for (channel, current) in current.iter().enumerate() {
            let split = &self.split[channel];
            squares[0] += sum_of_squares(current.iter().zip(split).map(|(c, s)| subtract(*c, *s)));
            squares[1] += sum_of_squares(current.iter().copied());
            squares[2] += sum_of_squares(split.iter().copied());
            squares[3] += sum_of_squares(
                split
                    .iter()
                    .zip(&before[channel])
                    .map(|(s, b)| subtract(*s, *b)),
            );
            squares[4] += sum_of_squares(self.multipliers[channel].iter().copied());
        }
        let [primal, current, split, change, multipliers] = squares.map(f64::sqrt);
        Residuals {
            primal,
            primal_scale: current.max(split),
            dual: change,
            dual_scale: multipliers,
        }
    }

    /// Moves the penalty towards equal residuals; the multipliers are scaled by it.
    fn balance(&mut self, residuals: &Residuals) {
        let primal = residuals.primal * residuals.dual_scale;
        let dual = residuals.dual * residuals.primal_scale;
        let factor = if primal > IMBALANCE * dual {
            2.0
        } else if dual > IMBALANCE * primal {
            0.5
        } else {
            return;
        };
        self.penalty *= factor;
        for value in self.multipliers.iter_mut().flatten().flatten() {
            *value /= factor;
        }
    }
}

fn subtract(left: [f64; 2], right: [f64; 2]) -> [f64; 2] {
    [left[0] - right[0], left[1] - right[1]]
}

fn sum_of_squares(values: impl Iterator<Item = [f64; 2]>) -> f64 {
    values.map(|[one, other]| one * one + other * other).sum()
}
