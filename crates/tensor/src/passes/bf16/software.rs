//! The definition of a product, value by value.

use super::super::product::{Target, Write};
use super::PairRows;

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
