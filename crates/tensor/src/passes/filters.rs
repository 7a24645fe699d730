//! Weights to their values at points, and gradients at points back to weights.

use pulp::{Simd, WithSimd};

use super::pass::Direction;
use super::product::PANEL_VECTORS;
use super::taps::{BlockTaps, COEFFICIENTS, DirectedWeights, KERNEL, KERNEL_AREA, MOST_IN_BLOCK};
use super::transforms::{self, MOST, Run};

#[inline(always)]
fn load<S: Simd>(values: &[f32], start: usize) -> S::f32s {
    S::as_simd_f32s(&values[start..][..S::F32_LANES]).0[0]
}

#[inline(always)]
fn store<S: Simd>(values: &mut [f32], start: usize, vector: S::f32s) {
    S::as_mut_simd_f32s(&mut values[start..][..S::F32_LANES]).0[0] = vector;
}

/// The panels of one block of outputs: the filters of its channels at all points.
pub(super) struct Filter<'a, const SIZE: usize> {
    pub(super) weights: DirectedWeights<'a>,
    pub(super) direction: Direction,
    /// The first output of the block.
    pub(super) first: usize,
    /// `[phase, point, input, output of the block]` up, `[point, phase, ...]` down.
    pub(super) panels: &'a mut [f32],
}

impl<const SIZE: usize> WithSimd for Filter<'_, SIZE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            weights,
            direction,
            first,
            panels,
        } = self;
        let block = PANEL_VECTORS * S::F32_LANES;
        let points = (SIZE + 1) * (SIZE + 1);
        let panel_len = panels.len() / (4 * points);
        let (of_phase, of_point) = match direction {
            Direction::Up => (points * panel_len, panel_len),
            Direction::Down => (panel_len, 4 * panel_len),
        };
        for input in 0..panel_len / block {
            let taps = weights.of_block(input, first, block);
            for phase in 0..4 {
                for lane in (0..block).step_by(S::F32_LANES) {
                    let grid = filter_at_points::<S, SIZE>(simd, &taps, phase, lane);
                    let start = phase * of_phase + input * block + lane;
                    for (i, row) in grid.iter().enumerate().take(SIZE + 1) {
                        for (j, &value) in row.iter().enumerate().take(SIZE + 1) {
                            let place = start + (i * (SIZE + 1) + j) * of_point;
                            store::<S>(panels, place, value);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn filter_at_points<S: Simd, const SIZE: usize>(
    simd: S,
    taps: &BlockTaps,
    phase: usize,
    lane: usize,
) -> [Run<S::f32s>; MOST] {
    let (row_taps, column_taps) = (COEFFICIENTS[phase / 2], COEFFICIENTS[phase % 2]);
    let [low, high] = row_taps.map(
        #[inline(always)]
        |row| {
            let taps = column_taps.map(
                #[inline(always)]
                |column| load::<S>(&taps[row * KERNEL + column], lane),
            );
            transforms::filter::<S, SIZE>(simd, taps)
        },
    );
    let mut grid = [[simd.splat_f32s(0.0); MOST]; MOST];
    for j in 0..=SIZE {
        let column = transforms::filter::<S, SIZE>(simd, [low[j], high[j]]);
        for i in 0..=SIZE {
            grid[i][j] = column[i];
        }
    }
    grid
}

/// The gradient with respect to the weights between a coarse and a fine block, from that with respect
/// to their values at points.
pub(super) struct Collect<'a, const SIZE: usize> {
    /// `[phase, point, coarse channel of the block, fine channel of the block]`
    pub(super) points: &'a [f32],
    /// `[coarse channel of the block, tap, fine channel of the block]`, which it is added to.
    pub(super) taps: &'a mut [f32],
}

impl<const SIZE: usize> WithSimd for Collect<'_, SIZE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { points, taps } = self;
        let block = PANEL_VECTORS * S::F32_LANES;
        let count = (SIZE + 1) * (SIZE + 1);
        for (channel, taps) in taps.chunks_exact_mut(KERNEL_AREA * block).enumerate() {
            for phase in 0..4 {
                let (row_taps, column_taps) = (COEFFICIENTS[phase / 2], COEFFICIENTS[phase % 2]);
                for lane in (0..block).step_by(S::F32_LANES) {
                    let at = |i: usize, j: usize| {
                        let point = phase * count + i * (SIZE + 1) + j;
                        (point * block + channel) * block + lane
                    };
                    let mut columns = [[simd.splat_f32s(0.0); MOST]; 2];
                    let [lows, highs] = &mut columns;
                    for (j, (low, high)) in lows.iter_mut().zip(highs).enumerate().take(SIZE + 1) {
                        let mut run = [simd.splat_f32s(0.0); MOST];
                        for (i, value) in run.iter_mut().enumerate().take(SIZE + 1) {
                            *value = load::<S>(points, at(i, j));
                        }
                        [*low, *high] = transforms::collect::<S, SIZE>(simd, run);
                    }
                    for (row, run) in row_taps.into_iter().zip(columns) {
                        let values = transforms::collect::<S, SIZE>(simd, run);
                        for (column, value) in column_taps.into_iter().zip(values) {
                            let place = (row * KERNEL + column) * block + lane;
                            let sum = simd.add_f32s(load::<S>(taps, place), value);
                            store::<S>(taps, place, sum);
                        }
                    }
                }
            }
        }
    }
}

const _: () = assert!(MOST_IN_BLOCK >= PANEL_VECTORS * 16);
