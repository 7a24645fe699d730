//! Semantic inpainting by searching a generator's latent space (Yeh et al. 2017).
//!
//! [`LatentSearch`] holds frozen copies of a generator and, for the prior loss, its discriminator,
//! and finds for each image of a [`CorruptedImages`](semantic_inpaint_mask::CorruptedImages) the
//! latent z that minimizes
//!
//! ```text
//! sum_i W_i |G(z)_i - y_i|  +  λ log(1 - D(G(z)))  +  μ ||z||² / (2 Z)
//! ```
//!
//! where W is highest next to the hole and 0 in it ([`context_loss`], [`prior_loss`]); other weights
//! and the squared distance are a choice ([`ContextWeights`], [`ContextDistance`]). The last term, the
//! latent's own prior, is not the paper's: μ is 0 unless it is asked for ([`latent_loss`]); nor is the
//! gradient term that the first may have beside it ([`gradient_loss`]).
//! [`blend()`] pastes `G(z)` into the hole, and [`LatentInpainter`] does all of it. [`SearchConfig`]
//! has the published settings as [`Preset`]s; a [`SearchObserver`] watches a search and may stop it.
//!
//! # Invariants
//!
//! - What the hole hid never influences the result.
//! - The result for an image does not depend on the images beside it, nor on its place.
//! - The networks never change: they are copies without gradients, run with their own statistics.
//!
//! # Example
//!
//! ```
//! use semantic_inpaint_dcgan::{DcganConfig, DcganDiscriminator, DcganGenerator};
//! use semantic_inpaint_latent_search::{LatentInpainter, LatentSearch, SearchConfig};
//! use semantic_inpaint_mask::{CorruptedImages, Inpainter, MaskShape};
//! use semantic_inpaint_tensor::{Device, ImageBatch, Rng};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = DcganConfig {
//!     generator_channels: 4,
//!     discriminator_channels: 4,
//!     image_size_px: 32,
//!     ..DcganConfig::default()
//! };
//! let mut rng = Rng::from_seed(1);
//! let generator = DcganGenerator::initialize(model, &mut rng, &Device::Cpu)?;
//! let discriminator = DcganDiscriminator::initialize(model, &mut rng, &Device::Cpu)?;
//!
//! let photo = ImageBatch::new(rng.uniform(-1.0, 1.0, (1, 3, 32, 32), &Device::Cpu)?)?;
//! let mask = "square:10".parse::<MaskShape>()?.build(32, 32, &mut rng)?;
//! let corrupted = CorruptedImages::new(&photo, &mask)?;
//!
//! let config = SearchConfig { iterations: 5, ..SearchConfig::paper() };
//! let search = LatentSearch::new(&generator, Some(&discriminator), config)?;
//! let completed = LatentInpainter::new(search).inpaint(&corrupted)?;
//! assert_eq!(completed.tensor().dims(), &[1, 3, 32, 32]);
//! # Ok(())
//! # }
//! ```

mod blend;
mod confidence;
mod config;
mod engine;
mod error;
mod inpainter;
mod latent_walk;
mod objective;
mod observer;
mod search;

pub use blend::{Blend, BorderMatch, PoissonSolver, blend, match_border};
pub use confidence::{Calibration, CalibrationSample, Evidence, ExpectedPsnr};
pub use config::{
    ContextDistance, ContextReduction, ContextWeights, Convergence, Engine, LatentConstraint,
    LatentOptimizer, LatentSchedule, LatentStart, Mirroring, Orientation, Preset, PriorLoss,
    SearchAnswer, SearchConfig, WindowSizes,
};
pub use error::{Error, Result};
pub use inpainter::LatentInpainter;
pub use objective::{context_loss, gradient_loss, latent_loss, prior_loss};
pub use observer::{SearchObserver, SearchProgress, Silent};
pub use search::{
    LatentSearch, ObjectiveValue, RankedCompletion, RankedCompletions, SearchObjective,
    SearchResult, TracePoint,
};
pub use semantic_inpaint_nn::frozen::{Favor, Precision};
