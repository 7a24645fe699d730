use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::ImageBatch;
use serde::{Deserialize, Serialize};

use crate::error::check_setting;
use crate::harmonic::to_values;
use crate::picture::{Region, complete};
use crate::singular::{SingularVectors, add_scaled};
use crate::{Error, Result};

/// Settings of [`TruncatedNuclearNorm`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TruncatedNuclearNormConfig {
    /// Number of leading singular values that are free; 0 is the plain nuclear norm. 1 by default;
    /// more help where the hole is specks (6 on faces) and invent stripes where it is a block.
    pub rank: usize,
    /// Penalty of the augmented Lagrangian for values in `[-1, 1]`, above 0: it sets the speed, not
    /// the result. 2 by default.
    pub penalty: f64,
    /// How often the free directions are chosen anew, at least 1. 10 by default.
    pub rounds: usize,
    /// Largest number of iterations between two choices, at least 1. 200 by default.
    pub iterations: usize,
    /// Iterations end when they change less than this, in root mean square, and the rounds when one
    /// changes less than ten times this; above 0. 1e-3 by default, an eighth of a level.
    pub tolerance: f64,
}

impl Default for TruncatedNuclearNormConfig {
    fn default() -> Self {
        Self {
            rank: 1,
            penalty: 2.0,
            rounds: 10,
            iterations: 200,
            tolerance: 1e-3,
        }
    }
}

/// Fills holes so that each channel is a matrix of low rank: rows and columns go on as combinations of
/// others.
///
/// **Equation** (Hu, Zhang, Ye, Li and He 2013, "Fast and accurate matrix completion via truncated nuclear
/// norm regularization", TNNR-ADMM, algorithms 1 and 2)
///
/// ```text
/// minimize over X   sum over i > r of sigma_i(X)  =  |X|_* - max over A A^T = B B^T = I_r of tr(A X B^T)
/// subject to        X_k = Y_k at known pixels k
/// ```
///
/// with r the rank, sigma the singular values, Y the channel minus the mean of its known pixels, which is
/// added again at the end. A and B, the leading singular vectors, are held for a round, in which the
/// problem is convex, and then chosen anew. Channel by channel, in f64.
///
/// A row or a column without a known pixel tells nothing about itself: it becomes the channel's mean. The
/// method suits scattered pixels and regular pictures, not large blocks.
///
/// **Shapes** `[N, C, H, W]` in and out. The time is that of some hundred singular value decompositions of
/// each channel, which grows with the cube of the side: a method for small images.
///
/// # Errors
///
/// [`Error::NotFinite`] when a known value is infinite or NaN; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::{TruncatedNuclearNorm, TruncatedNuclearNormConfig};
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, Mask};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A product of a wave down and a wave across has rank 1.
/// let wave = |index: usize| (index as f32).sin();
/// let shape = ImageShape { channels: 1, height: 12, width: 12 };
/// let values: Vec<f32> = (0..144).map(|p| wave(p / 12) * wave(p % 12 + 1)).collect();
/// let truth = ImageBatch::from_values(values.clone(), shape, &Device::Cpu)?;
/// let mask = Mask::from_missing(12, 12, |row, col| (row * 5 + col * 3) % 7 == 0)?;
/// let config = TruncatedNuclearNormConfig { rank: 1, ..Default::default() };
/// let fill = TruncatedNuclearNorm::new(config)?;
/// let completed = fill.inpaint(&CorruptedImages::new(&truth, &mask)?)?.to_values()?;
/// assert!(completed.iter().zip(&values).all(|(got, want)| (got - want).abs() < 0.02));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TruncatedNuclearNorm {
    config: TruncatedNuclearNormConfig,
}

impl TruncatedNuclearNorm {
    /// An inpainter with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when rounds or iterations are 0, or penalty or tolerance not above 0.
    pub fn new(config: TruncatedNuclearNormConfig) -> Result<Self> {
        for (what, count) in [("rounds", config.rounds), ("iterations", config.iterations)] {
            check_setting(what, "at least 1", &count, || count > 0)?;
        }
        for (what, value) in [("penalty", config.penalty), ("tolerance", config.tolerance)] {
            let is_valid = value > 0.0 && value.is_finite();
            check_setting(what, "a finite number above 0", &value, || is_valid)?;
        }
        Ok(Self { config })
    }

    /// Sets the missing pixels of one channel.
    fn fill(&self, region: &Region, plane: &mut [f64]) {
        let num_known = (region.known.len() - region.missing.len()) as f64;
        let known = plane.iter().zip(&region.known).filter(|(_, known)| **known);
        let mean = known.map(|(value, _)| value).sum::<f64>() / num_known;
        plane.iter_mut().for_each(|value| *value -= mean);
        for &pixel in &region.missing {
            plane[pixel] = 0.0;
        }
        let layout = Layout::of(region);
        let filled = self.complete(layout.columns_of(plane), &layout.columns_of(&region.known));
        for &pixel in &region.missing {
            let (column, row) = layout.place(pixel);
            plane[pixel] = filled[column][row];
        }
        plane.iter_mut().for_each(|value| *value += mean);
    }

    /// The completed matrix, by columns.
    fn complete(&self, mut matrix: Vec<Vec<f64>>, known: &[Vec<bool>]) -> Vec<Vec<f64>> {
        let mut vectors = SingularVectors::new(matrix.len());
        for _ in 0..self.config.rounds {
            vectors.decompose(&matrix);
            let mut free = zeros(&matrix);
            for (left, right, value) in vectors.leading(self.config.rank) {
                add_outer(&mut free, 1.0 / value, left, right);
            }
            let before = matrix.clone();
            self.round(&mut matrix, known, &free, &mut vectors);
            if self.config.rank == 0 || distance(&matrix, &before) < 10.0 * self.config.tolerance {
                break;
            }
        }
        matrix
    }

    /// The alternating directions for one choice of the free directions, whose outer products are
    /// `free`.
    fn round(
        &self,
        matrix: &mut [Vec<f64>],
        known: &[Vec<bool>],
        free: &[Vec<f64>],
        vectors: &mut SingularVectors,
    ) {
        let step = 1.0 / self.config.penalty;
        let mut multipliers = zeros(matrix);
        for _ in 0..self.config.iterations {
            let mut target = matrix.to_vec();
            each(&mut target, &multipliers, |target, multiplier| {
                *target -= step * multiplier;
            });
            vectors.decompose(&target);
            let low_rank = shrunk(vectors, step, &target);
            let before = matrix.to_vec();
            for (column, fixed) in known.iter().enumerate() {
                for (row, _) in fixed.iter().enumerate().filter(|(_, known)| !**known) {
                    let push = free[column][row] + multipliers[column][row];
                    matrix[column][row] = low_rank[column][row] + step * push;
                }
            }
            each(&mut multipliers, &low_rank, |multiplier, low| {
                *multiplier += low / step;
            });
            each(&mut multipliers, matrix, |multiplier, value| {
                *multiplier -= value / step;
            });
            let gap = distance(&low_rank, matrix);
            if distance(matrix, &before).max(gap) < self.config.tolerance {
                break;
            }
        }
    }
}

impl Inpainter for TruncatedNuclearNorm {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        complete(
            corrupted,
            |_| Ok(()),
            |(), picture| {
                Ok(to_values(picture.planes().map(|mut plane| {
                    self.fill(picture.region, &mut plane);
                    plane
                })))
            },
        )
    }

    fn name(&self) -> String {
        "truncated-nuclear-norm".into()
    }
}

/// A plane as a matrix with columns at least as long as they are many: rows are columns where an image
/// is wider than high.
#[derive(Debug, Clone, Copy)]
struct Layout {
    height: usize,
    width: usize,
}

impl Layout {
    fn of(region: &Region) -> Self {
        Self {
            height: region.height,
            width: region.width,
        }
    }

    fn columns_of<T: Copy>(self, plane: &[T]) -> Vec<Vec<T>> {
        let rows = plane.chunks_exact(self.width);
        if self.width > self.height {
            return rows.map(<[T]>::to_vec).collect();
        }
        let column = |col: usize| rows.clone().map(|row| row[col]).collect();
        (0..self.width).map(column).collect()
    }

    /// Column and row of a pixel.
    fn place(self, pixel: usize) -> (usize, usize) {
        let (row, col) = (pixel / self.width, pixel % self.width);
        if self.width > self.height {
            (row, col)
        } else {
            (col, row)
        }
    }
}

/// The decomposed matrix with its singular values lowered by `amount`, to 0 at least.
fn shrunk(vectors: &SingularVectors, amount: f64, like: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let count = vectors.values().iter().filter(|value| **value > amount);
    let mut sum = zeros(like);
    for (left, right, value) in vectors.leading(count.count()) {
        add_outer(&mut sum, 1.0 - amount / value, left, right);
    }
    sum
}

fn zeros(like: &[Vec<f64>]) -> Vec<Vec<f64>> {
    like.iter().map(|column| vec![0.0; column.len()]).collect()
}

/// `target += scale * left * right^T`.
fn add_outer(target: &mut [Vec<f64>], scale: f64, left: &[f64], right: &[f64]) {
    for (column, weight) in target.iter_mut().zip(right) {
        add_scaled(column, scale * weight, left);
    }
}

fn each(target: &mut [Vec<f64>], source: &[Vec<f64>], change: impl Fn(&mut f64, f64)) {
    let pairs = target.iter_mut().flatten().zip(source.iter().flatten());
    pairs.for_each(|(target, source)| change(target, *source));
}

/// The root mean square of the difference.
fn distance(left: &[Vec<f64>], right: &[Vec<f64>]) -> f64 {
    let pairs = left.iter().flatten().zip(right.iter().flatten());
    let squares = pairs.map(|(l, r)| (l - r) * (l - r)).sum::<f64>();
    (squares / left.iter().map(Vec::len).sum::<usize>() as f64).sqrt()
}
