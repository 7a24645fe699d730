use super::Correlation;
use crate::ops::float::Float;

/// Writes the image values under each kernel tap and position: `[(c, i, j), (n, p, q)]`.
///
/// Each plane is first laid out as [`Phases`], so that every row of a tap is one contiguous copy.
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
            for (tap, row) in rows.chunks_mut(width).enumerate() {
                let target = &mut row[image * shape.positions()..][..shape.positions()];
                let start = phases.start_of_tap(shape, tap);
                each_row(shape, start, &phases.values, target, Copying);
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
        let rows = columns[channel * taps * width..][..taps * width].chunks(width);
        for (tap, row) in rows.enumerate() {
            let source = &row[image * shape.positions()..][..shape.positions()];
            let start = phases.start_of_tap(shape, tap);
            each_row(shape, start, source, &mut phases.values, Adding);
        }
        phases.join(plane);
    }
}

/// One plane with its padding, the columns of each phase together: the value in column
/// `i * stride + phase` of a row lies at place `i` of that row of the phase. A kernel tap then reads
/// one contiguous run per output row and never leaves the memory.
struct Phases<T> {
    values: Vec<T>,
    stride: usize,
    width: usize,
    left: usize,
    top: usize,
    row_len: usize,
    phase_len: usize,
}

impl<T: Float> Phases<T> {
    fn new(shape: &Correlation) -> Self {
        let Correlation {
            stride,
            padding,
            kernel,
            ..
        } = *shape;
        let left = padding.div_ceil(stride);
        // One past the last padded row or column that a tap reads, or that the image has.
        let end = |out: usize, side: usize| ((out - 1) * stride + kernel).max(side + padding);
        let row_len =
            (end(shape.out_width, shape.width) + left * stride - padding).div_ceil(stride);
        let phase_len = row_len * end(shape.out_height, shape.height);
        Self {
            values: vec![T::zero(); phase_len * stride],
            stride,
            width: shape.width,
            left,
            top: padding,
            row_len,
            phase_len,
        }
    }

    /// Where the run of a tap for output row 0 starts; that of the next row starts
    /// `stride * row_len` later.
    fn start_of_tap(&self, shape: &Correlation, tap: usize) -> (usize, usize) {
        let (row, col) = (tap / shape.kernel, tap % shape.kernel);
        let padded_col = col + self.left * self.stride - shape.padding;
        let phase = padded_col % self.stride * self.phase_len;
        (
            phase + row * self.row_len + padded_col / self.stride,
            self.stride * self.row_len,
        )
    }

    fn split(&mut self, plane: &[T]) {
        for (row, line) in plane.chunks(self.width).enumerate() {
            let start = self.start_of_row(row);
            if self.stride == 2 {
                let (even, odd) = self.values.split_at_mut(self.phase_len);
                let (even, odd) = (&mut even[start..], &mut odd[start..]);
                for (pair, value) in line.chunks(2).zip(even) {
                    *value = pair[0];
                }
                for (pair, value) in line.chunks_exact(2).zip(odd) {
                    *value = pair[1];
                }
            } else {
                for (col, &value) in line.iter().enumerate() {
                    let place = col % self.stride * self.phase_len + col / self.stride;
                    self.values[start + place] = value;
                }
            }
        }
    }

    fn join(&self, plane: &mut [T]) {
        for (row, line) in plane.chunks_mut(self.width).enumerate() {
            let start = self.start_of_row(row);
            if self.stride == 2 {
                let (even, odd) = self.values.split_at(self.phase_len);
                let (even, odd) = (&even[start..], &odd[start..]);
                for ((pair, &even), &odd) in line.chunks_mut(2).zip(even).zip(odd) {
                    pair[0] = even;
                    if let Some(value) = pair.get_mut(1) {
                        *value = odd;
                    }
                }
            } else {
                for (col, value) in line.iter_mut().enumerate() {
                    let place = col % self.stride * self.phase_len + col / self.stride;
                    *value = self.values[start + place];
                }
            }
        }
    }

    fn start_of_row(&self, row: usize) -> usize {
        (row + self.top) * self.row_len + self.left
    }
}

/// What happens to a run of values. A type, so that the loops below are compiled for each.
trait Run: Copy {
    /// Whether the runs of [`Phases`] are read (and the dense rows written) or the other way round.
    const READS_PHASES: bool;

    fn run<T: Float>(self, source: &[T], target: &mut [T]);
}

#[derive(Clone, Copy)]
struct Copying;

impl Run for Copying {
    const READS_PHASES: bool = true;

    fn run<T: Float>(self, source: &[T], target: &mut [T]) {
        target.copy_from_slice(source);
    }
}

#[derive(Clone, Copy)]
struct Adding;

impl Run for Adding {
    const READS_PHASES: bool = false;

    fn run<T: Float>(self, source: &[T], target: &mut [T]) {
        target
            .iter_mut()
            .zip(source)
            .for_each(|(sum, &value)| *sum += value);
    }
}

/// Runs over the output rows of one tap. Common widths are known to the compiler, which then needs no
/// loop within a row.
fn each_row<T: Float, R: Run>(
    shape: &Correlation,
    start: (usize, usize),
    source: &[T],
    target: &mut [T],
    run: R,
) {
    match shape.out_width {
        4 => rows_of::<T, R, 4>(start, source, target, run),
        8 => rows_of::<T, R, 8>(start, source, target, run),
        16 => rows_of::<T, R, 16>(start, source, target, run),
        32 => rows_of::<T, R, 32>(start, source, target, run),
        width => {
            for row in 0..shape.out_height {
                let (phases, dense) = (start.0 + row * start.1, row * width);
                let (from, to) = if R::READS_PHASES {
                    (phases, dense)
                } else {
                    (dense, phases)
                };
                run.run(&source[from..from + width], &mut target[to..to + width]);
            }
        }
    }
}

fn rows_of<T: Float, R: Run, const WIDTH: usize>(
    (start, stride): (usize, usize),
    source: &[T],
    target: &mut [T],
    run: R,
) {
    if R::READS_PHASES {
        for (row, target) in target.chunks_exact_mut(WIDTH).enumerate() {
            run.run(&source[start + row * stride..][..WIDTH], target);
        }
    } else {
        for (row, source) in source.chunks_exact(WIDTH).enumerate() {
            run.run(source, &mut target[start + row * stride..][..WIDTH]);
        }
    }
}
