use std::ops::Range;

use rayon::prelude::*;

use super::taps::MOST_IN_BLOCK;

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
    pub(crate) fn gather(&self, images: &[f32], values: &mut [f32]) {
        let plane_len = self.plane_len();
        values
            .par_chunks_mut(self.block_len())
            .enumerate()
            .for_each(|(block, values)| {
                let channels = self.channels_of(block);
                for (image, planes) in images.chunks_exact(self.channels * plane_len).enumerate() {
                    let planes = &planes[channels.start * plane_len..channels.end * plane_len];
                    self.gather_block(image, planes, values);
                }
            });
    }

    /// Reads images `[N, C, side, side]` back.
    pub(crate) fn scatter(&self, values: &[f32], images: &mut [f32]) {
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
                self.scatter_block(image, values, planes);
            });
    }

    fn gather_block(&self, image: usize, planes: &[f32], values: &mut [f32]) {
        let plane_len = self.plane_len();
        let mut lines = [[0.0; PIXELS_AT_ONCE]; MOST_IN_BLOCK];
        for start in (0..plane_len).step_by(PIXELS_AT_ONCE) {
            for (line, plane) in lines.iter_mut().zip(planes.chunks_exact(plane_len)) {
                match plane[start..].first_chunk() {
                    Some(values) => *line = *values,
                    None => line[..plane_len - start].copy_from_slice(&plane[start..]),
                }
            }
            for (index, pixel) in (start..plane_len).take(PIXELS_AT_ONCE).enumerate() {
                let place = self.place(image, pixel);
                let values = &mut values[place..][..self.block];
                for (value, line) in values.iter_mut().zip(&lines) {
                    *value = line[index % PIXELS_AT_ONCE];
                }
            }
        }
    }

    fn scatter_block(&self, image: usize, values: &[f32], planes: &mut [f32]) {
        let plane_len = self.plane_len();
        let mut lines = [[0.0; PIXELS_AT_ONCE]; MOST_IN_BLOCK];
        for start in (0..plane_len).step_by(PIXELS_AT_ONCE) {
            for (index, pixel) in (start..plane_len).take(PIXELS_AT_ONCE).enumerate() {
                let values = &values[self.place(image, pixel)..][..self.block];
                for (line, &value) in lines.iter_mut().zip(values) {
                    line[index % PIXELS_AT_ONCE] = value;
                }
            }
            for (line, plane) in lines.iter().zip(planes.chunks_exact_mut(plane_len)) {
                match plane[start..].first_chunk_mut() {
                    Some(values) => *values = *line,
                    None => plane[start..].copy_from_slice(&line[..plane_len - start]),
                }
            }
        }
    }

    fn plane_len(&self) -> usize {
        self.side * self.side
    }

    /// The channels that a block holds.
    fn channels_of(&self, block: usize) -> Range<usize> {
        let first = block * self.block;
        first..self.channels.min(first + self.block)
    }

    /// Where the channels of a pixel, counted in raster order, start in a block.
    #[inline(always)]
    fn place(&self, image: usize, pixel: usize) -> usize {
        self.in_block(image, pixel / self.side, pixel % self.side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathering_and_scattering_are_inverse() {
        for (channels, side, images) in [(5, 4, 3), (16, 1, 2), (8, 8, 1)] {
            let layout = MapLayout {
                channels,
                side,
                block: 8,
                images,
            };
            let source: Vec<f32> = (0..images * channels * side * side)
                .map(|index| index as f32 + 1.0)
                .collect();
            let mut values = vec![0.0; layout.len()];
            layout.gather(&source, &mut values);
            assert_eq!(
                values.iter().filter(|&&value| value != 0.0).count(),
                source.len()
            );
            let mut back = vec![0.0; source.len()];
            layout.scatter(&values, &mut back);
            assert_eq!(back, source);
        }
    }
}
