use crate::{Error, Result};

use super::bf16::Unit;
use super::dense::{Dense, DensePlan};
use super::direct::{Direct, DirectPlan};
use super::epilogue::Epilogue;
use super::image_down::{ImageDown, ImageDownPlan};
use super::image_up::{ImageUp, ImageUpPlan};
use super::instruction_set::InstructionSet;
use super::map_shape::{MapShape, Span};
use super::precision::Precision;
use super::product::PANEL_VECTORS;
use super::scratch::Scratch;
use super::shifted::{Shifted, ShiftedPlan};
use super::taps::{KERNEL, Weights};
use super::tiles::{TilePlan, Tiles};

/// Which of the two maps is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The fine map from the coarse one: a transposed convolution, or the gradient of a convolution
    /// with respect to its input.
    Up,
    /// The coarse map from the fine one: a convolution, or the gradient of a transposed convolution
    /// with respect to its input.
    Down,
}

/// How a strided convolution between two maps is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tiling {
    /// As it is defined, without the taps that meet the padding. Reads the least weights, so it is
    /// the fastest for one image where maps are small and channels many.
    Direct,
    /// By tiles of 2x2 coarse pixels: 1.78 times fewer multiplications, 2.25 times the weights.
    Two,
    /// By tiles of 4x4 coarse pixels: 2.56 times fewer multiplications, 6.25 times the weights.
    Four,
}

/// One convolution in one direction, its weights packed for it.
#[derive(Debug)]
pub struct Pass {
    set: InstructionSet,
    input: MapShape,
    output: MapShape,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Dense(Dense),
    Direct(Direct),
    Two(Tiles<2>),
    Four(Tiles<4>),
    Shifted(Shifted),
    ImageUp(ImageUp),
    ImageDown(ImageDown),
}

/// What a pass needs to know of a number of images.
#[derive(Debug)]
pub struct PassPlan {
    kind: PlanKind,
    /// Values of scratch memory that all threads share, and that each has of its own.
    pub(super) scratch: (usize, usize),
}

#[derive(Debug)]
enum PlanKind {
    Dense(DensePlan),
    Direct(DirectPlan),
    Tiles(TilePlan),
    Shifted(ShiftedPlan),
    ImageUp(ImageUpPlan),
    ImageDown(ImageDownPlan),
}

impl Pass {
    /// A pass between `coarse` and `fine` with weights `[coarse, fine, 4, 4]`.
    ///
    /// A coarse side of 1 and a fine side of 4 are joined by a convolution of stride 1 without padding,
    /// where `tiling` does not matter, all others by one of stride 2 with padding 1; nor does it
    /// matter next to an image, or where the processor multiplies tiles of bfloat16 numbers (AMX), which is
    /// so fast that the convolution is computed as it is defined, in single precision too.
    ///
    /// `precision` is that of passes by tiles and of direct ones, where it is
    /// [available](Precision::available); all others compute in single precision.
    ///
    /// # Errors
    ///
    /// A shape mismatch when the weights do not fit, or [`Error::OutOfRange`] for sides that no pass
    /// joins.
    pub fn new(
        set: InstructionSet,
        coarse: MapShape,
        fine: MapShape,
        weights: &[f32],
        direction: Direction,
        tiling: Tiling,
        precision: Precision,
    ) -> Result<Self> {
        let unit = precision.unit(set);
        Self::with_unit(set, coarse, fine, weights, direction, tiling, unit)
    }

    /// [`Pass::new`] by vector instructions in single precision alone, whatever else the processor has: for
    /// training, where rounding decides on which side of a kink a rectifier is, and adds up over steps.
    pub(crate) fn exact(
        set: InstructionSet,
        coarse: MapShape,
        fine: MapShape,
        weights: &[f32],
        direction: Direction,
        tiling: Tiling,
    ) -> Result<Self> {
        Self::with_unit(set, coarse, fine, weights, direction, tiling, None)
    }

    /// [`Pass::new`] with products by this unit.
    pub(super) fn with_unit(
        set: InstructionSet,
        coarse: MapShape,
        fine: MapShape,
        weights: &[f32],
        direction: Direction,
        tiling: Tiling,
        unit: Option<Unit>,
    ) -> Result<Self> {
        let shape = [coarse.channels(), fine.channels(), KERNEL, KERNEL];
        if weights.len() != shape.iter().product::<usize>() {
            return Err(Error::ShapeMismatch {
                what: "weights of a pass",
                expected: format!("{shape:?}"),
                got: vec![weights.len()],
            });
        }
        let weights = Weights {
            values: weights,
            coarse: coarse.channels(),
            fine: fine.channels(),
        };
        let block = PANEL_VECTORS * set.lanes();
        let kind = match (coarse, fine) {
            (MapShape::Map { side: 1, .. }, MapShape::Map { side: KERNEL, .. }) => {
                Kind::Dense(Dense::new(set, direction, &weights, block))
            }
            (MapShape::Map { side, .. }, _) if side % 4 != 0 || fine.side() != 2 * side => {
                return Err(unjoinable(coarse, fine));
            }
            (MapShape::Map { .. }, MapShape::Map { .. }) => {
                between_maps(set, direction, &weights, tiling, unit)
            }
            (MapShape::Map { .. }, MapShape::Image { .. }) => match direction {
                Direction::Up => Kind::ImageUp(ImageUp::new(set, &weights, block)),
                Direction::Down => Kind::ImageDown(ImageDown::new(set, &weights, block)),
            },
            (MapShape::Image { .. }, _) => return Err(unjoinable(coarse, fine)),
        };
        let (input, output) = match direction {
            Direction::Up => (coarse, fine),
            Direction::Down => (fine, coarse),
        };
        Ok(Self {
            set,
            input,
            output,
            kind,
        })
    }

    /// The same pass with its weights in [lasting](super::Buffer::lasting) memory, for one that runs many
    /// times.
    #[must_use]
    pub fn lasting(mut self) -> Self {
        let panels = match &mut self.kind {
            Kind::Dense(pass) => &mut pass.panels,
            Kind::Direct(pass) => &mut pass.panels,
            Kind::Two(pass) => &mut pass.panels,
            Kind::Four(pass) => &mut pass.panels,
            Kind::Shifted(pass) => &mut pass.panels,
            Kind::ImageUp(pass) => &mut pass.panels,
            Kind::ImageDown(pass) => &mut pass.panels,
        };
        panels.settle();
        self
    }

    /// What is read.
    #[must_use]
    pub fn input(&self) -> MapShape {
        self.input
    }

    /// What is written.
    #[must_use]
    pub fn output(&self) -> MapShape {
        self.output
    }

    /// Channels of the output in whole blocks.
    #[must_use]
    pub fn padded_channels(&self) -> usize {
        self.output
            .channels()
            .next_multiple_of(PANEL_VECTORS * self.set.lanes())
    }

    /// The plan for maps that hold these numbers of images, at least 1.
    #[must_use]
    pub fn plan(&self, inputs: usize, outputs: usize) -> PassPlan {
        let input = self.input.layout(self.set, inputs);
        let output = self.output.layout(self.set, outputs);
        let (kind, scratch) = match &self.kind {
            Kind::Dense(_) => (PlanKind::Dense(Dense::plan(input, output)), (0, 0)),
            Kind::Direct(direct) => {
                let plan = direct.plan(input, output);
                let shared = direct.scratch_len(&plan);
                (PlanKind::Direct(plan), (shared, 0))
            }
            Kind::Two(tiles) => {
                let plan = Tiles::<2>::plan(input, output);
                let scratch = tiles.scratch_len(&plan);
                (PlanKind::Tiles(plan), scratch)
            }
            Kind::Four(tiles) => {
                let plan = Tiles::<4>::plan(input, output);
                let scratch = tiles.scratch_len(&plan);
                (PlanKind::Tiles(plan), scratch)
            }
            Kind::Shifted(shifted) => {
                let plan = shifted.plan(input, output);
                let shared = shifted.scratch_len(&plan);
                (PlanKind::Shifted(plan), (shared, 0))
            }
            Kind::ImageUp(up) => {
                let plan = up.plan(input);
                let shared = ImageUp::scratch_len(&plan);
                (PlanKind::ImageUp(plan), (shared, 0))
            }
            Kind::ImageDown(down) => {
                let plan = down.plan(output);
                let shared = down.scratch_len(&plan);
                (PlanKind::ImageDown(plan), (shared, 0))
            }
        };
        PassPlan { kind, scratch }
    }

    /// Computes the outputs of the inputs of a span, and then the epilogue.
    ///
    /// Every image's result has the same bits whatever images stand beside it.
    ///
    /// # Panics
    ///
    /// When the plan is another pass's, a slice is shorter than [`MapShape::len`] says, or the span
    /// leaves the maps.
    pub fn run(
        &self,
        plan: &PassPlan,
        span: Span,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut Scratch,
        epilogue: Epilogue<'_>,
    ) {
        match (&self.kind, &plan.kind) {
            (Kind::Dense(pass), PlanKind::Dense(plan)) => {
                pass.run(plan, span, input, output, epilogue);
            }
            (Kind::Direct(pass), PlanKind::Direct(plan)) => {
                pass.run(plan, span, input, output, scratch, epilogue);
            }
            (Kind::Two(pass), PlanKind::Tiles(plan)) => {
                pass.run(plan, span, input, output, scratch, epilogue);
            }
            (Kind::Four(pass), PlanKind::Tiles(plan)) => {
                pass.run(plan, span, input, output, scratch, epilogue);
            }
            (Kind::Shifted(pass), PlanKind::Shifted(plan)) => {
                pass.run(plan, span, input, output, scratch, epilogue);
            }
            (Kind::ImageUp(pass), PlanKind::ImageUp(plan)) => {
                pass.run(plan, span, input, output, scratch, epilogue);
            }
            (Kind::ImageDown(pass), PlanKind::ImageDown(plan)) => {
                pass.run(plan, span, input, output, scratch, epilogue);
            }
            _ => panic!("the plan of another pass"),
        }
    }
}

/// The pass between two maps.
fn between_maps(
    set: InstructionSet,
    direction: Direction,
    weights: &Weights<'_>,
    tiling: Tiling,
    unit: Option<Unit>,
) -> Kind {
    let block = PANEL_VECTORS * set.lanes();
    let pairs = match unit {
        Some(Unit::Tiles(unit, factors)) => {
            return Kind::Shifted(Shifted::new(set, direction, weights, unit, factors));
        }
        Some(Unit::Pairs(unit)) => Some(unit),
        None => None,
    };
    match tiling {
        Tiling::Direct => Kind::Direct(Direct::new(set, direction, weights, block, pairs)),
        Tiling::Two => Kind::Two(Tiles::new(set, direction, weights, block, pairs)),
        Tiling::Four => Kind::Four(Tiles::new(set, direction, weights, block, pairs)),
    }
}

fn unjoinable(coarse: MapShape, fine: MapShape) -> Error {
    Error::OutOfRange {
        what: "the sides of two maps",
        expected: format!("1 and 4, or a multiple of {KERNEL} and its double"),
        got: format!("{} and {}", coarse.side(), fine.side()),
    }
}
