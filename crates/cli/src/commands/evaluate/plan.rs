use anyhow::{Result, bail};
use semantic_inpaint::data::{ReadOptions, SourceKind};
use semantic_inpaint::{
    DcganModel, Device, Framing, ImageSet, ImageSource, Method, MethodContext, MethodName,
};

use super::Arguments;
use crate::commands::prepare::read_set;
use crate::method_choice::{USUAL_SIZE_PX, read_context_encoders, read_training_set};

/// Everything that an evaluation needs, ready.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The images that methods are measured on.
    pub(crate) images: ImageSet,
    /// The methods, each with a label of its own.
    pub(crate) methods: Vec<Method>,
}

/// A model with the name that the user gave it.
type NamedModel = (String, DcganModel);

impl Plan {
    /// Checks the options, then reads models, training images and images, and builds the methods.
    pub(crate) fn new(arguments: &Arguments, device: &Device) -> Result<Self> {
        let names = arguments.methods()?;
        arguments.check_options(&names)?;
        let search = arguments.search.config(arguments.seed)?;
        let choices = arguments.models(&names).into_iter();
        let models = choices.map(|choice| Ok((choice.to_string(), choice.load(&Device::Cpu)?)));
        let models = models.collect::<Result<Vec<NamedModel>>>()?;
        let framing = framing(arguments, &models)?;
        let training_set = arguments.training_set.as_ref();
        let usual = models.first().map_or(USUAL_SIZE_PX, |(_, model)| {
            model.generator.config().image_size_px
        });
        let training_set = training_set.map(|spec| read_training_set(spec, Some(framing), usual));
        let training_set = training_set.transpose()?;
        let size_px = size_px(&models, training_set.as_ref())?;
        let images = images(arguments, framing, size_px)?;
        let encoders = read_context_encoders(&arguments.context_encoder, device)?;
        let context = MethodContext {
            search,
            context_encoders: &encoders,
            training_set: training_set.as_ref(),
            device: device.clone(),
            ..MethodContext::default()
        };
        let methods = methods(&names, &models, &context)?;
        Ok(Self { images, methods })
    }
}

/// As the user says; else that of prepared images; else that which the first model was trained with.
fn framing(arguments: &Arguments, models: &[NamedModel]) -> Result<Framing> {
    if let Some(framing) = arguments.framing {
        return Ok(framing);
    }
    if ImageSource::open(&arguments.data)?.kind() == SourceKind::Prepared {
        return Ok(ImageSet::load(&arguments.data)?.record().framing);
    }
    let of_model = models.first().and_then(|(_, model)| {
        let (name, _) = model.card.preprocessing.split_once(',')?;
        name.trim().parse().ok()
    });
    Ok(of_model.unwrap_or(Framing::CenterCrop))
}

/// The one size of all models and of the training images.
fn size_px(models: &[NamedModel], training_set: Option<&ImageSet>) -> Result<usize> {
    let of_models = models
        .iter()
        .map(|(name, model)| (name.as_str(), model.generator.config().image_size_px));
    let of_set = training_set.map(|set| ("the training set", set.size_px()));
    let sizes: Vec<(&str, usize)> = of_models.chain(of_set).collect();
    let Some(&(first, size_px)) = sizes.first() else {
        return Ok(USUAL_SIZE_PX);
    };
    match sizes.iter().find(|(_, size)| *size != size_px) {
        Some((other, size)) => bail!(
            "{first} has images of {size_px} px, {other} of {size} px: evaluate one size at a time"
        ),
        None => Ok(size_px),
    }
}

/// The images by name, without those to pass over.
fn images(arguments: &Arguments, framing: Framing, size_px: usize) -> Result<ImageSet> {
    let (skip, count) = (arguments.skip, arguments.count.map(|count| count as usize));
    let options = ReadOptions {
        classes: arguments.classes.clone(),
        split: arguments.split,
        limit: count.map(|count| count.saturating_add(skip)),
        ..ReadOptions::new(framing, size_px)
    };
    let set = read_set(&ImageSource::open(&arguments.data)?, &options)?;
    if skip >= set.count() {
        let found = set.count();
        bail!("{found} images, and --skip passes over {skip}: skip fewer");
    }
    Ok(set.select(&(skip..set.count()).collect::<Vec<_>>())?)
}

/// The methods in order; the search once for each model.
fn methods(
    names: &[MethodName],
    models: &[NamedModel],
    context: &MethodContext<'_>,
) -> Result<Vec<Method>> {
    let mut methods = Vec::new();
    for &name in names {
        if name != MethodName::Latent {
            methods.push(Method::build(name, context)?);
            continue;
        }
        for (model_name, model) in models {
            let context = MethodContext {
                model: Some(model),
                model_name,
                ..context.clone()
            };
            let method = Method::build(name, &context)?;
            methods.push(match models.len() {
                1 => method,
                _ => method.with_label(format!("{name} {model_name}")),
            });
        }
    }
    Ok(methods)
}
