use super::layout::arranged;
use crate::passes::cuda::arguments::Arguments;
use crate::passes::cuda::elements::{element_bytes, stored};
use crate::passes::cuda::geometry::{BUSY_BLOCKS, Geometry, STEP_BYTES};
use crate::passes::cuda::launch::{Launch, suffix};
use crate::passes::cuda::pass::ROW_THREADS;
use crate::passes::cuda::runtime::{Memory, Runtime};
use crate::passes::taps::{KERNEL, KERNEL_AREA};
use crate::passes::{Direction, MapShape, Precision};
use crate::{Error, Result};

/// Parts that the depth is split into at most.
const MOST_SPLITS: usize = 64;
/// Steps of a part at least: filling the pipeline takes two.
const FEWEST_STEPS: usize = 4;
/// Blocks to aim at: two for each processor of a large GPU.
const WANTED_BLOCKS: usize = 2 * BUSY_BLOCKS;

/// The gradient of a [`Convolution`](super::Convolution) in either direction with respect to its
/// weights.
///
/// **Equation** with p as there: `w'[a,b,t] = sum_{n,k} coarse[n,a,k] fine[n,b,2k + t - p]`, where one of
/// both maps is the convolution's input and the other one the gradient of its output.
#[derive(Debug, Clone, Copy)]
pub struct WeightGradient {
    geometry: Geometry,
    coarse: MapShape,
    fine: MapShape,
    precision: Precision,
}

/// Rows and columns of a block's sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DepthTile {
    /// 128 x 128 by 8 warps.
    Wide,
    /// 64 x 64 by 4 warps.
    Square,
}

/// A product cut into blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DepthPlan {
    pub(crate) tile: DepthTile,
    pub(crate) splits: usize,
    pub(crate) steps_each: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl DepthTile {
    fn side(self) -> usize {
        match self {
            Self::Wide => 128,
            Self::Square => 64,
        }
    }

    fn threads(self) -> u32 {
        match self {
            Self::Wide => 256,
            Self::Square => 128,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Square => "square",
        }
    }
}

impl DepthPlan {
    fn grid(&self) -> [usize; 3] {
        let side = self.tile.side();
        let [x, y] = [self.rows, self.columns].map(|count| count.div_ceil(side));
        [x, y, self.splits]
    }
}

impl WeightGradient {
    /// The gradient between these maps; nothing unless they are those of a
    /// [`Convolution`](super::Convolution).
    #[must_use]
    pub fn new(coarse: MapShape, fine: MapShape, precision: Precision) -> Option<Self> {
        let geometry = Geometry::new(coarse, fine, Direction::Down)?;
        Some(Self {
            geometry,
            coarse,
            fine,
            precision,
        })
    }

    /// The launches that compute `weights`, `[coarse, fine, 4, 4]`, from both maps `[N, C, side, side]`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when a memory is too small or there are too many images, a candle error when
    /// the device has no memory.
    pub fn launches(
        &self,
        runtime: &Runtime,
        images: usize,
        (coarse, fine): (&Memory, &Memory),
        weights: &Memory,
    ) -> Result<Vec<Launch>> {
        let precision = self.precision;
        let pairs = self.coarse.channels() * self.fine.channels();
        weights.require("bytes of a weight gradient", pairs * KERNEL_AREA * 4)?;
        self.check_count(images)?;
        let plan = self.plan(images);
        let mut launches = Vec::with_capacity(4);
        let coarse = arranged(
            runtime,
            (self.coarse, images),
            precision,
            coarse,
            &mut launches,
        )?;
        let fine = arranged(runtime, (self.fine, images), precision, fine, &mut launches)?;
        let partial = runtime.allocate(plan.splits * plan.rows * plan.columns * 4)?;
        let maps = [&coarse, &fine, &partial, weights];
        let arguments = self.arguments(&plan, images, maps)?;
        launches.push(Launch::new(
            format!("correlate_{}_{}", suffix(precision), plan.tile.name()),
            plan.grid(),
            plan.tile.threads(),
            arguments.clone(),
        )?);
        // A thread sums a row of the kernel of a pair of channels.
        let grid = [(pairs * KERNEL).div_ceil(ROW_THREADS), 1, 1];
        let threads = ROW_THREADS as u32;
        launches.push(Launch::new("collect_f32".into(), grid, threads, arguments)?);
        Ok(launches)
    }

    /// Large tiles where there are channels for them, and parts for all processors.
    pub(crate) fn plan(&self, images: usize) -> DepthPlan {
        let rows = stored(self.coarse.channels());
        let columns = KERNEL_AREA * stored(self.fine.channels());
        let wide = DepthTile::Wide.side();
        let tile = if rows >= wide && columns >= wide {
            DepthTile::Wide
        } else {
            DepthTile::Square
        };
        let whole = DepthPlan {
            tile,
            splits: 1,
            steps_each: 0,
            rows,
            columns,
        };
        let tiles: usize = whole.grid().into_iter().product();
        let pixels_of_step = STEP_BYTES / element_bytes(self.precision);
        let steps = self.depth(images).div_ceil(pixels_of_step).max(1);
        let wanted = (WANTED_BLOCKS / tiles).min(steps / FEWEST_STEPS);
        let steps_each = steps.div_ceil(wanted.clamp(1, MOST_SPLITS));
        DepthPlan {
            splits: steps.div_ceil(steps_each),
            steps_each,
            ..whole
        }
    }

    fn depth(&self, images: usize) -> usize {
        images * self.coarse.side() * self.coarse.side()
    }

    /// The struct of `kernels/weight_gradient.cuh`, member by member.
    fn arguments(
        &self,
        plan: &DepthPlan,
        images: usize,
        memory: [&Memory; 4],
    ) -> Result<Arguments> {
        let pointers = memory
            .into_iter()
            .fold(Arguments::default(), |all, one| all.memory(one));
        pointers
            .counts([
                self.depth(images),
                plan.rows,
                plan.columns,
                self.coarse.side(),
                self.fine.side(),
                self.geometry.stride,
            ])?
            .int(self.geometry.base)
            .counts([
                plan.splits,
                plan.steps_each,
                self.coarse.channels(),
                self.fine.channels(),
            ])
    }

    /// Succeeds when the kernels can count the pixels of so many images, and a step beyond.
    fn check_count(&self, images: usize) -> Result<()> {
        let pixels = images.saturating_mul(self.fine.side() * self.fine.side());
        if pixels < (i32::MAX as usize) / 2 {
            return Ok(());
        }
        Err(Error::OutOfRange {
            what: "pixels of a weight gradient on a CUDA device",
            expected: "below 2^30: use fewer images at once".into(),
            got: pixels.to_string(),
        })
    }
}
