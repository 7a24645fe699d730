use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::bf16::{self, Factors, LeftTiles, SIDE, Sums, TILE_ROWS, TileUnit, halves, halves_mut};
use super::buffer::Buffer;
use super::epilogue::Epilogue;
use super::instruction_set::InstructionSet;
use super::map_layout::MapLayout;
use super::map_shape::Span;
use super::pass::Direction;
use super::scratch::Scratch;
use super::taps::{KERNEL_AREA, Tap, Weights, tap_pairs};

/// bfloat16 values of the copies that are multiplied at once: half of what a core's second cache holds.
const COPIED_AT_ONCE: usize = 1 << 19;

/// The strided convolution as it is defined, by a unit that multiplies tiles.
///
/// The input is rounded into copies, each moved by a column with zeros where it leaves the map, and with a
/// row of zeros between images. There the pixels that 16 outputs in a row meet by one tap lie one after
/// the other, a tile, and the sums of all taps stay in the unit's tiles.
#[derive(Debug)]
pub(crate) struct Shifted {
    set: InstructionSet,
    direction: Direction,
    unit: TileUnit,
    factors: Factors,
    /// `[block of outputs, part, tap, input / 2, output of the block, 2]` in bfloat16 values; each run of
    /// inputs is followed by its rests where factors are split.
    pub(super) panels: Buffer,
}

/// Sizes for a number of images.
#[derive(Debug)]
pub(crate) struct ShiftedPlan {
    input: MapLayout,
    output: MapLayout,
    /// Those of as many images as are copied and multiplied at once.
    copies: Copies,
    /// For each part where its runs start in the copies.
    offsets: Vec<Vec<u32>>,
    /// Where a block of outputs has its pixels of the first image: `[part, pixel]`.
    writes: Vec<u32>,
}

/// The copies of at most so many images: `[input block, factor, source, shift, image, row, column, channel]`, where row
/// 0 of each image, and one after the last, is zero.
#[derive(Debug, Clone, Copy)]
struct Copies {
    images: usize,
    /// Rows and columns of a source, which are those of the coarse map.
    side: usize,
    factors: Factors,
    direction: Direction,
}

impl Copies {
    /// Maps that are copied: the coarse one, or the phases of the fine one.
    fn sources(&self) -> usize {
        match self.direction {
            Direction::Up => 1,
            Direction::Down => 4,
        }
    }

    /// By how many columns each copy of a source is moved.
    fn shifts(&self, source: usize) -> &'static [isize] {
        match self.direction {
            Direction::Up => &[-1, 0, 1],
            Direction::Down if source.is_multiple_of(2) => &[0, 1],
            Direction::Down => &[-1, 0],
        }
    }

    /// Values of one row.
    fn row_len(&self) -> usize {
        self.side * SIDE
    }

    fn image_len(&self) -> usize {
        (self.side + 1) * self.row_len()
    }

    fn copy_len(&self) -> usize {
        self.images * self.image_len() + self.row_len()
    }

    /// Values of all copies of one source.
    fn source_len(&self) -> usize {
        self.shifts(0).len() * self.copy_len()
    }

    /// Values of one block of channels, rounded, or of its rests.
    fn factor_len(&self) -> usize {
        self.sources() * self.source_len()
    }

    fn block_len(&self) -> usize {
        self.factors.count() * self.factor_len()
    }

    /// Where what the pixels of an image meet by a tap starts in a block, counted from the image.
    fn of_tap(&self, row: (usize, Tap), column: (usize, Tap)) -> usize {
        let (source, [rows, columns]) = match self.direction {
            Direction::Up => (0, [row.1.shift, column.1.shift]),
            Direction::Down => (2 * row.0 + column.0, [-row.1.shift, -column.1.shift]),
        };
        let mut shifts = self.shifts(source).iter();
        let shift = shifts.position(|&shift| shift == columns).unwrap_or(0);
        source * self.source_len() + shift * self.copy_len() + (rows + 1) as usize * self.row_len()
    }

    /// For every run of a product of one part where its tiles start: `[tap, input block, factor]`.
    fn offsets(&self, parts: usize, part: usize, blocks: usize) -> Vec<u32> {
        let taps = KERNEL_AREA / parts;
        let mut offsets = Vec::with_capacity(taps * blocks * self.factors.count());
        for (row, column) in tap_pairs().skip(part * taps).take(taps) {
            let tap = self.of_tap(row, column);
            for place in 0..blocks * self.factors.count() {
                offsets.push((place * self.factor_len() + tap) as u32);
            }
        }
        offsets
    }

    /// Where 16 pixels of all images, counted from the first, start.
    fn tile(&self, tile: usize) -> usize {
        let per_image = self.side * self.side / TILE_ROWS;
        tile / per_image * self.image_len() + tile % per_image * TILE_ROWS * SIDE
    }

    /// How many such tiles some images have.
    fn tiles(&self, images: usize) -> usize {
        images * self.side * self.side / TILE_ROWS
    }
}

impl ShiftedPlan {
    fn side(&self) -> usize {
        self.input.side.min(self.output.side)
    }
}

impl Shifted {
    pub(crate) fn new(
        set: InstructionSet,
        direction: Direction,
        weights: &Weights<'_>,
        unit: TileUnit,
        factors: Factors,
    ) -> Self {
        Self {
            set,
            direction,
            unit,
            factors,
            panels: bf16::panels_by_tap(weights, direction, factors),
        }
    }

    /// The parts of a block of outputs that meet different taps: the phases of a fine map.
    fn parts(&self) -> usize {
        match self.direction {
            Direction::Up => 4,
            Direction::Down => 1,
        }
    }

    pub(crate) fn plan(&self, input: MapLayout, output: MapLayout) -> ShiftedPlan {
        let side = input.side.min(output.side);
        let mut copies = Copies {
            images: 1,
            side,
            factors: self.factors,
            direction: self.direction,
        };
        let image_len = input.blocks() * copies.block_len();
        copies.images = COPIED_AT_ONCE
            .div_ceil(image_len)
            .min(input.images.min(output.images));
        let (parts, pixels) = (self.parts(), side * side);
        let writes = (0..parts * pixels).map(|index| {
            let (row, column) = (index % pixels / side, index % side);
            match self.direction {
                Direction::Up => output.in_phase(0, row, column) as u32,
                Direction::Down => output.in_block(0, row, column) as u32,
            }
        });
        let offsets = (0..parts).map(|part| copies.offsets(parts, part, input.blocks()));
        ShiftedPlan {
            input,
            output,
            copies,
            offsets: offsets.collect(),
            writes: writes.collect(),
        }
    }

    /// Single precision values of memory for the copies.
    pub(crate) fn scratch_len(&self, plan: &ShiftedPlan) -> usize {
        (plan.input.blocks() * plan.copies.block_len()).div_ceil(2)
    }

    pub(crate) fn run(
        &self,
        plan: &ShiftedPlan,
        span: Span,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        let groups = span.count.div_ceil(plan.copies.images);
        let group = span.count.div_ceil(groups);
        for start in (0..span.count).step_by(group) {
            let images = start..(start + group).min(span.count);
            let len = plan.input.blocks() * plan.copies.block_len();
            let copied = &mut halves_mut(&mut scratch.shared)[..len];
            self.copy(plan, span.reads(&images), input, copied);
            self.multiply(plan, span, images, copied, output, epilogue);
        }
    }

    fn copy(&self, plan: &ShiftedPlan, images: Range<usize>, input: &[f32], copied: &mut [u16]) {
        let (layout, copies) = (&plan.input, plan.copies);
        copied
            .par_chunks_mut(copies.source_len())
            .enumerate()
            .for_each(|(index, copied)| {
                let (source, index) = (index % copies.sources(), index / copies.sources());
                let (factor, block) = (index % self.factors.count(), index / self.factors.count());
                self.set.run(CopySource {
                    layout,
                    copies,
                    images: images.clone(),
                    source,
                    rest: factor == 1,
                    map: &input[block * layout.block_len()..][..layout.block_len()],
                    copied,
                });
            });
    }

    /// All outputs of some images from their copies.
    fn multiply(
        &self,
        plan: &ShiftedPlan,
        span: Span,
        images: Range<usize>,
        copied: &[u16],
        output: &mut [f32],
        epilogue: Epilogue<'_>,
    ) {
        let (layout, parts) = (&plan.output, self.parts());
        let tiles = plan.copies.tiles(images.len());
        output
            .par_chunks_mut(layout.block_len() / parts)
            .enumerate()
            .for_each(|(task, output)| {
                let part = task % parts;
                let offsets = &plan.offsets[part];
                let len = offsets.len() * bf16::AREA;
                let panel = &halves(&self.panels)[task * len..][..len];
                let writes = span.writes(&images);
                let mut sums = Sums::zeros();
                for tile in (0..tiles).step_by(2) {
                    let second = (tile + 1).min(tiles - 1);
                    let left = LeftTiles {
                        values: copied,
                        offsets,
                        places: [tile, second].map(|tile| plan.copies.tile(tile)),
                    };
                    self.unit.multiply(self.factors, left, panel, &mut sums);
                    write(plan, part, writes.start, tile..second + 1, &sums, output);
                }
                let task = (self.direction, task);
                epilogue.finish_task(self.set, layout, task, span, images.clone(), output);
            });
    }
}

/// Writes the sums of one or two tiles of images, the first of which is `image`, to where they belong.
fn write(
    plan: &ShiftedPlan,
    part: usize,
    image: usize,
    tiles: Range<usize>,
    sums: &Sums,
    output: &mut [f32],
) {
    let pixels = plan.side() * plan.side();
    let image_len = plan.output.phase_pixels() * plan.output.block;
    for (tile, sums) in tiles.zip(sums.0.chunks_exact(TILE_ROWS * SIDE)) {
        let (of_image, first) = (tile * TILE_ROWS / pixels, tile * TILE_ROWS % pixels);
        let writes = &plan.writes[part * pixels + first..][..TILE_ROWS];
        for (&place, sums) in writes.iter().zip(sums.chunks_exact(SIDE)) {
            let place = place as usize + (image + of_image) * image_len;
            output[place..][..SIDE].copy_from_slice(sums);
        }
    }
}

/// Copies one source of a block, rounded or the rests of that, moved by each of its shifts.
struct CopySource<'a> {
    layout: &'a MapLayout,
    copies: Copies,
    images: Range<usize>,
    source: usize,
    rest: bool,
    map: &'a [f32],
    copied: &'a mut [u16],
}

impl WithSimd for CopySource<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            layout,
            copies,
            images,
            source,
            rest,
            map,
            copied,
        } = self;
        let (side, row_len) = (copies.side, copies.row_len());
        let shifts = copies.shifts(source);
        for copied in copied.chunks_exact_mut(copies.copy_len()) {
            for image in 0..images.len() {
                copied[image * copies.image_len()..][..row_len].fill(0);
            }
            copied[images.len() * copies.image_len()..][..row_len].fill(0);
        }
        let (phase_row, phase_column) = (source / 2, source % 2);
        for (index, image) in images.enumerate() {
            for (row, column) in
                (0..side).flat_map(|row| (0..side).map(move |column| (row, column)))
            {
                let from = match copies.direction {
                    Direction::Up => layout.in_block(image, row, column),
                    Direction::Down => {
                        layout.in_block(image, 2 * row + phase_row, 2 * column + phase_column)
                    }
                };
                let Some(values) = map[from..].first_chunk::<SIDE>() else {
                    return;
                };
                let mut halves = [0; SIDE];
                if rest {
                    for (half, &value) in halves.iter_mut().zip(values) {
                        *half = bf16::split(value).1;
                    }
                } else {
                    for (half, &value) in halves.iter_mut().zip(values) {
                        *half = bf16::round(value);
                    }
                }
                let place = index * copies.image_len() + (row + 1) * row_len;
                for (&shift, copied) in shifts
                    .iter()
                    .zip(copied.chunks_exact_mut(copies.copy_len()))
                {
                    let row = &mut copied[place..][..row_len];
                    // A copy moved to the right by one reads the next column.
                    if let Some(to) = column.checked_add_signed(-shift).filter(|&to| to < side) {
                        row[to * SIDE..][..SIDE].copy_from_slice(&halves);
                    }
                    let emptied = match shift {
                        -1 => 0,
                        1 => side - 1,
                        _ => continue,
                    };
                    if column == 0 {
                        row[emptied * SIDE..][..SIDE].fill(0);
                    }
                }
            }
        }
    }
}
