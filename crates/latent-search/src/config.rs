mod answer;
mod context;
mod convergence;
mod latent;
mod mirroring;
mod optimizer;
mod preset;

use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights, Mask};
use semantic_inpaint_tensor::ImageBatch;
use serde::{Deserialize, Serialize};

use semantic_inpaint_nn::frozen::{Favor, Precision};

use crate::{Blend, BorderMatch, Error, Result, blend, match_border};

pub use answer::SearchAnswer;
pub use context::{ContextDistance, ContextReduction, ContextWeights, WindowSizes};
pub use convergence::Convergence;
pub use latent::{LatentConstraint, LatentSchedule, LatentStart};
pub use mirroring::{Mirroring, Orientation};
pub use optimizer::LatentOptimizer;
pub use preset::Preset;

/// Restarts whose latents and images fit into memory beside others.
const MAX_RESTARTS: usize = 10_000;
/// Draws whose latents do.
const MAX_CANDIDATES: usize = 100_000;

/// Settings of a latent search. The default is [`SearchConfig::paper`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchConfig {
    /// Updates of z.
    pub iterations: usize,
    /// How z moves.
    pub optimizer: LatentOptimizer,
    /// How the step size of z changes.
    pub schedule: LatentSchedule,
    /// Where z may be.
    pub constraint: LatentConstraint,
    /// Where z starts.
    pub start: LatentStart,
    /// Independent starts per image; the one with the lowest objective is kept.
    pub restarts: usize,
    /// Which restarts work on the mirrored image; none in the published presets.
    pub mirror: Mirroring,
    /// Iterations after which, again and again, the worse half of an image's restarts is dropped until
    /// one is left (successive halving, Jamieson and Talwalkar 2016); `None` keeps all to the end.
    pub halve_every: Option<usize>,
    /// When an image is done before its iterations are; `None` makes them all.
    pub stop_when: Option<Convergence>,
    /// Which image is the answer, of those that the restarts found.
    pub answer: SearchAnswer,
    /// λ, the weight of the prior loss.
    pub prior_weight: f64,
    /// Form of the prior loss.
    pub prior_loss: PriorLoss,
    /// μ, the weight of the latent's own prior, [`latent_loss`](crate::latent_loss); 0 in all presets.
    /// [`SearchConfig::constraint`] is the other way to keep z where the generator was trained.
    pub latent_weight: f64,
    /// How far generated pixels are from known ones.
    pub distance: ContextDistance,
    /// γ, the weight of the gradient term in the context loss, [`gradient_loss`](crate::gradient_loss); 0 in all
    /// presets. On a CUDA device a search with it runs as [`Engine::Plain`].
    pub gradient_weight: f64,
    /// How the context loss is summed up.
    pub reduction: ContextReduction,
    /// How much each known pixel counts.
    pub weights: ContextWeights,
    /// Side of the window of [`ContextWeights::Window`] in pixels, odd; other weights ignore it.
    pub window: usize,
    /// How the fill is brought to the color of its surroundings before; not at all in the published presets.
    pub border: BorderMatch,
    /// How the fill is pasted.
    pub blend: Blend,
    /// Seed of the starts. The starts do not depend on the image or its place in a batch.
    pub seed: u64,
    /// How the networks are computed.
    pub engine: Engine,
}

/// How the networks of a search are computed. It changes the last bits of every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Engine {
    /// By [`FrozenNetwork`](semantic_inpaint_nn::frozen::FrozenNetwork) on the CPU or
    /// [`CudaNetwork`](semantic_inpaint_nn::frozen::CudaNetwork) on a CUDA device, where the networks allow
    /// it, else plainly. On a CUDA device an iteration is one recorded graph; that has not yet been run on
    /// a GPU.
    Frozen {
        /// One image or many.
        favor: Favor,
        /// What the layers between maps multiply. [`Precision::Bf16`] and [`Precision::Tf32`] hold where
        /// the device has them ([`SearchResult::precision`](crate::SearchResult::precision) says whether),
        /// until the last tenth of the iterations; that and every loss of the result are in single
        /// precision.
        #[serde(default)]
        precision: Precision,
    },
    /// By the networks' own forward pass and its gradient.
    Plain,
}

impl Default for Engine {
    fn default() -> Self {
        Self::Frozen {
            favor: Favor::default(),
            precision: Precision::default(),
        }
    }
}

/// Form of the prior loss, from D's logit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PriorLoss {
    /// `log(1 - D(G(z)))`, as in the paper.
    LogOneMinusD,
    /// `-log D(G(z))`, as in the published code.
    MinusLogD,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self::paper()
    }
}

impl SearchConfig {
    /// How much each known pixel of these masks counts, [`SearchConfig::weights`] applied.
    ///
    /// # Errors
    ///
    /// [`Error::Mask`] when the window is used and not an odd number of pixels from 3 to 1023.
    pub fn weigh(&self, mask: &Mask) -> Result<ImportanceWeights> {
        Ok(match self.weights {
            ContextWeights::Window => ImportanceWeights::new(mask, self.window)?,
            ContextWeights::Windows(sizes) => {
                ImportanceWeights::of_windows(mask, sizes.as_slice())?
            }
            ContextWeights::Uniform => ImportanceWeights::uniform(mask),
        })
    }

    /// The completed images of generated ones, matched to the border as [`SearchConfig::border`] says and then
    /// blended.
    ///
    /// # Errors
    ///
    /// As [`match_border`] and [`blend`](crate::blend()).
    pub fn merge(
        &self,
        corrupted: &CorruptedImages,
        generated: &ImageBatch,
        kind: Blend,
    ) -> Result<ImageBatch> {
        if self.border == BorderMatch::None {
            return blend(corrupted, generated, kind);
        }
        let weights = self.weigh(corrupted.mask())?;
        let matched = match_border(corrupted, generated, &weights, self.border)?;
        blend(corrupted, &matched, kind)
    }

    /// The side of the widest window of the weights, in pixels.
    pub(crate) fn widest_window(&self) -> usize {
        let sizes = match &self.weights {
            ContextWeights::Windows(sizes) => sizes.as_slice(),
            _ => &[],
        };
        sizes.iter().copied().max().unwrap_or(self.window)
    }

    /// Restarts that an image has left at the end: all, or those that [`SearchConfig::halve_every`] does not
    /// drop. An observer that stops the search may find more.
    #[must_use]
    pub fn restarts_left(&self) -> usize {
        let every = self.halve_every.unwrap_or(0);
        let mut halvings = self.iterations.checked_div(every).unwrap_or(0);
        let (mut left, least) = (self.restarts, self.answer.num_restarts());
        while halvings > 0 && left > least {
            left = left.div_ceil(2).max(least);
            halvings -= 1;
        }
        left
    }

    /// Succeeds when every setting is in its range. The window is checked with the mask.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] with the first that is not.
    pub fn validate(&self) -> Result<()> {
        let invalid = |what, expected, got| Err(invalid(what, expected, got));
        for (what, count) in [("iterations", self.iterations), ("restarts", self.restarts)] {
            if count == 0 {
                return invalid(what, "at least 1", "0".into());
            }
        }
        if self.restarts > MAX_RESTARTS {
            return invalid("restarts", "at most 10000", self.restarts.to_string());
        }
        if self.mirror == Mirroring::Alternate && self.restarts < 2 {
            let what = "restarts of a search that mirrors every second one";
            return invalid(what, "at least 2", self.restarts.to_string());
        }
        if self.halve_every == Some(0) {
            return invalid("iterations between two halvings", "at least 1", "0".into());
        }
        if !(1..=self.restarts).contains(&self.answer.num_restarts()) {
            return invalid(
                "answer",
                "a mean of 1 to as many restarts as are made",
                self.answer.to_string(),
            );
        }
        if let LatentStart::Nearest { candidates } = self.start
            && !(self.restarts..=MAX_CANDIDATES).contains(&candidates)
        {
            return invalid(
                "candidates of the start",
                "at least as many as restarts and at most 100000",
                candidates.to_string(),
            );
        }
        if let LatentStart::Encoder { spread } = self.start
            && !(spread.is_finite() && spread >= 0.0)
        {
            return invalid("spread of the start", "at least 0", spread.to_string());
        }
        if let SearchAnswer::MeanAndGuess { guess_share, .. } = self.answer {
            if !(0.0..=1.0).contains(&guess_share) {
                let got = guess_share.to_string();
                return invalid("share of the guess in the answer", "from 0 to 1", got);
            }
            if !matches!(self.start, LatentStart::Encoder { .. }) {
                let got = self.start.to_string();
                return invalid("start of a search whose answer has a guess", "encoder", got);
            }
        }
        for (what, weight) in [
            ("prior weight", self.prior_weight),
            ("gradient weight", self.gradient_weight),
            ("latent weight", self.latent_weight),
        ] {
            if !(weight.is_finite() && weight >= 0.0) {
                return invalid(what, "at least 0", weight.to_string());
            }
        }
        self.optimizer.validate()?;
        self.stop_when.map_or(Ok(()), Convergence::validate)?;
        if let LatentConstraint::Clip { bound } | LatentConstraint::StochasticClip { bound } =
            self.constraint
            && !(bound.is_finite() && bound > 0.0)
        {
            return invalid("bound of z", "a positive number", bound.to_string());
        }
        Ok(())
    }
}

/// The error of a setting outside its range.
pub(crate) fn invalid(what: &'static str, expected: &'static str, got: String) -> Error {
    Error::InvalidSetting {
        what,
        expected,
        got,
    }
}

/// The error of a spelling that is none of those expected.
pub(crate) fn unknown(what: &'static str, expected: &'static str, got: &str) -> Error {
    invalid(what, expected, format!("`{got}`"))
}

#[cfg(test)]
mod tests;
