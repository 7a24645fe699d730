use pulp::{Simd, WithSimd, bytemuck};
use rayon::prelude::*;

use super::bf16::{
    self, AREA, Factors, LeftTiles, SIDE, Sums, TILE_ROWS, TileUnit, halves, halves_mut,
};
use super::buffer::Buffer;
use super::instruction_set::InstructionSet;
use super::square::{SQUARE, transposed};
use super::taps::{KERNEL, KERNEL_AREA, Tap, tap_pairs};

/// The gradient of a strided convolution between a coarse map and a fine one with respect to its weights, as
/// it is defined, by a unit that multiplies tiles, with factors rounded to bfloat16.
///
/// ```text
/// g[c, f, t] = sum_{n, k} coarse[n, c, k] fine[n, f, 2 k - 1 + t]
/// ```
///
/// A run of the inner dimension is 32 images. Both maps are copied pixel by pixel, with a column of zeros
/// after each row, and with rows of zeros around the fine one: there the runs that all coarse pixels meet by
/// one tap lie one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TileGradient {
    set: InstructionSet,
    unit: TileUnit,
    coarse: usize,
    fine: usize,
    side: usize,
}

impl TileGradient {
    /// For maps of so many `coarse` and `fine` channels, the coarse one of this side, a multiple of 4.
    pub(crate) fn new(
        set: InstructionSet,
        unit: TileUnit,
        [coarse, fine]: [usize; 2],
        side: usize,
    ) -> Self {
        Self {
            set,
            unit,
            coarse,
            fine,
            side,
        }
    }

    /// The gradient of images `[N, C, side, side]`, in the order of weights `[coarse, fine, 4, 4]`.
    pub(crate) fn of(&self, coarse: &[f32], fine: &[f32]) -> Vec<f32> {
        let images = coarse.len() / (self.coarse * self.side * self.side);
        let groups = images.div_ceil(SIDE);
        let (coarse, fine) = (
            self.copy_coarse(coarse, groups),
            self.copy_fine(fine, groups),
        );
        let (left_len, right_len) = (groups * self.coarse_len(), groups * self.fine_len());
        let blocks = self.fine.div_ceil(SIDE);
        let offsets: Vec<u32> = (0..self.runs()).map(|run| (run * AREA) as u32).collect();
        let mut products = vec![0.0; self.coarse.div_ceil(SIDE) * blocks * KERNEL_AREA * AREA];
        products
            .par_chunks_mut(KERNEL_AREA * AREA)
            .enumerate()
            .for_each(|(pair, products)| {
                let left = &halves(&coarse)[pair / blocks * left_len..][..left_len];
                let right = &halves(&fine)[pair % blocks * right_len..][..right_len];
                let left = left.chunks_exact(self.coarse_len());
                for (left, right) in left.zip(right.chunks_exact(self.fine_len())) {
                    self.add_products(left, &offsets, right, products);
                }
            });
        self.unpack(&products)
    }

    /// Runs from one row to the next in both copies.
    fn row_runs(&self) -> usize {
        self.side + 1
    }

    /// Runs of the coarse copy, which are those of every product.
    fn runs(&self) -> usize {
        self.side * self.row_runs()
    }

    /// Values of a block of channels of 32 images of the coarse map.
    fn coarse_len(&self) -> usize {
        self.runs() * AREA
    }

    /// Values of one phase of a block of channels of 32 images of the fine map: a run that is left of the first
    /// row, and one row above and below.
    fn phase_len(&self) -> usize {
        (1 + (self.side + 2) * self.row_runs()) * AREA
    }

    fn fine_len(&self) -> usize {
        4 * self.phase_len()
    }

    /// `[coarse block, group, pixel, channel, image]`, the column after the last of each row zero.
    fn copy_coarse(&self, map: &[f32], groups: usize) -> Buffer {
        let mut copies =
            Buffer::reused(self.coarse.div_ceil(SIDE) * groups * self.coarse_len() / 2);
        halves_mut(&mut copies)
            .par_chunks_mut(self.coarse_len())
            .enumerate()
            .for_each(|(index, copy)| {
                copy.fill(0);
                self.set.run(CopyCoarse {
                    from: Planes::of_group(map, index, groups, self.coarse, self.side),
                    copy,
                });
            });
        copies
    }

    /// `[fine block, group, phase, pixel, pair of images, channel, image of the pair]`, with zeros around.
    fn copy_fine(&self, map: &[f32], groups: usize) -> Buffer {
        let mut copies = Buffer::reused(self.fine.div_ceil(SIDE) * groups * self.fine_len() / 2);
        halves_mut(&mut copies)
            .par_chunks_mut(self.fine_len())
            .enumerate()
            .for_each(|(index, copy)| {
                copy.fill(0);
                self.set.run(CopyFine {
                    from: Planes::of_group(map, index, groups, self.fine, 2 * self.side),
                    phase_len: self.phase_len(),
                    copy,
                });
            });
        copies
    }

    /// Adds what 32 images give to the gradient of a pair of blocks: `[tap, coarse channel, fine channel]`.
    fn add_products(&self, left: &[u16], offsets: &[u32], right: &[u16], products: &mut [f32]) {
        let left = LeftTiles {
            values: left,
            offsets,
            places: [0, TILE_ROWS * SIDE],
        };
        let mut sums = Sums::zeros();
        for (row, column) in tap_pairs() {
            let first = self.first_run(row, column);
            let panel = &right[first * AREA..][..self.runs() * AREA];
            self.unit.multiply(Factors::Rounded, left, panel, &mut sums);
            let tap = row.1.tap * KERNEL + column.1.tap;
            let products = &mut products[tap * AREA..][..AREA];
            for (product, &sum) in products.iter_mut().zip(&sums.0) {
                *product += sum;
            }
        }
    }

    /// The run of a fine copy that the first coarse pixel meets by a tap.
    fn first_run(&self, row: (usize, Tap), column: (usize, Tap)) -> usize {
        let phase = 2 * row.0 + column.0;
        let rows = (1 - row.1.shift) as usize * self.row_runs();
        phase * self.phase_len() / AREA + rows + (1 - column.1.shift) as usize
    }

    /// Products `[coarse block, fine block, tap, coarse channel, fine channel]` in the order of weights.
    fn unpack(&self, products: &[f32]) -> Vec<f32> {
        let mut weights = vec![0.0; self.coarse * self.fine * KERNEL_AREA];
        weights
            .par_chunks_mut(self.fine * KERNEL_AREA)
            .enumerate()
            .for_each(|(coarse, weights)| {
                let first = coarse / SIDE * self.fine.div_ceil(SIDE);
                for (fine, taps) in weights.chunks_exact_mut(KERNEL_AREA).enumerate() {
                    let pair = first + fine / SIDE;
                    let place = pair * KERNEL_AREA * AREA + coarse % SIDE * SIDE + fine % SIDE;
                    for (tap, value) in taps.iter_mut().enumerate() {
                        *value = products[place + tap * AREA];
                    }
                }
            });
        weights
    }
}

/// The planes of a block of channels of at most 32 images.
#[derive(Debug, Clone, Copy)]
struct Planes<'a> {
    /// From the first plane of the block on.
    values: &'a [f32],
    images: usize,
    channels: usize,
    /// Channels of the whole map, which part an image's planes from the next one's.
    of_map: usize,
    side: usize,
}

impl<'a> Planes<'a> {
    /// Those of copy `index`, counted by block and group.
    fn of_group(map: &'a [f32], index: usize, groups: usize, channels: usize, side: usize) -> Self {
        let (block, group) = (index / groups, index % groups);
        let plane_len = side * side;
        let images = map.len() / (channels * plane_len);
        let first = group * SIDE * channels + block * SIDE;
        Self {
            values: &map[first * plane_len..],
            images: SIDE.min(images - group * SIDE),
            channels: SIDE.min(channels - block * SIDE),
            of_map: channels,
            side,
        }
    }

    /// The planes of a channel of an image and, if there is one, the next, each with zeros in its absence.
    #[inline(always)]
    fn pair(&self, image: usize, channel: usize) -> [Option<&'a [f32]>; 2] {
        [image, image + 1].map(|image| {
            let place = (image * self.of_map + channel) * self.plane_len();
            (image < self.images).then(|| &self.values[place..][..self.plane_len()])
        })
    }

    fn plane_len(&self) -> usize {
        self.side * self.side
    }
}

/// Some pixels of two planes, rounded, the values of each pixel side by side.
#[inline(always)]
fn rounded(planes: [Option<&[f32]>; 2], pixel: usize) -> [[u16; 2]; SQUARE] {
    let [first, second] = planes.map(|plane| {
        let values = plane.and_then(|plane| plane[pixel..].first_chunk());
        values.copied().unwrap_or([0.0; SQUARE])
    });
    std::array::from_fn(|index| [first[index], second[index]].map(bf16::round))
}

/// Writes `[pixel, channel, image]`.
struct CopyCoarse<'a> {
    from: Planes<'a>,
    copy: &'a mut [u16],
}

impl WithSimd for CopyCoarse<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { from, copy } = self;
        for channel in 0..from.channels {
            for first in (0..from.images).step_by(2 * SQUARE) {
                let pairs: [_; SQUARE] =
                    std::array::from_fn(|pair| from.pair(first + 2 * pair, channel));
                for start in (0..from.plane_len()).step_by(SQUARE) {
                    let square = pairs.map(|planes| rounded(planes, start));
                    for (pixel, line) in (start..).zip(transposed(&square)) {
                        let run = pixel + pixel / from.side;
                        let place = (run * SIDE + channel) * SIDE + first;
                        copy[place..][..2 * SQUARE].copy_from_slice(bytemuck::cast_slice(&line));
                    }
                }
            }
        }
    }
}

/// Writes `[phase, pixel, pair of images, channel, image of the pair]`.
struct CopyFine<'a> {
    from: Planes<'a>,
    phase_len: usize,
    copy: &'a mut [u16],
}

impl WithSimd for CopyFine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            from,
            phase_len,
            copy,
        } = self;
        let side = from.side / 2;
        for image in (0..from.images).step_by(2) {
            for start in (0..from.plane_len()).step_by(SQUARE) {
                let places: [usize; SQUARE] = std::array::from_fn(|pixel| {
                    let (row, column) = ((start + pixel) / from.side, (start + pixel) % from.side);
                    let phase = 2 * (row % 2) + column % 2;
                    // A run before the first row, a row of zeros above.
                    let run = 1 + (row / 2 + 1) * (side + 1) + column / 2;
                    phase * phase_len + run * AREA + image * SIDE
                });
                for first in (0..from.channels).step_by(SQUARE) {
                    let mut square = [[[0; 2]; SQUARE]; SQUARE];
                    for (line, channel) in square.iter_mut().zip(first..from.channels) {
                        *line = rounded(from.pair(image, channel), start);
                    }
                    for (place, line) in places.iter().zip(transposed(&square)) {
                        let copy = &mut copy[place + 2 * first..][..2 * SQUARE];
                        copy.copy_from_slice(bytemuck::cast_slice(&line));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::bf16::tests::tile_units;
    use super::super::weight_gradient::tests::expected;
    use super::*;
    use crate::Rng;
    use crate::passes::MapShape;

    #[test]
    fn gradients_equal_the_definition_with_rounded_factors() {
        let mut rng = Rng::from_seed(6);
        for (count, [coarse, fine], side) in [
            (1, [1, 1], 4),
            (3, [35, 9], 4),
            (33, [7, 33], 8),
            (65, [2, 3], 4),
            (2, [5, 6], 16),
        ] {
            let shapes = [(coarse, side), (fine, 2 * side)]
                .map(|(channels, side)| MapShape::Map { channels, side });
            let images = shapes.map(|shape| -> Vec<f32> {
                let len = count * shape.channels() * shape.side() * shape.side();
                let values = (0..len).map(|_| rng.next_unit() as f32 - 0.5);
                values
                    .map(|value| f32::from_bits(u32::from(bf16::round(value)) << 16))
                    .collect()
            });
            let want = expected(shapes, [&images[0], &images[1]], count);
            let largest = want.iter().fold(0.0f64, |most, v| most.max(v.abs()));
            for (unit, factors) in tile_units() {
                if factors != Factors::Rounded {
                    continue;
                }
                for set in InstructionSet::available() {
                    let plan = TileGradient::new(set, unit, [coarse, fine], side);
                    let got = plan.of(&images[0], &images[1]);
                    assert_eq!(got.len(), want.len());
                    for (got, want) in got.iter().zip(&want) {
                        let error = (f64::from(*got) - want).abs() / largest;
                        assert!(error < 1e-5, "{set} {unit:?} {shapes:?}: {got} {want}");
                    }
                }
            }
        }
    }
}
