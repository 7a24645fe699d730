//! Tiles of maps to their values at points and back, one panel of channels at a time.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::map_layout::MapLayout;
use super::product::PANEL_VECTORS;
use super::taps::FIRST;
use super::tiles::point_len;
use super::transforms::{self, MOST, Run};

/// `MOST x MOST` vectors, of which a tile uses the first few of each row.
type Grid<V> = [Run<V>; MOST];

/// Applies a map along both axes.
#[inline(always)]
fn both_axes<V: Copy>(mut grid: Grid<V>, along: impl Fn(Run<V>) -> Run<V>) -> Grid<V> {
    for row in &mut grid {
        *row = along(*row);
    }
    for column in 0..MOST {
        let run = [
            grid[0][column],
            grid[1][column],
            grid[2][column],
            grid[3][column],
            grid[4][column],
        ];
        let run = along(run);
        for (row, value) in grid.iter_mut().zip(run) {
            row[column] = value;
        }
    }
    grid
}

#[inline(always)]
fn load<S: Simd>(values: &[f32], start: usize) -> S::f32s {
    S::as_simd_f32s(&values[start..][..S::F32_LANES]).0[0]
}

#[inline(always)]
fn store<S: Simd>(values: &mut [f32], start: usize, vector: S::f32s) {
    S::as_mut_simd_f32s(&mut values[start..][..S::F32_LANES]).0[0] = vector;
}

/// The tiles of some images, row by row, with the vectors of their channels.
#[inline(always)]
fn each_tile<S: Simd>(
    images: Range<usize>,
    tiles_across: usize,
    mut visit: impl FnMut(usize, [usize; 2], usize, usize),
) {
    let mut row = 0;
    for image in images {
        for tile_row in 0..tiles_across {
            for tile_column in 0..tiles_across {
                for vector in 0..PANEL_VECTORS {
                    visit(image, [tile_row, tile_column], row, vector * S::F32_LANES);
                }
                row += 1;
            }
        }
    }
}

/// A block's tiles of coarse pixels at their points: `[point, row, channel]`.
pub(super) struct Evaluate<'a, const SIZE: usize> {
    pub(super) layout: &'a MapLayout,
    pub(super) images: Range<usize>,
    pub(super) map: &'a [f32],
    pub(super) points: &'a mut [f32],
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
        let across = layout.side / SIZE;
        let point_len = point_len(images.len() * across * across, layout.block);
        each_tile::<S>(
            images,
            across,
            #[inline(always)]
            |image, [tile_row, tile_column], row, lane| {
                let mut grid = [[simd.splat_f32s(0.0); MOST]; MOST];
                for i in 0..SIZE {
                    for j in 0..SIZE {
                        let pixel =
                            layout.in_block(image, tile_row * SIZE + i, tile_column * SIZE + j);
                        grid[i][j] = load::<S>(map, pixel + lane);
                    }
                }
                let grid = both_axes(
                    grid,
                    #[inline(always)]
                    |run| transforms::evaluate::<S, SIZE>(simd, run),
                );
                store_points::<S, SIZE>(points, point_len, row * layout.block + lane, &grid);
            },
        );
    }
}

/// One phase of a block's fine map, windows of `SIZE + 1` pixels, at their points.
pub(super) struct Spread<'a, const SIZE: usize> {
    pub(super) layout: &'a MapLayout,
    pub(super) images: Range<usize>,
    pub(super) map: &'a [f32],
    pub(super) parities: [usize; 2],
    pub(super) points: &'a mut [f32],
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
        let side = layout.phase_side();
        let across = side / SIZE;
        let point_len = point_len(images.len() * across * across, layout.block);
        let first = parities.map(|parity| FIRST[parity]);
        each_tile::<S>(
            images,
            across,
            #[inline(always)]
            |image, [tile_row, tile_column], row, lane| {
                let mut grid = [[simd.splat_f32s(0.0); MOST]; MOST];
                for i in 0..=SIZE {
                    let from_row = (tile_row * SIZE + i).wrapping_add_signed(first[0]);
                    for j in 0..=SIZE {
                        let from_column = (tile_column * SIZE + j).wrapping_add_signed(first[1]);
                        if from_row < side && from_column < side {
                            let pixel = layout.in_phase(image, from_row, from_column);
                            grid[i][j] = load::<S>(map, pixel + lane);
                        }
                    }
                }
                let grid = both_axes(
                    grid,
                    #[inline(always)]
                    |run| transforms::spread::<S, SIZE>(simd, run),
                );
                store_points::<S, SIZE>(points, point_len, row * layout.block + lane, &grid);
            },
        );
    }
}

/// Products of polynomials added up to one phase of a block's fine map.
pub(super) struct Interpolate<'a, const SIZE: usize> {
    pub(super) layout: &'a MapLayout,
    pub(super) images: Range<usize>,
    pub(super) products: &'a [f32],
    pub(super) parities: [usize; 2],
    pub(super) map: &'a mut [f32],
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
        let side = layout.phase_side();
        let across = side / SIZE;
        let point_len = point_len(images.len() * across * across, layout.block);
        let first = parities.map(|parity| FIRST[parity]);
        each_tile::<S>(
            images,
            across,
            #[inline(always)]
            |image, [tile_row, tile_column], row, lane| {
                let grid =
                    load_points::<S, SIZE>(simd, products, point_len, row * layout.block + lane);
                let grid = both_axes(
                    grid,
                    #[inline(always)]
                    |run| transforms::interpolate::<S, SIZE>(simd, run),
                );
                for i in 0..=SIZE {
                    let to_row = (tile_row * SIZE + i).wrapping_add_signed(first[0]);
                    for j in 0..=SIZE {
                        let to_column = (tile_column * SIZE + j).wrapping_add_signed(first[1]);
                        if to_row >= side || to_column >= side {
                            continue;
                        }
                        let pixel = layout.in_phase(image, to_row, to_column) + lane;
                        // Neighboring tiles share a row or column of pixels; the earlier wrote it first.
                        let shared = (i == 0 && tile_row > 0) || (j == 0 && tile_column > 0);
                        let value = if shared {
                            simd.add_f32s(load::<S>(map, pixel), grid[i][j])
                        } else {
                            grid[i][j]
                        };
                        store::<S>(map, pixel, value);
                    }
                }
            },
        );
    }
}

/// Correlations gathered to a block's coarse map.
pub(super) struct Gather<'a, const SIZE: usize> {
    pub(super) layout: &'a MapLayout,
    pub(super) images: Range<usize>,
    pub(super) products: &'a [f32],
    pub(super) map: &'a mut [f32],
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
        let across = layout.side / SIZE;
        let point_len = point_len(images.len() * across * across, layout.block);
        each_tile::<S>(
            images,
            across,
            #[inline(always)]
            |image, [tile_row, tile_column], row, lane| {
                let grid =
                    load_points::<S, SIZE>(simd, products, point_len, row * layout.block + lane);
                let grid = both_axes(
                    grid,
                    #[inline(always)]
                    |run| transforms::gather::<S, SIZE>(simd, run),
                );
                for i in 0..SIZE {
                    for j in 0..SIZE {
                        let pixel =
                            layout.in_block(image, tile_row * SIZE + i, tile_column * SIZE + j);
                        store::<S>(map, pixel + lane, grid[i][j]);
                    }
                }
            },
        );
    }
}

#[inline(always)]
fn store_points<S: Simd, const SIZE: usize>(
    points: &mut [f32],
    point_len: usize,
    start: usize,
    grid: &Grid<S::f32s>,
) {
    for i in 0..=SIZE {
        for j in 0..=SIZE {
            store::<S>(points, (i * (SIZE + 1) + j) * point_len + start, grid[i][j]);
        }
    }
}

#[inline(always)]
fn load_points<S: Simd, const SIZE: usize>(
    simd: S,
    points: &[f32],
    point_len: usize,
    start: usize,
) -> Grid<S::f32s> {
    let mut grid = [[simd.splat_f32s(0.0); MOST]; MOST];
    for i in 0..=SIZE {
        for j in 0..=SIZE {
            grid[i][j] = load::<S>(points, (i * (SIZE + 1) + j) * point_len + start);
        }
    }
    grid
}
