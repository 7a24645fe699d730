use super::Correlation;
use crate::ops::float::Float;

/// Writes the image values under each kernel tap and position: `[(c, i, j), (n, p, q)]`.
///
/// Values a stride apart are brought together first ([`Phases`]), so that every row of a tap is one
/// contiguous copy.
pub(super) fn gather_columns<T: Float>(
    shape: &Correlation,
    x: &[T],
    columns: &mut [T],
    width: usize,
) {
    let used = x.len() / shape.image_len() * shape.positions();
    let taps = shape.kernel * shape.kernel;
    let mut phases = Phases::new(shape);
    for (channel, rows) in columns.chunks_mut(taps * width).enumerate() {
        for row in rows.chunks_mut(width) {
            row[used..].fill(T::zero());
        }
        for (image, x) in x.chunks(shape.image_len()).enumerate() {
            phases.split(&x[channel * shape.plane_len()..][..shape.plane_len()]);
            for (index, row) in rows.chunks_mut(width).enumerate() {
                let tap = Tap::new(shape, index);
                let target = &mut row[image * shape.positions()..][..shape.positions()];
                tap.gather(shape, &phases, target);
            }
        }
    }
}

/// Adds columns `[(c, i, j), (n, p, q)]` back to the image values that they stand for.
pub(super) fn add_columns<T: Float>(shape: &Correlation, columns: &[T], x: &mut [T], width: usize) {
    let taps = shape.kernel * shape.kernel;
    let mut phases = Phases::new(shape);
    for (index, plane) in x.chunks_mut(shape.plane_len()).enumerate() {
        let (image, channel) = (index / shape.channels, index % shape.channels);
        phases.values.fill(T::zero());
        for (index, row) in columns[channel * taps * width..][..taps * width]
            .chunks(width)
            .enumerate()
        {
            let source = &row[image * shape.positions()..][..shape.positions()];
            Tap::new(shape, index).add(shape, source, &mut phases);
        }
        phases.join(plane);
    }
}

/// One plane with the columns of each phase together: `values[phase][row][i]` is the value in column
/// `i * stride + phase`.
struct Phases<T> {
    values: Vec<T>,
    stride: usize,
    width: usize,
    row_len: usize,
    phase_len: usize,
}

impl<T: Float> Phases<T> {
    fn new(shape: &Correlation) -> Self {
        let row_len = shape.width.div_ceil(shape.stride);
        let phase_len = row_len * shape.height;
        let values = vec![T::zero(); phase_len * shape.stride];
        Self {
            values,
            stride: shape.stride,
            width: shape.width,
            row_len,
            phase_len,
        }
    }

    fn split(&mut self, plane: &[T]) {
        if self.stride == 2 && self.width.is_multiple_of(2) {
            let (even, odd) = self.values.split_at_mut(self.phase_len);
            for ((pair, even), odd) in plane.chunks_exact(2).zip(even).zip(odd) {
                (*even, *odd) = (pair[0], pair[1]);
            }
            return;
        }
        for (row, line) in plane.chunks(self.width).enumerate() {
            for (col, &value) in line.iter().enumerate() {
                let index = self.index(row, col);
                self.values[index] = value;
            }
        }
    }

    fn join(&self, plane: &mut [T]) {
        if self.stride == 2 && self.width.is_multiple_of(2) {
            let (even, odd) = self.values.split_at(self.phase_len);
            for ((pair, &even), &odd) in plane.chunks_exact_mut(2).zip(even).zip(odd) {
                (pair[0], pair[1]) = (even, odd);
            }
            return;
        }
        for (row, line) in plane.chunks_mut(self.width).enumerate() {
            for (col, value) in line.iter_mut().enumerate() {
                *value = self.values[self.index(row, col)];
            }
        }
    }

    fn index(&self, row: usize, col: usize) -> usize {
        col % self.stride * self.phase_len + row * self.row_len + col / self.stride
    }
}

/// One weight of the kernel and the output columns for which it falls inside the image.
struct Tap {
    kernel_row: usize,
    first: usize,
    end: usize,
    /// Where in a plane's [`Phases`] the value for output column `first` of image row 0 lies.
    start: usize,
    row_len: usize,
}

impl Tap {
    fn new(shape: &Correlation, index: usize) -> Self {
        let (kernel_row, kernel_col) = (index / shape.kernel, index % shape.kernel);
        let end = match (shape.width + shape.padding).checked_sub(kernel_col + 1) {
            None => 0,
            Some(last) => (last / shape.stride + 1).min(shape.out_width),
        };
        let first = shape
            .padding
            .saturating_sub(kernel_col)
            .div_ceil(shape.stride)
            .min(end);
        let col = (first * shape.stride + kernel_col).saturating_sub(shape.padding);
        let row_len = shape.width.div_ceil(shape.stride);
        let start = col % shape.stride * row_len * shape.height + col / shape.stride;
        Self {
            kernel_row,
            first,
            end,
            start,
            row_len,
        }
    }

    /// Where the values for one output row start, if the weight meets any value of the image there.
    fn row_start(&self, shape: &Correlation, out_row: usize) -> Option<usize> {
        (out_row * shape.stride + self.kernel_row)
            .checked_sub(shape.padding)
            .filter(|&row| row < shape.height && self.first < self.end)
            .map(|row| self.start + row * self.row_len)
    }

    fn gather<T: Float>(&self, shape: &Correlation, phases: &Phases<T>, target: &mut [T]) {
        for (out_row, target) in target.chunks_mut(shape.out_width).enumerate() {
            match self.row_start(shape, out_row) {
                Some(start) => {
                    target[..self.first].fill(T::zero());
                    target[self.end..].fill(T::zero());
                    let target = &mut target[self.first..self.end];
                    target.copy_from_slice(&phases.values[start..start + self.end - self.first]);
                }
                None => target.fill(T::zero()),
            }
        }
    }

    fn add<T: Float>(&self, shape: &Correlation, source: &[T], phases: &mut Phases<T>) {
        for (out_row, source) in source.chunks(shape.out_width).enumerate() {
            if let Some(start) = self.row_start(shape, out_row) {
                let source = &source[self.first..self.end];
                let sums = &mut phases.values[start..start + source.len()];
                sums.iter_mut()
                    .zip(source)
                    .for_each(|(sum, &value)| *sum += value);
            }
        }
    }
}
