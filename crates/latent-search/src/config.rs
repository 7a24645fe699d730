mod answer;
mod context;
mod convergence;
mod latent;
mod optimizer;
mod preset;

use semantic_inpaint_mask::{ImportanceWeights, Mask};
use serde::{Deserialize, Serialize};

use semantic_inpaint_nn::frozen::{Favor, Precision};

use crate::{Blend, Error, Result};

pub use answer::SearchAnswer;
pub use context::{ContextDistance, ContextReduction, ContextWeights};
pub use convergence::Convergence;
pub use latent::{LatentConstraint, LatentSchedule, LatentStart};
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
    /// How the context loss is summed up.
    pub reduction: ContextReduction,
    /// How much each known pixel counts.
    pub weights: ContextWeights,
    /// Side of the window of [`ContextWeights::Window`] in pixels, odd; other weights ignore it.
    pub window: usize,
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
    /// The settings of Yeh et al. 2017: 1500 iterations of Adam on z clipped to `[-1, 1]`, λ = 0.003
    /// on `log(1 - D(G(z)))`, window 7, Poisson blending, one start.
    ///
    /// The paper names neither the step size nor the reduction. λ = 0.003 asks for a mean, so the
    /// context loss is the weighted mean; the step size is 0.03.
    #[must_use]
    pub fn paper() -> Self {
        Self {
            iterations: 1500,
            optimizer: LatentOptimizer::Adam {
                learning_rate: 0.03,
            },
            schedule: LatentSchedule::Constant,
            constraint: LatentConstraint::Prior,
            start: LatentStart::Prior,
            restarts: 1,
            halve_every: None,
            stop_when: None,
            answer: SearchAnswer::Best,
            prior_weight: 0.003,
            prior_loss: PriorLoss::LogOneMinusD,
            latent_weight: 0.0,
            distance: ContextDistance::Absolute,
            reduction: ContextReduction::WeightedMean,
            weights: ContextWeights::Window,
            window: 7,
            blend: Blend::Poisson,
            seed: 0,
            engine: Engine::default(),
        }
    }

    /// The settings that published code runs with: 3000 iterations of Nesterov's momentum 0.9 with
    /// step 3e-4 from a normal start, z clipped to `[-1, 1]`, λ = 0.2 on `-log D(G(z))` beside the
    /// summed context loss, window 7, overlay.
    ///
    /// They are those of the re-implementation `guptag22/Semantic_image_inpainting_using_GAN`, which
    /// took all but the window (15 there) from the paper authors' `moodoki/semantic_image_inpainting`
    /// of 2018. Two faults are not repeated: the former's importance weights were inverted (low next
    /// to the hole), and its networks ran on the statistics of the batch.
    #[must_use]
    pub fn authors() -> Self {
        Self {
            iterations: 3000,
            optimizer: LatentOptimizer::Nesterov {
                learning_rate: 3e-4,
                momentum: 0.9,
            },
            constraint: LatentConstraint::Clip { bound: 1.0 },
            start: LatentStart::Normal,
            prior_weight: 0.2,
            prior_loss: PriorLoss::MinusLogD,
            reduction: ContextReduction::Sum,
            blend: Blend::Overlay,
            ..Self::paper()
        }
    }

    /// Settings for many images in little time: 75 iterations of Adam with step 0.1, which falls along a
    /// cosine, from the nearest of 512 draws; objective and blending as in [`SearchConfig::paper`].
    #[must_use]
    pub fn fast() -> Self {
        Self {
            iterations: 75,
            optimizer: LatentOptimizer::Adam { learning_rate: 0.1 },
            schedule: LatentSchedule::Cosine,
            start: LatentStart::Nearest { candidates: 512 },
            ..Self::paper()
        }
    }

    /// [`SearchConfig::fast`] with an encoder of the generator's latents: 20 iterations from its guess.
    #[must_use]
    pub fn fast_with_encoder() -> Self {
        Self {
            iterations: 20,
            start: LatentStart::encoder(),
            ..Self::fast()
        }
    }

    /// The settings with the lowest error in the hole: the mean of eight restarts from the nearest of 512
    /// draws, 150 iterations each, a window of 15 pixels, and the weight 0.1 on the latent's own prior.
    ///
    /// They were chosen on faces, with the embedded model. A mean is softer than the images that it is made
    /// of; [`SearchAnswer::Best`] takes the first of them instead.
    #[must_use]
    pub fn best() -> Self {
        Self {
            iterations: 150,
            restarts: 8,
            answer: SearchAnswer::Mean { of: 8 },
            latent_weight: 0.1,
            window: 15,
            ..Self::fast()
        }
    }

    /// [`SearchConfig::best`] with an encoder of the generator's latents: 80 iterations from its guess, whose
    /// image is four tenths of the answer.
    #[must_use]
    pub fn best_with_encoder() -> Self {
        Self {
            iterations: 80,
            start: LatentStart::encoder(),
            answer: SearchAnswer::MeanAndGuess {
                of: 8,
                guess_share: 0.4,
            },
            ..Self::best()
        }
    }

    /// Settings that bring a generator's image near to a whole one, for
    /// [`LatentSearch::reconstruct`](crate::LatentSearch::reconstruct): 500 iterations of Adam with step
    /// 0.2 from four starts in the prior, mean squared distance, equal weights, no prior loss.
    #[must_use]
    pub fn reconstruction() -> Self {
        Self {
            iterations: 500,
            optimizer: LatentOptimizer::Adam { learning_rate: 0.2 },
            restarts: 4,
            prior_weight: 0.0,
            distance: ContextDistance::Squared,
            weights: ContextWeights::Uniform,
            engine: Engine::Frozen {
                favor: Favor::Throughput,
                precision: Precision::F32,
            },
            ..Self::paper()
        }
    }

    /// How much each known pixel of these masks counts, [`SearchConfig::weights`] applied.
    ///
    /// # Errors
    ///
    /// [`Error::Mask`] when the window is used and not an odd number of pixels from 3 to 1023.
    pub fn weigh(&self, mask: &Mask) -> Result<ImportanceWeights> {
        Ok(match self.weights {
            ContextWeights::Window => ImportanceWeights::new(mask, self.window)?,
            ContextWeights::Uniform => ImportanceWeights::uniform(mask),
        })
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
fn invalid(what: &'static str, expected: &'static str, got: String) -> Error {
    Error::InvalidSetting {
        what,
        expected,
        got,
    }
}

/// The error of a spelling that is none of those expected.
fn unknown(what: &'static str, expected: &'static str, got: &str) -> Error {
    invalid(what, expected, format!("`{got}`"))
}

#[cfg(test)]
mod tests;
