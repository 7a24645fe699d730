use std::fmt;
use std::sync::Arc;

use semantic_inpaint_classical::{
    Biharmonic, Harmonic, MeanImage, NearestImage, NearestImageConfig, PatchCompletion,
    PatchCompletionConfig, Telea, TextureSynthesis, TextureSynthesisConfig, TotalVariation,
    TruncatedNuclearNorm,
};
use semantic_inpaint_context_encoder::ContextEncoderModel;
use semantic_inpaint_data::ImageSet;
use semantic_inpaint_dcgan::DcganModel;
use semantic_inpaint_latent_encoder::LatentEncoderModel;
use semantic_inpaint_latent_search::{Blend, SearchConfig};
use semantic_inpaint_mask::{CorruptedImages, Inpainter};
use semantic_inpaint_nn::Network as _;
use semantic_inpaint_tensor::ImageBatch;

use super::auto::Auto;
use super::latent::Latent;
use super::method::{Fill, Kind};
use super::trained_encoders::TrainedEncoders;
use super::weights::weights_hash;
use super::{Method, MethodContext, MethodName, WorkingSize};
use crate::{Error, Result};

/// Pixels of a square window of this side.
const fn square(side_px: usize) -> usize {
    side_px * side_px
}

/// An inpainter whose errors are those of this crate, so that all inpainters are one type of object.
struct OfThisCrate<I>(I);

impl<I> Inpainter for OfThisCrate<I>
where
    I: Inpainter,
    Error: From<I::Error>,
{
    type Error = Error;

    fn inpaint(&self, corrupted: &CorruptedImages) -> Result<ImageBatch> {
        Ok(self.0.inpaint(corrupted)?)
    }

    fn name(&self) -> String {
        self.0.name()
    }
}

impl Method {
    /// The method of this name, ready to use.
    ///
    /// # Errors
    ///
    /// [`Error::MissingModel`] and [`Error::MissingTrainingSet`] when the context lacks what the method
    /// needs; [`Error::AutoRule`] for a rule that names the method that it is for; [`Error::ModelChannels`]
    /// for a model of gray images; [`Error::Search`] for settings out of range; [`Error::Model`] when a device
    /// fails.
    pub fn build(name: MethodName, context: &MethodContext<'_>) -> Result<Self> {
        let seed = context.search.seed;
        match name {
            MethodName::Latent => Self::latent(context),
            MethodName::Auto => Ok(Self::new(name, Kind::Auto(Auto::build(context)?))),
            MethodName::ContextEncoder => Self::context_encoder(context.context_encoders),
            MethodName::Harmonic => Ok(Self::local(name, Harmonic, square(1024))),
            MethodName::Biharmonic => Ok(Self::local(name, Biharmonic, square(512))),
            MethodName::Telea => Ok(Self::local(name, Telea::default(), square(2048))),
            MethodName::TotalVariation => {
                Ok(Self::local(name, TotalVariation::default(), square(256)))
            }
            MethodName::LowRank => {
                let low_rank = TruncatedNuclearNorm::default();
                Ok(Self::local(name, low_rank, square(128)))
            }
            MethodName::TextureSynthesis => {
                let texture = TextureSynthesis::new(TextureSynthesisConfig {
                    seed,
                    ..TextureSynthesisConfig::default()
                })?;
                Ok(Self::local(name, texture, square(192)))
            }
            MethodName::PatchCompletion => {
                let patches = PatchCompletion::new(PatchCompletionConfig {
                    seed,
                    ..PatchCompletionConfig::default()
                })?;
                Ok(Self::local(name, patches, square(512)))
            }
            MethodName::NearestImage => Self::nearest_image(context.training_set(name)?),
            MethodName::MeanImage => {
                let set = context.training_set(name)?;
                let mean = MeanImage::from_levels(set.pixels(), set.shape())?;
                let (size, settings) = (size_of(set), settings_of(set));
                Ok(Self::fill(name, mean, size, Blend::Overlay, settings))
            }
        }
    }

    fn latent(context: &MethodContext<'_>) -> Result<Self> {
        context.search.validate()?;
        let model = context.model(MethodName::Latent)?.clone();
        let mut latent = Latent::new(model, context.search)?;
        latent.set_calibrations(context.calibrations);
        if let Some(model) = context.latent_encoder {
            latent = latent.with_encoder(model.encoder.clone());
        }
        let latent = latent.with_device(&context.device)?;
        if context.latent_encoder.is_some() {
            // Frozen now, so that an encoder of another generator is refused at once.
            latent.search()?;
        }
        Ok(Self::of_latent(latent, context.model_name))
    }

    /// The search of a model, and of an encoder of its latents, on the device that they are on.
    pub(crate) fn of_model(
        model: DcganModel,
        encoder: Option<LatentEncoderModel>,
        config: SearchConfig,
    ) -> Result<Self> {
        let latent = Latent::new(model, config)?;
        let latent = match encoder {
            Some(model) => latent.with_encoder(model.encoder),
            None => latent,
        };
        Ok(Self::of_latent(latent, ""))
    }

    fn of_latent(latent: Latent, model_name: &str) -> Self {
        Self::new(
            MethodName::Latent,
            Kind::Latent {
                latent: Box::new(latent),
                model_name: model_name.into(),
            },
        )
    }

    fn context_encoder(models: &[ContextEncoderModel]) -> Result<Self> {
        let encoders = TrainedEncoders::new(models)?;
        let size = WorkingSize::Square {
            side_px: encoders.size_px(),
        };
        let settings = models.iter().map(settings_of_encoder);
        let settings = settings.collect::<Result<Vec<String>>>()?;
        let fill = Fill {
            inpainter: Arc::new(encoders),
            size,
            blend: Blend::Overlay,
            settings: settings.join("; "),
        };
        Ok(Self::new(MethodName::ContextEncoder, Kind::Fill(fill)))
    }

    /// A method that looks at the picture alone.
    fn local<I>(name: MethodName, inpainter: I, max_pixels: usize) -> Self
    where
        I: Inpainter + fmt::Debug + Send + Sync + 'static,
        Error: From<I::Error>,
    {
        let (size, settings) = (WorkingSize::Any { max_pixels }, format!("{inpainter:?}"));
        Self::fill(name, inpainter, size, Blend::Overlay, settings)
    }

    fn nearest_image(set: &ImageSet) -> Result<Self> {
        let config = NearestImageConfig::default();
        let nearest = NearestImage::from_levels(set.pixels().to_vec(), set.shape(), config)?;
        let settings = format!("{config:?}, {}", settings_of(set));
        // In a photo of the training images' size this changes nothing: the method has put in its own
        // membrane. In a larger one it keeps the seam away.
        let blend = Blend::Poisson;
        Ok(Self::fill(
            MethodName::NearestImage,
            nearest,
            size_of(set),
            blend,
            settings,
        ))
    }

    fn fill<I>(
        name: MethodName,
        inpainter: I,
        size: WorkingSize,
        blend: Blend,
        settings: String,
    ) -> Self
    where
        I: Inpainter + Send + Sync + 'static,
        Error: From<I::Error>,
    {
        let fill = Fill {
            inpainter: Arc::new(OfThisCrate(inpainter)),
            size,
            blend,
            settings,
        };
        Self::new(name, Kind::Fill(fill))
    }
}

fn size_of(set: &ImageSet) -> WorkingSize {
    WorkingSize::Square {
        side_px: set.size_px(),
    }
}

/// What a Context Encoder is, in one line.
fn settings_of_encoder(model: &ContextEncoderModel) -> Result<String> {
    let masks: Vec<String> = model.masks.iter().map(ToString::to_string).collect();
    Ok(format!(
        "{} steps on {} with {}, weights {}, {:?}",
        model.card.steps,
        model.card.dataset,
        masks.join(","),
        weights_hash(&[model.network.params()])?,
        model.network.config(),
    ))
}

/// What a training set is, in one line.
fn settings_of(set: &ImageSet) -> String {
    let record = set.record();
    format!(
        "{} images of {}, {}, {} px, part {}{}",
        set.count(),
        record.source,
        record.framing,
        record.size_px,
        record.split,
        match record.classes.as_slice() {
            [] => String::new(),
            classes => format!(", classes {}", classes.join(",")),
        },
    )
}
