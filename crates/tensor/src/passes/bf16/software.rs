//! The definition of a product, value by value.

use super::super::product::{Target, Write};
use super::PairRows;
use super::tiles::{AREA, LeftTiles, MultiplyTiles, SIDE, Sums, TILE_ROWS};

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

impl MultiplyTiles for SoftwareTiles {
    fn multiply(&self, left: LeftTiles<'_>, panel: &[u16], sums: &mut Sums) {
        assert!(left.fit(panel), "tiles that leave their values");
        sums.0.fill(0.0);
        for (&offset, panel) in left.offsets.iter().zip(panel.chunks_exact(AREA)) {
            add_products(left, offset, panel, sums);
        }
    }

    fn multiply_split(&self, left: LeftTiles<'_>, panel: &[u16], sums: &mut Sums) {
        assert!(left.fit(panel), "tiles that leave their values");
        assert!(left.offsets.len().is_multiple_of(2), "runs without rests");
        sums.0.fill(0.0);
        let runs = left
            .offsets
            .chunks_exact(2)
            .zip(panel.chunks_exact(2 * AREA));
        for (offsets, panel) in runs {
            let (panel, rests) = panel.split_at(AREA);
            for (offset, panel) in [
                (offsets[1], panel),
                (offsets[0], panel),
                (offsets[0], rests),
            ] {
                add_products(left, offset, panel, sums);
            }
        }
    }
}

fn add_products(left: LeftTiles<'_>, offset: u32, panel: &[u16], sums: &mut Sums) {
    for (place, sum) in sums.0.iter_mut().enumerate() {
        let (row, column) = (place / SIDE, place % SIDE);
        let start = left.places[row / TILE_ROWS] + offset as usize + row % TILE_ROWS * SIDE;
        let mut parts = [0.0f32; 2];
        for (inner, &value) in left.values[start..][..SIDE].iter().enumerate() {
            let factor = panel[(inner / 2 * SIDE + column) * 2 + inner % 2];
            parts[inner % 2] += widened(value) * widened(factor);
        }
        *sum += parts[0] + parts[1];
    }
}
