use super::laplacian::{Laplacian, NONE};

/// Iterations end when the residual's norm falls below this share of the right-hand side's: about
/// seven digits under one level of an 8-bit image, and well above what rounding leaves in f64.
const TOLERANCE: f64 = 1e-11;

/// Weight of the dropped fill-in on the diagonal: 1 would be the fully modified factor, which is
/// close to breaking down (Bridson, Fluid Simulation for Computer Graphics, 2nd ed., section 5.4).
const MODIFICATION: f64 = 0.97;

/// Conjugate gradients with a modified incomplete Cholesky preconditioner.
///
/// Solves components whose banded factor would not fit in memory. The factor keeps the pattern of
/// the Laplacian (level zero), so it is described by the inverse pivots alone. Iterations grow with
/// about the square root of the component's diameter in pixels.
#[derive(Debug, Clone)]
pub(super) struct ConjugateGradients {
    inverse_pivot: Vec<f64>,
}

impl ConjugateGradients {
    /// The preconditioner of a Laplacian.
    pub(super) fn of_laplacian(laplacian: &Laplacian) -> Self {
        let mut later = vec![0.0_f64; laplacian.len()];
        for &other in laplacian
            .earlier
            .iter()
            .flatten()
            .filter(|&&other| other != NONE)
        {
            later[other] += 1.0;
        }
        let mut inverse_pivot = vec![0.0_f64; laplacian.len()];
        for (unknown, earlier) in laplacian.earlier.iter().enumerate() {
            let degree = laplacian.degree[unknown];
            let mut pivot = degree;
            for &other in earlier.iter().filter(|&&other| other != NONE) {
                let share = 1.0 + MODIFICATION * (later[other] - 1.0);
                pivot -= share * inverse_pivot[other] * inverse_pivot[other];
            }
            if pivot < 0.25 * degree {
                pivot = degree;
            }
            inverse_pivot[unknown] = 1.0 / pivot.sqrt();
        }
        Self { inverse_pivot }
    }

    /// Replaces the right-hand side by the solution.
    pub(super) fn solve_in_place(&self, laplacian: &Laplacian, values: &mut [f64]) {
        let mut residual = values.to_vec();
        let target = TOLERANCE * dot(&residual, &residual).sqrt();
        values.fill(0.0);
        let mut direction = vec![0.0; residual.len()];
        self.precondition(laplacian, &residual, &mut direction);
        let mut preconditioned = direction.clone();
        let mut product = vec![0.0; residual.len()];
        let mut energy = dot(&residual, &direction);
        // In exact arithmetic as many iterations as unknowns are enough; zero ends at once.
        for _ in 0..values.len() {
            if dot(&residual, &residual).sqrt() <= target {
                break;
            }
            laplacian.multiply(&direction, &mut product);
            let length = energy / dot(&direction, &product);
            add_scaled(values, length, &direction);
            add_scaled(&mut residual, -length, &product);
            self.precondition(laplacian, &residual, &mut preconditioned);
            let next_energy = dot(&residual, &preconditioned);
            let keep = next_energy / energy;
            for (d, p) in direction.iter_mut().zip(&preconditioned) {
                *d = p + keep * *d;
            }
            energy = next_energy;
        }
    }

    /// Applies the inverse of the incomplete factorization to `residual`.
    fn precondition(&self, laplacian: &Laplacian, residual: &[f64], result: &mut [f64]) {
        for (unknown, earlier) in laplacian.earlier.iter().enumerate() {
            let mut sum = residual[unknown];
            for &other in earlier.iter().filter(|&&other| other != NONE) {
                sum += self.inverse_pivot[other] * result[other];
            }
            result[unknown] = sum * self.inverse_pivot[unknown];
        }
        for (unknown, earlier) in laplacian.earlier.iter().enumerate().rev() {
            let value = result[unknown] * self.inverse_pivot[unknown];
            result[unknown] = value;
            for &other in earlier.iter().filter(|&&other| other != NONE) {
                result[other] += self.inverse_pivot[other] * value;
            }
        }
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(l, r)| l * r).sum()
}

/// `target += scale * source`.
fn add_scaled(target: &mut [f64], scale: f64, source: &[f64]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t += scale * s;
    }
}
