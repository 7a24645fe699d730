//! `inpaint`: photos in, completed photos out.

mod destination;
mod inputs;
mod job;
mod report;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::tensor::describe_device;
use semantic_inpaint::{
    Blend, Crop, Device, DeviceChoice, Framing, Hole, Inpainter, Method, MethodContext, MethodName,
    PretrainedModel, Requirement, SearchConfig, WorkingSize,
};

use crate::mask_choice::{MaskChoice, MaskSource, listed};
use crate::method_choice::{self, Given, USUAL_SIZE_PX, read_training_set};
use crate::model_choice::ModelChoice;
use crate::search_options::SearchOptions;
use crate::status::Status;
use crate::{interrupt, output};
use destination::{Extra, Place};
use job::Job;

/// Fill the hole in a photo, or in all photos of a folder
///
/// The photo's window round the hole is brought to the model's size, a latent is searched whose image
/// fits it, and that image is blended into the hole at the photo's resolution. Other methods (--method)
/// need no model. Every known byte stays as it was. Several photos share one search, which is faster than
/// one after the other.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Photos, or folders of photos (with their subfolders)
    #[arg(required = true, value_name = "IMAGE|DIR")]
    images: Vec<PathBuf>,
    /// The hole: square:SIZE, circle:DIAMETER, blocks:WxH:COUNT, half:left|right|top|bottom|random,
    /// pixels:FRACTION, pattern:FRACTION, strokes (all at the size of the model or the training set, else
    /// at 64 pixels, on the photo's largest centered square), file:PATH (a picture of the photo's size) or
    /// file:DIR (pictures named like their photos)
    #[arg(long, value_name = "SPEC")]
    mask: MaskChoice,
    /// Which color means the hole in a mask file: white, black or alpha (transparent)
    #[arg(long, default_value_t)]
    hole: Hole,
    /// What fills the hole; the methods without a model work on the photo's own pixels round the hole, or
    /// on fewer where they would take too long, and so does auto where it needs no search
    #[arg(long, value_name = "NAME", default_value = "latent", value_parser = method_choice::parser())]
    method: MethodName,
    /// Images that are framed like the photos, of which nearest-image and mean-image take: a folder or an
    /// archive (.zip, .tar, .tar.gz), read at 64 pixels, or a prepared set
    #[arg(long, value_name = "SPEC")]
    training_set: Option<PathBuf>,
    /// How training images become square: crop108, squash or center-crop [default: that of a prepared set,
    /// or center-crop]
    #[arg(long, requires = "training_set")]
    framing: Option<Framing>,
    /// celeba, dtd, pets, a model file or the folder of a run [default: celeba]
    #[arg(long, value_name = "NAME|FILE")]
    model: Option<ModelChoice>,
    /// Trained Context Encoders, separated by commas: celeba (built in, for the hole square:20), model files or
    /// folders of runs, of which the first that was trained on the hole takes it, else the first that covers it
    /// [default: celeba]
    #[arg(long, value_name = "NAME|FILE,..", value_delimiter = ',')]
    context_encoder: Vec<ModelChoice>,
    #[command(flatten)]
    search: SearchOptions,
    /// How the image is merged into the photo: overlay or poisson
    #[arg(long, help_heading = SearchOptions::HEADING)]
    blend: Option<Blend>,
    /// End each search after so much time (500ms, 2s, 1m) with the best result so far. Iterations and schedule
    /// stay as they are, the time only cuts them short; photos that share a search share its time
    #[arg(long, help_heading = SearchOptions::HEADING, value_name = "TIME", value_parser = time)]
    budget: Option<Duration>,
    /// Write COUNT completions of each photo that is searched, those of its best starting points (--restarts), as
    /// NAME.completion-1.png and so on, and where all starting points disagree as NAME.disagreement.png (black:
    /// not at all, white: by a quarter of the range of values or more)
    #[arg(
        long,
        help_heading = SearchOptions::HEADING,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    completions: Option<u16>,
    /// Seed of shapes drawn at random, of the search's starting points, and of the methods that draw random
    /// numbers
    #[arg(long)]
    seed: Option<u64>,
    /// What the method sees: around-hole, largest-square or centered-square [default: centered-square for
    /// shapes and a method of one size, else around-hole]
    #[arg(long)]
    crop: Option<Crop>,
    /// Where the model runs: auto, cpu, cuda or cuda:INDEX [default: auto]
    #[arg(long)]
    device: Option<DeviceChoice>,
    /// A folder for NAME.completed.png and NAME.comparison.png (original, corrupted, completed), or
    /// for one photo the name of the completed file (.png, .jpg, .webp, .bmp or .tiff)
    #[arg(long, default_value = "out", value_name = "DIR|FILE")]
    out: PathBuf,
    /// Write the comparison of a single photo to this file
    #[arg(long, value_name = "FILE")]
    comparison: Option<PathBuf>,
    /// Write the search of a single photo as an animation: generated image, completed image
    #[arg(long, value_name = "FILE.gif")]
    trajectory: Option<PathBuf>,
    /// Print one JSON object per photo
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    check_options(arguments)?;
    let encoder = arguments.encoder()?;
    let search = arguments.search(encoder.as_ref())?;
    let inputs = inputs::collect(&arguments.images, &arguments.out)?;
    let places = destination::plan(inputs, &arguments.out, arguments.extra())?;
    check_not_replaced(arguments, &places)?;
    let device = match arguments.method.requirement() {
        Requirement::Model | Requirement::ContextEncoder => {
            arguments.device.unwrap_or_default().open()?
        }
        _ => Device::Cpu,
    };
    let method = method(arguments, (search, encoder.as_ref()), &device)?;
    let crop = arguments.crop(&method);
    let inpainter = Inpainter::from_method(method)
        .with_crop(crop)
        .with_completions(arguments.num_completions());
    let masks = MaskSource::new(
        &arguments.mask,
        arguments.hole,
        inpainter.size_px(),
        search.seed,
    )?;
    interrupt::listen()?;
    let device = describe_device(&device);
    Job::new(arguments, inpainter, masks, device, search.seed).run(places)
}

/// The method with what it needs and nothing else: no model is read for one that has none.
fn method(
    arguments: &Arguments,
    (search, latent_encoder): (SearchConfig, Option<&LatentEncoderModel>),
    device: &Device,
) -> Result<Method> {
    let mut context = MethodContext {
        search,
        latent_encoder,
        device: device.clone(),
        ..MethodContext::default()
    };
    let (model, training_set, encoders, calibrations);
    match (arguments.method.requirement(), &arguments.training_set) {
        (Requirement::Model, _) => {
            model = arguments.model().load(&Device::Cpu)?;
            context.model = Some(&model);
            context.auto_rule = arguments.model().auto_rule();
            calibrations = arguments.search.calibrations()?;
            context.calibrations = &calibrations;
        }
        (Requirement::ContextEncoder, _) => {
            encoders = arguments.context_encoders(device)?;
            warn_of_unknown_hole(&arguments.mask, &encoders);
            context.context_encoders = &encoders;
        }
        (Requirement::TrainingSet, Some(spec)) => {
            training_set = read_training_set(spec, arguments.framing, USUAL_SIZE_PX)?;
            context.training_set = Some(&training_set);
        }
        _ => {}
    }
    Ok(Method::build(arguments.method, &context)?)
}

/// Says when no network was trained on this shape, which one may cover all the same.
fn warn_of_unknown_hole(mask: &MaskChoice, encoders: &[ContextEncoderModel]) {
    let MaskChoice::Shape(shape) = mask else {
        return;
    };
    if encoders.iter().any(|model| model.learned(*shape)) {
        return;
    }
    let learned = listed(encoders.iter().flat_map(|model| &model.masks));
    output::warn(format_args!(
        "the Context Encoder learned {learned} and not {shape}: expect a poor fill, or name one that did with \
         --context-encoder"
    ));
}

/// Fails when an option was given that the method would ignore, or one is missing that it needs.
fn check_options(arguments: &Arguments) -> Result<()> {
    let (method, requirement) = (arguments.method, arguments.method.requirement());
    let given = Given {
        training_set: arguments.training_set.is_some(),
        // The built-in one serves where none is named.
        context_encoder: true,
    };
    given.check(method)?;
    let mut ignored = Vec::new();
    if requirement != Requirement::ContextEncoder && !arguments.context_encoder.is_empty() {
        ignored.push("--context-encoder");
    }
    if requirement != Requirement::TrainingSet && arguments.training_set.is_some() {
        ignored.push("--training-set");
    }
    if requirement != Requirement::Model {
        let has_network = requirement == Requirement::ContextEncoder;
        let of_model = [
            ("--model", arguments.model.is_some()),
            ("--device", arguments.device.is_some() && !has_network),
        ];
        let given = of_model.into_iter().filter(|(_, is_given)| *is_given);
        ignored.extend(given.map(|(name, _)| name));
        ignored.extend(arguments.search.given());
        ignored.extend(arguments.blend.map(|_| "--blend"));
        ignored.extend(arguments.budget.map(|_| "--budget"));
        ignored.extend(arguments.completions.map(|_| "--completions"));
        if arguments.trajectory.is_some() {
            bail!("--trajectory shows a search, and {method} has none: leave it out");
        }
    }
    if !ignored.is_empty() {
        let ignored = ignored.join(", ");
        bail!("{method} makes no use of {ignored}: leave out what it ignores");
    }
    Ok(())
}

/// Fails when the search ends with fewer starting points than completions are to be written.
fn check_completions(count: usize, search: &SearchConfig) -> Result<()> {
    let (restarts, left) = (search.restarts, search.restarts_left());
    if count > restarts {
        bail!(
            "--completions {count} needs as many starting points, and there are {restarts}: add --restarts {count}"
        );
    }
    if count > left {
        bail!(
            "--completions {count}: of {restarts} starting points --halve-every leaves {left}: leave it out, or \
             raise --restarts"
        );
    }
    Ok(())
}

/// A time as people write it.
fn time(text: &str) -> std::result::Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("no time to search in: give 500ms, 2s or 1m, say".into()),
        Ok(time) => Ok(time),
        Err(error) => Err(format!(
            "{error}: give a number with its unit, as 500ms, 2s or 1m"
        )),
    }
}

/// Fails when an output would replace the mask or the training set.
fn check_not_replaced(arguments: &Arguments, places: &[Place]) -> Result<()> {
    let mask = match &arguments.mask {
        MaskChoice::File(path) => Some(path),
        MaskChoice::Shape(_) => None,
    };
    let inputs: Vec<&PathBuf> = mask.into_iter().chain(&arguments.training_set).collect();
    for target in places.iter().flat_map(Place::targets) {
        for input in &inputs {
            output::check_not_input(target, input)?;
        }
    }
    Ok(())
}

impl Arguments {
    fn model(&self) -> ModelChoice {
        let built_in = ModelChoice::Pretrained(PretrainedModel::CelebA);
        self.model.clone().unwrap_or(built_in)
    }

    /// The Context Encoders, the built-in one unless others are named.
    fn context_encoders(&self, device: &Device) -> Result<Vec<ContextEncoderModel>> {
        let built_in = [ModelChoice::Pretrained(PretrainedModel::CelebA)];
        let choices = match self.context_encoder.as_slice() {
            [] => &built_in,
            named => named,
        };
        let models = choices.iter();
        models
            .map(|choice| choice.load_context_encoder(device))
            .collect()
    }

    /// What is written of a photo besides its completion.
    fn extra(&self) -> Extra<'_> {
        Extra {
            comparison: self.comparison.as_deref(),
            trajectory: self.trajectory.as_deref(),
            num_completions: self.num_completions(),
        }
    }

    /// Completions of each photo besides the answer.
    fn num_completions(&self) -> usize {
        self.completions.map_or(0, usize::from)
    }

    /// The encoder at whose guess the search may start.
    fn encoder(&self) -> Result<Option<LatentEncoderModel>> {
        match self.method.requirement() {
            Requirement::Model => {
                let preset = self.search.preset();
                self.search.encoder(preset, &self.model()).load()
            }
            _ => Ok(None),
        }
    }

    /// The settings of the search, checked.
    fn search(&self, encoder: Option<&LatentEncoderModel>) -> Result<SearchConfig> {
        let (options, seed) = (&self.search, self.seed);
        let search = options.config(options.preset(), encoder, seed)?;
        check_completions(self.num_completions(), &search)?;
        Ok(SearchConfig {
            blend: self.blend.unwrap_or(search.blend),
            ..search
        })
    }

    /// What the method sees of a photo.
    fn crop(&self, method: &Method) -> Crop {
        let of_one_size = matches!(method.working_size(), WorkingSize::Square { .. });
        self.crop.unwrap_or(match self.mask {
            MaskChoice::Shape(_) if of_one_size => Crop::CenteredSquare,
            _ => Crop::AroundHole,
        })
    }
}
