use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    Blend, BorderMatch, ContextDistance, ContextReduction, ContextWeights, Engine, Error, Favor,
    LatentConstraint, LatentOptimizer, LatentSchedule, LatentStart, Mirroring, Precision,
    PriorLoss, Result, SearchAnswer, SearchConfig,
};

/// A named set of settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Preset {
    /// [`SearchConfig::paper`].
    #[default]
    Paper,
    /// [`SearchConfig::authors`].
    Authors,
    /// [`SearchConfig::fast`].
    Fast,
    /// [`SearchConfig::best`].
    Best,
}

impl Preset {
    /// The settings.
    #[must_use]
    pub fn config(self) -> SearchConfig {
        match self {
            Self::Paper => SearchConfig::paper(),
            Self::Authors => SearchConfig::authors(),
            Self::Fast => SearchConfig::fast(),
            Self::Best => SearchConfig::best(),
        }
    }

    /// Whether the preset is better with an encoder of the generator's latents, as ours are. Those of the
    /// publications had none.
    #[must_use]
    pub fn is_for_an_encoder(self) -> bool {
        match self {
            Self::Fast | Self::Best => true,
            Self::Paper | Self::Authors => false,
        }
    }

    /// The settings with an encoder of the generator's latents. The published ones only start from its guess.
    #[must_use]
    pub fn config_with_encoder(self) -> SearchConfig {
        match self {
            Self::Fast => SearchConfig::fast_with_encoder(),
            Self::Best => SearchConfig::best_with_encoder(),
            Self::Paper | Self::Authors => SearchConfig {
                start: LatentStart::encoder(),
                ..self.config()
            },
        }
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
            mirror: Mirroring::None,
            halve_every: None,
            stop_when: None,
            answer: SearchAnswer::Best,
            prior_weight: 0.003,
            prior_loss: PriorLoss::LogOneMinusD,
            latent_weight: 0.0,
            distance: ContextDistance::Absolute,
            gradient_weight: 0.0,
            reduction: ContextReduction::WeightedMean,
            weights: ContextWeights::Window,
            window: 7,
            border: BorderMatch::None,
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
    /// cosine, from the nearest of 512 draws; context loss and blending as in [`SearchConfig::paper`].
    ///
    /// There is no prior loss: on faces it changes the error in the hole by less than 0.02 dB and costs a quarter
    /// of the time, as the discriminator runs for it alone.
    #[must_use]
    pub fn fast() -> Self {
        Self {
            iterations: 75,
            optimizer: LatentOptimizer::Adam { learning_rate: 0.1 },
            schedule: LatentSchedule::Cosine,
            start: LatentStart::Nearest { candidates: 512 },
            prior_weight: 0.0,
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
    /// draws, 150 iterations each, every second one on the mirrored image, a window of 15 pixels, and the
    /// weight 0.1 on the latent's own prior; without the prior loss, as [`SearchConfig::fast`].
    ///
    /// They were chosen on faces, with the embedded model. A mean is softer than the images that it is made
    /// of; [`SearchAnswer::Best`] takes the first of them instead.
    #[must_use]
    pub fn best() -> Self {
        Self {
            iterations: 150,
            restarts: 8,
            mirror: Mirroring::Alternate,
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
}

impl fmt::Display for Preset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Paper => "paper",
            Self::Authors => "authors",
            Self::Fast => "fast",
            Self::Best => "best",
        })
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "paper" => Ok(Self::Paper),
            "authors" => Ok(Self::Authors),
            "fast" => Ok(Self::Fast),
            "best" => Ok(Self::Best),
            _ => Err(Error::InvalidSetting {
                what: "preset",
                expected: "paper, authors, fast or best",
                got: format!("`{text}`"),
            }),
        }
    }
}
