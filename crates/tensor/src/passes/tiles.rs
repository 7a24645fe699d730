use std::ops::Range;

use rayon::prelude::*;

use super::bf16::{self, PairRows, PairUnit};
use super::buffer::Buffer;
use super::epilogue::Epilogue;
use super::filters::Filter;
use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::map_shape::Span;
use super::pass::Direction;
use super::product::{Rows, Target, Write, multiply};
use super::scratch::Scratch;
use super::taps::{DirectedWeights, Weights};
use super::tile_transforms::{Evaluate, Gather, Interpolate, Spread};

/// Values in a cache line.
const LINE: usize = 16;
/// Rows of a product at least, so that its panel is read often enough.
const ROWS_AT_LEAST: usize = 64;

/// The strided convolution by tiles of `SIZE x SIZE` coarse pixels, each parity of the fine map a
/// product (up) or correlation (down) of polynomials, see [`transforms`](super::transforms): for every
/// pair of points one product of matrices with `(SIZE + 1)^2 / (4 SIZE^2)` of the multiplications.
#[derive(Debug)]
pub(crate) struct Tiles<const SIZE: usize> {
    set: InstructionSet,
    direction: Direction,
    /// What multiplies, where it is not the vector instructions in single precision.
    unit: Option<PairUnit>,
    /// In pairs of bfloat16 values where a unit multiplies. Up: `[block of outputs, phase, point, input, output of the block]`; down, where the phases are
    /// summed: `[block of outputs, point, phase, input, output of the block]`.
    pub(super) panels: Buffer,
}

/// Sizes for a number of images.
#[derive(Debug)]
pub(crate) struct TilePlan {
    input: MapLayout,
    output: MapLayout,
    /// Images whose tiles are rows of the same products.
    group: usize,
    /// Tiles of one image.
    tiles: usize,
    /// Where each row starts, in the tiles at their points and in the products.
    offsets: Vec<u32>,
}

impl<const SIZE: usize> Tiles<SIZE> {
    const POINTS: usize = (SIZE + 1) * (SIZE + 1);

    pub(crate) fn new(
        set: InstructionSet,
        direction: Direction,
        weights: &Weights<'_>,
        block: usize,
        unit: Option<PairUnit>,
    ) -> Self {
        let weights = DirectedWeights::new(weights, direction);
        let padded = weights.inputs.next_multiple_of(block);
        let panels_len = 4 * Self::POINTS * padded * block;
        let mut panels = Buffer::zeros(weights.outputs.div_ceil(block) * panels_len);
        panels
            .par_chunks_mut(panels_len)
            .enumerate()
            .for_each(|(output_block, panels)| {
                set.run(Filter::<SIZE> {
                    weights,
                    direction,
                    first: output_block * block,
                    panels,
                });
            });
        Self {
            set,
            direction,
            unit,
            panels: bf16::packed_for(unit, panels, block),
        }
    }

    pub(crate) fn plan(input: MapLayout, output: MapLayout) -> TilePlan {
        let side = input.side.min(output.side) / SIZE;
        let tiles = side * side;
        let group = ROWS_AT_LEAST
            .div_ceil(tiles)
            .min(input.images.min(output.images));
        let offsets = (0..group * tiles)
            .map(|row| (row * input.block) as u32)
            .collect();
        TilePlan {
            input,
            output,
            group,
            tiles,
            offsets,
        }
    }

    /// Values that all threads, and that each thread needs for a pass.
    pub(crate) fn scratch_len(&self, plan: &TilePlan) -> (usize, usize) {
        let (rows, block) = (plan.offsets.len(), plan.input.block);
        let phases = match self.direction {
            Direction::Up => 1,
            Direction::Down => 4,
        };
        (
            phases * plan.input.blocks() * self.run_len(rows, block),
            Self::POINTS * point_len(rows, block),
        )
    }

    /// Single precision values that one run of channels takes in shared memory.
    fn run_len(&self, rows: usize, block: usize) -> usize {
        Self::POINTS
            * match self.unit {
                None => point_len(rows, block),
                Some(_) => bf16::point_len(rows, block) / 2,
            }
    }

    pub(crate) fn run(
        &self,
        plan: &TilePlan,
        span: Span,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        let group = span.count.div_ceil(span.count.div_ceil(plan.group));
        for start in (0..span.count).step_by(group) {
            let images = start..(start + group).min(span.count);
            match self.direction {
                Direction::Up => self.up(plan, span, images, input, output, scratch, epilogue),
                Direction::Down => self.down(plan, span, images, input, output, scratch, epilogue),
            }
        }
    }

    fn up(
        &self,
        plan: &TilePlan,
        span: Span,
        images: Range<usize>,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        let (set, layout) = (self.set, plan.output);
        let (reads, writes) = (span.reads(&images), span.writes(&images));
        let rows = images.len() * plan.tiles;
        let points_len = Self::POINTS * point_len(rows, layout.block);
        let runs = plan.input.blocks();
        self.write_points(scratch, rows, layout.block, runs, |block, points| {
            let map = &input[block * plan.input.block_len()..][..plan.input.block_len()];
            set.run(Evaluate::<SIZE> {
                layout: &plan.input,
                images: reads.clone(),
                map,
                points,
            });
        });
        let points = &*scratch.shared;
        output
            .par_chunks_mut(layout.phase_len())
            .enumerate()
            .for_each(|(task, map)| {
                scratch.threads.lend(points_len, |products| {
                    self.products(plan, rows, points, runs, task, products);
                    let phase = task % 4;
                    set.run(Interpolate::<SIZE> {
                        layout: &layout,
                        images: writes.clone(),
                        products,
                        parities: [phase / 2, phase % 2],
                        map: &mut *map,
                    });
                });
                let task = (self.direction, task);
                epilogue.finish_task(set, &layout, task, span, images.clone(), map);
            });
    }

    fn down(
        &self,
        plan: &TilePlan,
        span: Span,
        images: Range<usize>,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        let (set, layout) = (self.set, plan.output);
        let (reads, writes) = (span.reads(&images), span.writes(&images));
        let rows = images.len() * plan.tiles;
        let points_len = Self::POINTS * point_len(rows, layout.block);
        let runs = 4 * plan.input.blocks();
        self.write_points(scratch, rows, layout.block, runs, |run, points| {
            let (phase, block) = (run / plan.input.blocks(), run % plan.input.blocks());
            let start = block * plan.input.block_len() + phase * plan.input.phase_len();
            set.run(Spread::<SIZE> {
                layout: &plan.input,
                images: reads.clone(),
                map: &input[start..][..plan.input.phase_len()],
                parities: [phase / 2, phase % 2],
                points,
            });
        });
        let points = &*scratch.shared;
        output
            .par_chunks_mut(layout.block_len())
            .enumerate()
            .for_each(|(block, map)| {
                scratch.threads.lend(points_len, |products| {
                    self.products(plan, rows, points, runs, block, products);
                    set.run(Gather::<SIZE> {
                        layout: &layout,
                        images: writes.clone(),
                        products,
                        map: &mut *map,
                    });
                });
                let task = (self.direction, block);
                epilogue.finish_task(set, &layout, task, span, images.clone(), map);
            });
    }

    /// Writes every run of channels at the points to the shared memory: `[run, point, row, channel]`,
    /// rounded where a unit multiplies.
    fn write_points(
        &self,
        scratch: &mut Scratch,
        rows: usize,
        block: usize,
        runs: usize,
        transform: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        let Scratch { shared, threads } = scratch;
        let run_len = self.run_len(rows, block);
        let point = point_len(rows, block);
        let written = shared[..run_len * runs].par_chunks_mut(run_len).enumerate();
        written.for_each(|(run, written)| match self.unit {
            None => transform(run, written),
            Some(_) => threads.lend(Self::POINTS * point, |points| {
                transform(run, points);
                let written =
                    bf16::halves_mut(written).chunks_exact_mut(bf16::point_len(rows, block));
                for (points, written) in points.chunks_exact(point).zip(written) {
                    bf16::round_all(self.set, &points[..rows * block], written);
                }
            }),
        });
    }

    /// The products of one task at all points: `[point, row, output of the block]`.
    fn products(
        &self,
        plan: &TilePlan,
        rows: usize,
        points: &[f32],
        runs: usize,
        task: usize,
        products: &mut [f32],
    ) {
        let block = plan.output.block;
        let panel_len = runs * block * block;
        if let Some(unit) = self.unit {
            let point = bf16::point_len(rows, block);
            let panels = bf16::halves(&self.panels)[task * Self::POINTS * panel_len..]
                .chunks_exact(panel_len);
            for (index, panel) in (0..Self::POINTS).zip(panels) {
                let offsets = &plan.offsets[..rows];
                let left = PairRows {
                    values: bf16::halves(points),
                    first: index * point,
                    offsets,
                    runs,
                    run_stride: Self::POINTS * point,
                    run_len: block,
                };
                let mut target = Target {
                    values: products,
                    first: index * point_len(rows, block),
                    offsets,
                };
                unit.multiply(left, panel, &mut target, Write::Replace);
            }
            return;
        }
        let panels = self.panels[task * Self::POINTS * panel_len..].chunks_exact(panel_len);
        for (point, panel) in (0..Self::POINTS).zip(panels) {
            let first = point * point_len(rows, block);
            let offsets = &plan.offsets[..rows];
            let run_stride = Self::POINTS * point_len(rows, block);
            let left = Rows {
                values: points,
                first,
                offsets,
                runs,
                run_stride,
                run_len: block,
            };
            let mut target = Target {
                values: products,
                first,
                offsets,
            };
            multiply(self.set, left, panel, &mut target, Write::Replace);
        }
    }
}

/// From one point's rows to the next point's. An odd number of cache lines, as a tile writes to all
/// points at once, which must not fall into the same few sets of the cache.
pub(super) fn point_len(rows: usize, block: usize) -> usize {
    rows * block + LINE
}
