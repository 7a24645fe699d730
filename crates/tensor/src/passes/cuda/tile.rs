use super::geometry::{Geometry, Splits, keeps_busy};

/// How many sums a block computes. All tiles add in the same order, so the choice changes no bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tile {
    /// 128 x 128 by 8 warps.
    Wide,
    /// 64 x 64 by 4 warps.
    Square,
    /// 128 x 8 by 4 warps, for images and logits.
    Narrow,
}

impl Tile {
    /// The largest that keeps a large GPU busy.
    pub(super) fn choose(geometry: &Geometry, splits: Splits, images: usize) -> Self {
        let blocks: usize = Self::Wide
            .grid(geometry, splits, images)
            .into_iter()
            .product();
        let (_, narrow) = Self::Narrow.sides();
        let (_, wide) = Self::Wide.sides();
        if geometry.columns <= narrow {
            Self::Narrow
        } else if geometry.columns >= wide && keeps_busy(blocks) {
            Self::Wide
        } else {
            Self::Square
        }
    }

    /// Rows and columns.
    pub(super) fn sides(self) -> (usize, usize) {
        match self {
            Self::Wide => (128, 128),
            Self::Square => (64, 64),
            Self::Narrow => (128, 8),
        }
    }

    /// Threads of a block.
    pub(super) fn threads(self) -> u32 {
        match self {
            Self::Wide => 256,
            Self::Square | Self::Narrow => 128,
        }
    }

    /// What it is called among the kernels.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Square => "square",
            Self::Narrow => "narrow",
        }
    }

    /// Blocks: by rows, by columns, by phases and splits.
    pub(super) fn grid(self, geometry: &Geometry, splits: Splits, images: usize) -> [usize; 3] {
        let (rows, columns) = self.sides();
        [
            geometry.rows(images).div_ceil(rows),
            geometry.columns.div_ceil(columns),
            geometry.phases * splits.count,
        ]
    }
}
