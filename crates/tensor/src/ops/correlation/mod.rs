//! The three linear maps that convolutions and their gradients are made of.
//!
//! With `x` of shape `[N, C, H, W]`, `w` of shape `[O, C, k, k]` and `y` of shape `[N, O, P, Q]`:
//!
//! ```text
//! y[n,o,p,q] = sum_{c,i,j} w[o,c,i,j] x[n,c,s p + i - pad, s q + j - pad]
//! ```
//!
//! `forward` maps x to y; `transpose` maps y to x by the adjoint of the same matrix; `weight` gives
//! the gradient of `<y, g>` with respect to w. A transposed convolution exchanges the first two.

mod columns;
mod geometry;

pub use geometry::ConvGeometry;
pub(crate) use geometry::Correlation;

use gemm::Parallelism;
use rayon::prelude::*;

use super::float::Float;
use super::matrix_product::{Matrix, Write, multiply};
use columns::{add_columns, gather_columns};

/// Columns that one matrix product handles: wide enough to run at full rate, narrow enough for the
/// column matrix to stay in cache.
const TILE_COLUMNS: usize = 256;
/// Narrow products are padded to this width; the library sums single columns in another order.
const MIN_COLUMNS: usize = 16;
/// Weight gradients are summed in this many parts, whatever the number of threads, so that the sum
/// has the same bits on every machine.
const WEIGHT_PARTS: usize = 4;

/// A group of images that shares one matrix product.
struct Tile {
    images: usize,
    parallelism: Parallelism,
}

impl Tile {
    fn new(shape: &Correlation, count: usize) -> Self {
        let wanted = TILE_COLUMNS.div_ceil(shape.positions()).max(1);
        let images = wanted.min(count.max(1));
        let parallelism = if images >= count {
            Parallelism::Rayon(0)
        } else {
            Parallelism::None
        };
        Self {
            images,
            parallelism,
        }
    }

    fn width(&self, shape: &Correlation) -> usize {
        (self.images * shape.positions()).max(MIN_COLUMNS)
    }
}

/// Maps images `x` to responses `y`.
pub(crate) fn forward<T: Float>(shape: &Correlation, x: &[T], w: &[T]) -> Vec<T> {
    let count = x.len() / shape.image_len();
    let tile = Tile::new(shape, count);
    let mut y = vec![T::zero(); count * shape.response_len()];
    y.par_chunks_mut(tile.images * shape.response_len())
        .zip(x.par_chunks(tile.images * shape.image_len()))
        .for_each_init(Scratch::default, |scratch, (y, x)| {
            let width = tile.width(shape);
            let (columns, responses) = scratch.take(shape, width);
            gather_columns(shape, x, columns, width);
            multiply(
                Matrix::row_major(w, shape.out_channels, shape.taps(), shape.taps()),
                Matrix::row_major(columns, shape.taps(), width, width),
                responses,
                width,
                Write::Replace,
                tile.parallelism,
            );
            split_images(shape, responses, y, width);
        });
    y
}

/// Maps responses `y` to images `x` by the adjoint of [`forward`].
pub(crate) fn transpose<T: Float>(shape: &Correlation, y: &[T], w: &[T]) -> Vec<T> {
    let count = y.len() / shape.response_len();
    let tile = Tile::new(shape, count);
    let mut x = vec![T::zero(); count * shape.image_len()];
    x.par_chunks_mut(tile.images * shape.image_len())
        .zip(y.par_chunks(tile.images * shape.response_len()))
        .for_each_init(Scratch::default, |scratch, (x, y)| {
            let width = tile.width(shape);
            let (columns, responses) = scratch.take(shape, width);
            join_images(shape, y, responses, width);
            multiply(
                Matrix::row_major(w, shape.out_channels, shape.taps(), shape.taps()).transposed(),
                Matrix::row_major(responses, shape.out_channels, width, width),
                columns,
                width,
                Write::Replace,
                tile.parallelism,
            );
            add_columns(shape, columns, x, width);
        });
    x
}

/// The gradient of `<forward(x, w), y>` with respect to `w`.
pub(crate) fn weight<T: Float>(shape: &Correlation, x: &[T], y: &[T]) -> Vec<T> {
    let count = x.len() / shape.image_len();
    let tile = Tile::new(shape, count);
    let per_part = count.div_ceil(tile.images).div_ceil(WEIGHT_PARTS).max(1) * tile.images;
    let parts: Vec<Vec<T>> = x
        .par_chunks(per_part * shape.image_len())
        .zip(y.par_chunks(per_part * shape.response_len()))
        .map(|(x, y)| {
            let mut sum = vec![T::zero(); shape.out_channels * shape.taps()];
            let mut scratch = Scratch::default();
            let tiles = x
                .chunks(tile.images * shape.image_len())
                .zip(y.chunks(tile.images * shape.response_len()));
            for (x, y) in tiles {
                let width = tile.width(shape);
                let (columns, responses) = scratch.take(shape, width);
                gather_columns(shape, x, columns, width);
                join_images(shape, y, responses, width);
                multiply(
                    Matrix::row_major(responses, shape.out_channels, width, width),
                    Matrix::row_major(columns, shape.taps(), width, width).transposed(),
                    &mut sum,
                    shape.taps(),
                    Write::Add,
                    tile.parallelism,
                );
            }
            sum
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for part in parts {
        total
            .iter_mut()
            .zip(part)
            .for_each(|(sum, value)| *sum += value);
    }
    total
}

/// Memory that one thread reuses from tile to tile.
struct Scratch<T> {
    columns: Vec<T>,
    responses: Vec<T>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            responses: Vec::new(),
        }
    }
}

impl<T: Float> Scratch<T> {
    fn take(&mut self, shape: &Correlation, width: usize) -> (&mut [T], &mut [T]) {
        self.columns.resize(shape.taps() * width, T::zero());
        self.responses.resize(shape.out_channels * width, T::zero());
        (&mut self.columns, &mut self.responses)
    }
}

/// Copies `[O, (n, p, q)]` to `[n, O, (p, q)]`.
fn split_images<T: Float>(shape: &Correlation, responses: &[T], y: &mut [T], width: usize) {
    let positions = shape.positions();
    for (image, y) in y.chunks_mut(shape.response_len()).enumerate() {
        for (channel, plane) in y.chunks_mut(positions).enumerate() {
            let start = channel * width + image * positions;
            plane.copy_from_slice(&responses[start..start + positions]);
        }
    }
}

/// Copies `[n, O, (p, q)]` to `[O, (n, p, q)]`, padding with 0.
fn join_images<T: Float>(shape: &Correlation, y: &[T], responses: &mut [T], width: usize) {
    let positions = shape.positions();
    let used = y.len() / shape.out_channels;
    for (channel, row) in responses.chunks_mut(width).enumerate() {
        for (image, target) in row[..used].chunks_mut(positions).enumerate() {
            let start = (image * shape.out_channels + channel) * positions;
            target.copy_from_slice(&y[start..start + positions]);
        }
        row[used..].fill(T::zero());
    }
}

#[cfg(test)]
mod tests;
