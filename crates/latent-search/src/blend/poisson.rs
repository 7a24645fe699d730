use semantic_inpaint_mask::Mask;

use super::banded::BandedCholesky;
use super::components::{components, neighbors};
use super::conjugate_gradients::ConjugateGradients;
use super::laplacian::Laplacian;
use crate::{Error, Result};

/// Components with more values than this in their banded factor (32 MiB of f64, a square hole of
/// about 160 x 160 pixels) are solved by conjugate gradients.
const MAX_FACTOR_VALUES: usize = 1 << 22;

/// The gradient-domain fill of one mask, factored once and applied to any number of planes.
///
/// **Equation** (Perez et al. 2003, "Poisson image editing", eq. 7; Yeh et al. 2017, section 3.3)
///
/// ```text
/// minimize over x  sum over neighbors (i, j), i or j missing, of ((x_i - x_j) - (g_i - g_j))^2
/// subject to       x_k = y_k for every known pixel k
/// ```
///
/// with y the known values, g the guide and neighbors above, below, left and right. Where the hole
/// meets the border of the image there is no neighbor and so no condition (natural boundary). The
/// minimum is one linear system per 4-connected component of the hole, symmetric positive definite
/// because every component touches a known pixel. Components of up to about 26 000 pixels are
/// solved directly, by Cholesky factorization in banded form; larger ones by conjugate gradients to
/// a relative residual of 1e-11. All arithmetic is f64.
///
/// **Shapes** a plane is `height * width` values of one channel in row-major order.
///
/// # Example
///
/// ```
/// use semantic_inpaint_latent_search::PoissonSolver;
///
/// # fn main() -> semantic_inpaint_latent_search::Result<()> {
/// // One missing pixel in the middle of a row; the guide rises by 1 from pixel to pixel.
/// let solver = PoissonSolver::new(1, 3, &[true, false, true])?;
/// let known = [10.0, f64::NAN, 20.0];
/// let guide = [0.0, 1.0, 2.0];
/// assert_eq!(solver.solve(&known, &guide)?, [10.0, 15.0, 20.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct PoissonSolver {
    height: usize,
    width: usize,
    systems: Vec<(Laplacian, Factor)>,
}

#[derive(Debug, Clone)]
enum Factor {
    Direct(BandedCholesky),
    Iterative(ConjugateGradients),
}

impl PoissonSolver {
    /// A solver for the missing pixels of a plane, `true` in `known` for known pixels.
    ///
    /// Factoring a component of n pixels takes about n * b^2 multiplications and 8 * n * b bytes,
    /// with b the smaller of its height and width.
    ///
    /// # Errors
    ///
    /// [`Error::BlendPlaneSize`] when `known` does not hold height x width values;
    /// [`Error::BlendNothingKnown`] when no pixel is known, as nothing fixes the solution then.
    pub fn new(height: usize, width: usize, known: &[bool]) -> Result<Self> {
        Self::with_factor_limit(height, width, known, MAX_FACTOR_VALUES)
    }

    /// A solver for mask `index` of `mask`.
    ///
    /// # Errors
    ///
    /// [`Error::Mask`] when there is no such mask.
    pub fn for_mask(mask: &Mask, index: usize) -> Result<Self> {
        let one = mask.narrow(index, 1)?;
        let known: Vec<bool> = one.known(0).iter().copied().collect();
        Self::new(one.height(), one.width(), &known)
    }

    pub(super) fn with_factor_limit(
        height: usize,
        width: usize,
        known: &[bool],
        max_factor_values: usize,
    ) -> Result<Self> {
        check_plane("known", known.len(), height, width)?;
        if !known.contains(&true) {
            return Err(Error::BlendNothingKnown { height, width });
        }
        let mut order_of = vec![0; known.len()];
        let systems = components(known, height, width)
            .into_iter()
            .map(|component| {
                let laplacian = Laplacian::new(component, known, height, width, &mut order_of);
                let factor_values = laplacian.len().saturating_mul(laplacian.bandwidth + 1);
                let factor = if factor_values <= max_factor_values {
                    Factor::Direct(BandedCholesky::of_laplacian(&laplacian)?)
                } else {
                    Factor::Iterative(ConjugateGradients::of_laplacian(&laplacian))
                };
                Ok((laplacian, factor))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            height,
            width,
            systems,
        })
    }

    /// The completed plane: `known` where pixels are known, the fill where they are missing.
    ///
    /// `known` is not read where pixels are missing. `guide` supplies differences only: adding a
    /// constant to it changes nothing. The fill may leave the range of both.
    ///
    /// # Errors
    ///
    /// [`Error::BlendPlaneSize`] when a plane has another size; [`Error::BlendNotFinite`] when a
    /// value that the fill depends on is infinite or NaN.
    pub fn solve<T: Copy + Into<f64>>(&self, known: &[T], guide: &[T]) -> Result<Vec<f64>> {
        check_plane("known", known.len(), self.height, self.width)?;
        check_plane("guide", guide.len(), self.height, self.width)?;
        let mut completed: Vec<f64> = known.iter().map(|&value| value.into()).collect();
        for (laplacian, factor) in &self.systems {
            // The unknown is the correction x - g: its differences inside the hole are to vanish.
            let mut correction = vec![0.0; laplacian.len()];
            for &(unknown, pixel) in &laplacian.boundary {
                correction[unknown] += known[pixel].into() - guide[pixel].into();
            }
            let guides = || laplacian.pixels.iter().map(|&pixel| guide[pixel].into());
            for ((value, guide), &pixel) in correction.iter().zip(guides()).zip(&laplacian.pixels) {
                if !(value + guide).is_finite() {
                    return Err(Error::BlendNotFinite {
                        row: pixel / self.width,
                        col: pixel % self.width,
                    });
                }
            }
            match factor {
                Factor::Direct(factor) => factor.solve_in_place(&mut correction),
                Factor::Iterative(factor) => factor.solve_in_place(laplacian, &mut correction),
            }
            for ((value, guide), &pixel) in correction.iter().zip(guides()).zip(&laplacian.pixels) {
                completed[pixel] = guide + value;
            }
        }
        Ok(completed)
    }

    /// The largest absolute residual of the normal equations over the missing pixels.
    ///
    /// ```text
    /// r_i = sum over neighbors j of i of (x_i - x_j) - (g_i - g_j),   i missing
    /// ```
    ///
    /// Zero at the exact minimum; about 1e-15 times the largest value for [`PoissonSolver::solve`].
    ///
    /// # Errors
    ///
    /// [`Error::BlendPlaneSize`] when a plane has another size.
    pub fn residual<T: Copy + Into<f64>>(&self, completed: &[f64], guide: &[T]) -> Result<f64> {
        check_plane("completed", completed.len(), self.height, self.width)?;
        check_plane("guide", guide.len(), self.height, self.width)?;
        let residual_at = |&pixel: &usize| -> f64 {
            neighbors(pixel, self.height, self.width)
                .map(|other| {
                    let wanted: f64 = guide[pixel].into() - guide[other].into();
                    completed[pixel] - completed[other] - wanted
                })
                .sum::<f64>()
                .abs()
        };
        let pixels = self
            .systems
            .iter()
            .flat_map(|(laplacian, _)| &laplacian.pixels);
        Ok(pixels.map(residual_at).fold(0.0, f64::max))
    }
}

fn check_plane(what: &'static str, got: usize, height: usize, width: usize) -> Result<()> {
    if got == height * width {
        Ok(())
    } else {
        Err(Error::BlendPlaneSize {
            what,
            got,
            height,
            width,
        })
    }
}
