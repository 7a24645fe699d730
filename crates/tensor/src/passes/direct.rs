use std::ops::Range;

use rayon::prelude::*;

use super::bf16::{self, PairRows, PairUnit};
use super::buffer::Buffer;
use super::epilogue::Epilogue;
use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::map_shape::Span;
use super::pass::Direction;
use super::product::{Rows, Target, Write, multiply};
use super::scratch::Scratch;
use super::taps::{DirectedWeights, KERNEL, KERNEL_AREA, Tap, Weights, moved, tap_pairs};

/// The strided convolution as sums of products, one for each tap, from maps in place: nothing is
/// copied, and taps that would meet the padding are left out.
#[derive(Debug)]
pub(crate) struct Direct {
    set: InstructionSet,
    direction: Direction,
    /// What multiplies, where it is not the vector instructions in single precision.
    unit: Option<PairUnit>,
    /// In pairs of bfloat16 values where a unit multiplies.
    /// `[block of outputs, phase of outputs (up), tap, input, output of the block]`
    pub(super) panels: Buffer,
}

/// The rows of one tap: where they are read and where they are summed.
#[derive(Debug, Default)]
struct TapRows {
    reads: Vec<u32>,
    writes: Vec<u32>,
    /// Rows of one image.
    per_image: usize,
}

impl TapRows {
    /// Those rows of a list that belong to some images.
    fn of<'a>(&self, rows: &'a [u32], first: usize, count: usize) -> &'a [u32] {
        &rows[first * self.per_image..][..count * self.per_image]
    }
}

/// The rows of every tap for a number of images.
#[derive(Debug)]
pub(crate) struct DirectPlan {
    input: MapLayout,
    output: MapLayout,
    taps: Vec<TapRows>,
}

impl Direct {
    pub(crate) fn new(
        set: InstructionSet,
        direction: Direction,
        weights: &Weights<'_>,
        block: usize,
        unit: Option<PairUnit>,
    ) -> Self {
        let weights = DirectedWeights::new(weights, direction);
        let padded = weights.inputs.next_multiple_of(block);
        let blocks = weights.outputs.div_ceil(block);
        let mut panels = Buffer::zeros(blocks * KERNEL_AREA * padded * block);
        panels
            .par_chunks_mut(KERNEL_AREA * padded * block)
            .enumerate()
            .for_each(|(output_block, panels)| {
                for input in 0..padded {
                    let values = weights.of_block(input, output_block * block, block);
                    for (place, ((_, row), (_, column))) in tap_pairs().enumerate() {
                        let values = &values[row.tap * KERNEL + column.tap][..block];
                        panels[(place * padded + input) * block..][..block].copy_from_slice(values);
                    }
                }
            });
        Self {
            set,
            direction,
            unit,
            panels: bf16::packed_for(unit, panels, block),
        }
    }

    /// Values that all threads need for a pass: the rounded input of a unit.
    pub(crate) fn scratch_len(&self, plan: &DirectPlan) -> usize {
        self.unit.map_or(0, |_| plan.input.len().div_ceil(2))
    }

    pub(crate) fn plan(&self, input: MapLayout, output: MapLayout) -> DirectPlan {
        let taps = tap_pairs().map(|((_, row), (_, column))| match self.direction {
            Direction::Up => up_rows(&input, &output, row, column),
            Direction::Down => down_rows(&input, &output, row, column),
        });
        DirectPlan {
            input,
            output,
            taps: taps.collect(),
        }
    }

    pub(crate) fn run(
        &self,
        plan: &DirectPlan,
        span: Span,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        if self.unit.is_some() {
            self.round_input(&plan.input, span, input, &mut scratch.shared);
        }
        let rounded = bf16::halves(&scratch.shared);
        let layout = &plan.output;
        let (task_len, tasks_in_block) = match self.direction {
            Direction::Up => (layout.phase_len(), 4),
            Direction::Down => (layout.block_len(), 1),
        };
        let taps_in_task = KERNEL_AREA / tasks_in_block;
        let panel_len = plan.input.blocks() * layout.block * layout.block;
        output
            .par_chunks_mut(task_len)
            .enumerate()
            .for_each(|(task, output)| {
                let part = task % tasks_in_block;
                let taps = &plan.taps[part * taps_in_task..][..taps_in_task];
                let mut write = Write::Replace;
                for (index, tap) in taps.iter().enumerate() {
                    let panel = (task * taps_in_task + index) * panel_len;
                    let panel = panel..panel + panel_len;
                    let mut target = Target {
                        values: output,
                        first: 0,
                        offsets: tap.of(&tap.writes, span.to, span.count),
                    };
                    let reads = tap.of(&tap.reads, span.from, span.count);
                    self.multiply_tap(plan, reads, (input, rounded), panel, &mut target, write);
                    write = Write::Add;
                }
                let task = (self.direction, task);
                epilogue.finish_task(self.set, layout, task, span, 0..span.count, output);
            });
    }
}

impl Direct {
    /// The products of one tap, from the input or from what it was rounded to.
    fn multiply_tap(
        &self,
        plan: &DirectPlan,
        offsets: &[u32],
        (input, rounded): (&[f32], &[u16]),
        panel: Range<usize>,
        target: &mut Target<'_>,
        write: Write,
    ) {
        let (runs, run_len) = (plan.input.blocks(), plan.input.block);
        let run_stride = plan.input.block_len();
        match self.unit {
            None => {
                let rows = Rows {
                    values: input,
                    first: 0,
                    offsets,
                    runs,
                    run_stride,
                    run_len,
                };
                multiply(self.set, rows, &self.panels[panel], target, write);
            }
            Some(unit) => {
                let rows = PairRows {
                    values: rounded,
                    first: 0,
                    offsets,
                    runs,
                    run_stride,
                    run_len,
                };
                unit.multiply(rows, &bf16::halves(&self.panels)[panel], target, write);
            }
        }
    }

    /// Rounds those images of the input that are read, each value at its place.
    fn round_input(&self, layout: &MapLayout, span: Span, input: &[f32], shared: &mut [f32]) {
        let place = |image| layout.in_phase(image, 0, 0);
        let images = place(span.from)..place(span.from + span.count);
        bf16::halves_mut(shared)
            .par_chunks_mut(layout.phase_len())
            .zip(input.par_chunks(layout.phase_len()))
            .for_each(|(rounded, values)| {
                bf16::round_all(
                    self.set,
                    &values[images.clone()],
                    &mut rounded[images.clone()],
                );
            });
    }
}

/// Rows of a fine phase: pixel (i, j) reads coarse pixel (i + shift, j + shift).
fn up_rows(input: &MapLayout, output: &MapLayout, row: Tap, column: Tap) -> TapRows {
    let from = |i, j| moved(i, row.shift, input.side).zip(moved(j, column.shift, input.side));
    rows(input, output, input.side, from, |image, i, j| {
        output.in_phase(image, i, j)
    })
}

/// Rows of the coarse map: pixel (k, l) reads fine pixel (2 k - 1 + tap, 2 l - 1 + tap).
fn down_rows(input: &MapLayout, output: &MapLayout, row: Tap, column: Tap) -> TapRows {
    let place = |pixel: usize, tap: Tap| moved(2 * pixel, tap.tap as isize - 1, input.side);
    let from = |k, l| place(k, row).zip(place(l, column));
    rows(input, output, output.side, from, |image, k, l| {
        output.in_block(image, k, l)
    })
}

fn rows(
    input: &MapLayout,
    output: &MapLayout,
    side: usize,
    from: impl Fn(usize, usize) -> Option<(usize, usize)>,
    to: impl Fn(usize, usize, usize) -> usize,
) -> TapRows {
    let pixels = || (0..side * side).map(move |pixel| (pixel / side, pixel % side));
    let mut rows = TapRows::default();
    for image in 0..input.images {
        let reads = pixels().filter_map(|(row, column)| from(row, column));
        rows.reads
            .extend(reads.map(|(row, column)| input.in_block(image, row, column) as u32));
    }
    for image in 0..output.images {
        let written = pixels().filter(|&(row, column)| from(row, column).is_some());
        rows.writes
            .extend(written.map(|(row, column)| to(image, row, column) as u32));
    }
    rows.per_image = rows.reads.len() / input.images;
    rows
}
