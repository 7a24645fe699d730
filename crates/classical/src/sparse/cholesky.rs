/// Stands for "no such row".
const NONE: usize = usize::MAX;

/// The lower triangle of a symmetric matrix, row by row.
#[derive(Debug, Default)]
pub(super) struct LowerTriangle {
    /// Where each row's entries begin, and the end of the last.
    starts: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
    diagonal: Vec<f64>,
}

impl LowerTriangle {
    /// Adds the next row: its diagonal and its entries left of it.
    pub(super) fn push(&mut self, diagonal: f64, earlier: impl Iterator<Item = (usize, f64)>) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        for (column, value) in earlier {
            self.columns.push(column);
            self.values.push(value);
        }
        self.starts.push(self.columns.len());
        self.diagonal.push(diagonal);
    }

    fn order(&self) -> usize {
        self.diagonal.len()
    }

    fn row(&self, row: usize) -> impl Iterator<Item = (usize, f64)> {
        let entries = self.starts[row]..self.starts[row + 1];
        let columns = self.columns[entries.clone()].iter().copied();
        columns.zip(self.values[entries].iter().copied())
    }
}

/// The square-root-free Cholesky factor of a sparse symmetric positive definite matrix.
///
/// **Equation** (Golub and Van Loan, Matrix Computations, 4.1.2; by rows with the elimination tree:
/// Liu 1990, "The role of elimination trees in sparse factorization")
///
/// ```text
/// A = L D L^T,   L unit lower triangular, stored by columns,   D diagonal
/// ```
#[derive(Debug)]
pub(super) struct SparseCholesky {
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f64>,
    pivots: Vec<f64>,
}

impl SparseCholesky {
    /// The factor, or `None` when a pivot is not positive.
    pub(super) fn new(matrix: &LowerTriangle) -> Option<Self> {
        let order = matrix.order();
        let (parents, starts) = elimination_tree(matrix);
        let num_entries = starts[order];
        let mut factor = Self {
            rows: vec![0; num_entries],
            values: vec![0.0; num_entries],
            pivots: Vec::with_capacity(order),
            starts,
        };
        let mut ends = factor.starts[..order].to_vec();
        let mut work = vec![0.0; order];
        let mut seen = vec![NONE; order];
        let mut reached = Vec::new();
        for row in 0..order {
            reach(matrix, row, &parents, &mut seen, &mut reached);
            for (column, value) in matrix.row(row) {
                work[column] += value;
            }
            let mut pivot = matrix.diagonal[row];
            for &column in &reached {
                let value = std::mem::take(&mut work[column]);
                let entries = factor.starts[column]..ends[column];
                for entry in entries {
                    work[factor.rows[entry] as usize] -= factor.values[entry] * value;
                }
                let scaled = value / factor.pivots[column];
                pivot -= scaled * value;
                factor.rows[ends[column]] = row as u32;
                factor.values[ends[column]] = scaled;
                ends[column] += 1;
            }
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            factor.pivots.push(pivot);
        }
        Some(factor)
    }

    /// Replaces the right-hand side by the solution.
    pub(super) fn solve_in_place(&self, values: &mut [f64]) {
        for column in 0..self.pivots.len() {
            let value = values[column];
            for entry in self.starts[column]..self.starts[column + 1] {
                values[self.rows[entry] as usize] -= self.values[entry] * value;
            }
        }
        for column in (0..self.pivots.len()).rev() {
            let mut value = values[column] / self.pivots[column];
            for entry in self.starts[column]..self.starts[column + 1] {
                value -= self.values[entry] * values[self.rows[entry] as usize];
            }
            values[column] = value;
        }
    }
}

/// The parent of each column in the elimination tree, and where its entries in the factor begin.
fn elimination_tree(matrix: &LowerTriangle) -> (Vec<usize>, Vec<usize>) {
    let order = matrix.order();
    let mut parents = vec![NONE; order];
    let mut counts = vec![0; order];
    let mut seen = vec![NONE; order];
    for row in 0..order {
        seen[row] = row;
        for (column, _) in matrix.row(row) {
            let mut at = column;
            while seen[at] != row {
                if parents[at] == NONE {
                    parents[at] = row;
                }
                counts[at] += 1;
                seen[at] = row;
                at = parents[at];
            }
        }
    }
    let mut starts = Vec::with_capacity(order + 1);
    let mut start = 0;
    starts.push(0);
    for count in counts {
        start += count;
        starts.push(start);
    }
    (parents, starts)
}

/// The columns of the factor that have an entry in `row`, ascending: those on the paths from the row's
/// own entries up the tree.
fn reach(
    matrix: &LowerTriangle,
    row: usize,
    parents: &[usize],
    seen: &mut [usize],
    reached: &mut Vec<usize>,
) {
    reached.clear();
    seen[row] = row;
    for (column, _) in matrix.row(row) {
        let mut at = column;
        while seen[at] != row {
            seen[at] = row;
            reached.push(at);
            at = parents[at];
        }
    }
    reached.sort_unstable();
}
