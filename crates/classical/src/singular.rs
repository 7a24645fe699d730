/// Sweeps of rotations that are made at most; a warm start takes two or three.
const MAX_SWEEPS: usize = 60;
/// Columns whose cosine is below this count as orthogonal.
const ORTHOGONAL: f64 = 1e-12;

/// The singular values of a matrix with their vectors, found anew for one matrix after another.
///
/// **Equation** (one-sided Jacobi rotations: Hestenes 1958; Golub and Van Loan, Matrix Computations,
/// 8.6.3) `A V = U S`: pairs of columns of `A V` are rotated until all are orthogonal. The rotations `V`
/// of the matrix before are the start for the next, which is close to it in an iteration.
///
/// A matrix is given by its columns, at least as long as they are many.
#[derive(Debug)]
pub(crate) struct SingularVectors {
    /// The columns of `V`.
    right: Vec<Vec<f64>>,
    /// The columns of `A V`, by falling length.
    scaled_left: Vec<Vec<f64>>,
    /// Their lengths, the singular values.
    values: Vec<f64>,
}

impl SingularVectors {
    /// The decomposition of the zero matrix with this many columns.
    pub(crate) fn new(num_columns: usize) -> Self {
        let unit = |column: usize| {
            let mut vector = vec![0.0; num_columns];
            vector[column] = 1.0;
            vector
        };
        Self {
            right: (0..num_columns).map(unit).collect(),
            scaled_left: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Decomposes a matrix.
    pub(crate) fn decompose(&mut self, columns: &[Vec<f64>]) {
        let rotated = self.right.iter().map(|weights| combine(columns, weights));
        self.scaled_left = rotated.collect();
        for _ in 0..MAX_SWEEPS {
            if !self.sweep() {
                break;
            }
        }
        self.sort();
    }

    /// The singular values, falling.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// Calls `add(left, right, value)` for the first `count` triples with a positive value: `left` is
    /// the left vector times its value.
    pub(crate) fn leading(&self, count: usize) -> impl Iterator<Item = (&[f64], &[f64], f64)> {
        let triples = self.scaled_left.iter().zip(&self.right).zip(&self.values);
        triples
            .take(count)
            .filter(|&(_, &value)| value > 0.0)
            .map(|((left, right), &value)| (left.as_slice(), right.as_slice(), value))
    }

    /// Rotates each pair of columns once; whether one needed it.
    fn sweep(&mut self) -> bool {
        let mut squares: Vec<f64> = self.scaled_left.iter().map(|c| dot(c, c)).collect();
        let negligible = squares.iter().fold(0.0_f64, |m, s| m.max(*s)) * f64::EPSILON.powi(2);
        let mut rotated = false;
        for first in 0..squares.len() {
            for second in first + 1..squares.len() {
                let (one, other) = (squares[first], squares[second]);
                if one <= negligible || other <= negligible {
                    continue;
                }
                let product = dot(&self.scaled_left[first], &self.scaled_left[second]);
                if product.abs() <= ORTHOGONAL * (one * other).sqrt() {
                    continue;
                }
                rotated = true;
                let slope = (other - one) / (2.0 * product);
                let tangent = slope.signum() / (slope.abs() + slope.hypot(1.0));
                let cosine = 1.0 / tangent.hypot(1.0);
                let sine = cosine * tangent;
                rotate(&mut self.scaled_left, first, second, cosine, sine);
                rotate(&mut self.right, first, second, cosine, sine);
                squares[first] = one - tangent * product;
                squares[second] = other + tangent * product;
            }
        }
        rotated
    }

    fn sort(&mut self) {
        let left = std::mem::take(&mut self.scaled_left);
        let right = std::mem::take(&mut self.right);
        let with_length =
            |(left, right): (Vec<f64>, Vec<f64>)| (dot(&left, &left).sqrt(), left, right);
        let mut triples: Vec<_> = left.into_iter().zip(right).map(with_length).collect();
        triples.sort_by(|(one, ..), (other, ..)| other.total_cmp(one));
        self.values = triples.iter().map(|(value, ..)| *value).collect();
        for (_, left, right) in triples {
            self.scaled_left.push(left);
            self.right.push(right);
        }
    }
}

fn rotate(columns: &mut [Vec<f64>], first: usize, second: usize, cosine: f64, sine: f64) {
    let (before, after) = columns.split_at_mut(second);
    for (one, other) in before[first].iter_mut().zip(&mut after[0]) {
        let (x, y) = (*one, *other);
        *one = cosine * x - sine * y;
        *other = sine * x + cosine * y;
    }
}

/// The sum of columns times weights.
fn combine(columns: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; columns.first().map_or(0, Vec::len)];
    for (column, &weight) in columns.iter().zip(weights) {
        add_scaled(&mut sum, weight, column);
    }
    sum
}

/// `target += scale * source`.
pub(crate) fn add_scaled(target: &mut [f64], scale: f64, source: &[f64]) {
    for (t, s) in target.iter_mut().zip(source) {
        *t += scale * s;
    }
}

/// A scalar product in four partial sums, which the compiler turns into vector instructions.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    let (left, left_rest) = left.as_chunks::<4>();
    let (right, right_rest) = right.as_chunks::<4>();
    for (l, r) in left.iter().zip(right) {
        for lane in 0..4 {
            sums[lane] += l[lane] * r[lane];
        }
    }
    let rest = left_rest.iter().zip(right_rest).map(|(l, r)| l * r);
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matrix(rows: usize, columns: usize, values: &[f64]) -> Vec<Vec<f64>> {
        let column = |column: usize| values[column * rows..][..rows].to_vec();
        (0..columns).map(column).collect()
    }

    fn assert_is_decomposition(found: &SingularVectors, columns: &[Vec<f64>]) {
        let scale = columns
            .iter()
            .flatten()
            .fold(1e-300_f64, |s, v| s.max(v.abs()));
        let mut sum = vec![vec![0.0; columns[0].len()]; columns.len()];
        for (left, right, value) in found.leading(columns.len()) {
            assert!((dot(right, right) - 1.0).abs() < 1e-11);
            assert!((dot(left, left).sqrt() - value).abs() <= 1e-12 * value);
            for (column, weight) in sum.iter_mut().zip(right) {
                add_scaled(column, *weight, left);
            }
        }
        for (got, want) in sum.iter().flatten().zip(columns.iter().flatten()) {
            assert!((got - want).abs() < 1e-11 * scale, "{got} {want}");
        }
        for (one, (left, _, value)) in found.leading(columns.len()).enumerate() {
            for (other, _, other_value) in found.leading(columns.len()).take(one) {
                assert!(
                    dot(left, other).abs() <= 1e-11 * value * other_value + 1e-13 * scale * scale
                );
            }
        }
        assert!(found.values().is_sorted_by(|one, other| one >= other));
    }

    #[test]
    fn singular_values_of_a_known_matrix_are_found() {
        let mut found = SingularVectors::new(2);
        found.decompose(&[vec![3.0, 4.0], vec![0.0, 5.0]]);
        assert!((found.values()[0] - 45.0_f64.sqrt()).abs() < 1e-12);
        assert!((found.values()[1] - 5.0_f64.sqrt()).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn any_matrix_and_its_successor_are_decomposed(
            columns in 1_usize..9,
            extra in 0_usize..5,
            values in prop::collection::vec(-3.0..3.0_f64, 120),
            zeros in 0_usize..120,
            step in -0.1..0.1_f64,
        ) {
            let mut values = values;
            values[..zeros].fill(0.0);
            let first = matrix(columns + extra, columns, &values);
            let mut found = SingularVectors::new(columns);
            found.decompose(&first);
            assert_is_decomposition(&found, &first);
            let next: Vec<Vec<f64>> = first
                .iter()
                .map(|column| column.iter().map(|v| v + step * (v * 9.0).sin()).collect())
                .collect();
            found.decompose(&next);
            assert_is_decomposition(&found, &next);
        }
    }
}
