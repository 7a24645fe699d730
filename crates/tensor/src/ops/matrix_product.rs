use gemm::Parallelism;

use super::float::Float;

/// Inner sizes that go to the library at once. It adds up to this many products in one go; how it
/// splits longer sums depends on the number of columns too.
const INNER_PIECE: usize = 512;

/// A matrix in memory: element (i, j) lies at `i * row_stride + j * col_stride`.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    values: &'a [T],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// A row-major matrix whose rows start `row_stride` values apart.
    pub(crate) fn row_major(values: &'a [T], rows: usize, cols: usize, row_stride: usize) -> Self {
        Self {
            values,
            rows,
            cols,
            row_stride,
            col_stride: 1,
        }
    }

    /// The same memory, rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// The columns from `start` on, `cols` of them.
    fn columns(self, start: usize, cols: usize) -> Self {
        Self {
            values: &self.values[start * self.col_stride..],
            cols,
            ..self
        }
    }

    fn fits(&self) -> bool {
        self.rows == 0
            || self.cols == 0
            || (self.rows - 1) * self.row_stride + (self.cols - 1) * self.col_stride
                < self.values.len()
    }
}

/// What happens to the product's destination.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// The product replaces what is there.
    Replace,
    /// The product is added to what is there.
    Add,
}

/// `product := left * right` or `product += left * right`, row-major with rows `row_stride` apart.
///
/// The order in which a value's products are added depends on the inner size alone, so a column has
/// the same bits whatever stands beside it; a single row is therefore multiplied here and not by the
/// library, whose matrix-vector form sums in another order.
pub(crate) fn multiply<T: Float>(
    left: Matrix<'_, T>,
    right: Matrix<'_, T>,
    product: &mut [T],
    row_stride: usize,
    write: Write,
    parallelism: Parallelism,
) {
    let (rows, inner, cols) = (left.rows, left.cols, right.cols);
    assert_eq!(inner, right.rows, "inner sizes of a matrix product");
    assert!(left.fits() && right.fits(), "matrix leaves its memory");
    if rows == 0 || cols == 0 {
        return;
    }
    assert!(cols <= row_stride && (rows - 1) * row_stride + cols <= product.len());
    if rows == 1 && right.col_stride == 1 {
        return multiply_row(left, right, &mut product[..cols], write);
    }
    let pieces = inner.div_ceil(INNER_PIECE).max(1);
    let length = inner.div_ceil(pieces).max(1);
    let mut write = write;
    for start in (0..inner.max(1)).step_by(length) {
        let length = length.min(inner - start);
        let left = left.columns(start, length);
        let right = right.transposed().columns(start, length).transposed();
        multiply_piece(left, right, product, row_stride, write, parallelism);
        write = Write::Add;
    }
}

/// The library's product of matrices that [`multiply`] has checked.
#[allow(unsafe_code)]
fn multiply_piece<T: Float>(
    left: Matrix<'_, T>,
    right: Matrix<'_, T>,
    product: &mut [T],
    row_stride: usize,
    write: Write,
    parallelism: Parallelism,
) {
    let (rows, inner, cols) = (left.rows, left.cols, right.cols);
    assert!(left.fits() && right.fits() && inner == right.rows);
    assert!(cols <= row_stride && (rows - 1) * row_stride + cols <= product.len());
    // SAFETY: the asserts above keep every index within the three slices, which do not overlap
    // because `product` is borrowed mutably; T is f32 or f64, which the library takes.
    unsafe {
        gemm::gemm(
            rows,
            cols,
            inner,
            product.as_mut_ptr(),
            1,
            row_stride as isize,
            write == Write::Add,
            left.values.as_ptr(),
            left.col_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.col_stride as isize,
            right.row_stride as isize,
            T::one(),
            T::one(),
            false,
            false,
            false,
            parallelism,
        );
    }
}

fn multiply_row<T: Float>(
    left: Matrix<'_, T>,
    right: Matrix<'_, T>,
    product: &mut [T],
    write: Write,
) {
    if write == Write::Replace {
        product.fill(T::zero());
    }
    for index in 0..left.cols {
        let factor = left.values[index * left.col_stride];
        let row = &right.values[index * right.row_stride..][..right.cols];
        for (sum, &value) in product.iter_mut().zip(row) {
            *sum += factor * value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    fn random(count: usize, seed: u64) -> Vec<f64> {
        let mut rng = Rng::from_seed(seed);
        (0..count).map(|_| rng.next_unit() - 0.5).collect()
    }

    #[test]
    fn products_equal_the_definition() {
        for (rows, inner, cols) in [
            (1, 7, 20),
            (5, 3, 1),
            (17, 33, 29),
            (8, 1025, 16),
            (3, 0, 4),
        ] {
            let (left, right) = (random(rows * inner, 1), random(inner * cols, 2));
            let mut product = vec![1.0; rows * cols];
            for write in [Write::Replace, Write::Add] {
                multiply(
                    Matrix::row_major(&left, rows, inner, inner),
                    Matrix::row_major(&right, inner, cols, cols),
                    &mut product,
                    cols,
                    write,
                    Parallelism::None,
                );
            }
            for row in 0..rows {
                for col in 0..cols {
                    let want: f64 = (0..inner)
                        .map(|k| left[row * inner + k] * right[k * cols + col])
                        .sum();
                    assert!((product[row * cols + col] - 2.0 * want).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_column_has_the_same_bits_in_any_company() {
        for (rows, inner) in [(48, 300), (7, 1664), (64, 513), (100, 1100)] {
            let mut seen: Option<Vec<f32>> = None;
            for cols in [16, 17, 33, 64, 65, 250, 1024] {
                for position in [0, cols / 2, cols - 1] {
                    let got = column_in_company(rows, inner, cols, position);
                    let want = seen.get_or_insert_with(|| got.clone());
                    assert_eq!(want, &got, "{rows} {inner} {cols} {position}");
                }
            }
        }
    }

    /// A fixed matrix times one fixed column, which stands at `position` among `cols`.
    fn column_in_company(rows: usize, inner: usize, cols: usize, position: usize) -> Vec<f32> {
        let narrow =
            |values: Vec<f64>| -> Vec<f32> { values.iter().map(|&value| value as f32).collect() };
        let (left, column) = (narrow(random(rows * inner, 3)), narrow(random(inner, 4)));
        let mut right = vec![0.25f32; inner * cols];
        for index in 0..inner {
            right[index * cols + position] = column[index];
        }
        let mut product = vec![0.0; rows * cols];
        multiply(
            Matrix::row_major(&left, rows, inner, inner),
            Matrix::row_major(&right, inner, cols, cols),
            &mut product,
            cols,
            Write::Replace,
            Parallelism::Rayon(0),
        );
        (0..rows)
            .map(|row| product[row * cols + position])
            .collect()
    }
}
