use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::map_shape::Span;
use super::pass::Direction;
use super::product::PANEL_VECTORS;
use super::tanh::tanh;

/// What happens to values once their sums are complete.
#[derive(Debug, Clone, Copy)]
pub enum Epilogue<'a> {
    /// `max(v, slope v)` of the value v plus its channel's shift.
    Rectify {
        /// One for each channel of the map, and zeros up to [`Pass::padded_channels`].
        ///
        /// [`Pass::padded_channels`]: super::Pass::padded_channels
        shift: &'a [f32],
        /// Between 0 and 1.
        slope: f32,
    },
    /// The gradient through [`Epilogue::Rectify`]: times 1 where the rectifier's output was above 0,
    /// times `slope` elsewhere.
    Gate {
        /// The rectifier's outputs: the map that the gradient belongs to.
        outputs: &'a [f32],
        /// How many images that map holds.
        images: usize,
        /// Which of them belongs to the first image that is computed.
        first: usize,
        /// Of that rectifier.
        slope: f32,
    },
    /// The hyperbolic tangent.
    Tanh,
    /// The sums as they are.
    Nothing,
}

/// Consecutive images of one phase of one block of a map, the unit that is finished at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) block: usize,
    pub(crate) phase: usize,
    /// The first image, counted from the first that is computed.
    pub(crate) image: usize,
}

impl Epilogue<'_> {
    /// Finishes a piece of a map with this layout.
    pub(crate) fn finish(
        &self,
        set: InstructionSet,
        layout: &MapLayout,
        piece: Piece,
        values: &mut [f32],
    ) {
        match *self {
            Self::Rectify { shift, slope } => {
                let shift = &shift[piece.block * layout.block..][..layout.block];
                set.run(Rectify {
                    values,
                    shift,
                    slope,
                });
            }
            Self::Gate {
                outputs,
                images,
                first,
                slope,
            } => {
                let gates = MapLayout { images, ..*layout };
                let start = piece.block * gates.block_len()
                    + piece.phase * gates.phase_len()
                    + gates.in_phase(first + piece.image, 0, 0);
                let outputs = &outputs[start..][..values.len()];
                set.run(Gate {
                    values,
                    outputs,
                    slope,
                });
            }
            Self::Tanh => tanh(set, values),
            Self::Nothing => {}
        }
    }

    /// Finishes some images of what one task of a pass wrote: up a phase of a block, down a block.
    pub(crate) fn finish_task(
        &self,
        set: InstructionSet,
        layout: &MapLayout,
        (direction, task): (Direction, usize),
        span: Span,
        images: Range<usize>,
        values: &mut [f32],
    ) {
        if direction == Direction::Down {
            return self.finish_block(set, layout, task, span, images, values);
        }
        let piece = Piece {
            block: task / layout.phases(),
            phase: task % layout.phases(),
            image: images.start,
        };
        let place = |image| layout.in_phase(span.to + image, 0, 0);
        self.finish(
            set,
            layout,
            piece,
            &mut values[place(images.start)..place(images.end)],
        );
    }

    /// Finishes some images of a whole block.
    pub(crate) fn finish_block(
        &self,
        set: InstructionSet,
        layout: &MapLayout,
        block: usize,
        span: Span,
        images: Range<usize>,
        values: &mut [f32],
    ) {
        for (phase, values) in values.chunks_exact_mut(layout.phase_len()).enumerate() {
            let place = |image| layout.in_phase(span.to + image, 0, 0);
            let values = &mut values[place(images.start)..place(images.end)];
            let piece = Piece {
                block,
                phase,
                image: images.start,
            };
            self.finish(set, layout, piece, values);
        }
    }
}

struct Rectify<'a> {
    values: &'a mut [f32],
    shift: &'a [f32],
    slope: f32,
}

impl WithSimd for Rectify<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let slope = simd.splat_f32s(self.slope);
        let shift = S::as_simd_f32s(self.shift).0;
        let shift: [S::f32s; PANEL_VECTORS] = std::array::from_fn(|vector| shift[vector]);
        let pixels = S::as_mut_simd_f32s(self.values)
            .0
            .chunks_exact_mut(PANEL_VECTORS);
        for pixel in pixels {
            for (value, &shift) in pixel.iter_mut().zip(&shift) {
                let sum = simd.add_f32s(*value, shift);
                *value = simd.max_f32s(sum, simd.mul_f32s(sum, slope));
            }
        }
    }
}

struct Gate<'a> {
    values: &'a mut [f32],
    outputs: &'a [f32],
    slope: f32,
}

impl WithSimd for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (zero, slope) = (simd.splat_f32s(0.0), simd.splat_f32s(self.slope));
        let outputs = S::as_simd_f32s(self.outputs).0;
        for (value, &output) in S::as_mut_simd_f32s(self.values).0.iter_mut().zip(outputs) {
            let open = simd.greater_than_f32s(output, zero);
            *value = simd.select_f32s(open, *value, simd.mul_f32s(*value, slope));
        }
    }
}
