use std::path::PathBuf;

use anyhow::{Result, bail};
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::data::ReadOptions;
use semantic_inpaint::{
    DcganModel, Device, Framing, ImageSet, Method, MethodContext, MethodName, ModelCard,
    load_early_context_encoder,
};

use super::Arguments;
use super::images::MeasuredImages;
use super::methods::{methods, unlearned_holes};
use crate::method_choice::{USUAL_SIZE_PX, read_training_set};
use crate::model_choice::ModelChoice;

/// Everything that an evaluation needs, ready.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The images that methods are measured on.
    pub(crate) images: ImageSet,
    /// The methods, each with a label of its own.
    pub(crate) methods: Vec<Method>,
    /// The Context Encoders whose runs keep an earlier checkpoint.
    pub(crate) trained: Vec<TrainedRun>,
    /// What a reader of the report should know of the methods.
    pub(crate) notes: Vec<String>,
}

/// A Context Encoder early in its training and as it is measured.
#[derive(Debug)]
pub(crate) struct TrainedRun {
    pub(crate) path: PathBuf,
    pub(crate) early: ContextEncoderModel,
    pub(crate) measured: ContextEncoderModel,
}

/// A model with the name that the user gave it.
pub(super) type NamedModel = (ModelChoice, DcganModel);
/// A Context Encoder with its file or the folder of its run.
pub(super) type NamedEncoder = (ModelChoice, ContextEncoderModel);

/// The networks that are measured.
pub(super) struct Networks {
    pub(super) models: Vec<NamedModel>,
    pub(super) encoders: Vec<NamedEncoder>,
}

impl Plan {
    /// Checks the options, then reads models, training images and images, and builds the methods.
    pub(crate) fn new(arguments: &Arguments, device: &Device) -> Result<Self> {
        let names = arguments.methods()?;
        arguments.check_options(&names)?;
        let calibrations = arguments.search.calibrations()?;
        let networks = Networks::load(arguments, &names, device)?;
        let measured = MeasuredImages::open(&arguments.data)?;
        // As the user says; else that of prepared images; else that which the first network was trained with.
        let framing = (arguments.framing)
            .or_else(|| measured.framing())
            .or_else(|| networks.framing())
            .unwrap_or(Framing::CenterCrop);
        let sizes = networks.sizes_px();
        let usual = sizes.first().map_or(USUAL_SIZE_PX, |(_, size)| *size);
        let training_set = arguments.training_set.as_ref();
        let training_set = training_set.map(|spec| read_training_set(spec, Some(framing), usual));
        let training_set = training_set.transpose()?;
        let size_px = size_px(sizes, training_set.as_ref())?;
        let images = images(arguments, measured, framing, size_px)?;
        let mut context = MethodContext {
            calibrations: &calibrations,
            training_set: training_set.as_ref(),
            device: device.clone(),
            ..MethodContext::default()
        };
        context.search.seed = arguments.seed.unwrap_or(context.search.seed);
        let methods = methods(&names, &networks, arguments, &context)?;
        let notes = unlearned_holes(&networks.encoders, &arguments.masks);
        let trained = trained_runs(networks.encoders, device)?;
        Ok(Self {
            images,
            methods,
            trained,
            notes,
        })
    }
}

impl Networks {
    fn load(arguments: &Arguments, names: &[MethodName], device: &Device) -> Result<Self> {
        let choices = arguments.models(names).into_iter();
        let models = choices.map(|choice| {
            let model = choice.load(&Device::Cpu)?;
            Ok((choice, model))
        });
        let encoders = arguments.context_encoder.iter().map(|choice| {
            let model = choice.load_context_encoder(device)?;
            Ok((choice.clone(), model))
        });
        Ok(Self {
            models: models.collect::<Result<_>>()?,
            encoders: encoders.collect::<Result<_>>()?,
        })
    }

    fn framing(&self) -> Option<Framing> {
        let of_models = self.models.iter().map(|(_, model)| &model.card);
        let of_encoders = self.encoders.iter().map(|(_, model)| &model.card);
        let framing = |card: &ModelCard| {
            let (name, _) = card.preprocessing.split_once(',')?;
            name.trim().parse().ok()
        };
        of_models.chain(of_encoders).next().and_then(framing)
    }

    /// The sizes of their images with their names.
    fn sizes_px(&self) -> Vec<(String, usize)> {
        let of_models = self.models.iter().map(|(name, model)| {
            let size = model.generator.config().image_size_px;
            (name.to_string(), size)
        });
        let of_encoders = self.encoders.iter().map(|(name, model)| {
            let size = model.network.config().image_size_px;
            (name.to_string(), size)
        });
        of_models.chain(of_encoders).collect()
    }
}

/// The one size of all networks and of the training images.
fn size_px(mut sizes: Vec<(String, usize)>, training_set: Option<&ImageSet>) -> Result<usize> {
    sizes.extend(training_set.map(|set| ("the training set".into(), set.size_px())));
    let Some((first, size_px)) = sizes.first() else {
        return Ok(USUAL_SIZE_PX);
    };
    match sizes.iter().find(|(_, size)| size != size_px) {
        Some((other, size)) => bail!(
            "{first} has images of {size_px} px, {other} of {size} px: evaluate one size at a time"
        ),
        None => Ok(*size_px),
    }
}

/// The images by name, without those to pass over.
fn images(
    arguments: &Arguments,
    measured: MeasuredImages,
    framing: Framing,
    size_px: usize,
) -> Result<ImageSet> {
    let options = ReadOptions {
        classes: arguments.classes.clone(),
        split: arguments.split,
        max_unreadable_share: arguments.max_unreadable,
        ..ReadOptions::new(framing, size_px)
    };
    let count = arguments.count.map(|count| count as usize);
    measured.read_some(options, arguments.skip, count)
}

fn trained_runs(encoders: Vec<NamedEncoder>, device: &Device) -> Result<Vec<TrainedRun>> {
    let mut runs = Vec::new();
    for (choice, measured) in encoders {
        let ModelChoice::File(path) = choice else {
            continue;
        };
        if let Some(early) = load_early_context_encoder(&path, &measured, device)? {
            runs.push(TrainedRun {
                path,
                early,
                measured,
            });
        }
    }
    Ok(runs)
}
