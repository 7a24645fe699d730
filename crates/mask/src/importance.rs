use std::fmt;
use std::sync::Arc;

use ndarray::{Array2, Array3, ArrayView2, Axis, Zip};
use semantic_inpaint_tensor::{Device, Tensor};

use crate::{Error, Mask, Result};

#[cfg(test)]
mod tests;

/// The largest window, far beyond what any published setting uses.
const MAX_WINDOW_PX: usize = 1023;

/// How a window that reaches over the edge of the image is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum WindowBorder {
    /// The window ends at the edge and its cardinality counts the pixels that are left: the paper.
    #[default]
    Clipped,
    /// The image goes on as its mirror image (edge pixels twice) and the cardinality is always n²:
    /// the code that the paper's authors published.
    Symmetric,
}

/// How much each known pixel says about the hole, for N masks.
///
/// **Equation** (Yeh et al. 2017, section 3.1), with `N(i)` the window of n x n pixels centered on i:
///
/// ```text
/// W_i = |{j in N(i) : M_j = 0}| / |N(i)|   where M_i = 1
/// W_i = 0                                  where M_i = 0
/// ```
///
/// `N(i)` holds i itself and ends at the image's edge, so `|N(i)|` is n² inside the image and less
/// along its edges. **Shape** `[N, 1, H, W]`; **range** `[0, 1)`. Weights fall with the distance to
/// the hole and are 0 beyond (n - 1) / 2 pixels. They depend on the mask only. Cloning shares the
/// storage.
///
/// ```
/// use semantic_inpaint_mask::{ImportanceWeights, MaskShape};
/// use semantic_inpaint_tensor::Rng;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mask = "square:20".parse::<MaskShape>()?.build(64, 64, &mut Rng::from_seed(0))?;
/// let weights = ImportanceWeights::new(&mask, 7)?;
/// assert_eq!(weights.values()[(0, 21, 32)], 21.0 / 49.0);
/// assert_eq!(weights.values()[(0, 22, 32)], 0.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ImportanceWeights {
    values: Arc<Array3<f32>>,
}

impl ImportanceWeights {
    /// The weights of the paper: a window of n x n pixels, clipped at the edges. The paper's n is 7.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when `window` is even, below 3 (all weights would be 0) or above 1023.
    pub fn new(mask: &Mask, window: usize) -> Result<Self> {
        Self::with_border(mask, window, WindowBorder::Clipped)
    }

    /// The weights for a window of n x n pixels, with a choice of what happens at the edges.
    ///
    /// The choice matters only where a hole lies within n - 1 pixels of an edge.
    ///
    /// # Errors
    ///
    /// As [`ImportanceWeights::new`].
    pub fn with_border(mask: &Mask, window: usize, border: WindowBorder) -> Result<Self> {
        if window.is_multiple_of(2) || !(3..=MAX_WINDOW_PX).contains(&window) {
            return Err(Error::OutOfRange {
                what: "window of the importance weights",
                expected: "an odd number of pixels from 3 to 1023, for example 7",
                got: window.to_string(),
            });
        }
        Ok(Self::from_fn(mask, |known| {
            weigh(&known, window / 2, border)
        }))
    }

    /// The mean of the weights of several windows, clipped at the edges: steep next to the hole as with a narrow
    /// one, and positive as far as the widest reaches. It is in no publication that we know of.
    ///
    /// # Errors
    ///
    /// As [`ImportanceWeights::new`] for each of them; [`Error::OutOfRange`] without a window.
    pub fn of_windows(mask: &Mask, windows: &[usize]) -> Result<Self> {
        let all = windows.iter().map(|&window| Self::new(mask, window));
        let all = all.collect::<Result<Vec<_>>>()?;
        let sum = all.iter().map(|weights| (*weights.values).clone());
        let sum = sum.reduce(|sum, weights| sum + weights);
        let sum = sum.ok_or_else(|| Error::OutOfRange {
            what: "number of windows of the importance weights",
            expected: "at least 1",
            got: "0".into(),
        })?;
        Ok(Self {
            values: Arc::new(sum / all.len() as f32),
        })
    }

    /// Equal weights: 1 on every known pixel, 0 where missing, as in code without importance weights.
    #[must_use]
    pub fn uniform(mask: &Mask) -> Self {
        Self::from_fn(mask, |known| known.map(|&is_known| f32::from(is_known)))
    }

    fn from_fn(mask: &Mask, weigh: impl Fn(ArrayView2<'_, bool>) -> Array2<f32>) -> Self {
        let mut values = Array3::zeros((mask.count(), mask.height(), mask.width()));
        for (index, mut target) in values.outer_iter_mut().enumerate() {
            target.assign(&weigh(mask.known(index)));
        }
        Self {
            values: Arc::new(values),
        }
    }

    /// The weights on the host, `[N, H, W]`.
    #[must_use]
    pub fn values(&self) -> &Array3<f32> {
        &self.values
    }

    /// Number of masks, N.
    #[must_use]
    pub fn count(&self) -> usize {
        self.values.dim().0
    }

    /// The sum of the weights of mask `index`, which normalizes a weighted mean over its pixels.
    ///
    /// # Panics
    ///
    /// When `index` is out of bounds, as slices do.
    #[must_use]
    pub fn sum(&self, index: usize) -> f64 {
        self.values
            .index_axis(Axis(0), index)
            .iter()
            .map(|&weight| f64::from(weight))
            .sum()
    }

    /// The weights as a tensor, `[N, 1, H, W]` in f32.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`] when the upload to the device fails.
    pub fn to_tensor(&self, device: &Device) -> Result<Tensor> {
        let (count, height, width) = self.values.dim();
        let values: Vec<f32> = self.values.iter().copied().collect();
        let tensor = Tensor::from_vec(values, (count, 1, height, width), device);
        Ok(tensor.map_err(semantic_inpaint_tensor::Error::from)?)
    }
}

impl fmt::Debug for ImportanceWeights {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sums: Vec<f64> = (0..self.count()).map(|index| self.sum(index)).collect();
        formatter
            .debug_struct("ImportanceWeights")
            .field("dim", &self.values.dim())
            .field("sums", &sums)
            .finish()
    }
}

/// The weights of one mask `[H, W]`: integer counts, divided once.
fn weigh(known: &ArrayView2<'_, bool>, radius: usize, border: WindowBorder) -> Array2<f32> {
    let mut missing = known.map(|&is_known| u32::from(!is_known));
    // A box is separable: sums along rows, then along columns of these sums.
    for axis in [Axis(1), Axis(0)] {
        for mut line in missing.lanes_mut(axis) {
            let sums = box_sums(&line.to_vec(), radius, border);
            line.iter_mut()
                .zip(sums)
                .for_each(|(target, sum)| *target = sum);
        }
    }
    let rows = box_sums_of_ones(known.nrows(), radius, border);
    let cols = box_sums_of_ones(known.ncols(), radius, border);
    let mut weights = Array2::zeros(known.dim());
    Zip::indexed(&mut weights)
        .and(&missing)
        .and(known)
        .for_each(|(row, col), weight, &num_missing, &is_known| {
            if is_known {
                *weight = num_missing as f32 / (rows[row] * cols[col]) as f32;
            }
        });
    weights
}

fn box_sums_of_ones(len: usize, radius: usize, border: WindowBorder) -> Vec<u32> {
    box_sums(&vec![1; len], radius, border)
}

/// For each position the sum over the positions within `radius`, from running totals.
fn box_sums(line: &[u32], radius: usize, border: WindowBorder) -> Vec<u32> {
    let value = |padded: usize| match border {
        WindowBorder::Clipped => match padded.checked_sub(radius) {
            Some(position) => line.get(position).copied().unwrap_or(0),
            None => 0,
        },
        WindowBorder::Symmetric => line[mirror(padded, radius, line.len())],
    };
    let mut totals = vec![0];
    let mut total = 0;
    for padded in 0..line.len() + 2 * radius {
        total += value(padded);
        totals.push(total);
    }
    (0..line.len())
        .map(|start| totals[start + 2 * radius + 1] - totals[start])
        .collect()
}

/// The position in `0 .. len` that mirrors onto `padded - radius`, edges doubled.
fn mirror(padded: usize, radius: usize, len: usize) -> usize {
    let period = 2 * len;
    // Shifted by whole periods so that the difference stays positive.
    let position = (padded + period * radius.div_ceil(period) - radius) % period;
    position.min(period - 1 - position)
}
