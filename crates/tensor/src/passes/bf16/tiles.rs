//! Products by a unit that multiplies tiles, as AMX does.

use super::super::product::{Target, Write};
use super::PairRows;

/// Values of a run of the inner dimension, columns of a panel, and rows that are multiplied at once.
pub(super) const SIDE: usize = 32;
/// Values of 32 rows or of the panel of one run.
pub(super) const AREA: usize = SIDE * SIDE;
/// Runs of rows that are copied at once.
const STAGED_RUNS: usize = 4;

/// Multiplies 32 rows and 32 columns: four tiles of sums.
pub(super) trait TileUnit {
    /// `sums += left * panel`: `sums` and each run of `left`, `run_stride` values from one to the next,
    /// are 32 rows of 32 values, the panel is `[run, inner / 2, column, 2]`.
    ///
    /// # Panics
    ///
    /// When a slice is too short.
    fn multiply_add(&self, left: &[u16], run_stride: usize, panel: &[u16], sums: &mut [f32]);
}

/// A product that [`Unit::multiply`](super::Unit::multiply) has checked.
///
/// A sum depends on its row and column only, so that it has the same bits whatever rows stand beside
/// it, and whether rows are multiplied in place or copied.
pub(super) fn multiply(
    unit: &impl TileUnit,
    rows: PairRows<'_>,
    panel: &[u16],
    target: &mut Target<'_>,
    write: Write,
) {
    assert_eq!(rows.run_len, SIDE, "values of a run");
    let panel = &panel[..rows.runs * AREA];
    let blocks = rows.offsets.chunks(SIDE).zip(target.offsets.chunks(SIDE));
    for (reads, writes) in blocks {
        if is_block(reads) && is_block(writes) {
            let left = &rows.values[rows.first + reads[0] as usize..];
            let sums = &mut target.values[target.first + writes[0] as usize..][..AREA];
            if write == Write::Replace {
                sums.fill(0.0);
            }
            unit.multiply_add(left, rows.run_stride, panel, sums);
            continue;
        }
        let mut sums = [0.0; AREA];
        let place = |row: usize| target.first + writes[row] as usize;
        if write == Write::Add {
            for (row, sums) in sums.chunks_exact_mut(SIDE).take(writes.len()).enumerate() {
                sums.copy_from_slice(&target.values[place(row)..][..SIDE]);
            }
        }
        multiply_copies(unit, &rows, reads, panel, &mut sums);
        for (row, sums) in sums.chunks_exact(SIDE).take(writes.len()).enumerate() {
            target.values[place(row)..][..SIDE].copy_from_slice(sums);
        }
    }
}

/// Whether these rows fill a block, one after the other.
fn is_block(offsets: &[u32]) -> bool {
    let first = offsets[0] as usize;
    let mut rows = offsets.iter().enumerate();
    offsets.len() == SIDE && rows.all(|(row, &offset)| offset as usize == first + row * SIDE)
}

/// Adds the products of at most 32 rows wherever they lie, a few runs at a time.
fn multiply_copies(
    unit: &impl TileUnit,
    rows: &PairRows<'_>,
    reads: &[u32],
    panel: &[u16],
    sums: &mut [f32],
) {
    let mut left = [0; STAGED_RUNS * AREA];
    for (piece, panel) in panel.chunks(STAGED_RUNS * AREA).enumerate() {
        for run in 0..panel.len() / AREA {
            let start = rows.first + (piece * STAGED_RUNS + run) * rows.run_stride;
            let copies = left[run * AREA..].chunks_exact_mut(SIDE);
            for (copy, &offset) in copies.zip(reads) {
                copy.copy_from_slice(&rows.values[start + offset as usize..][..SIDE]);
            }
        }
        unit.multiply_add(&left, AREA, panel, sums);
    }
}

/// Whether a unit multiplies small integers without an error, in place and copied.
pub(super) fn is_right(unit: &impl TileUnit) -> bool {
    const RUNS: usize = 3;
    const ROWS: usize = SIDE + 5;
    let left_at = |row: usize, inner: usize| (row + 3 * inner) as i32 % 7 - 3;
    let right_at = |inner: usize, column: usize| (5 * inner + column) as i32 % 5 - 2;
    let half = |value: i32| ((value as f32).to_bits() >> 16) as u16;
    let mut left = vec![0; RUNS * ROWS * SIDE];
    let mut panel = vec![0; RUNS * AREA];
    for inner in 0..RUNS * SIDE {
        for row in 0..ROWS {
            left[(inner / SIDE * ROWS + row) * SIDE + inner % SIDE] = half(left_at(row, inner));
        }
        for column in 0..SIDE {
            panel[(inner / 2 * SIDE + column) * 2 + inner % 2] = half(right_at(inner, column));
        }
    }
    let offsets: Vec<u32> = (0..ROWS).map(|row| (row * SIDE) as u32).collect();
    let rows = PairRows {
        values: &left,
        first: 0,
        offsets: &offsets,
        runs: RUNS,
        run_stride: ROWS * SIDE,
        run_len: SIDE,
    };
    let mut products = vec![f32::NAN; ROWS * SIDE];
    let mut target = Target {
        values: &mut products,
        first: 0,
        offsets: &offsets,
    };
    multiply(unit, rows, &panel, &mut target, Write::Replace);
    let expected = |row, column| -> i32 {
        let terms = (0..RUNS * SIDE).map(|inner| left_at(row, inner) * right_at(inner, column));
        terms.sum()
    };
    (products.iter().enumerate())
        .all(|(place, &product)| product == expected(place / SIDE, place % SIDE) as f32)
}
