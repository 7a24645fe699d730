use std::ops::Range;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::epilogue::Epilogue;
use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::map_shape::Span;
use super::product::{Rows, Target, Write, multiply};
use super::scratch::Scratch;
use super::taps::{KERNEL, KERNEL_AREA, Weights};

/// Images whose pixels are multiplied together.
const GROUP: usize = 2;

/// The strided convolution from images `[N, C, side, side]` of few channels down to a coarse map: the
/// window of every coarse pixel is copied to a row of one product.
#[derive(Debug)]
pub(crate) struct ImageDown {
    set: InstructionSet,
    channels: usize,
    /// `[block of coarse channels, tap, channel of the block]`, taps in the order
    /// `[channel, row, column]`.
    pub(super) panels: Buffer,
}

/// Sizes for a number of images.
#[derive(Debug)]
pub(crate) struct ImageDownPlan {
    map: MapLayout,
    /// Where the windows of a group start, and where its pixels of the map start, in raster order.
    reads: Vec<u32>,
    writes: Vec<u32>,
}

impl ImageDown {
    pub(crate) fn new(set: InstructionSet, weights: &Weights<'_>, block: usize) -> Self {
        let taps = weights.fine * KERNEL_AREA;
        let mut panels = Buffer::zeros(weights.coarse.next_multiple_of(block) * taps);
        for (place, value) in panels.iter_mut().enumerate() {
            let (index, lane) = (place / block, place % block);
            let (tap, coarse) = (index % taps, index / taps * block + lane);
            let (channel, tap) = (tap / KERNEL_AREA, tap % KERNEL_AREA);
            *value = weights.at(coarse, channel, tap / KERNEL, tap % KERNEL);
        }
        Self {
            set,
            channels: weights.fine,
            panels,
        }
    }

    pub(crate) fn plan(&self, map: MapLayout) -> ImageDownPlan {
        let pixels = map.side * map.side;
        let windows = GROUP.min(map.images) * pixels;
        let taps = self.channels * KERNEL_AREA;
        let place = |index: usize| {
            let pixel = index % pixels;
            map.in_block(index / pixels, pixel / map.side, pixel % map.side) as u32
        };
        ImageDownPlan {
            map,
            reads: (0..windows).map(|window| (window * taps) as u32).collect(),
            writes: (0..map.images * pixels).map(place).collect(),
        }
    }

    pub(crate) fn scratch_len(&self, plan: &ImageDownPlan) -> usize {
        plan.reads.len() * self.channels * KERNEL_AREA
    }

    pub(crate) fn run(
        &self,
        plan: &ImageDownPlan,
        span: Span,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        for start in (0..span.count).step_by(GROUP) {
            let images = start..(start + GROUP).min(span.count);
            self.group(plan, span, images, input, output, scratch, epilogue);
        }
    }

    fn group(
        &self,
        plan: &ImageDownPlan,
        span: Span,
        images: Range<usize>,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        let (map, side) = (&plan.map, plan.map.side);
        let (pixels, taps) = (side * side, self.channels * KERNEL_AREA);
        let image_len = 4 * self.channels * pixels;
        let (from, to) = (span.reads(&images), span.writes(&images));
        let writes = &plan.writes[to.start * pixels..to.end * pixels];
        let windows = &mut scratch.shared[..writes.len() * taps];
        windows
            .par_chunks_mut(side * taps)
            .enumerate()
            .for_each(|(line, windows)| {
                let (image, row) = (from.start + line / side, line % side);
                let image = &input[image * image_len..][..image_len];
                copy_windows(image, side, row, windows);
            });
        let windows = &*windows;
        let panel_len = self.panels.len() / map.blocks();
        output
            .par_chunks_mut(map.block_len())
            .enumerate()
            .for_each(|(block, output)| {
                let rows = Rows {
                    values: windows,
                    first: 0,
                    offsets: &plan.reads[..writes.len()],
                    runs: 1,
                    run_stride: 0,
                    run_len: taps,
                };
                let panel = &self.panels[block * panel_len..][..panel_len];
                let mut target = Target {
                    values: &mut *output,
                    first: 0,
                    offsets: writes,
                };
                multiply(self.set, rows, panel, &mut target, Write::Replace);
                epilogue.finish_block(self.set, map, block, span, images.clone(), output);
            });
    }
}

/// The windows of one row of coarse pixels: `[pixel, channel, row, column]`, 0 beyond the image.
pub(crate) fn copy_windows(image: &[f32], side: usize, row: usize, windows: &mut [f32]) {
    let fine = 2 * side;
    let taps = windows.len() / side;
    for (channel, plane) in image.chunks_exact(fine * fine).enumerate() {
        for tap in 0..KERNEL {
            let place = channel * KERNEL_AREA + tap * KERNEL;
            let windows = windows
                .chunks_exact_mut(taps)
                .map(|window| &mut window[place..][..KERNEL]);
            let from = (2 * row + tap).wrapping_sub(1);
            if from >= fine {
                windows.for_each(|window| window.fill(0.0));
                continue;
            }
            let line = &plane[from * fine..][..fine];
            for (column, window) in windows.enumerate() {
                // Fine pixels 2 l - 1 to 2 l + 2.
                match (2 * column)
                    .checked_sub(1)
                    .and_then(|start| line.get(start..start + KERNEL))
                {
                    Some(values) => window.copy_from_slice(values),
                    None => copy_at_border(line, column, window),
                }
            }
        }
    }
}

fn copy_at_border(line: &[f32], column: usize, window: &mut [f32]) {
    for (tap, value) in window.iter_mut().enumerate() {
        *value = line
            .get((2 * column + tap).wrapping_sub(1))
            .copied()
            .unwrap_or(0.0);
    }
}
