use super::laplacian::{Laplacian, NONE};
use crate::{Error, Result};

/// The square-root-free Cholesky factor of a symmetric positive definite band matrix.
///
/// **Equation** (Golub and Van Loan, Matrix Computations, 4.1.2 and 4.3.5)
///
/// ```text
/// A = R^T D R,   D diagonal,   R unit upper triangular,   R[i][j] = 0 for j > i + bandwidth
/// ```
///
/// Row i holds `D[i]` and then `R[i][i + 1 ..= i + bandwidth]`, so that factoring and both
/// substitutions run over contiguous memory. Factoring n unknowns costs n * bandwidth^2
/// multiplications, a solution 2 * n * bandwidth.
#[derive(Debug, Clone)]
pub(super) struct BandedCholesky {
    rows: Vec<f64>,
    stride: usize,
}

impl BandedCholesky {
    /// The factor of a Laplacian.
    pub(super) fn of_laplacian(laplacian: &Laplacian) -> Result<Self> {
        let stride = laplacian.bandwidth + 1;
        let mut rows = vec![0.0; laplacian.len() * stride];
        for (unknown, (&degree, earlier)) in
            laplacian.degree.iter().zip(&laplacian.earlier).enumerate()
        {
            rows[unknown * stride] = degree;
            for &other in earlier.iter().filter(|&&other| other != NONE) {
                rows[other * stride + unknown - other] = -1.0;
            }
        }
        Self::factor(rows, stride)
    }

    /// The factor of the matrix whose rows, from the diagonal to the right, are `rows`.
    fn factor(mut rows: Vec<f64>, stride: usize) -> Result<Self> {
        let order = rows.len() / stride;
        for index in 0..order {
            let (upper, lower) = rows.split_at_mut((index + 1) * stride);
            let row = &mut upper[index * stride..];
            let pivot = row[0];
            if !(pivot > 0.0 && pivot.is_finite()) {
                return Err(Error::BlendSingular { row: index, pivot });
            }
            let reach = (stride - 1).min(order - 1 - index);
            for offset in 1..=reach {
                let scale = row[offset] / pivot;
                if scale != 0.0 {
                    let target = &mut lower[(offset - 1) * stride..];
                    subtract_scaled(target, scale, &row[offset..=reach]);
                }
            }
            row[1..].iter_mut().for_each(|value| *value /= pivot);
        }
        Ok(Self { rows, stride })
    }

    /// Replaces the right-hand side by the solution.
    pub(super) fn solve_in_place(&self, values: &mut [f64]) {
        for (index, row) in self.rows.chunks_exact(self.stride).enumerate() {
            let (done, rest) = values.split_at_mut(index + 1);
            subtract_scaled(rest, done[index], &row[1..]);
        }
        for (index, row) in self.rows.chunks_exact(self.stride).enumerate().rev() {
            let (open, done) = values.split_at_mut(index + 1);
            let sum: f64 = row[1..].iter().zip(done.iter()).map(|(r, x)| r * x).sum();
            open[index] = open[index] / row[0] - sum;
        }
    }
}

/// `target -= scale * source` over the shorter of the two lengths.
fn subtract_scaled(target: &mut [f64], scale: f64, source: &[f64]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t -= scale * s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_worked_by_hand_is_solved() {
        // [[4, 2, 0], [2, 5, 2], [0, 2, 5]] x = [8, 18, 19] has x = [1, 2, 3].
        let factor = BandedCholesky::factor(vec![4.0, 2.0, 5.0, 2.0, 5.0, 0.0], 2).unwrap();
        assert_eq!(factor.rows[..5], [4.0, 0.5, 4.0, 0.5, 4.0]);
        let mut values = [8.0, 18.0, 19.0];
        factor.solve_in_place(&mut values);
        assert_eq!(values, [1.0, 2.0, 3.0]);
    }

    #[test]
    fn an_indefinite_matrix_is_refused() {
        let singular = BandedCholesky::factor(vec![1.0, -1.0, 1.0, 0.0], 2);
        assert!(matches!(singular, Err(Error::BlendSingular { row: 1, .. })));
        assert!(BandedCholesky::factor(vec![f64::NAN], 1).is_err());
    }
}
