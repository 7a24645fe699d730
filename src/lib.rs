//! Fills holes in photographs by searching the latent space of a generative network.
//!
//! A generator that has learned what faces look like turns a vector, the latent, into an image. To
//! fill a hole, [`Inpainter`] searches for the latent whose image agrees with the known pixels and
//! looks real to the generator's discriminator, and blends that image into the hole (Yeh et al.,
//! *Semantic Image Inpainting with Deep Generative Models*, CVPR 2017). A model is in the box
//! ([`PretrainedModel`]), others come from a file.
//!
//! A [`Photo`] of any size and a [`Mask`] go in, a [`Photo`] whose known bytes are unchanged comes
//! out. The mask is drawn as a [`MaskShape`] ([`photo_mask`]), read from a picture
//! ([`Mask::from_rgba`]) or given by a closure. [`SearchConfig`] holds the settings of the search,
//! [`Preset`] those of the publications, and [`PhotoFrame`] is the way of a photo to the model's
//! size and back.
//!
//! ```
//! use semantic_inpaint::{Inpainter, MaskShape, Photo, PretrainedModel, SearchConfig, photo_mask};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let photo = Photo::filled(64, 64, [200, 150, 120]);
//! let mask = photo_mask("square:20".parse::<MaskShape>()?, 64, 64, 64, 1)?;
//!
//! let search = SearchConfig { iterations: 2, ..SearchConfig::paper() };
//! let inpainter = Inpainter::pretrained(PretrainedModel::CelebA)?.with_search(search);
//! let completed = inpainter.inpaint(&photo, &mask)?;
//! assert_eq!(completed.rgb()[..3], [200, 150, 120]);
//! # Ok(())
//! # }
//! ```
//!
//! The root names what most programs need. Everything else is in the modules, one for each crate of
//! the workspace: [`tensor`], [`nn`], [`mask`], [`data`], [`dcgan`], [`train`], [`latent_search`],
//! [`context_encoder`], [`classical`], [`metrics`] and [`pretrained`]. A program that needs one of them
//! alone can depend on that crate and compiles nothing else. The trait that inpainting methods implement is
//! [`mask::Inpainter`].

mod calibrations;
mod comparison;
mod error;
mod inpainter;
mod methods;
mod model_file;
mod photo;
mod photo_mask;
mod reconstruction;

pub use semantic_inpaint_classical as classical;
pub use semantic_inpaint_context_encoder as context_encoder;
pub use semantic_inpaint_data as data;
pub use semantic_inpaint_dcgan as dcgan;
pub use semantic_inpaint_latent_encoder as latent_encoder;
pub use semantic_inpaint_latent_search as latent_search;
pub use semantic_inpaint_mask as mask;
pub use semantic_inpaint_metrics as metrics;
pub use semantic_inpaint_nn as nn;
pub use semantic_inpaint_pretrained as pretrained;
pub use semantic_inpaint_tensor as tensor;
pub use semantic_inpaint_train as train;

pub use calibrations::SearchCalibration;
pub use comparison::{comparison, enlarged};
pub use error::{Error, Result};
pub use inpainter::{Inpainter, PhotoCompletion, RankedPhotos};
pub use methods::{
    AutoRule, Choice, Confidence, LatentSpace, Method, MethodCompletion, MethodContext, MethodName,
    Requirement, Variant, WorkingSize,
};
pub use model_file::{
    embedded_context_encoder, embedded_latent_encoder, load_context_encoder,
    load_early_context_encoder, load_latent_encoder, load_model,
};
pub use photo::{Crop, PhotoError, PhotoFrame, Window};
pub use photo_mask::photo_mask;
pub use reconstruction::{num_reconstruction_searches, reconstruction_psnr};
pub use semantic_inpaint_data::{Framing, ImageSet, ImageSource, Photo, read_photo, read_rgba};
pub use semantic_inpaint_dcgan::{DcganConfig, DcganModel, ModelCard};
pub use semantic_inpaint_latent_search::{
    Blend, BorderMatch, Calibration, CalibrationSample, Engine, Evidence, ExpectedPsnr, Favor,
    LatentInpainter, LatentSearch, Precision, Preset, SearchConfig, SearchObserver, SearchProgress,
    SearchResult,
};
pub use semantic_inpaint_mask::{CorruptedImages, Hole, ImportanceWeights, Mask, MaskShape};
pub use semantic_inpaint_metrics::{
    EvaluatedMethod, Evaluation, EvaluationObserver, EvaluationReport, EvaluationRow,
};
pub use semantic_inpaint_pretrained::PretrainedModel;
pub use semantic_inpaint_tensor::{
    Device, DeviceChoice, ImageBatch, ImageShape, Latent, LatentPrior, Rng,
};

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
