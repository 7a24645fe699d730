use super::arguments::Arguments;
use super::elements::{element_bytes, stored, to_elements};
use super::epilogue::{ContextTerms, Epilogue, Finish};
use super::geometry::{Geometry, Splits};
use super::launch::{Launch, suffix};
use super::runtime::{Memory, Runtime};
use super::tile::Tile;
use super::weights;
use crate::passes::{Direction, MapShape, Precision};
use crate::{Error, Result};

/// Threads of a block of every kernel but the products.
pub(super) const ROW_THREADS: usize = 256;

/// One convolution in one direction, its weights on the device.
#[derive(Debug)]
pub struct Pass {
    geometry: Geometry,
    splits: Splits,
    precision: Precision,
    weights: Memory,
    input: MapShape,
    output: MapShape,
}

/// Where a pass's results go.
#[derive(Debug, Clone, Copy)]
pub enum Target<'a> {
    /// As the next pass multiplies them.
    Elements(&'a Memory),
    /// In single precision.
    Single(&'a Memory),
    /// In single precision, `[N, C, side, side]` as tensors have it.
    Planes(&'a Memory),
}

impl Pass {
    /// A pass between `coarse` and `fine` with weights `[coarse, fine, 4, 4]`; nothing unless they are
    /// maps of 1 and 4 pixels by side, or the fine one has twice the side.
    ///
    /// Sums are split over so many blocks that `nominal_images` keep a large GPU busy. Results' bits
    /// depend on that number, not on the number of images of a launch.
    ///
    /// # Errors
    ///
    /// [`Error::ShapeMismatch`] when the weights are of another number, a candle error when the device
    /// has no memory.
    pub fn new(
        runtime: &Runtime,
        (coarse, fine): (MapShape, MapShape),
        weights: &[f32],
        direction: Direction,
        precision: Precision,
        nominal_images: usize,
    ) -> Result<Option<Self>> {
        let Some(geometry) = Geometry::new(coarse, fine, direction) else {
            return Ok(None);
        };
        let (channels, expected) = (coarse.channels(), fine.channels());
        if weights.len() != channels * expected * 16 {
            return Err(Error::ShapeMismatch {
                what: "weights of a pass",
                expected: format!("[{channels}, {expected}, 4, 4]"),
                got: vec![weights.len()],
            });
        }
        let packed = weights::pack(&geometry, coarse, fine, direction, weights);
        let weights = runtime.upload(&to_elements(precision, &packed))?;
        let shapes = (coarse, fine);
        let pass = Self::of_packed(
            geometry,
            shapes,
            weights,
            direction,
            precision,
            nominal_images,
        );
        Ok(Some(pass))
    }

    /// The same with weights that lie on the device as the kernels take them.
    pub(super) fn of_packed(
        geometry: Geometry,
        (coarse, fine): (MapShape, MapShape),
        weights: Memory,
        direction: Direction,
        precision: Precision,
        nominal_images: usize,
    ) -> Self {
        let (input, output) = match direction {
            Direction::Up => (coarse, fine),
            Direction::Down => (fine, coarse),
        };
        Self {
            splits: Splits::new(&geometry, precision, nominal_images),
            geometry,
            precision,
            weights,
            input,
            output,
        }
    }

    /// What goes in.
    #[must_use]
    pub fn input(&self) -> MapShape {
        self.input
    }

    /// What comes out.
    #[must_use]
    pub fn output(&self) -> MapShape {
        self.output
    }

    /// The shift of each channel as [`Epilogue::Rectify`] takes it.
    ///
    /// # Errors
    ///
    /// A candle error when the device has no memory.
    pub fn upload_shift(&self, runtime: &Runtime, shift: &[f32]) -> Result<Memory> {
        runtime.upload_floats(&weights::pack_shift(&self.geometry, shift))
    }

    /// Bytes of memory for the parts of sums that are split; 0 where none is.
    #[must_use]
    pub fn partial_bytes(&self, images: usize) -> usize {
        let Geometry {
            phases, columns, ..
        } = self.geometry;
        match self.splits.count {
            0 | 1 => 0,
            parts => parts * phases * self.geometry.rows(images) * columns * 4,
        }
    }

    /// Adds the launches that compute `target` from `input` for so many images. `partial` has at least
    /// [`Pass::partial_bytes`].
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] when a memory is too small or there are too many images.
    pub fn launches(
        &self,
        images: usize,
        input: &Memory,
        target: Target<'_>,
        epilogue: Epilogue<'_>,
        partial: &Memory,
        launches: &mut Vec<Launch>,
    ) -> Result<()> {
        let Self {
            geometry,
            splits,
            precision,
            ..
        } = self;
        let bytes = element_bytes(*precision);
        check_count(geometry, images)?;
        let input_bytes = images * geometry.in_len() * bytes;
        input.require("bytes of a pass's input", input_bytes)?;
        check(target, epilogue, geometry, self.output, images, bytes)?;
        partial.require("bytes of split sums", self.partial_bytes(images))?;
        let work = Work {
            geometry,
            output: self.output,
            splits: *splits,
            rows: geometry.rows(images),
            input: Some((input, &self.weights)),
            partial: Some(partial),
        };
        let arguments = work.arguments(target, epilogue)?;
        let tile = Tile::choose(geometry, *splits, images);
        let suffix = suffix(*precision);
        launches.push(Launch::new(
            format!("convolve_{suffix}_{}", tile.name()),
            tile.grid(geometry, *splits, images),
            tile.threads(),
            arguments.clone(),
        )?);
        if splits.count > 1 {
            launches.push(finish(geometry, work.rows, *precision, arguments)?);
        }
        Ok(())
    }
}

/// The launch that computes [`Epilogue::ImageGradient`] of a prior loss that is not there.
///
/// # Errors
///
/// As [`Pass::launches`].
pub fn image_gradient(
    images: usize,
    shape: MapShape,
    precision: Precision,
    target: &Memory,
    terms: ContextTerms<'_>,
) -> Result<Launch> {
    let side = shape.side();
    let geometry = Geometry {
        grid_side: side,
        in_side: side,
        in_channels: 0,
        stride: 1,
        base: 0,
        taps_log2: 0,
        columns: stored(shape.channels()),
        phases: 1,
        out_side: side,
        out_stride: 1,
        spread: false,
    };
    let (target, epilogue) = (Target::Elements(target), Epilogue::ImageGradient(terms));
    let bytes = element_bytes(precision);
    check_count(&geometry, images)?;
    check(target, epilogue, &geometry, shape, images, bytes)?;
    let work = Work {
        geometry: &geometry,
        output: shape,
        splits: Splits {
            count: 0,
            steps_each: 0,
        },
        rows: geometry.rows(images),
        input: None,
        partial: None,
    };
    let arguments = work.arguments(target, epilogue)?;
    finish(&geometry, work.rows, precision, arguments)
}

/// The launch that adds up the parts of split sums and finishes them.
fn finish(
    geometry: &Geometry,
    rows: usize,
    precision: Precision,
    arguments: Arguments,
) -> Result<Launch> {
    let pairs = geometry.phases * rows * geometry.columns / 2;
    let grid = [pairs.div_ceil(ROW_THREADS), 1, 1];
    let name = format!("finish_{}", suffix(precision));
    Launch::new(name, grid, ROW_THREADS as u32, arguments)
}

/// Succeeds when the kernels can count the pixels of so many images.
fn check_count(geometry: &Geometry, images: usize) -> Result<()> {
    let side = geometry.in_side.max(geometry.out_side);
    let pixels = images.saturating_mul(side * side);
    match i32::try_from(pixels) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::OutOfRange {
            what: "pixels of a pass on a CUDA device",
            expected: "below 2^31: use fewer images at once".into(),
            got: pixels.to_string(),
        }),
    }
}

/// Succeeds when results, and what the epilogue reads and writes beside them, have their memory.
fn check(
    target: Target<'_>,
    epilogue: Epilogue<'_>,
    geometry: &Geometry,
    output: MapShape,
    images: usize,
    bytes: usize,
) -> Result<()> {
    let values = images * geometry.out_len();
    match target {
        Target::Elements(memory) => memory.require("bytes of a pass's output", values * bytes)?,
        Target::Single(memory) => memory.require("bytes of a pass's output", values * 4)?,
        Target::Planes(memory) => {
            let planes = images * output.channels() * output.side() * output.side();
            memory.require("bytes of a pass's output", planes * 4)?;
        }
    }
    match epilogue {
        Epilogue::Rectify { .. } => Ok(()),
        Epilogue::Gate { outputs, .. } => outputs.require("bytes of a gate", values * bytes),
        Epilogue::Tanh { images } => images.require("bytes of images", values * 4),
        Epilogue::ImageGradient(terms) => {
            terms.images.require("bytes of images", values * 4)?;
            terms.target.require("bytes of a target", values * 4)?;
            let weights = values / geometry.columns * 4;
            (terms.pixel_weights).require("bytes of pixel weights", weights)?;
            terms.scales.require("bytes of scales", images * 4)
        }
    }
}

/// What `ConvolutionArguments` says, but for the epilogue.
struct Work<'a> {
    geometry: &'a Geometry,
    output: MapShape,
    splits: Splits,
    rows: usize,
    /// The map and the weights.
    input: Option<(&'a Memory, &'a Memory)>,
    partial: Option<&'a Memory>,
}

impl Work<'_> {
    /// The struct of `kernels/convolution.cuh`, member by member.
    fn arguments(&self, target: Target<'_>, epilogue: Epilogue<'_>) -> Result<Arguments> {
        let (output, single, planes) = match target {
            Target::Elements(memory) => (memory, 0, 0),
            Target::Single(memory) => (memory, 1, 0),
            Target::Planes(memory) => (memory, 1, self.output.channels()),
        };
        let finished = Finish::of(epilogue);
        let terms = finished.terms;
        let geometry = self.geometry;
        Arguments::default()
            .optional(self.input.map(|(map, _)| map))
            .optional(self.input.map(|(_, weights)| weights))
            .memory(output)
            .optional(self.partial)
            .optional(finished.shift)
            .optional(finished.gates)
            .optional(finished.images)
            .optional(terms.map(|terms| terms.target))
            .optional(terms.map(|terms| terms.pixel_weights))
            .optional(terms.map(|terms| terms.scales))
            .counts([
                self.rows,
                geometry.grid_side,
                geometry.in_side,
                geometry.in_channels,
                geometry.stride,
            ])?
            .int(geometry.base)
            .counts([
                geometry.taps_log2,
                geometry.columns,
                geometry.phases,
                geometry.out_side,
                geometry.out_stride,
                self.splits.count,
                self.splits.steps_each,
            ])?
            .int(finished.code)
            .int(terms.map_or(0, |terms| terms.distance as i32))
            .int(single)
            .float(finished.slope)
            .counts([planes, stored(self.output.channels())])
    }
}
