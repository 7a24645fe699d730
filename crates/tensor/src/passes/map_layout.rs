use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::instruction_set::InstructionSet;
use super::square::{SQUARE, transposed};

/// Pixels of each channel that change places together: a cache line, as planes lie powers of two apart
/// and the lines of all channels do not stay in a small cache side by side.
const PIXELS_AT_ONCE: usize = 16;

/// How square feature maps of several images lie in memory.
///
/// Channels are cut into blocks of as many as one panel of a product is wide; a block's maps are cut
/// into four phases by the parity of row and column (a stride-2 convolution reads and writes phases),
/// each phase holds the images one after the other, and each pixel the block's channels side by side:
/// `[block, row parity, column parity, image, row / 2, column / 2, channel of the block]`. Maps of one
/// pixel have one phase. Channels beyond the last are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MapLayout {
    pub(crate) channels: usize,
    /// Side of a map in pixels: 1 or even.
    pub(crate) side: usize,
    /// Channels in a block.
    pub(crate) block: usize,
    pub(crate) images: usize,
}

impl MapLayout {
    pub(crate) fn blocks(&self) -> usize {
        self.channels.div_ceil(self.block)
    }

    pub(crate) fn phases(&self) -> usize {
        if self.side == 1 { 1 } else { 4 }
    }

    /// Side of one phase of a map in pixels.
    pub(crate) fn phase_side(&self) -> usize {
        self.side.div_ceil(2)
    }

    /// Pixels of one image in one phase.
    pub(crate) fn phase_pixels(&self) -> usize {
        self.phase_side() * self.phase_side()
    }

    /// Values of one phase of one block.
    pub(crate) fn phase_len(&self) -> usize {
        self.images * self.phase_pixels() * self.block
    }

    pub(crate) fn block_len(&self) -> usize {
        self.phases() * self.phase_len()
    }

    pub(crate) fn len(&self) -> usize {
        self.blocks() * self.block_len()
    }

    /// Where the channels of a pixel start in the phase of its parities.
    pub(crate) fn in_phase(&self, image: usize, half_row: usize, half_column: usize) -> usize {
        (image * self.phase_pixels() + half_row * self.phase_side() + half_column) * self.block
    }

    /// Where the channels of a pixel start in a block.
    pub(crate) fn in_block(&self, image: usize, row: usize, column: usize) -> usize {
        let phase = (row % 2) * 2 + column % 2;
        phase * self.phase_len() + self.in_phase(image, row / 2, column / 2)
    }

    /// Writes images `[N, C, side, side]` in this layout, zeros for channels beyond the last.
    pub(crate) fn gather(&self, set: InstructionSet, images: &[f32], values: &mut [f32]) {
        let plane_len = self.plane_len();
        values
            .par_chunks_mut(self.block_len())
            .enumerate()
            .for_each(|(block, values)| {
                let channels = self.channels_of(block);
                for (image, planes) in images.chunks_exact(self.channels * plane_len).enumerate() {
                    let planes = &planes[channels.start * plane_len..channels.end * plane_len];
                    set.run(GatherBlock {
                        layout: self,
                        image,
                        planes,
                        values,
                    });
                }
            });
    }

    /// Reads images `[N, C, side, side]` back.
    pub(crate) fn scatter(&self, set: InstructionSet, values: &[f32], images: &mut [f32]) {
        let plane_len = self.plane_len();
        images
            .par_chunks_mut(self.channels * plane_len)
            .enumerate()
            .flat_map(|(image, planes)| {
                let blocks = planes.par_chunks_mut(self.block * plane_len).enumerate();
                blocks.map(move |(block, planes)| (image, block, planes))
            })
            .for_each(|(image, block, planes)| {
                let values = &values[block * self.block_len()..][..self.block_len()];
                set.run(ScatterBlock {
                    layout: self,
                    image,
                    values,
                    planes,
                });
            });
    }

    fn plane_len(&self) -> usize {
        self.side * self.side
    }

    /// The channels that a block holds.
    fn channels_of(&self, block: usize) -> Range<usize> {
        let first = block * self.block;
        first..self.channels.min(first + self.block)
    }

    /// Where the channels of so many pixels, counted in raster order, start in a block; none beyond the last.
    #[inline(always)]
    fn places(&self, image: usize, start: usize) -> [Option<usize>; PIXELS_AT_ONCE] {
        std::array::from_fn(|index| {
            let pixel = start + index;
            (pixel < self.plane_len())
                .then(|| self.in_block(image, pixel / self.side, pixel % self.side))
        })
    }
}

/// Writes the planes of a block's channels of one image in the block's layout.
struct GatherBlock<'a> {
    layout: &'a MapLayout,
    image: usize,
    planes: &'a [f32],
    values: &'a mut [f32],
}

impl WithSimd for GatherBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            layout,
            image,
            planes,
            values,
        } = self;
        let plane_len = layout.plane_len();
        for start in (0..plane_len).step_by(PIXELS_AT_ONCE) {
            let places = layout.places(image, start);
            for first in (0..layout.block).step_by(SQUARE) {
                let planes = planes.get(first * plane_len..).unwrap_or_default();
                for half in (0..PIXELS_AT_ONCE).step_by(SQUARE) {
                    let mut square = [[0.0; SQUARE]; SQUARE];
                    for (line, plane) in square.iter_mut().zip(planes.chunks_exact(plane_len)) {
                        copy(plane.get(start + half..).unwrap_or_default(), line);
                    }
                    let pixels = transposed(&square);
                    for (&place, pixel) in places.iter().skip(half).zip(&pixels) {
                        if let Some(place) = place {
                            values[place + first..][..SQUARE].copy_from_slice(pixel);
                        }
                    }
                }
            }
        }
    }
}

/// Reads the planes of a block's channels of one image back.
struct ScatterBlock<'a> {
    layout: &'a MapLayout,
    image: usize,
    values: &'a [f32],
    planes: &'a mut [f32],
}

impl WithSimd for ScatterBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            layout,
            image,
            values,
            planes,
        } = self;
        let plane_len = layout.plane_len();
        for start in (0..plane_len).step_by(PIXELS_AT_ONCE) {
            let places = layout.places(image, start);
            for (index, planes) in planes.chunks_mut(SQUARE * plane_len).enumerate() {
                let first = index * SQUARE;
                for half in (0..PIXELS_AT_ONCE).step_by(SQUARE) {
                    let mut square = [[0.0; SQUARE]; SQUARE];
                    for (line, &place) in square.iter_mut().zip(places.iter().skip(half)) {
                        if let Some(place) = place {
                            line.copy_from_slice(&values[place + first..][..SQUARE]);
                        }
                    }
                    let lines = transposed(&square);
                    for (line, plane) in lines.iter().zip(planes.chunks_exact_mut(plane_len)) {
                        let plane = plane.get_mut(start + half..).unwrap_or_default();
                        match plane.first_chunk_mut() {
                            Some(values) => *values = *line,
                            None => plane.copy_from_slice(&line[..plane.len()]),
                        }
                    }
                }
            }
        }
    }
}

/// As much as there is.
#[inline(always)]
fn copy(from: &[f32], to: &mut [f32; SQUARE]) {
    match from.first_chunk() {
        Some(values) => *to = *values,
        None => to[..from.len()].copy_from_slice(from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathering_and_scattering_are_inverse() {
        let shapes = [(5, 4, 3), (16, 1, 2), (8, 8, 1), (37, 6, 2), (3, 2, 1)];
        let sets = InstructionSet::available();
        let all = shapes
            .iter()
            .flat_map(|&shape| sets.iter().map(move |&set| (shape, set)));
        for ((channels, side, images), set) in all {
            let layout = MapLayout {
                channels,
                side,
                block: 2 * set.lanes(),
                images,
            };
            let source: Vec<f32> = (0..images * channels * side * side)
                .map(|index| index as f32 + 1.0)
                .collect();
            let mut values = vec![f32::NAN; layout.len()];
            layout.gather(set, &source, &mut values);
            assert_eq!(
                values.iter().filter(|&&value| value != 0.0).count(),
                source.len()
            );
            let mut back = vec![f32::NAN; source.len()];
            layout.scatter(set, &values, &mut back);
            assert_eq!(back, source);
        }
    }
}
