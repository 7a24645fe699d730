//! Tiles of maps to their values at points and back, one panel of channels at a time.
//!
//! All places are counted in vectors.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::map_layout::MapLayout;
use super::product::PANEL_VECTORS;
use super::taps::FIRST;
use super::tiles::point_len;
use super::transforms::{self, MOST, Run};

/// The place of a row or column beyond the map: added to any other it is beyond every slice.
const NOWHERE: usize = usize::MAX / 4;

/// Where the rows or columns of a tile start.
type Places = [usize; MOST];

/// A block's tiles of coarse pixels at their points: `[point, row, channel]`.
pub(super) struct Evaluate<'a, const SIZE: usize> {
    pub(super) layout: &'a MapLayout,
    pub(super) images: Range<usize>,
    pub(super) map: &'a [f32],
    pub(super) points: &'a mut [f32],
}

/// One phase of a block's fine map, windows of `SIZE + 1` pixels, at their points.
pub(super) struct Spread<'a, const SIZE: usize> {
    pub(super) layout: &'a MapLayout,
    pub(super) images: Range<usize>,
    pub(super) map: &'a [f32],
    pub(super) parities: [usize; 2],
    pub(super) points: &'a mut [f32],
}

/// Products of polynomials added up to one phase of a block's fine map.
pub(super) struct Interpolate<'a, const SIZE: usize> {
    pub(super) layout: &'a MapLayout,
    pub(super) images: Range<usize>,
    pub(super) products: &'a [f32],
    pub(super) parities: [usize; 2],
    pub(super) map: &'a mut [f32],
}

/// Correlations gathered to a block's coarse map.
pub(super) struct Gather<'a, const SIZE: usize> {
    pub(super) layout: &'a MapLayout,
    pub(super) images: Range<usize>,
    pub(super) products: &'a [f32],
    pub(super) map: &'a mut [f32],
}

/// One tile, or one vector of its channels.
struct Tile {
    /// Where the rows and columns of its pixels start.
    rows: Places,
    columns: Places,
    /// Whether tiles above and to the left have written the first row and column already.
    below: bool,
    right: bool,
    /// Where it lies among the values at a point.
    at_point: usize,
}

/// Visits the vectors of the tiles of some images, row by row.
#[inline(always)]
fn each_tile(
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
fn both_axes<V: Copy, const IN: usize, const OUT: usize>(
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
fn coarse_places<const SIZE: usize>(
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
fn fine_places<const SIZE: usize>(
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
fn point_vectors(images: &Range<usize>, across: usize, block: usize, lanes: usize) -> usize {
    point_len(images.len() * across * across, block) / lanes
}

impl<const SIZE: usize> WithSimd for Evaluate<'_, SIZE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layout,
            images,
            map,
            points,
        } = self;
        let (map, points) = (S::as_simd_f32s(map).0, S::as_mut_simd_f32s(points).0);
        let across = layout.side / SIZE;
        let point = point_vectors(&images, across, layout.block, S::F32_LANES);
        let image_len = layout.phase_pixels() * PANEL_VECTORS;
        let [rows, columns] = coarse_places::<SIZE>(layout, S::F32_LANES);
        each_tile(
            images,
            across,
            image_len,
            rows,
            columns,
            #[inline(always)]
            |tile| match SIZE {
                2 => evaluate_tile::<S, SIZE, 2, 3>(simd, tile, map, points, point),
                _ => evaluate_tile::<S, SIZE, 4, 5>(simd, tile, map, points, point),
            },
        );
    }
}

#[inline(always)]
fn evaluate_tile<S: Simd, const SIZE: usize, const IN: usize, const OUT: usize>(
    simd: S,
    tile: &Tile,
    map: &[S::f32s],
    points: &mut [S::f32s],
    point: usize,
) {
    both_axes::<_, IN, OUT>(
        simd.splat_f32s(0.0),
        #[inline(always)]
        |i, j| map[tile.rows[i] + tile.columns[j]],
        #[inline(always)]
        |run| transforms::evaluate::<S, SIZE>(simd, run),
        #[inline(always)]
        |i, j, value| points[(i * OUT + j) * point + tile.at_point] = value,
    );
}

impl<const SIZE: usize> WithSimd for Spread<'_, SIZE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layout,
            images,
            map,
            parities,
            points,
        } = self;
        let (map, points) = (S::as_simd_f32s(map).0, S::as_mut_simd_f32s(points).0);
        let across = layout.phase_side() / SIZE;
        let point = point_vectors(&images, across, layout.block, S::F32_LANES);
        let image_len = layout.phase_pixels() * PANEL_VECTORS;
        let [rows, columns] = fine_places::<SIZE>(layout, parities);
        each_tile(
            images,
            across,
            image_len,
            rows,
            columns,
            #[inline(always)]
            |tile| match SIZE {
                2 => spread_window::<S, SIZE, 3>(simd, tile, map, points, point),
                _ => spread_window::<S, SIZE, 5>(simd, tile, map, points, point),
            },
        );
    }
}

#[inline(always)]
fn spread_window<S: Simd, const SIZE: usize, const POINTS: usize>(
    simd: S,
    tile: &Tile,
    map: &[S::f32s],
    points: &mut [S::f32s],
    point: usize,
) {
    let zero = simd.splat_f32s(0.0);
    both_axes::<_, POINTS, POINTS>(
        zero,
        #[inline(always)]
        |i, j| {
            map.get(tile.rows[i] + tile.columns[j])
                .copied()
                .unwrap_or(zero)
        },
        #[inline(always)]
        |run| transforms::spread::<S, SIZE>(simd, run),
        #[inline(always)]
        |i, j, value| points[(i * POINTS + j) * point + tile.at_point] = value,
    );
}

impl<const SIZE: usize> WithSimd for Interpolate<'_, SIZE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layout,
            images,
            products,
            parities,
            map,
        } = self;
        let (products, map) = (S::as_simd_f32s(products).0, S::as_mut_simd_f32s(map).0);
        let across = layout.phase_side() / SIZE;
        let point = point_vectors(&images, across, layout.block, S::F32_LANES);
        let image_len = layout.phase_pixels() * PANEL_VECTORS;
        let [rows, columns] = fine_places::<SIZE>(layout, parities);
        each_tile(
            images,
            across,
            image_len,
            rows,
            columns,
            #[inline(always)]
            |tile| match SIZE {
                2 => interpolate_tile::<S, SIZE, 3>(simd, tile, products, point, map),
                _ => interpolate_tile::<S, SIZE, 5>(simd, tile, products, point, map),
            },
        );
    }
}

/// Neighboring tiles share a row or column of pixels; the earlier one wrote it first.
#[inline(always)]
fn interpolate_tile<S: Simd, const SIZE: usize, const POINTS: usize>(
    simd: S,
    tile: &Tile,
    products: &[S::f32s],
    point: usize,
    map: &mut [S::f32s],
) {
    both_axes::<_, POINTS, POINTS>(
        simd.splat_f32s(0.0),
        #[inline(always)]
        |i, j| products[(i * POINTS + j) * point + tile.at_point],
        #[inline(always)]
        |run| transforms::interpolate::<S, SIZE>(simd, run),
        #[inline(always)]
        |i, j, value| {
            if let Some(pixel) = map.get_mut(tile.rows[i] + tile.columns[j]) {
                let shared = (i == 0 && tile.below) || (j == 0 && tile.right);
                *pixel = if shared {
                    simd.add_f32s(*pixel, value)
                } else {
                    value
                };
            }
        },
    );
}

impl<const SIZE: usize> WithSimd for Gather<'_, SIZE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            layout,
            images,
            products,
            map,
        } = self;
        let (products, map) = (S::as_simd_f32s(products).0, S::as_mut_simd_f32s(map).0);
        let across = layout.side / SIZE;
        let point = point_vectors(&images, across, layout.block, S::F32_LANES);
        let image_len = layout.phase_pixels() * PANEL_VECTORS;
        let [rows, columns] = coarse_places::<SIZE>(layout, S::F32_LANES);
        each_tile(
            images,
            across,
            image_len,
            rows,
            columns,
            #[inline(always)]
            |tile| match SIZE {
                2 => gather_tile::<S, SIZE, 3, 2>(simd, tile, products, point, map),
                _ => gather_tile::<S, SIZE, 5, 4>(simd, tile, products, point, map),
            },
        );
    }
}

#[inline(always)]
fn gather_tile<S: Simd, const SIZE: usize, const IN: usize, const OUT: usize>(
    simd: S,
    tile: &Tile,
    products: &[S::f32s],
    point: usize,
    map: &mut [S::f32s],
) {
    both_axes::<_, IN, OUT>(
        simd.splat_f32s(0.0),
        #[inline(always)]
        |i, j| products[(i * IN + j) * point + tile.at_point],
        #[inline(always)]
        |run| transforms::gather::<S, SIZE>(simd, run),
        #[inline(always)]
        |i, j, value| map[tile.rows[i] + tile.columns[j]] = value,
    );
}
