use rayon::prelude::*;

use super::buffer::Buffer;
use super::epilogue::Epilogue;
use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::map_shape::Span;
use super::pass::Direction;
use super::product::{Rows, Target, Write, multiply};
use super::taps::{DirectedWeights, KERNEL, KERNEL_AREA, Weights};

/// The 4x4 convolution between maps of one pixel (coarse) and maps of 4x4 pixels (fine): every value
/// of one with every value of the other.
#[derive(Debug)]
pub(crate) struct Dense {
    set: InstructionSet,
    direction: Direction,
    /// Up: `[block of outputs, pixel, input, output of the block]`; down: `[block of outputs, block of
    /// inputs, pixel, input of the block, output of the block]`. Pixels in the order of phases.
    pub(super) panels: Buffer,
}

/// Where the images' rows lie on both sides.
#[derive(Debug)]
pub(crate) struct DensePlan {
    input: MapLayout,
    output: MapLayout,
    reads: Vec<u32>,
    writes: Vec<u32>,
}

impl Dense {
    pub(crate) fn new(
        set: InstructionSet,
        direction: Direction,
        weights: &Weights<'_>,
        block: usize,
    ) -> Self {
        let weights = DirectedWeights::new(weights, direction);
        let padded = weights.inputs.next_multiple_of(block);
        let panels_len = KERNEL_AREA * padded * block;
        let mut panels = Buffer::zeros(weights.outputs.div_ceil(block) * panels_len);
        panels
            .par_chunks_mut(panels_len)
            .enumerate()
            .for_each(|(output_block, panels)| {
                for input in 0..padded {
                    let values = weights.of_block(input, output_block * block, block);
                    for pixel in 0..KERNEL_AREA {
                        let (row, column) = position(pixel);
                        let place = match direction {
                            Direction::Up => pixel * padded + input,
                            Direction::Down => {
                                (input / block * KERNEL_AREA + pixel) * block + input % block
                            }
                        };
                        let values = &values[row * KERNEL + column][..block];
                        panels[place * block..][..block].copy_from_slice(values);
                    }
                }
            });
        Self {
            set,
            direction,
            panels,
        }
    }

    pub(crate) fn plan(input: MapLayout, output: MapLayout) -> DensePlan {
        let rows = |layout: MapLayout| {
            (0..layout.images)
                .map(move |image| layout.in_phase(image, 0, 0) as u32)
                .collect()
        };
        DensePlan {
            input,
            output,
            reads: rows(input),
            writes: rows(output),
        }
    }

    pub(crate) fn run(
        &self,
        plan: &DensePlan,
        span: Span,
        input: &[f32],
        output: &mut [f32],
        epilogue: Epilogue<'_>,
    ) {
        let (layout, block_len) = (&plan.output, plan.output.block_len());
        let panels_len = self.panels.len() / layout.blocks();
        output
            .par_chunks_mut(block_len)
            .enumerate()
            .for_each(|(block, output)| {
                let panels = &self.panels[block * panels_len..][..panels_len];
                let mut multiply_at = |rows: Rows<'_>, panel: &[f32], first: usize| {
                    let mut target = Target {
                        values: output,
                        first,
                        offsets: &plan.writes[span.to..][..span.count],
                    };
                    multiply(self.set, rows, panel, &mut target, Write::Replace);
                };
                let rows = Rows {
                    values: input,
                    first: 0,
                    offsets: &plan.reads[span.from..][..span.count],
                    runs: plan.input.blocks() * plan.input.phases(),
                    run_stride: plan.input.phase_len(),
                    run_len: plan.input.phase_pixels() * plan.input.block,
                };
                match self.direction {
                    Direction::Up => {
                        let panels = panels.chunks_exact(panels_len / KERNEL_AREA);
                        for (pixel, panel) in panels.enumerate() {
                            let (row, column) = position(pixel);
                            multiply_at(rows, panel, layout.in_block(0, row, column));
                        }
                    }
                    Direction::Down => multiply_at(rows, panels, 0),
                }
                epilogue.finish_block(self.set, layout, block, span, 0..span.count, output);
            });
    }
}

/// Row and column of pixel `index` in the order of phases.
fn position(index: usize) -> (usize, usize) {
    let half = KERNEL / 2;
    let (phase, place) = (index / (half * half), index % (half * half));
    (place / half * 2 + phase / 2, place % half * 2 + phase % 2)
}
