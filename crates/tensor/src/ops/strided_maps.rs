//! Strided convolutions of `[N, C, H, W]` by the crate's passes: the fast path of both convolutions.

use candle_core::{Error, Result};
use rayon::prelude::*;

use super::correlation::{ConvGeometry, Correlation};
use super::float::zeros;
use super::matrix_product::{Matrix, Write, multiply};
use crate::passes::{
    Buffer, Direction, Epilogue, InstructionSet, MapLayout, MapShape, Pass, Precision, Scratch,
    Span, TileGradient, Tiling, WeightGradient, copy_windows,
};

/// Kernel of every pass in pixels.
const KERNEL: usize = 4;
/// Fine maps of at most this many channels are images, which have passes of their own.
const IMAGE_CHANNELS: usize = 4;
/// Tiles that are rows of the same products at least, so that their panels are read often enough.
const TILES_AT_ONCE: usize = 64;
/// Images whose windows are multiplied together, next to images of few channels.
const WINDOWS_AT_ONCE: usize = 4;

/// What a convolution is computed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The result of an operation.
    Value,
    /// The gradient of one with respect to its input.
    Gradient,
}

/// A convolution that passes know: one between square maps, the coarse side a multiple of 4 and the
/// fine side its double, by a 4x4 kernel with stride 2 and padding 1, or one between pixels and 4x4
/// maps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StridedMaps {
    coarse: MapShape,
    fine: MapShape,
    set: InstructionSet,
}

impl StridedMaps {
    /// The maps of a correlation, if passes know it.
    pub(crate) fn of(shape: &Correlation) -> Option<Self> {
        let square = shape.height == shape.width && shape.out_height == shape.out_width;
        let geometry = ConvGeometry {
            stride: shape.stride,
            padding: shape.padding,
        };
        let side = shape.out_height;
        let strided =
            geometry == ConvGeometry::STRIDED && side.is_multiple_of(4) && shape.height == 2 * side;
        let projection =
            geometry == ConvGeometry::PROJECTION && side == 1 && shape.height == KERNEL;
        if !square || shape.kernel != KERNEL || side == 0 || !(strided || projection) {
            return None;
        }
        let (channels, side) = (shape.channels, shape.height);
        let fine = if strided && channels <= IMAGE_CHANNELS {
            MapShape::Image { channels, side }
        } else {
            MapShape::Map { channels, side }
        };
        let coarse = MapShape::Map {
            channels: shape.out_channels,
            side: shape.out_height,
        };
        Some(Self {
            coarse,
            fine,
            set: InstructionSet::detect(),
        })
    }

    /// The maps on the one side of those on the other, in the order `[N, C, side, side]`.
    pub(crate) fn run(
        &self,
        input: &[f32],
        weights: &[f32],
        direction: Direction,
        purpose: Purpose,
        precision: Precision,
    ) -> Result<Vec<f32>> {
        let pass = self.pass(weights, direction, purpose, precision);
        let pass = pass.map_err(Error::wrap)?;
        let (input_len, output_len) = (image_len(pass.input()), image_len(pass.output()));
        let mut output = zeros::<f32>(input.len() / input_len * output_len);
        let group = self.images_at_once();
        output
            .par_chunks_mut(group * output_len)
            .zip(input.par_chunks(group * input_len))
            .for_each_init(
                || None,
                |engine, (output, input)| {
                    let count = input.len() / input_len;
                    let engine = Engine::of(engine, &pass, self.set, count);
                    engine.run(&pass, self.set, input, output);
                },
            );
        Ok(output)
    }

    fn pass(
        &self,
        weights: &[f32],
        direction: Direction,
        purpose: Purpose,
        precision: Precision,
    ) -> crate::Result<Pass> {
        let (set, coarse, fine) = (self.set, self.coarse, self.fine);
        match precision.available(set) {
            Precision::Bf16 => Pass::new(
                set,
                coarse,
                fine,
                weights,
                direction,
                Tiling::Two,
                precision,
            ),
            _ => {
                let tiling = self.tiling(purpose);
                Pass::exact(set, coarse, fine, weights, direction, tiling)
            }
        }
    }

    /// Small tiles where weights would take longer to pack than to multiply, and for values, whose
    /// rounding decides on which side of a kink a rectifier is.
    fn tiling(&self, purpose: Purpose) -> Tiling {
        if purpose == Purpose::Value || self.coarse.side() == 4 {
            Tiling::Two
        } else {
            Tiling::Four
        }
    }

    /// Images that one thread computes together.
    fn images_at_once(&self) -> usize {
        let across = self.coarse.side() / 4;
        TILES_AT_ONCE / (across * across).clamp(1, TILES_AT_ONCE)
    }

    /// The gradient of `<down(fine, w), coarse>` with respect to w, in the order of weights.
    ///
    /// The images are summed in parts whose number depends on nothing but theirs, and the parts in
    /// order, so that every number of threads gives the same bits.
    pub(crate) fn weight_gradient(
        &self,
        fine: &[f32],
        coarse: &[f32],
        precision: Precision,
    ) -> Option<Vec<f32>> {
        match (self.coarse, self.fine) {
            (MapShape::Map { side: 1, .. }, _) => None,
            (_, MapShape::Image { .. }) => Some(self.image_gradient(fine, coarse)),
            _ => {
                let channels = [self.coarse.channels(), self.fine.channels()];
                let by_tiles = precision.tiles(self.set).map(|unit| {
                    TileGradient::new(self.set, unit, channels, self.coarse.side()).of(coarse, fine)
                });
                Some(by_tiles.unwrap_or_else(|| self.map_gradient(fine, coarse)))
            }
        }
    }

    fn map_gradient(&self, fine: &[f32], coarse: &[f32]) -> Vec<f32> {
        let (fine_len, coarse_len) = (image_len(self.fine), image_len(self.coarse));
        let group = WeightGradient::images_at_once(self.coarse.side());
        let plan = |images| {
            let layout = |shape: MapShape| -> MapLayout { shape.layout(self.set, images) };
            WeightGradient::new(self.set, layout(self.coarse), layout(self.fine))
        };
        let parts: Vec<Buffer> = fine
            .par_chunks(group * fine_len)
            .zip(coarse.par_chunks(group * coarse_len))
            .map(|(fine, coarse)| {
                let plan = plan(fine.len() / fine_len);
                let mut part = Buffer::zeros(plan.len());
                plan.add(coarse, fine, &mut plan.scratch(), &mut part);
                part
            })
            .collect();
        let mut weights =
            vec![0.0; self.coarse.channels() * self.fine.channels() * KERNEL * KERNEL];
        if let Some(sum) = sum(parts) {
            plan(1).unpack(&sum, &mut weights);
        }
        weights
    }

    /// One product for every few images: coarse maps as they are times the windows of their pixels.
    fn image_gradient(&self, fine: &[f32], coarse: &[f32]) -> Vec<f32> {
        let (fine_len, coarse_len) = (image_len(self.fine), image_len(self.coarse));
        let (channels, side) = (self.coarse.channels(), self.coarse.side());
        let (pixels, taps) = (side * side, self.fine.channels() * KERNEL * KERNEL);
        let parts: Vec<Vec<f32>> = fine
            .par_chunks(WINDOWS_AT_ONCE * fine_len)
            .zip(coarse.par_chunks(WINDOWS_AT_ONCE * coarse_len))
            .map(|(fine, coarse)| {
                let mut part = vec![0.0; channels * taps];
                let mut windows = vec![0.0; pixels * taps];
                let images = fine
                    .chunks_exact(fine_len)
                    .zip(coarse.chunks_exact(coarse_len));
                for (fine, coarse) in images {
                    for (row, windows) in windows.chunks_exact_mut(side * taps).enumerate() {
                        copy_windows(fine, side, row, windows);
                    }
                    multiply(
                        Matrix::row_major(coarse, channels, pixels, pixels),
                        Matrix::row_major(&windows, pixels, taps, taps),
                        &mut part,
                        taps,
                        Write::Add,
                        gemm::Parallelism::None,
                    );
                }
                part
            })
            .collect();
        sum(parts).unwrap_or_default()
    }
}

/// Buffers for a number of images of one pass.
struct Engine {
    count: usize,
    plan: crate::passes::PassPlan,
    scratch: Scratch,
    input: Buffer,
    output: Buffer,
}

impl Engine {
    fn of<'a>(
        engine: &'a mut Option<Self>,
        pass: &Pass,
        set: InstructionSet,
        count: usize,
    ) -> &'a mut Self {
        if engine.as_ref().is_none_or(|engine| engine.count != count) {
            *engine = None;
        }
        engine.get_or_insert_with(|| {
            let plan = pass.plan(count, count);
            Self {
                count,
                scratch: Scratch::new([&plan]),
                plan,
                input: Buffer::reused(pass.input().len(set, count)),
                output: Buffer::reused(pass.output().len(set, count)),
            }
        })
    }

    fn run(&mut self, pass: &Pass, set: InstructionSet, input: &[f32], output: &mut [f32]) {
        let Self {
            count,
            plan,
            scratch,
            ..
        } = self;
        pass.input()
            .write_images(set, *count, input, &mut self.input);
        let span = Span::first(*count);
        pass.run(
            plan,
            span,
            &self.input,
            &mut self.output,
            scratch,
            Epilogue::Nothing,
        );
        pass.output().read_images(set, *count, &self.output, output);
    }
}

/// The sum of vectors, in order.
fn sum<V: std::ops::DerefMut<Target = [f32]> + Sync>(parts: Vec<V>) -> Option<V> {
    let mut parts = parts.into_iter();
    let mut total = parts.next()?;
    let rest: Vec<V> = parts.collect();
    const CHUNK: usize = 16 * 1024;
    total
        .par_chunks_mut(CHUNK)
        .enumerate()
        .for_each(|(chunk, total)| {
            for part in &rest {
                let values = &part[chunk * CHUNK..][..total.len()];
                for (sum, &value) in total.iter_mut().zip(values) {
                    *sum += value;
                }
            }
        });
    Some(total)
}

fn image_len(shape: MapShape) -> usize {
    shape.channels() * shape.side() * shape.side()
}
