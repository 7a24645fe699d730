use crate::passes::cuda::arguments::Arguments;
use crate::passes::cuda::geometry::BUSY_BLOCKS;
use crate::passes::cuda::launch::Launch;
use crate::passes::cuda::pass::ROW_THREADS;
use crate::passes::cuda::runtime::{Memory, Runtime};
use crate::{Error, Result};

/// Blocks to aim at: four for each processor of a large GPU.
const WANTED_BLOCKS: usize = 4 * BUSY_BLOCKS;
/// Values of a part at least.
const FEWEST_VALUES: usize = 4 * ROW_THREADS;

/// Batch normalization in training with a leaky rectifier behind it, forward and backward.
///
/// **Equation** as [`batch_norm_leaky_relu`](crate::ops::batch_norm_leaky_relu); slope 1 leaves the
/// rectifier out.
#[derive(Debug, Clone, Copy)]
pub struct BatchNorm {
    images: usize,
    channels: usize,
    pixels: usize,
    epsilon: f64,
    slope: f32,
}

/// What both directions read.
#[derive(Debug, Clone, Copy)]
pub struct NormOperands<'a> {
    /// The images, `[N, C, H, W]`.
    pub images: &'a Memory,
    /// `[C]`
    pub scale: &'a Memory,
    /// `[C]`
    pub shift: &'a Memory,
    /// Mean, biased variance and inverse deviation of each channel, `[3, C]`: written forward, read
    /// backward.
    pub statistics: &'a Memory,
}

impl BatchNorm {
    /// The operation on images `[N, C, pixels]`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when a channel has no value, or 2^30 of them.
    pub fn new([images, channels, pixels]: [usize; 3], epsilon: f64, slope: f64) -> Result<Self> {
        let count = images.saturating_mul(pixels);
        if channels == 0 || count == 0 || count >= (i32::MAX as usize) / 2 {
            return Err(Error::OutOfRange {
                what: "values of a channel in batch normalization on a CUDA device",
                expected: "above 0 and below 2^30: use fewer images at once".into(),
                got: count.to_string(),
            });
        }
        Ok(Self {
            images,
            channels,
            pixels,
            epsilon,
            slope: slope as f32,
        })
    }

    /// The launches that compute `output`, `[N, C, H, W]`, and the statistics.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when a memory is too small, a candle error when the device has no memory.
    pub fn forward(
        &self,
        runtime: &Runtime,
        operands: NormOperands<'_>,
        output: &Memory,
    ) -> Result<Vec<Launch>> {
        self.check(operands, &[output])?;
        let partial = self.partial(runtime)?;
        let arguments = self.arguments(operands, None, &partial, output, None)?;
        self.launches(["moments_f32", "normalize_f32"], &arguments)
    }

    /// The launches that compute from the `gradient` of the output that of the images, `output`, both
    /// `[N, C, H, W]`, and those of shift and scale, one after the other, `slopes`: `[2, C]`.
    ///
    /// # Errors
    ///
    /// As [`BatchNorm::forward`].
    pub fn backward(
        &self,
        runtime: &Runtime,
        operands: NormOperands<'_>,
        gradient: &Memory,
        output: &Memory,
        slopes: &Memory,
    ) -> Result<Vec<Launch>> {
        self.check(operands, &[gradient, output])?;
        slopes.require("bytes of slopes", 2 * self.channels * 4)?;
        let partial = self.partial(runtime)?;
        let arguments = self.arguments(operands, Some(gradient), &partial, output, Some(slopes))?;
        self.launches(["slopes_f32", "differentiate_f32"], &arguments)
    }

    /// Parts of a channel, and values of each: none is empty.
    pub(crate) fn parts(&self) -> (usize, usize) {
        let count = self.images * self.pixels;
        let wanted = WANTED_BLOCKS.div_ceil(self.channels);
        let each = count.div_ceil(wanted).max(FEWEST_VALUES);
        (count.div_ceil(each), each)
    }

    fn partial(&self, runtime: &Runtime) -> Result<Memory> {
        runtime.allocate(self.channels * self.parts().0 * 2 * 4)
    }

    fn check(&self, operands: NormOperands<'_>, images: &[&Memory]) -> Result<()> {
        let bytes = self.images * self.channels * self.pixels * 4;
        for images in images.iter().chain([&operands.images]) {
            images.require("bytes of images", bytes)?;
        }
        for channels in [operands.scale, operands.shift] {
            channels.require("bytes of channels", self.channels * 4)?;
        }
        (operands.statistics).require("bytes of statistics", 3 * self.channels * 4)
    }

    /// The struct of `kernels/batch_norm.cuh`, member by member.
    fn arguments(
        &self,
        operands: NormOperands<'_>,
        gradient: Option<&Memory>,
        partial: &Memory,
        output: &Memory,
        slopes: Option<&Memory>,
    ) -> Result<Arguments> {
        let (parts, values_each) = self.parts();
        let arguments = Arguments::default()
            .memory(operands.images)
            .optional(gradient)
            .memory(operands.scale)
            .memory(operands.shift)
            .memory(operands.statistics)
            .memory(partial)
            .memory(output)
            .optional(slopes)
            .double(self.epsilon)
            .counts([
                self.images * self.pixels,
                self.pixels,
                self.channels,
                parts,
                values_each,
            ])?;
        Ok(arguments.float(self.slope))
    }

    fn launches(&self, kernels: [&str; 2], arguments: &Arguments) -> Result<Vec<Launch>> {
        let grid = [self.parts().0, self.channels, 1];
        let launch =
            |name: &str| Launch::new(name.into(), grid, ROW_THREADS as u32, arguments.clone());
        kernels.into_iter().map(launch).collect()
    }
}
