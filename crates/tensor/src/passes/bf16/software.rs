//! The definition of a product, value by value.

use super::super::product::{Target, Write};
use super::PairRows;
use super::tiles::{AREA, SIDE, TileUnit};

pub(super) fn widened(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

pub(super) fn multiply(rows: PairRows<'_>, panel: &[u16], target: &mut Target<'_>, write: Write) {
    let width = rows.run_len;
    for (&read, &place) in rows.offsets.iter().zip(target.offsets) {
        for column in 0..width {
            let sum = &mut target.values[target.first + place as usize + column];
            if write == Write::Replace {
                *sum = 0.0;
            }
            for inner in 0..rows.runs * rows.run_len {
                let (run, at) = (inner / rows.run_len, inner % rows.run_len);
                let place = rows.first + read as usize + run * rows.run_stride + at;
                let factor = panel[(inner / 2 * width + column) * 2 + inner % 2];
                *sum += widened(rows.values[place]) * widened(factor);
            }
        }
    }
}

/// Multiplies tiles as AMX is documented to: 16 rows by 32 values times 16 pairs of rows by 16
/// columns, sums of even and of odd values apart.
pub(super) struct SoftwareTiles;

impl TileUnit for SoftwareTiles {
    fn multiply_add(&self, left: &[u16], run_stride: usize, panel: &[u16], sums: &mut [f32]) {
        for (run, panel) in panel.chunks_exact(AREA).enumerate() {
            for (place, sum) in sums.iter_mut().enumerate() {
                let left = &left[run * run_stride + place / SIDE * SIDE..][..SIDE];
                let mut parts = [0.0f32; 2];
                for (inner, &value) in left.iter().enumerate() {
                    let factor = panel[(inner / 2 * SIDE + place % SIDE) * 2 + inner % 2];
                    parts[inner % 2] += widened(value) * widened(factor);
                }
                *sum += parts[0] + parts[1];
            }
        }
    }
}
