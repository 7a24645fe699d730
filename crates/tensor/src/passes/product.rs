use pulp::{Simd, WithSimd};

use super::instruction_set::{InstructionSet, multiply_add};
use super::prefetch::prefetch;

/// Vectors side by side in one panel of right-hand columns.
pub(crate) const PANEL_VECTORS: usize = 2;

/// Values in a cache line.
const LINE: usize = 16;

/// What a product does to what is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    Replace,
    Add,
}

/// Left-hand rows in memory, the inner dimension in runs: row r holds the values
/// `first + offsets[r] + i * run_stride .. + run_len` for each run i.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) first: usize,
    pub(crate) offsets: &'a [u32],
    pub(crate) runs: usize,
    pub(crate) run_stride: usize,
    pub(crate) run_len: usize,
}

/// Where the product's rows go: row r to `first + offsets[r]`, as many values as the panel is wide.
pub(crate) struct Target<'a> {
    pub(crate) values: &'a mut [f32],
    pub(crate) first: usize,
    pub(crate) offsets: &'a [u32],
}

/// `target := rows * panel`, or `+=`, for a panel of [`PANEL_VECTORS`] vectors.
///
/// The panel is packed: for each inner index its columns side by side. Every value is one chain of
/// multiply-adds in the order of the inner dimension, so that it has the same bits whatever rows stand
/// beside it.
pub(crate) fn multiply(
    set: InstructionSet,
    rows: Rows<'_>,
    panel: &[f32],
    target: &mut Target<'_>,
    write: Write,
) {
    multiply_panel::<PANEL_VECTORS>(set, rows, panel, target, write);
}

/// [`multiply`] for a panel of `VECTORS` vectors.
pub(crate) fn multiply_panel<const VECTORS: usize>(
    set: InstructionSet,
    rows: Rows<'_>,
    panel: &[f32],
    target: &mut Target<'_>,
    write: Write,
) {
    let count = rows.offsets.len();
    assert_eq!(count, target.offsets.len(), "rows of a product");
    let mut start = 0;
    let mut blocks = count.div_ceil(set.rows_at_once());
    while start < count {
        // Blocks of nearly equal height, so that none is left with one row.
        let height = (count - start).div_ceil(blocks);
        let rows = Rows {
            offsets: &rows.offsets[start..start + height],
            ..rows
        };
        let mut target = Target {
            values: &mut *target.values,
            first: target.first,
            offsets: &target.offsets[start..start + height],
        };
        match height {
            1 => run::<1, VECTORS>(set, rows, panel, &mut target, write),
            2 => run::<2, VECTORS>(set, rows, panel, &mut target, write),
            3 => run::<3, VECTORS>(set, rows, panel, &mut target, write),
            4 => run::<4, VECTORS>(set, rows, panel, &mut target, write),
            5 => run::<5, VECTORS>(set, rows, panel, &mut target, write),
            6 => run::<6, VECTORS>(set, rows, panel, &mut target, write),
            7 => run::<7, VECTORS>(set, rows, panel, &mut target, write),
            _ => run::<8, VECTORS>(set, rows, panel, &mut target, write),
        }
        start += height;
        blocks -= 1;
    }
}

fn run<const HEIGHT: usize, const VECTORS: usize>(
    set: InstructionSet,
    rows: Rows<'_>,
    panel: &[f32],
    target: &mut Target<'_>,
    write: Write,
) {
    set.run(Block::<'_, '_, HEIGHT, VECTORS> {
        rows,
        panel,
        target,
        write,
    });
}

/// `HEIGHT` rows times one panel, all sums in registers.
struct Block<'a, 'b, const HEIGHT: usize, const VECTORS: usize> {
    rows: Rows<'a>,
    panel: &'a [f32],
    target: &'a mut Target<'b>,
    write: Write,
}

impl<const HEIGHT: usize, const VECTORS: usize> WithSimd for Block<'_, '_, HEIGHT, VECTORS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            rows,
            panel,
            target,
            write,
        } = self;
        let width = VECTORS * S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; HEIGHT];
        if write == Write::Add {
            for (sums, &offset) in sums.iter_mut().zip(target.offsets) {
                let row = &target.values[target.first + offset as usize..][..width];
                sums.copy_from_slice(S::as_simd_f32s(row).0);
            }
        }
        let panel_runs = panel.chunks_exact(rows.run_len * width).take(rows.runs);
        for (run, panel) in panel_runs.enumerate() {
            let start = rows.first + run * rows.run_stride;
            let left: [&[f32]; HEIGHT] = std::array::from_fn(
                #[inline(always)]
                |row| &rows.values[start + rows.offsets[row] as usize..][..rows.run_len],
            );
            // The next run lies too far off for the processor to guess.
            for row in 0..HEIGHT {
                let next = start + rows.run_stride + rows.offsets[row] as usize;
                prefetch(rows.values, next);
                prefetch(rows.values, next + LINE);
            }
            let columns = S::as_simd_f32s(panel).0.chunks_exact(VECTORS);
            for (inner, columns) in columns.enumerate() {
                for row in 0..HEIGHT {
                    let factor = simd.splat_f32s(left[row][inner]);
                    for vector in 0..VECTORS {
                        sums[row][vector] =
                            multiply_add(simd, factor, columns[vector], sums[row][vector]);
                    }
                }
            }
        }
        for (sums, &offset) in sums.iter().zip(target.offsets) {
            let row = &mut target.values[target.first + offset as usize..][..width];
            S::as_mut_simd_f32s(row).0.copy_from_slice(sums);
        }
    }
}

/// Left-hand channels that [`multiply_transposed`] keeps in registers.
const CHANNELS_AT_ONCE: usize = 8;

/// `product += left^T right` for `left` and `right` with rows of one block of channels each: row c of
/// the product is what channel c of the left meets, `[channel of left, channel of right]`.
pub(crate) fn multiply_transposed(
    set: InstructionSet,
    left: &[f32],
    right: &[f32],
    product: &mut [f32],
) {
    let narrow = set.rows_at_once() < CHANNELS_AT_ONCE;
    if narrow {
        set.run(Transposed::<2> {
            left,
            right,
            product,
        });
    } else {
        set.run(Transposed::<CHANNELS_AT_ONCE> {
            left,
            right,
            product,
        });
    }
}

struct Transposed<'a, const HEIGHT: usize> {
    left: &'a [f32],
    right: &'a [f32],
    product: &'a mut [f32],
}

impl<const HEIGHT: usize> WithSimd for Transposed<'_, HEIGHT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            left,
            right,
            product,
        } = self;
        let block = PANEL_VECTORS * S::F32_LANES;
        let products = product.chunks_exact_mut(HEIGHT * block);
        for (first, product) in (0..block).step_by(HEIGHT).zip(products) {
            let mut sums = [[simd.splat_f32s(0.0); PANEL_VECTORS]; HEIGHT];
            for (sums, row) in sums.iter_mut().zip(product.chunks_exact(block)) {
                sums.copy_from_slice(S::as_simd_f32s(row).0);
            }
            let rows = left.chunks_exact(block).zip(right.chunks_exact(block));
            for (left, right) in rows {
                let factors: &[f32; HEIGHT] = match left[first..].first_chunk() {
                    Some(factors) => factors,
                    None => return,
                };
                let right = S::as_simd_f32s(right).0;
                for row in 0..HEIGHT {
                    let factor = simd.splat_f32s(factors[row]);
                    for vector in 0..PANEL_VECTORS {
                        sums[row][vector] =
                            multiply_add(simd, factor, right[vector], sums[row][vector]);
                    }
                }
            }
            for (sums, row) in sums.iter().zip(product.chunks_exact_mut(block)) {
                S::as_mut_simd_f32s(row).0.copy_from_slice(sums);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Rng;

    #[test]
    fn products_equal_the_definition_on_every_instruction_set() {
        let mut rng = Rng::from_seed(1);
        let mut draw = |count: usize| -> Vec<f32> {
            (0..count).map(|_| rng.next_unit() as f32 - 0.5).collect()
        };
        for set in InstructionSet::available() {
            let width = PANEL_VECTORS * set.lanes();
            for (count, runs, run_len) in [(1, 1, 7), (8, 2, 3), (9, 1, 16), (23, 3, 5)] {
                let left = draw(count * runs * run_len + 3);
                let panel = draw(runs * run_len * width);
                let offsets: Vec<u32> = (0..count).map(|row| (row * run_len) as u32).collect();
                let places: Vec<u32> = (0..count).map(|row| (row * width) as u32).collect();
                let rows = Rows {
                    values: &left,
                    first: 3,
                    offsets: &offsets,
                    runs,
                    run_stride: count * run_len,
                    run_len,
                };
                let mut out = vec![1.0; count * width];
                for write in [Write::Add, Write::Add] {
                    let mut target = Target {
                        values: &mut out,
                        first: 0,
                        offsets: &places,
                    };
                    multiply(set, rows, &panel, &mut target, write);
                }
                for row in 0..count {
                    for column in 0..width {
                        let sum: f32 = (0..runs * run_len)
                            .map(|inner| {
                                let (run, at) = (inner / run_len, inner % run_len);
                                left[3 + row * run_len + run * count * run_len + at]
                                    * panel[inner * width + column]
                            })
                            .sum();
                        let got = out[row * width + column];
                        assert!((got - 1.0 - 2.0 * sum).abs() < 1e-5, "{set} {got} {sum}");
                    }
                }
            }
        }
    }
}
