//! Tiles of maps to their values at points and back, one panel of channels at a time.
//!
//! All places are counted in vectors.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::map_layout::MapLayout;
use super::product::PANEL_VECTORS;
use super::tile_places::{Tile, both_axes, coarse_places, each_tile, fine_places, point_vectors};
use super::transforms;

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
