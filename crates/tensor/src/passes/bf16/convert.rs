use pulp::{Simd, WithSimd};

use super::super::buffer::Buffer;
use super::super::instruction_set::InstructionSet;
use super::halves_mut;

/// The upper half that all finite bfloat16 numbers leave of a single precision number's bits.
const HALF: u32 = 16;
/// Set in every NaN that has been through arithmetic.
const QUIET: u32 = 0x40;

/// The nearest bfloat16 number, of two the even one. A NaN stays one; numbers beyond the largest
/// become infinite.
#[inline(always)]
pub(super) fn round(value: f32) -> u16 {
    let bits = value.to_bits();
    let odd = (bits >> HALF) & 1;
    let rounded = bits.wrapping_add(0x7fff + odd) >> HALF;
    let nan = (bits >> HALF) | QUIET;
    (if value.is_nan() { nan } else { rounded }) as u16
}

/// Rounds values to bfloat16.
pub(crate) fn round_all(set: InstructionSet, values: &[f32], rounded: &mut [u16]) {
    set.run(Round { values, rounded });
}

struct Round<'a> {
    values: &'a [f32],
    rounded: &'a mut [u16],
}

impl WithSimd for Round<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (rounded, &value) in self.rounded.iter_mut().zip(self.values) {
            *rounded = round(value);
        }
    }
}

/// Panels `[inner, column of the block]`, one after the other, rounded and in pairs of inner indices:
/// `[inner / 2, column of the block, 2]` in half the memory.
pub(crate) fn paired(panels: &[f32], block: usize) -> Buffer {
    let mut pairs = Buffer::zeros(panels.len().div_ceil(2));
    let rows = panels.chunks_exact(2 * block);
    for (row, pairs) in rows.zip(halves_mut(&mut pairs).chunks_exact_mut(2 * block)) {
        let (first, second) = row.split_at(block);
        for (pair, (&first, &second)) in pairs.chunks_exact_mut(2).zip(first.iter().zip(second)) {
            pair.copy_from_slice(&[round(first), round(second)]);
        }
    }
    pairs
}
