//! `inpaint`: photos in, completed photos out.

mod destination;
mod inputs;
mod report;
mod settings;
mod watch;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use semantic_inpaint::tensor::describe_device;
use semantic_inpaint::{
    Crop, DeviceChoice, Hole, Inpainter, Mask, Photo, Precision, comparison, read_photo,
};

use crate::mask_choice::{MaskChoice, MaskSource};
use crate::model_choice::ModelChoice;
use crate::progress::Display;
use crate::status::{Status, one_line};
use crate::{interrupt, output};
use destination::Place;
use report::{Form, Report, SearchTime};
use settings::Settings;
use watch::{Trajectory, Watch};

/// Images in one search.
const MAX_BATCH_LEN: usize = 64;
/// Pixels of photos held at once.
const MAX_BATCH_PIXELS: usize = 32_000_000;

/// Fill the hole in a photo, or in all photos of a folder
///
/// The photo's window round the hole is brought to the model's size, a latent is searched whose image
/// fits it, and that image is blended into the hole at the photo's resolution. Every known byte stays
/// as it was. Several photos share one search, which is faster than one after the other.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Photos, or folders of photos (with their subfolders)
    #[arg(required = true, value_name = "IMAGE|DIR")]
    images: Vec<PathBuf>,
    /// The hole: square:SIZE, circle:DIAMETER, blocks:WxH:COUNT, half:left|right|top|bottom|random,
    /// pixels:FRACTION, pattern:FRACTION, strokes (all at the model's size, on the photo's largest
    /// centered square), file:PATH (a picture of the photo's size) or file:DIR (pictures named like
    /// their photos)
    #[arg(long, value_name = "SPEC")]
    mask: MaskChoice,
    /// Which color means the hole in a mask file: white, black or alpha (transparent)
    #[arg(long, default_value_t)]
    hole: Hole,
    /// celeba (built in), dtd, pets, a model file or the folder of a run
    #[arg(long, default_value = "celeba", value_name = "NAME|FILE")]
    model: ModelChoice,
    #[command(flatten)]
    settings: Settings,
    /// What the model sees: around-hole, largest-square or centered-square [default: centered-square
    /// for shapes, around-hole for mask files]
    #[arg(long)]
    crop: Option<Crop>,
    /// auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value_t)]
    device: DeviceChoice,
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

/// Photos that wait for their search.
#[derive(Default)]
struct Batch {
    places: Vec<Place>,
    photos: Vec<Photo>,
    masks: Vec<Mask>,
}

impl Batch {
    fn has_room_for(&self, mask: &Mask) -> bool {
        let num_pixels: usize = self.masks.iter().map(Mask::num_pixels).sum();
        let is_small = num_pixels + mask.num_pixels() <= MAX_BATCH_PIXELS;
        self.masks.is_empty() || (self.masks.len() < MAX_BATCH_LEN && is_small)
    }

    fn push(&mut self, place: Place, photo: Photo, mask: Mask) {
        self.places.push(place);
        self.photos.push(photo);
        self.masks.push(mask);
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    let search = arguments.settings.search()?;
    let inputs = inputs::collect(&arguments.images, &arguments.out)?;
    let places = destination::plan(
        inputs,
        &arguments.out,
        arguments.comparison.as_deref(),
        arguments.trajectory.as_deref(),
    )?;
    let device = arguments.device.open()?;
    let inpainter = Inpainter::from_model(arguments.model.load(&semantic_inpaint::Device::Cpu)?)?
        .with_search(search)
        .with_crop(crop(arguments))
        .with_device(&device)?;
    let masks = MaskSource::new(
        &arguments.mask,
        arguments.hole,
        inpainter.size_px(),
        arguments.settings.seed(),
    )?;
    if let MaskChoice::File(mask) = &arguments.mask {
        for target in places.iter().flat_map(Place::targets) {
            output::check_not_input(target, mask)?;
        }
    }
    interrupt::listen()?;
    Job {
        arguments,
        inpainter,
        masks,
        device: describe_device(&device),
        num_photos: places.len(),
        num_skipped: 0,
        num_done: 0,
    }
    .run(places)
}

fn crop(arguments: &Arguments) -> Crop {
    arguments.crop.unwrap_or(match arguments.mask {
        MaskChoice::Shape(_) => Crop::CenteredSquare,
        MaskChoice::File(_) => Crop::AroundHole,
    })
}

struct Job<'a> {
    arguments: &'a Arguments,
    inpainter: Inpainter,
    masks: MaskSource,
    device: String,
    num_photos: usize,
    num_skipped: usize,
    num_done: usize,
}

impl Job<'_> {
    fn run(mut self, places: Vec<Place>) -> Result<Status> {
        let mut batch = Batch::default();
        for place in places {
            let (photo, mask) = match self.load(&place) {
                Ok(loaded) => loaded,
                Err(error) if self.num_photos == 1 => return Err(error),
                Err(error) => {
                    self.num_skipped += 1;
                    output::note(format_args!("skipped: {}", one_line(&error)));
                    continue;
                }
            };
            if !batch.has_room_for(&mask) {
                self.complete(std::mem::take(&mut batch))?;
            }
            if interrupt::requested() {
                break;
            }
            batch.push(place, photo, mask);
        }
        if !batch.places.is_empty() && !interrupt::requested() {
            self.complete(batch)?;
        }
        self.end()
    }

    fn load(&self, place: &Place) -> Result<(Photo, Mask)> {
        let photo = read_photo(&place.input)?;
        let (mask, hint) = self.masks.mask_of(&place.input, &photo)?;
        if let Some(hint) = hint {
            output::warn(hint);
        }
        Ok((photo, mask))
    }

    fn complete(&mut self, batch: Batch) -> Result<()> {
        let Batch {
            places,
            photos,
            masks,
        } = batch;
        let mut watch = self.watch(&photos, &masks)?;
        let completions = self
            .inpainter
            .inpaint_batch(&photos, &masks, &mut watch)
            .with_context(|| match places.as_slice() {
                [place] => place.input.display().to_string(),
                places => format!("{} photos", places.len()),
            });
        let time = SearchTime {
            seconds: watch.seconds(),
            num_photos: places.len(),
        };
        let trajectory = watch.finish();
        let completions = completions?;
        if let (Some(file), Some(mut frames), Some(completion)) =
            (&self.arguments.trajectory, trajectory, completions.first())
        {
            frames.push(&completion.search.generated, &completion.completed_crop)?;
            frames.save(file)?;
        }
        for (((place, photo), mask), completion) in
            places.iter().zip(&photos).zip(&masks).zip(&completions)
        {
            completion.photo.save(&place.completed)?;
            if let Some(file) = &place.comparison {
                comparison(photo, mask, &completion.photo, completion.window)?.save(file)?;
            }
            Report::new(self, place, mask, completion, time).write(self.form())?;
            self.num_done += 1;
        }
        if let Some(completion) = completions.first() {
            self.say_time(completion.search.iterations, time);
            self.say_precision(completion.search.precision);
        }
        Ok(())
    }

    /// The observer of a search; the animation is that of the first photo, which is then the only one.
    fn watch(&self, photos: &[Photo], masks: &[Mask]) -> Result<Watch> {
        let display = match self.form() {
            Form::Json => Display::Hidden,
            Form::Text => Display::Terminal,
        };
        let iterations = self.inpainter.search().iterations;
        let trajectory = match (&self.arguments.trajectory, photos.first(), masks.first()) {
            (Some(_), Some(photo), Some(mask)) => Some(Trajectory::new(
                photo,
                mask,
                self.inpainter.size_px(),
                crop(self.arguments),
                iterations,
            )?),
            _ => None,
        };
        let watch = Watch::new(iterations, trajectory, display);
        if watch.is_hidden() && self.form() == Form::Text {
            let count = photos.len();
            output::note(format_args!(
                "searching: {iterations} iterations, photos: {count}"
            ));
        }
        Ok(watch)
    }

    fn form(&self) -> Form {
        match self.arguments.json {
            true => Form::Json,
            false => Form::Text,
        }
    }

    fn say_time(&self, iterations: usize, time: SearchTime) {
        let (seconds, count) = (time.seconds, time.num_photos);
        if self.form() == Form::Text {
            let per_second = iterations as f64 / seconds.max(f64::MIN_POSITIVE);
            let photos = if count == 1 { "photo" } else { "photos" };
            output::note(format_args!(
                "search: {iterations} iterations for {count} {photos} in {seconds:.1} s \
                 ({per_second:.1} iterations/s) on {}",
                self.device
            ));
        }
    }

    /// Names the precision that was used, where one was asked for.
    fn say_precision(&self, used: Precision) {
        let Some(asked) = self.arguments.settings.precision() else {
            return;
        };
        let reason = match (asked, used) {
            (Precision::F32, _) => "",
            (_, Precision::F32) => ": this processor or device has no other",
            _ => ", the last tenth in f32",
        };
        output::note(format_args!("precision: {used}{reason}"));
    }

    fn end(&self) -> Result<Status> {
        if interrupt::requested() {
            let (done, all) = (self.num_done, self.num_photos);
            output::note(format_args!(
                "interrupted: {done} of {all} written, each the best result so far"
            ));
            return Ok(Status::Interrupted);
        }
        if self.num_done == 0 {
            bail!("none of the {} photos could be read", self.num_photos);
        }
        if self.num_skipped > 0 {
            output::note(format_args!(
                "{} of {} photos were skipped",
                self.num_skipped, self.num_photos
            ));
            return Ok(Status::Skipped);
        }
        Ok(Status::Done)
    }
}
