use rayon::prelude::*;

use super::buffer::Buffer;
use super::filters::Collect;
use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::product::multiply_transposed;
use super::taps::KERNEL_AREA;
use super::tile_transforms::{Evaluate, Spread};
use super::tiles::point_len;

/// Side of a tile in coarse pixels.
const SIZE: usize = 4;
/// Pairs of points of a tile.
const POINTS: usize = (SIZE + 1) * (SIZE + 1);
/// Tiles whose products are summed in single precision before they go back to weights.
const TILES_AT_ONCE: usize = 64;

/// The gradient of a strided convolution between a coarse map and a fine one with respect to its
/// weights, by tiles: with their values at points, each pair of points is a product of matrices, whose
/// inner dimension are all tiles of some images.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WeightGradient {
    set: InstructionSet,
    coarse: MapLayout,
    fine: MapLayout,
}

/// Memory for the images of one part.
#[derive(Debug)]
pub(crate) struct GradientScratch {
    coarse: Buffer,
    fine: Buffer,
    coarse_points: Buffer,
    fine_points: Buffer,
}

impl WeightGradient {
    /// For parts of this many images of maps with a coarse side that is a multiple of 4.
    pub(crate) fn new(set: InstructionSet, coarse: MapLayout, fine: MapLayout) -> Self {
        Self { set, coarse, fine }
    }

    /// Images that are summed before their sum goes back to weights.
    pub(crate) fn images_at_once(side: usize) -> usize {
        TILES_AT_ONCE.div_ceil((side / SIZE) * (side / SIZE))
    }

    /// Values of a gradient: `[coarse block, fine block, coarse channel, tap, fine channel]`.
    pub(crate) fn len(&self) -> usize {
        self.coarse.blocks() * self.fine.blocks() * self.pair_len()
    }

    fn pair_len(&self) -> usize {
        self.coarse.block * KERNEL_AREA * self.fine.block
    }

    pub(crate) fn scratch(&self) -> GradientScratch {
        let points_len = POINTS * self.point_len();
        GradientScratch {
            coarse: Buffer::zeros(self.coarse.len()),
            fine: Buffer::zeros(self.fine.len()),
            coarse_points: Buffer::zeros(self.coarse.blocks() * points_len),
            fine_points: Buffer::zeros(4 * self.fine.blocks() * points_len),
        }
    }

    fn rows(&self) -> usize {
        let across = self.coarse.side / SIZE;
        self.coarse.images * across * across
    }

    fn point_len(&self) -> usize {
        point_len(self.rows(), self.coarse.block)
    }

    /// Adds the gradient of images `[N, C, side, side]` to `gradient`.
    pub(crate) fn add(
        &self,
        coarse: &[f32],
        fine: &[f32],
        scratch: &mut GradientScratch,
        gradient: &mut [f32],
    ) {
        self.coarse.gather(self.set, coarse, &mut scratch.coarse);
        self.fine.gather(self.set, fine, &mut scratch.fine);
        self.points(scratch);
        let scratch = &*scratch;
        gradient
            .par_chunks_mut(self.pair_len())
            .enumerate()
            .for_each_init(
                || Buffer::zeros(4 * POINTS * self.coarse.block * self.fine.block),
                |products, (pair, taps)| {
                    self.products(scratch, pair, products);
                    self.set.run(Collect::<SIZE> {
                        points: products,
                        taps,
                    });
                },
            );
    }

    fn points(&self, scratch: &mut GradientScratch) {
        let (set, points_len) = (self.set, POINTS * self.point_len());
        let map = &scratch.coarse;
        scratch
            .coarse_points
            .par_chunks_mut(points_len)
            .enumerate()
            .for_each(|(block, points)| {
                set.run(Evaluate::<SIZE> {
                    layout: &self.coarse,
                    images: 0..self.coarse.images,
                    map: &map[block * self.coarse.block_len()..][..self.coarse.block_len()],
                    points,
                });
            });
        let map = &scratch.fine;
        scratch
            .fine_points
            .par_chunks_mut(points_len)
            .enumerate()
            .for_each(|(part, points)| {
                let phase = part % 4;
                set.run(Spread::<SIZE> {
                    layout: &self.fine,
                    images: 0..self.fine.images,
                    map: &map[part * self.fine.phase_len()..][..self.fine.phase_len()],
                    parities: [phase / 2, phase % 2],
                    points,
                });
            });
    }

    /// The products of a pair of blocks: `[phase, point, coarse channel, fine channel]`.
    fn products(&self, scratch: &GradientScratch, pair: usize, products: &mut [f32]) {
        products.fill(0.0);
        let (point_len, rows_len) = (self.point_len(), self.rows() * self.coarse.block);
        let (coarse, fine) = (pair / self.fine.blocks(), pair % self.fine.blocks());
        let products = products.chunks_exact_mut(self.coarse.block * self.fine.block);
        for (index, product) in products.enumerate() {
            let left = (coarse * POINTS + index % POINTS) * point_len;
            let right = (fine * 4 * POINTS + index) * point_len;
            let left = &scratch.coarse_points[left..][..rows_len];
            let right = &scratch.fine_points[right..][..rows_len];
            multiply_transposed(self.set, left, right, product);
        }
    }

    /// Writes a gradient in the order of weights `[coarse, fine, 4, 4]`.
    pub(crate) fn unpack(&self, gradient: &[f32], weights: &mut [f32]) {
        let block = self.coarse.block;
        let fine = self.fine.channels;
        weights
            .par_chunks_mut(fine * KERNEL_AREA)
            .enumerate()
            .for_each(|(channel, weights)| {
                let first = channel / block * self.fine.blocks();
                for (fine, taps) in weights.chunks_exact_mut(KERNEL_AREA).enumerate() {
                    let pair = first + fine / block;
                    let start = pair * self.pair_len() + channel % block * KERNEL_AREA * block;
                    for (tap, value) in taps.iter_mut().enumerate() {
                        *value = gradient[start + tap * block + fine % block];
                    }
                }
            });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Rng;
    use crate::passes::MapShape;

    /// The definition: coarse pixel k and tap t meet in fine pixel `2 k - 1 + t`.
    pub(in crate::passes) fn expected(
        [coarse, fine]: [MapShape; 2],
        images: [&[f32]; 2],
        count: usize,
    ) -> Vec<f64> {
        let at =
            |map: MapShape, images: &[f32], image: usize, channel: usize, pixel: [usize; 2]| {
                let plane = (image * map.channels() + channel) * map.side() + pixel[0];
                f64::from(images[plane * map.side() + pixel[1]])
            };
        let mut weights = Vec::new();
        for (c, f) in (0..coarse.channels()).flat_map(|c| (0..fine.channels()).map(move |f| (c, f)))
        {
            for tap in 0..KERNEL_AREA {
                let mut sum = 0.0;
                for place in 0..count * coarse.side() * coarse.side() {
                    let (image, pixel) = (
                        place / (coarse.side() * coarse.side()),
                        place % (coarse.side() * coarse.side()),
                    );
                    let pixel = [pixel / coarse.side(), pixel % coarse.side()];
                    let met = [2 * pixel[0] + tap / 4, 2 * pixel[1] + tap % 4]
                        .map(|met| met.wrapping_sub(1));
                    if met.iter().all(|&met| met < fine.side()) {
                        let left = at(coarse, images[0], image, c, pixel);
                        sum += left * at(fine, images[1], image, f, met);
                    }
                }
                weights.push(sum);
            }
        }
        weights
    }

    #[test]
    fn gradients_equal_the_definition_on_every_instruction_set() {
        let mut rng = Rng::from_seed(5);
        for (count, [coarse, fine], side) in [
            (1, [1, 1], 4),
            (3, [35, 9], 4),
            (2, [7, 33], 8),
            (1, [5, 6], 16),
        ] {
            let shapes = [(coarse, side), (fine, 2 * side)]
                .map(|(channels, side)| MapShape::Map { channels, side });
            let images = shapes.map(|shape| -> Vec<f32> {
                let len = count * shape.channels() * shape.side() * shape.side();
                (0..len).map(|_| rng.next_unit() as f32 - 0.5).collect()
            });
            let want = expected(shapes, [&images[0], &images[1]], count);
            let largest = want.iter().fold(0.0f64, |most, v| most.max(v.abs()));
            for set in InstructionSet::available() {
                let [coarse, fine] = shapes.map(|shape| shape.layout(set, count));
                let plan = WeightGradient::new(set, coarse, fine);
                let mut sum = Buffer::zeros(plan.len());
                plan.add(&images[0], &images[1], &mut plan.scratch(), &mut sum);
                let mut weights = vec![f32::NAN; want.len()];
                plan.unpack(&sum, &mut weights);
                for (got, want) in weights.iter().zip(&want) {
                    let error = (f64::from(*got) - want).abs() / largest;
                    assert!(error < 1e-5, "{set} {shapes:?}: {got} {want}");
                }
            }
        }
    }
}
