use super::layout::{arranged, packed};
use crate::Result;
use crate::passes::cuda::epilogue::Epilogue;
use crate::passes::cuda::geometry::Geometry;
use crate::passes::cuda::launch::Launch;
use crate::passes::cuda::pass::{Pass, Target};
use crate::passes::cuda::runtime::{Memory, Runtime};
use crate::passes::{Direction, MapShape, Precision};

/// Images that split sums are planned for. It is no function of the batch, whose images would otherwise
/// not have the bits that they have alone.
const NOMINAL_IMAGES: usize = 64;
const SUM: Epilogue<'static> = Epilogue::Rectify {
    shift: None,
    slope: 1.0,
};

/// A 4x4 convolution between two maps in one direction, with weights that change from step to step:
/// forward passes of both convolutions, and their gradients with respect to the input.
///
/// **Equation** for coarse pixels k and taps t of weights w, with p = 1 (maps) or 0 (projections of
/// one pixel):
///
/// ```text
/// down:  coarse[n,a,k] = sum_{b,t} w[a,b,t] fine[n,b,2k + t - p]
/// up:    fine[n,b,2k + t - p] = sum_{a,k,t} w[a,b,t] coarse[n,a,k]
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Convolution {
    geometry: Geometry,
    coarse: MapShape,
    fine: MapShape,
    direction: Direction,
    precision: Precision,
}

impl Convolution {
    /// The convolution between these maps; nothing unless they have 1 and 4 pixels by side, or the fine
    /// one has twice the side.
    #[must_use]
    pub fn new(
        coarse: MapShape,
        fine: MapShape,
        direction: Direction,
        precision: Precision,
    ) -> Option<Self> {
        let geometry = Geometry::new(coarse, fine, direction)?;
        Some(Self {
            geometry,
            coarse,
            fine,
            direction,
            precision,
        })
    }

    /// The launches that compute `output` from `input`, both `[N, C, side, side]`, with weights
    /// `[coarse, fine, 4, 4]`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) when a memory is too small or there are too many
    /// images, a candle error when the device has no memory.
    pub fn launches(
        &self,
        runtime: &Runtime,
        images: usize,
        input: &Memory,
        weights: &Memory,
        output: &Memory,
    ) -> Result<Vec<Launch>> {
        let &Self {
            geometry,
            coarse,
            fine,
            direction,
            precision,
        } = self;
        let (shapes, mut launches) = ((coarse, fine), Vec::with_capacity(4));
        let from = match direction {
            Direction::Up => coarse,
            Direction::Down => fine,
        };
        let map = arranged(runtime, (from, images), precision, input, &mut launches)?;
        let weights = packed(
            runtime,
            &geometry,
            shapes,
            direction,
            precision,
            weights,
            &mut launches,
        )?;
        let pass = Pass::of_packed(
            geometry,
            shapes,
            weights,
            direction,
            precision,
            NOMINAL_IMAGES,
        );
        let partial = runtime.allocate(pass.partial_bytes(images))?;
        let target = Target::Planes(output);
        pass.launches(images, &map, target, SUM, &partial, &mut launches)?;
        Ok(launches)
    }
}
