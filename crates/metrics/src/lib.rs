//! PSNR, SSIM and hole-only scores for inpainting; scores for generators that borrow no network.
//!
//! [`score`] compares true and completed images under a mask and returns one [`Scores`] per image;
//! [`ScoresSummary`] turns them into means with 95 % intervals. Behind it stand single metrics that
//! can be used alone: [`psnr`] and [`ssim`] over whole images; [`region_psnr`],
//! [`mean_squared_error`] and [`mean_absolute_error`] over a [`Region`]; [`seam_score`], which needs
//! no truth. Every metric returns one number per image; averaging is a separate step.
//!
//! A generator is scored by its samples. [`sliced_wasserstein`] says how differently samples and real
//! images are distributed, [`duplicates`] whether samples repeat each other, [`memorization`] whether
//! they are copies of training images. The sets behind them, [`PyramidSet`] and [`ThumbnailSet`], are
//! filled batch by batch; [`halves`] of the real images give the baseline.
//!
//! An [`Evaluation`] measures [`EvaluatedMethod`]s with several masks on a set of images, in parts that
//! are kept, so that it can be stopped and taken up. Its [`EvaluationReport`] holds a row for each image,
//! mask and method; the feature `report` writes it down with figures.
//!
//! # Conventions
//!
//! Images are `[N, C, H, W]` in `[-1, 1]`, so that the peak of PSNR is 2; masks are 1 where known.
//! Values are read to the host and all sums are f64. Values that are not finite are an error, never a
//! score. This crate does not know how images were completed or generated, and reads no clock: methods say
//! how long they took.
//!
//! # Example
//!
//! ```
//! use semantic_inpaint_mask::Mask;
//! use semantic_inpaint_metrics::{Region, region_psnr};
//! use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let shape = ImageShape { channels: 1, height: 1, width: 4 };
//! let truth = ImageBatch::from_values(vec![0.0; 4], shape, &Device::Cpu)?;
//! let completed = ImageBatch::from_values(vec![0.0, 0.0, 0.0, 0.2], shape, &Device::Cpu)?;
//! let mask = Mask::from_missing(1, 4, |_row, col| col == 3)?;
//!
//! let hole = region_psnr(&truth, &completed, &mask, Region::Hole)?[0];
//! let known = region_psnr(&truth, &completed, &mask, Region::Known)?[0];
//! assert!((hole - 20.0).abs() < 1e-6);
//! assert_eq!(known, f64::INFINITY);
//! # Ok(())
//! # }
//! ```

mod duplicates;
mod error;
mod evaluation;
#[cfg(test)]
mod generator_tests;
mod halves;
mod host_images;
mod laplacian;
mod memorization;
mod null_infinity;
mod patches;
mod psnr;
mod pyramid_set;
mod quantile;
mod rank_correlation;
mod region;
#[cfg(feature = "report")]
mod report;
mod scores;
mod seam;
mod sliced_wasserstein;
mod ssim;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod thumbnail_set;

pub use duplicates::{Duplicates, Repetition, duplicates};
pub use error::{Error, Result};
pub use evaluation::{
    BoxedError, Comparison, ConfidenceSummary, CoursePoint, EvaluatedMethod, Evaluation,
    EvaluationCourse, EvaluationObserver, EvaluationPicture, EvaluationReport, EvaluationRow,
    Failure, LabeledCompletion, MethodConfidence, MethodFamily, MethodObserver, MethodRecord,
    Verdict, paired_difference,
};
pub use halves::halves;
pub use memorization::{Memorization, memorization};
pub use psnr::{psnr, region_psnr};
pub use pyramid_set::PyramidSet;
pub use quantile::median;
pub use rank_correlation::rank_correlation;
pub use region::{Region, mean_absolute_error, mean_squared_error};
#[cfg(feature = "report")]
pub use report::{
    PageSection, PointGroup, TimeCurve, TimePoint, TsneConfig, draw_latent_map, draw_strips,
    draw_time_curves, time_curves_csv, tsne,
};
pub use scores::{Scores, ScoresSummary, score};
pub use seam::seam_score;
pub use sliced_wasserstein::{
    LevelDistance, SlicedWasserstein, SlicedWassersteinConfig, sliced_wasserstein,
};
pub use ssim::ssim;
pub use summary::Summary;
pub use thumbnail_set::{Neighbor, ThumbnailSet};
