mod field;
mod level;

use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_tensor::{ImageBatch, Rng};
use serde::{Deserialize, Serialize};

use crate::error::check_setting;
use crate::harmonic::membranes;
use crate::picture::{Picture, Region, complete};
use crate::sparse::{HoleSystem, Operator};
use crate::{Error, Result};
use field::Field;
use level::{Colors, Level};

/// Rounds end when the fill changes less than this, in root mean square: an eightieth of a level.
const SETTLED: f64 = 1e-4;

/// Settings of [`PatchCompletion`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PatchCompletionConfig {
    /// Side of a patch, odd, at least 3. 7 by default.
    pub patch_px: usize,
    /// Largest number of rounds of matching and voting on each level, at least 1. 12 by default.
    pub rounds: usize,
    /// Passes of `PatchMatch` in each round, at least 1. 4 by default.
    pub passes: usize,
    /// Seed of the random matches.
    pub seed: u64,
}

impl Default for PatchCompletionConfig {
    fn default() -> Self {
        Self {
            patch_px: 7,
            rounds: 12,
            passes: 4,
            seed: 0,
        }
    }
}

/// Fills holes so that every patch in them looks like some patch of the known picture.
///
/// **Equation** (Wexler, Shechtman and Irani 2007, "Space-time completion of video"; matches by Barnes et
/// al. 2009, "`PatchMatch`: a randomized correspondence algorithm for structural image editing")
///
/// ```text
/// s(t) = argmin over known patches s of |P_t - P_s|^2         for every patch t that meets the hole
/// x_p  = sum over t that hold p of w_t y_{p + s(t) - t} / sum of w_t
/// w_t  = 1.3^(-distance of t to the known pixels) exp(-|P_t - P_{s(t)}|^2 / 2 sigma^2)
/// ```
///
/// with sigma^2 the third quartile of the squared distances. Both lines are repeated on a pyramid from
/// coarse to fine, which ends where every patch sees a known pixel or known patches get rare; the harmonic
/// fill starts the coarsest level. The weighted mean takes the place of Wexler's mode. Patches are copied
/// as they are, neither turned nor scaled. Where fewer than 32 patches are known (scattered pixels), patches
/// are smaller.
///
/// Every image draws from the same seed, so an image's fill does not depend on its batch.
///
/// **Shapes** `[N, C, H, W]` in and out.
///
/// # Errors
///
/// [`Error::NotFinite`] when a known value is infinite or NaN; a tensor error when the device fails.
///
/// # Example
///
/// ```
/// use semantic_inpaint_classical::PatchCompletion;
/// use semantic_inpaint_mask::{CorruptedImages, Inpainter, MaskShape};
/// use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Diagonal stripes go on through the hole.
/// let shape = ImageShape { channels: 1, height: 32, width: 32 };
/// let stripe = |p: usize| if (p / 32 + p % 32) % 8 < 4 { 0.7 } else { -0.7 };
/// let stripes: Vec<f32> = (0..1024).map(stripe).collect();
/// let truth = ImageBatch::from_values(stripes.clone(), shape, &Device::Cpu)?;
/// let mask = "square:8".parse::<MaskShape>()?.build(32, 32, &mut Rng::from_seed(1))?;
/// let corrupted = CorruptedImages::new(&truth, &mask)?;
/// let completed = PatchCompletion::default().inpaint(&corrupted)?.to_values()?;
/// assert!(completed.iter().zip(&stripes).all(|(got, want)| (got - want).abs() < 0.05));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PatchCompletion {
    config: PatchCompletionConfig,
}

impl PatchCompletion {
    /// An inpainter with these settings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] when the patch is even or below 3, or there are no rounds or passes.
    pub fn new(config: PatchCompletionConfig) -> Result<Self> {
        check_setting(
            "patch",
            "an odd number of at least 3 pixels",
            &config.patch_px,
            || config.patch_px % 2 == 1 && config.patch_px >= 3,
        )?;
        for (what, count) in [("rounds", config.rounds), ("passes", config.passes)] {
            check_setting(what, "at least 1", &count, || count > 0)?;
        }
        Ok(Self { config })
    }

    fn fill(&self, picture: &Picture<'_>, (levels, system): &(Vec<Level>, HoleSystem)) -> Vec<f32> {
        let mut rng = Rng::from_seed(self.config.seed);
        let planes: Vec<Vec<f64>> = membranes(picture, system).collect();
        let mut pyramid = vec![Colors::of_planes(&planes)];
        for (finer, coarser) in levels.iter().zip(&levels[1..]) {
            let colors = coarser.reduce(finer, &pyramid[pyramid.len() - 1]);
            pyramid.push(colors);
        }
        let mut coarser: Option<(&Level, Colors)> = None;
        for (level, mut colors) in levels.iter().zip(pyramid).rev() {
            if let Some((below, filled)) = &coarser {
                level.enlarge(&mut colors, below, filled);
            }
            self.complete_level(level, &mut colors, &mut rng);
            coarser = Some((level, colors));
        }
        coarser.map_or_else(Vec::new, |(_, colors)| colors.to_values())
    }

    /// Matching and voting in turn.
    fn complete_level(&self, level: &Level, colors: &mut Colors, rng: &mut Rng) {
        let mut field = Field::random(level, rng);
        for _ in 0..self.config.rounds {
            field.improve(level, colors, self.config.passes, rng);
            if field.vote(level, colors) < SETTLED {
                break;
            }
        }
    }
}

impl Inpainter for PatchCompletion {
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        complete(
            corrupted,
            |region| {
                let system = HoleSystem::new(region, Operator::Laplacian)?;
                Ok((levels(region, self.config.patch_px / 2), system))
            },
            |prepared, picture| Ok(self.fill(picture, prepared)),
        )
    }

    fn name(&self) -> String {
        "patch-completion".into()
    }
}

/// The levels of the pyramid, the finest first.
fn levels(region: &Region, radius: usize) -> Vec<Level> {
    let finest = Region::new(region.height, region.width, region.known.clone());
    let mut levels = vec![Level::new(finest, radius)];
    while let Some(coarser) = levels.last().and_then(|level| level.coarser(radius)) {
        levels.push(coarser);
    }
    levels
}
