//! The same minimum by another road: edges, normal equations, dense elimination.

/// A hole written as rows of text: `#` is known, anything else missing.
pub(super) fn known_of(rows: &[&str]) -> (usize, usize, Vec<bool>) {
    let known = rows
        .iter()
        .flat_map(|row| row.bytes())
        .map(|c| c == b'#')
        .collect();
    (rows.len(), rows[0].len(), known)
}

/// Two planes of reproducible values in `[-1, 1]`.
pub(super) fn planes(len: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    };
    let known = (0..len).map(|_| next()).collect();
    (known, (0..len).map(|_| next()).collect())
}

/// Least squares over the edges with at least one missing end, by Gaussian elimination.
pub(super) fn solve_densely(
    height: usize,
    width: usize,
    known: &[bool],
    values: &[f64],
    guide: &[f64],
) -> Vec<f64> {
    let horizontal = (0..height)
        .flat_map(|row| (1..width).map(move |col| (row * width + col - 1, row * width + col)));
    let vertical = (1..height)
        .flat_map(|row| (0..width).map(move |col| ((row - 1) * width + col, row * width + col)));
    let mut column = vec![None; known.len()];
    let missing: Vec<usize> = (0..known.len()).filter(|&pixel| !known[pixel]).collect();
    for (unknown, &pixel) in missing.iter().enumerate() {
        column[pixel] = Some(unknown);
    }
    // Each edge is one equation x_i - x_j = g_i - g_j; its known end moves to the right-hand side.
    let n = missing.len();
    let mut matrix = vec![vec![0.0; n + 1]; n];
    for (first, second) in horizontal.chain(vertical) {
        let mut right = guide[first] - guide[second];
        let mut entries = Vec::new();
        for (pixel, sign) in [(first, 1.0), (second, -1.0)] {
            match column[pixel] {
                Some(unknown) => entries.push((unknown, sign)),
                None => right -= sign * values[pixel],
            }
        }
        for &(row, scale) in &entries {
            for &(col, value) in &entries {
                matrix[row][col] += scale * value;
            }
            matrix[row][n] += scale * right;
        }
    }
    let solution = eliminate(matrix);
    let mut completed = values.to_vec();
    for (pixel, value) in missing.into_iter().zip(solution) {
        completed[pixel] = value;
    }
    completed
}

/// Gauss-Jordan elimination with partial pivoting of an augmented matrix.
fn eliminate(mut matrix: Vec<Vec<f64>>) -> Vec<f64> {
    let n = matrix.len();
    for col in 0..n {
        let pivot = (col..n)
            .max_by(|&a, &b| matrix[a][col].abs().total_cmp(&matrix[b][col].abs()))
            .unwrap();
        matrix.swap(col, pivot);
        let pivot_row = matrix[col].clone();
        for (row, values) in matrix.iter_mut().enumerate() {
            let factor = values[col] / pivot_row[col];
            if row != col && factor != 0.0 {
                for (value, pivot) in values.iter_mut().zip(&pivot_row).skip(col) {
                    *value -= factor * pivot;
                }
            }
        }
    }
    matrix
        .iter()
        .enumerate()
        .map(|(row, values)| values[n] / values[row])
        .collect()
}
