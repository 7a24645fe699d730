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

    /// Writes images `[N, C, side, side]` in this layout.
    pub(crate) fn gather(&self, images: &[f32], values: &mut [f32]) {
        self.each(|place, index| values[place] = images[index]);
    }

    /// Reads images `[N, C, side, side]` back.
    pub(crate) fn scatter(&self, values: &[f32], images: &mut [f32]) {
        self.each(|place, index| images[index] = values[place]);
    }

    /// Every value's place here and its index in `[N, C, side, side]`.
    fn each(&self, mut visit: impl FnMut(usize, usize)) {
        for image in 0..self.images {
            for channel in 0..self.channels {
                let first = channel / self.block * self.block_len() + channel % self.block;
                for row in 0..self.side {
                    for column in 0..self.side {
                        let index = ((image * self.channels + channel) * self.side + row)
                            * self.side
                            + column;
                        visit(first + self.in_block(image, row, column), index);
                    }
                }
            }
        }
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
