use super::arguments::Arguments;
use super::elements::{STORED, element_bytes, stored};
use super::epilogue::ContextTerms;
use super::launch::{Launch, suffix};
use super::pass::ROW_THREADS;
use super::runtime::Memory;
use crate::Result;
use crate::passes::{MapShape, Precision};

/// The losses of a search's rows, and the best latents so far: what a row's z is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// The numbers of the discriminator's maps.
    pub precision: Precision,
    /// Images and latents.
    pub rows: usize,
    /// Of the images.
    pub image: MapShape,
    /// Length of a latent.
    pub latent_len: usize,
    /// The context loss.
    pub context: ContextTerms<'a>,
    /// The prior loss.
    pub prior: PriorTerm<'a>,
    /// What the squared length of a row's latent is multiplied by in its objective; 0 leaves it out.
    pub latent_scale: f64,
    /// What is read and written for each row.
    pub memory: JudgeMemory<'a>,
}

/// The prior loss of each row, with its weight in the objective.
#[derive(Debug, Clone, Copy)]
pub enum PriorTerm<'a> {
    /// None.
    Absent,
    /// `log(1 - D)` of D's logit.
    LogOneMinusD(Logits<'a>),
    /// `-log D` of D's logit.
    MinusLogD(Logits<'a>),
}

/// A discriminator's output.
#[derive(Debug, Clone, Copy)]
pub struct Logits<'a> {
    /// `[rows, 8]` in single precision, of which the first counts.
    pub values: &'a Memory,
    /// Receives the objective's derivative, `[rows, 8]`.
    pub gradient: &'a Memory,
    /// Of the prior loss in the objective.
    pub weight: f64,
}

/// A judge's memory.
#[derive(Debug, Clone, Copy)]
pub struct JudgeMemory<'a> {
    /// Latents, `[rows, stored(Z)]` in single precision.
    pub z: &'a Memory,
    /// Context and prior loss of each row, `[rows, 2]`.
    pub losses: &'a Memory,
    /// The lowest objective of each row in double precision, `[rows]`.
    pub best: &'a Memory,
    /// Its losses, like `losses`.
    pub best_losses: &'a Memory,
    /// Its latents, like `z`.
    pub best_z: &'a Memory,
    /// Two integers of 32 bits: how often rows were judged, and whether an objective was not finite.
    pub state: &'a Memory,
}

/// The move of all rows' latents along their gradients, in device memory.
#[derive(Debug, Clone, Copy)]
pub struct LatentStep<'a> {
    /// The numbers of the generator's maps.
    pub precision: Precision,
    /// Latents.
    pub rows: usize,
    /// Length of a latent.
    pub latent_len: usize,
    /// How they move.
    pub rule: StepRule,
    /// Where they may be.
    pub constraint: StepConstraint,
    /// What of z is added to its gradient: twice the judge's `latent_scale`.
    pub latent_slope: f32,
    /// `[rows, stored(Z)]` in single precision.
    pub gradient: &'a Memory,
    /// The latents, likewise.
    pub z: &'a Memory,
    /// What the optimizer remembers.
    pub moments: Moments<'a>,
    /// Receives the latents as the generator reads them.
    pub input: &'a Memory,
    /// Step size, and the factor of the second moment's root, of each update: `[updates, 2]`.
    pub rates: &'a Memory,
    /// Updates in `rates`.
    pub updates: usize,
    /// The judge's state, which counts the updates.
    pub state: &'a Memory,
}

/// What an optimizer remembers, both like the latents.
#[derive(Debug, Clone, Copy)]
pub struct Moments<'a> {
    /// Adam's first moment, or the velocity.
    pub first: &'a Memory,
    /// Adam's second moment.
    pub second: &'a Memory,
}

/// How latents move.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StepRule {
    /// Adam with decays 0.9 and 0.999.
    Adam,
    /// `v' = m v - a g; z += (1 + m) v' - m v`.
    Nesterov {
        /// m
        momentum: f32,
    },
}

/// Where latents may be after an update.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StepConstraint {
    /// Anywhere.
    Free,
    /// In `[-bound, bound]` by each coordinate.
    Clip {
        /// The bound.
        bound: f32,
    },
    /// On the sphere of radius `sqrt(Z)`.
    Sphere,
}

impl Judge<'_> {
    /// The launch that does it.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) when a memory is too small.
    pub fn launch(&self) -> Result<Launch> {
        let pixels = self.image.side() * self.image.side();
        let (form, logits) = match self.prior {
            PriorTerm::Absent => (0, None),
            PriorTerm::LogOneMinusD(logits) => (1, Some(logits)),
            PriorTerm::MinusLogD(logits) => (2, Some(logits)),
        };
        self.check(logits)?;
        let (terms, memory) = (self.context, self.memory);
        let arguments = Arguments::default()
            .memory(terms.images)
            .memory(terms.target)
            .memory(terms.pixel_weights)
            .memory(terms.scales)
            .optional(logits.map(|logits| logits.values))
            .optional(logits.map(|logits| logits.gradient))
            .memory(memory.z)
            .memory(memory.losses)
            .memory(memory.best)
            .memory(memory.best_losses)
            .memory(memory.best_z)
            .memory(memory.state)
            .double(logits.map_or(0.0, |logits| logits.weight))
            .double(self.latent_scale)
            .counts([
                pixels,
                self.image.channels(),
                stored(self.image.channels()),
                stored(self.latent_len),
                terms.distance as usize,
                form,
                self.rows,
            ])?;
        let name = format!("judge_{}", suffix(self.precision));
        Launch::new(name, [self.rows, 1, 1], ROW_THREADS as u32, arguments)
    }

    /// Succeeds when all memory is large enough.
    fn check(&self, logits: Option<Logits<'_>>) -> Result<()> {
        let (rows, wide) = (self.rows, stored(self.image.channels()));
        let pixels = self.image.side() * self.image.side();
        let (terms, memory) = (self.context, self.memory);
        let (images, latents) = (rows * pixels * wide * 4, rows * stored(self.latent_len) * 4);
        terms.images.require("bytes of images", images)?;
        terms.target.require("bytes of a target", images)?;
        let weights = rows * pixels * 4;
        (terms.pixel_weights).require("bytes of pixel weights", weights)?;
        terms.scales.require("bytes of scales", rows * 4)?;
        if let Some(logits) = logits {
            logits
                .values
                .require("bytes of logits", rows * STORED * 4)?;
            let bytes = rows * STORED * element_bytes(self.precision);
            logits.gradient.require("bytes of logits", bytes)?;
        }
        for latent in [memory.z, memory.best_z] {
            latent.require("bytes of latents", latents)?;
        }
        for losses in [memory.losses, memory.best, memory.best_losses] {
            losses.require("bytes of losses", rows * 8)?;
        }
        memory.state.require("bytes of a state", 8)
    }
}

impl LatentStep<'_> {
    /// The launch that does it.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`](crate::Error::OutOfRange) when a memory is too small.
    pub fn launch(&self) -> Result<Launch> {
        let (rows, wide) = (self.rows, stored(self.latent_len));
        let Moments { first, second } = self.moments;
        for latents in [self.gradient, self.z, first, second] {
            latents.require("bytes of latents", rows * wide * 4)?;
        }
        let input = rows * wide * element_bytes(self.precision);
        self.input.require("bytes of latents", input)?;
        self.rates.require("bytes of rates", self.updates * 8)?;
        self.state.require("bytes of a state", 8)?;
        let (rule, momentum) = match self.rule {
            StepRule::Adam => (0, 0.0),
            StepRule::Nesterov { momentum } => (1, momentum),
        };
        let (constraint, bound) = match self.constraint {
            StepConstraint::Free => (0, 0.0),
            StepConstraint::Clip { bound } => (1, bound),
            StepConstraint::Sphere => (2, 0.0),
        };
        let arguments = Arguments::default()
            .memory(self.gradient)
            .memory(self.z)
            .memory(first)
            .memory(second)
            .memory(self.input)
            .memory(self.rates)
            .memory(self.state)
            .counts([rows, self.latent_len, wide, self.updates, rule, constraint])?
            .float(momentum)
            .float(bound)
            .float(self.latent_slope);
        let name = format!("step_{}", suffix(self.precision));
        Launch::new(name, [rows, 1, 1], ROW_THREADS as u32, arguments)
    }
}
