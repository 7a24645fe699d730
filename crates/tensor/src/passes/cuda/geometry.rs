use crate::passes::cuda::element_bytes;
use crate::passes::cuda::elements::stored;
use crate::passes::taps::KERNEL;
use crate::passes::{Direction, MapShape, Precision};

/// Blocks that keep a large GPU busy: an H200 has 132 processors.
pub(super) const BUSY_BLOCKS: usize = 132;
/// Parts that the depth of a product is split into at most.
const MOST_SPLITS: usize = 32;
/// Steps of a part at least: filling the pipeline takes two.
const FEWEST_STEPS: usize = 4;
/// Sums of a block by height and width, for the choice of splits.
const NOMINAL_TILE: usize = 64;
/// Bytes of the depth that a block multiplies at each step.
pub(super) const STEP_BYTES: usize = 64;

/// A convolution as a product of matrices whose left factor is gathered: the numbers that
/// `kernels/convolution.cuh` computes addresses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    /// Pixels of a phase by height and by width.
    pub(super) grid_side: usize,
    pub(super) in_side: usize,
    /// Stored channels of the input.
    pub(super) in_channels: usize,
    pub(super) stride: usize,
    /// The input pixel of grid pixel 0 and tap 0 in phase 0.
    pub(super) base: i32,
    pub(super) taps_log2: usize,
    /// Sums of a grid pixel: stored channels of the output, of all 16 pixels in a projection upward.
    pub(super) columns: usize,
    /// The parities of a transposed convolution's output, or 1.
    pub(super) phases: usize,
    pub(super) out_side: usize,
    pub(super) out_stride: usize,
    /// Whether the columns are channels of 16 pixels.
    pub(super) spread: bool,
}

impl Geometry {
    /// Of a convolution between maps of 1 and 4 pixels (stride 1, no padding), or from a fine map to one
    /// of half its side (stride 2, padding 1), 4x4 taps; nothing for others.
    pub(super) fn new(coarse: MapShape, fine: MapShape, direction: Direction) -> Option<Self> {
        let projection = coarse.side() == 1 && fine.side() == KERNEL;
        let strided = fine.side() == 2 * coarse.side();
        if !(projection || strided) {
            return None;
        }
        let (from, to) = match direction {
            Direction::Up => (coarse, fine),
            Direction::Down => (fine, coarse),
        };
        let down = Self {
            grid_side: coarse.side(),
            in_side: from.side(),
            in_channels: stored(from.channels()),
            stride: 2,
            base: if projection { 0 } else { -1 },
            taps_log2: 2,
            columns: stored(to.channels()),
            phases: 1,
            out_side: to.side(),
            out_stride: 1,
            spread: false,
        };
        Some(match (direction, projection) {
            (Direction::Down, _) => down,
            (Direction::Up, true) => Self {
                stride: 1,
                taps_log2: 0,
                columns: KERNEL * KERNEL * down.columns,
                out_side: 1,
                spread: true,
                ..down
            },
            (Direction::Up, false) => Self {
                stride: 1,
                taps_log2: 1,
                phases: 4,
                out_stride: 2,
                ..down
            },
        })
    }

    /// Taps that a phase has.
    pub(super) fn taps(&self) -> usize {
        1 << (2 * self.taps_log2)
    }

    /// Products of a sum.
    pub(super) fn depth(&self) -> usize {
        self.taps() * self.in_channels
    }

    /// Grid pixels of so many images.
    pub(super) fn rows(&self, images: usize) -> usize {
        images * self.grid_side * self.grid_side
    }

    /// Stored numbers of an image that go in.
    pub(super) fn in_len(&self) -> usize {
        self.in_side * self.in_side * self.in_channels
    }

    /// Stored numbers of an image that come out.
    pub(super) fn out_len(&self) -> usize {
        self.out_side * self.out_side * self.columns
    }

    /// Stored weights, those of added channels included.
    pub(super) fn weights_len(&self) -> usize {
        self.phases * self.columns * self.depth()
    }

    /// The row of the kernel that a phase's tap reads, by height or by width.
    ///
    /// Grid pixel i of parity p meets coarse pixel i + p - 1 + t through the kernel's row r with
    /// 2 i + p = 2 (i + p - 1 + t) - 1 + r.
    pub(super) fn kernel_row(&self, parity: usize, tap: usize) -> usize {
        if self.phases == 1 {
            tap
        } else {
            3 - parity - 2 * tap
        }
    }
}

/// How the depth of a product is split over blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Splits {
    pub(super) count: usize,
    pub(super) steps_each: usize,
}

impl Splits {
    /// Enough for a busy GPU at this number of images. It is no function of the images that are
    /// computed: the order of sums, and with it an image's bits, must not depend on its batch.
    pub(super) fn new(geometry: &Geometry, precision: Precision, nominal_images: usize) -> Self {
        let tiles = geometry.rows(nominal_images).div_ceil(NOMINAL_TILE)
            * geometry.columns.div_ceil(NOMINAL_TILE)
            * geometry.phases;
        let steps = (geometry.depth() * element_bytes(precision)).div_ceil(STEP_BYTES);
        let wanted = (BUSY_BLOCKS / tiles.max(1)).min(steps / FEWEST_STEPS);
        let steps_each = steps.div_ceil(wanted.clamp(1, MOST_SPLITS));
        Self {
            count: steps.div_ceil(steps_each),
            steps_each,
        }
    }
}

/// Blocks that a GPU should have at least before tiles grow.
pub(super) fn keeps_busy(blocks: usize) -> bool {
    blocks >= BUSY_BLOCKS
}
