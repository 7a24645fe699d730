use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::super::buffer::Buffer;
use super::super::instruction_set::InstructionSet;
use super::super::pass::Direction;
use super::super::taps::{DirectedWeights, KERNEL, KERNEL_AREA, Weights, tap_pairs};
use super::halves_mut;
use super::tiles::{AREA, Factors, SIDE};

/// The upper half that all finite bfloat16 numbers leave of a single precision number's bits.
const HALF: u32 = 16;
/// Set in every NaN that has been through arithmetic.
const QUIET: u32 = 0x40;

/// The nearest bfloat16 number, of two the even one. A NaN stays one; numbers beyond the largest
/// become infinite.
#[inline(always)]
pub(crate) fn round(value: f32) -> u16 {
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

/// A bfloat16 number and the rest, as [`Factors::Split`] has them. A value that is infinite or not a number
/// has a rest that is none.
#[inline(always)]
pub(crate) fn split(value: f32) -> (u16, u16) {
    let rounded = round(value);
    let rest = value - f32::from_bits(u32::from(rounded) << HALF);
    (rounded, round(rest))
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

/// Weights as panels for a unit that multiplies tiles: `[block of outputs, tap, input / 2, output of the
/// block, 2]`, taps in the order of [`tap_pairs`]. Where factors are split, each run of 32 inputs is followed
/// by that of the rests.
pub(crate) fn panels_by_tap(
    weights: &Weights<'_>,
    direction: Direction,
    factors: Factors,
) -> Buffer {
    let weights = DirectedWeights::new(weights, direction);
    let runs = weights.inputs.div_ceil(SIDE);
    let run_len = factors.count() * AREA;
    let block_len = KERNEL_AREA * runs * run_len;
    let mut panels = Buffer::zeros(weights.outputs.div_ceil(SIDE) * block_len / 2);
    halves_mut(&mut panels)
        .par_chunks_mut(block_len)
        .enumerate()
        .for_each(|(block, panels)| {
            for input in 0..runs * SIDE / 2 {
                let [first, second] = [2 * input, 2 * input + 1]
                    .map(|input| weights.of_block(input, block * SIDE, SIDE));
                for (place, ((_, row), (_, column))) in tap_pairs().enumerate() {
                    let tap = row.tap * KERNEL + column.tap;
                    let (run, pair) = (2 * input / SIDE, 2 * input % SIDE);
                    let run = &mut panels[(place * runs + run) * run_len..][..run_len];
                    let (rounded, rests) = run.split_at_mut(AREA);
                    let values = first[tap].iter().zip(&second[tap]);
                    for (output, (&first, &second)) in values.enumerate() {
                        let at = pair * SIDE + 2 * output;
                        let [first, second] = [first, second].map(split);
                        rounded[at..at + 2].copy_from_slice(&[first.0, second.0]);
                        if let Some(rests) = rests.get_mut(at..at + 2) {
                            rests.copy_from_slice(&[first.1, second.1]);
                        }
                    }
                }
            }
        });
    panels
}
