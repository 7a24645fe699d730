//! Where the pixels of tiles lie in a map, and how tiles are visited, one panel of channels at a time.
//!
//! All places are counted in vectors.

use std::ops::Range;

use super::map_layout::MapLayout;
use super::product::PANEL_VECTORS;
use super::taps::FIRST;
use super::tiles::point_len;
use super::transforms::{MOST, Run};

/// The place of a row or column beyond the map: added to any other it is beyond every slice.
const NOWHERE: usize = usize::MAX / 4;

/// Where the rows or columns of a tile start.
type Places = [usize; MOST];

/// One tile, or one vector of its channels.
pub(super) struct Tile {
    /// Where the rows and columns of its pixels start.
    pub(super) rows: Places,
    pub(super) columns: Places,
    /// Whether tiles above and to the left have written the first row and column already.
    pub(super) below: bool,
    pub(super) right: bool,
    /// Where it lies among the values at a point.
    pub(super) at_point: usize,
}

/// Visits the vectors of the tiles of some images, row by row.
#[inline(always)]
pub(super) fn each_tile(
    images: Range<usize>,
    across: usize,
    image_len: usize,
    rows: impl Fn(usize) -> Places,
    columns: impl Fn(usize) -> Places,
    mut visit: impl FnMut(&Tile),
) {
    let mut at_point = 0;
    for image in images {
        for tile_row in 0..across {
            let rows = rows(tile_row).map(|place| place + image * image_len);
            for tile_column in 0..across {
                let columns = columns(tile_column);
                for vector in 0..PANEL_VECTORS {
                    visit(&Tile {
                        rows,
                        columns: columns.map(|place| place + vector),
                        below: tile_row > 0,
                        right: tile_column > 0,
                        at_point,
                    });
                    at_point += 1;
                }
            }
        }
    }
}

/// The rows of `IN x IN` values, zeros beyond.
struct Row<V, L, const IN: usize> {
    zero: V,
    load: L,
}

impl<V: Copy, L: Fn(usize, usize) -> V, const IN: usize> Row<V, L, IN> {
    #[inline(always)]
    fn at(&self, i: usize) -> Run<V> {
        [
            self.value(i, 0),
            self.value(i, 1),
            self.value(i, 2),
            self.value(i, 3),
            self.value(i, 4),
        ]
    }

    #[inline(always)]
    fn value(&self, i: usize, j: usize) -> V {
        if i < IN && j < IN {
            (self.load)(i, j)
        } else {
            self.zero
        }
    }
}

/// Applies a map to `IN x IN` values along both axes and stores `OUT x OUT`.
#[inline(always)]
pub(super) fn both_axes<V: Copy, const IN: usize, const OUT: usize>(
    zero: V,
    load: impl Fn(usize, usize) -> V,
    along: impl Fn(Run<V>) -> Run<V>,
    mut store: impl FnMut(usize, usize, V),
) {
    let row = Row::<V, _, IN> { zero, load };
    let rows = [
        along(row.at(0)),
        along(row.at(1)),
        along(row.at(2)),
        along(row.at(3)),
        along(row.at(4)),
    ];
    for j in 0..OUT {
        let column = along([rows[0][j], rows[1][j], rows[2][j], rows[3][j], rows[4][j]]);
        for (i, &value) in column.iter().enumerate().take(OUT) {
            store(i, j, value);
        }
    }
}

/// Where the pixels of coarse tiles lie in a block, along rows and along columns.
#[inline(always)]
pub(super) fn coarse_places<const SIZE: usize>(
    layout: &MapLayout,
    lanes: usize,
) -> [impl Fn(usize) -> Places + use<SIZE>; 2] {
    let phase = layout.phase_len() / lanes;
    let places = move |step: usize, parity: usize| {
        move |tile: usize| {
            std::array::from_fn(|index| {
                let pixel = tile * SIZE + index.min(SIZE - 1);
                pixel / 2 * step + pixel % 2 * parity
            })
        }
    };
    [
        places(layout.phase_side() * PANEL_VECTORS, 2 * phase),
        places(PANEL_VECTORS, phase),
    ]
}

/// Where the `SIZE + 1` pixels of fine windows lie in a phase, along rows and along columns.
#[inline(always)]
pub(super) fn fine_places<const SIZE: usize>(
    layout: &MapLayout,
    parities: [usize; 2],
) -> [impl Fn(usize) -> Places + use<SIZE>; 2] {
    let side = layout.phase_side();
    let places = move |step: usize, parity: usize| {
        move |tile: usize| {
            std::array::from_fn(|index| {
                let pixel = (tile * SIZE + index).wrapping_add_signed(FIRST[parity]);
                if pixel < side { pixel * step } else { NOWHERE }
            })
        }
    };
    [
        places(side * PANEL_VECTORS, parities[0]),
        places(PANEL_VECTORS, parities[1]),
    ]
}

/// Vectors from one point's values to the next point's.
#[inline(always)]
pub(super) fn point_vectors(
    images: &Range<usize>,
    across: usize,
    block: usize,
    lanes: usize,
) -> usize {
    point_len(images.len() * across * across, block) / lanes
}
