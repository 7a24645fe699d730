use std::ops::Range;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::epilogue::Epilogue;
use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::map_shape::Span;
use super::product::{Rows, Target, Write, multiply_panel};
use super::scratch::Scratch;
use super::tanh::tanh;
use super::taps::{KERNEL, KERNEL_AREA, TAPS, Weights, moved};

/// Images whose pixels are multiplied together.
const GROUP: usize = 2;
/// Coarse pixels that one thread multiplies at a time.
const PIXELS_AT_ONCE: usize = 128;
/// Vectors in one panel: the 48 taps of three channels fill whole panels of every instruction set.
const VECTORS: usize = 3;

/// The strided convolution from a coarse map up to images `[N, C, side, side]` of few channels: one
/// product gives each coarse pixel's share in the 4x4 pixels around it, which are then added up.
#[derive(Debug)]
pub(crate) struct ImageUp {
    set: InstructionSet,
    channels: usize,
    /// `[panel of taps, coarse channel, tap of the panel]`, taps in the order `[channel, row, column]`.
    pub(super) panels: Buffer,
}

/// Sizes for a number of images.
#[derive(Debug)]
pub(crate) struct ImageUpPlan {
    map: MapLayout,
    /// Where the pixels of the map start, in raster order.
    reads: Vec<u32>,
    /// Where the shares of each pixel start, for as many as one thread multiplies.
    writes: Vec<u32>,
    /// Values of one pixel's shares.
    shares: usize,
}

impl ImageUp {
    pub(crate) fn new(set: InstructionSet, weights: &Weights<'_>, block: usize) -> Self {
        let width = VECTORS * set.lanes();
        let padded = weights.coarse.next_multiple_of(block);
        let taps = weights.fine * KERNEL_AREA;
        let mut panels = Buffer::zeros(taps.next_multiple_of(width) * padded);
        for (place, value) in panels.iter_mut().enumerate() {
            let tap = place / (width * padded) * width + place % width;
            let (channel, tap) = (tap / KERNEL_AREA, tap % KERNEL_AREA);
            *value = weights.at(place / width % padded, channel, tap / KERNEL, tap % KERNEL);
        }
        Self {
            set,
            channels: weights.fine,
            panels,
        }
    }

    pub(crate) fn plan(&self, map: MapLayout) -> ImageUpPlan {
        let shares = (self.channels * KERNEL_AREA).next_multiple_of(VECTORS * self.set.lanes());
        let reads = (0..map.images).flat_map(|image| {
            (0..map.side * map.side)
                .map(move |pixel| map.in_block(image, pixel / map.side, pixel % map.side) as u32)
        });
        let writes = (0..PIXELS_AT_ONCE).map(|pixel| (pixel * shares) as u32);
        ImageUpPlan {
            map,
            reads: reads.collect(),
            writes: writes.collect(),
            shares,
        }
    }

    pub(crate) fn scratch_len(plan: &ImageUpPlan) -> usize {
        GROUP.min(plan.map.images) * plan.map.side * plan.map.side * plan.shares
    }

    pub(crate) fn run(
        &self,
        plan: &ImageUpPlan,
        span: Span,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        let image_len = 4 * self.channels * plan.map.side * plan.map.side;
        for start in (0..span.count).step_by(GROUP) {
            let images = start..(start + GROUP).min(span.count);
            let (reads, writes) = (span.reads(&images), span.writes(&images));
            let output = &mut output[writes.start * image_len..writes.end * image_len];
            self.group(plan, reads, input, output, scratch, epilogue);
        }
    }

    fn group(
        &self,
        plan: &ImageUpPlan,
        images: Range<usize>,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        let (set, side) = (self.set, plan.map.side);
        let pixels = side * side;
        let reads = &plan.reads[images.start * pixels..images.end * pixels];
        let shares = &mut scratch.shared[..reads.len() * plan.shares];
        let pieces = shares.par_chunks_mut(PIXELS_AT_ONCE * plan.shares);
        pieces
            .zip(reads.par_chunks(PIXELS_AT_ONCE))
            .for_each(|(shares, reads)| {
                self.multiply(plan, input, reads, shares);
            });
        let shares = &*shares;
        output
            .par_chunks_mut(4 * pixels)
            .enumerate()
            .for_each(|(plane, output)| {
                let (image, channel) = (plane / self.channels, plane % self.channels);
                let shares = &shares[image * pixels * plan.shares + channel * KERNEL_AREA..];
                for (row, output) in output.chunks_exact_mut(2 * side).enumerate() {
                    add_shares(shares, plan.shares, side, row, output);
                }
                if matches!(epilogue, Epilogue::Tanh) {
                    tanh(set, output);
                }
            });
    }

    fn multiply(&self, plan: &ImageUpPlan, input: &[f32], reads: &[u32], shares: &mut [f32]) {
        let width = VECTORS * self.set.lanes();
        let panel_len = self.panels.len() / plan.shares * width;
        for (index, panel) in self.panels.chunks_exact(panel_len).enumerate() {
            let rows = Rows {
                values: input,
                first: 0,
                offsets: reads,
                runs: plan.map.blocks(),
                run_stride: plan.map.block_len(),
                run_len: plan.map.block,
            };
            let offsets = &plan.writes[..reads.len()];
            let mut target = Target {
                values: &mut *shares,
                first: index * width,
                offsets,
            };
            multiply_panel::<VECTORS>(self.set, rows, panel, &mut target, Write::Replace);
        }
    }
}

/// One row of one channel: the shares of the coarse pixels around each of its pixels.
fn add_shares(shares: &[f32], stride: usize, side: usize, row: usize, output: &mut [f32]) {
    let taps = TAPS[row % 2];
    let line = |index: usize| {
        let from = moved(row / 2, taps[index].shift, side)?;
        Some(&shares[from * side * stride + taps[index].tap * KERNEL..])
    };
    let (first, second) = (line(0), line(1));
    let at = |column: usize| -> [f32; KERNEL] {
        let read = |line: Option<&[f32]>| {
            let values = line.and_then(|line| line[column * stride..].first_chunk::<KERNEL>());
            values.copied().unwrap_or_default()
        };
        let (a, b) = (read(first), read(second));
        [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
    };
    let (mut before, mut here) = ([0.0; KERNEL], at(0));
    for (column, pair) in output.chunks_exact_mut(2).enumerate() {
        let after = if column + 1 < side {
            at(column + 1)
        } else {
            [0.0; KERNEL]
        };
        // Fine pixels 2 l and 2 l + 1 meet coarse pixels l and l - 1, l and l + 1.
        pair[0] = here[1] + before[3];
        pair[1] = here[2] + after[0];
        (before, here) = (here, after);
    }
}
