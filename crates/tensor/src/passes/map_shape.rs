use std::ops::Range;

use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::product::PANEL_VECTORS;

/// The kind of values on one side of a pass, and how they lie in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapShape {
    /// A map of square feature maps, or of vectors where the side is 1, in blocks of channels.
    Map {
        /// Channels.
        channels: usize,
        /// Height and width in pixels: 1, or a multiple of 4.
        side: usize,
    },
    /// Images `[N, C, side, side]`.
    Image {
        /// Channels.
        channels: usize,
        /// Height and width in pixels, a multiple of 8.
        side: usize,
    },
}

impl MapShape {
    /// Channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        let (Self::Map { channels, .. } | Self::Image { channels, .. }) = *self;
        channels
    }

    /// Height and width in pixels.
    #[must_use]
    pub fn side(&self) -> usize {
        let (Self::Map { side, .. } | Self::Image { side, .. }) = *self;
        side
    }

    /// Values of `images` of these, with those that fill up blocks of channels.
    #[must_use]
    pub fn len(&self, set: InstructionSet, images: usize) -> usize {
        match *self {
            Self::Map { .. } => self.layout(set, images).len(),
            Self::Image { channels, side } => images * channels * side * side,
        }
    }

    /// Writes `[N, C, side, side]` in the order of a pass's maps to `values`.
    ///
    /// # Panics
    ///
    /// When a slice is shorter than its shape says.
    pub fn write_images(
        &self,
        set: InstructionSet,
        count: usize,
        images: &[f32],
        values: &mut [f32],
    ) {
        match self {
            Self::Image { .. } => values.copy_from_slice(images),
            Self::Map { .. } => self.layout(set, count).gather(set, images, values),
        }
    }

    /// Writes a pass's map in the order `[N, C, side, side]` to `images`.
    ///
    /// # Panics
    ///
    /// When a slice is shorter than its shape says.
    pub fn read_images(
        &self,
        set: InstructionSet,
        count: usize,
        values: &[f32],
        images: &mut [f32],
    ) {
        match self {
            Self::Image { .. } => images.copy_from_slice(values),
            Self::Map { .. } => self.layout(set, count).scatter(set, values, images),
        }
    }

    pub(crate) fn layout(&self, set: InstructionSet, images: usize) -> MapLayout {
        MapLayout {
            channels: self.channels(),
            side: self.side(),
            block: PANEL_VECTORS * set.lanes(),
            images,
        }
    }
}

/// Which images a run of a pass reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first image that is read, of those in the input.
    pub from: usize,
    /// The first image that is written, of those in the output.
    pub to: usize,
    /// How many.
    pub count: usize,
}

impl Span {
    /// The first `count` images on both sides.
    #[must_use]
    pub fn first(count: usize) -> Self {
        Self {
            from: 0,
            to: 0,
            count,
        }
    }

    pub(super) fn reads(&self, images: &Range<usize>) -> Range<usize> {
        self.from + images.start..self.from + images.end
    }

    pub(super) fn writes(&self, images: &Range<usize>) -> Range<usize> {
        self.to + images.start..self.to + images.end
    }
}
