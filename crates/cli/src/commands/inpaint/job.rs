use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use semantic_inpaint::{
    Inpainter, Mask, Method, MethodName, Photo, PhotoCompletion, Precision, SearchResult,
    comparison, read_photo,
};

use super::Arguments;
use super::destination::Place;
use super::report::{Form, Report, Time};
use super::watch::{Trajectory, Watch};
use crate::mask_choice::MaskSource;
use crate::progress::Display;
use crate::status::{Status, one_line};
use crate::{interrupt, output};

/// Photos in one search.
const MAX_SEARCH_LEN: usize = 64;
/// Photos that are filled together without a search: few, as a stop waits for them.
const MAX_FILL_LEN: usize = 8;
/// Pixels of photos held at once.
const MAX_BATCH_PIXELS: usize = 32_000_000;

/// Photos of one method that wait for their turn.
#[derive(Default)]
struct Batch {
    places: Vec<Place>,
    photos: Vec<Photo>,
    masks: Vec<Mask>,
}

impl Batch {
    fn has_room_for(&self, mask: &Mask, max_len: usize) -> bool {
        let num_pixels: usize = self.masks.iter().map(Mask::num_pixels).sum();
        let is_small = num_pixels + mask.num_pixels() <= MAX_BATCH_PIXELS;
        self.masks.is_empty() || (self.masks.len() < max_len && is_small)
    }

    fn push(&mut self, place: Place, photo: Photo, mask: Mask) {
        self.places.push(place);
        self.photos.push(photo);
        self.masks.push(mask);
    }
}

/// A run over photos: who fills their holes, and how far it is.
pub(super) struct Job<'a> {
    pub(super) arguments: &'a Arguments,
    pub(super) inpainter: Inpainter,
    masks: MaskSource,
    pub(super) device: String,
    pub(super) seed: u64,
    num_photos: usize,
    num_skipped: usize,
    num_done: usize,
}

impl<'a> Job<'a> {
    pub(super) fn new(
        arguments: &'a Arguments,
        inpainter: Inpainter,
        masks: MaskSource,
        device: String,
        seed: u64,
    ) -> Self {
        Self {
            arguments,
            inpainter,
            masks,
            device,
            seed,
            num_photos: 0,
            num_skipped: 0,
            num_done: 0,
        }
    }

    pub(super) fn run(mut self, places: Vec<Place>) -> Result<Status> {
        self.num_photos = places.len();
        let mut waiting: BTreeMap<&str, Batch> = BTreeMap::new();
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
            let method = self.inpainter.method_for(&mask)?;
            let batch = waiting.entry(method.name().as_str()).or_default();
            if !batch.has_room_for(&mask, max_batch_len(method)) {
                let full = std::mem::take(batch);
                self.complete(full)?;
            }
            if interrupt::requested() {
                break;
            }
            batch.push(place, photo, mask);
        }
        for batch in waiting.into_values() {
            if !interrupt::requested() {
                self.complete(batch)?;
            }
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
        let Some(mask) = masks.first() else {
            return Ok(());
        };
        let method = self.inpainter.method_for(mask)?;
        let (started, mut watch) = (Instant::now(), self.watch(method, &photos, &masks)?);
        let completions = self
            .inpainter
            .inpaint_batch(&photos, &masks, &mut watch)
            .with_context(|| match places.as_slice() {
                [place] => place.input.display().to_string(),
                places => format!("{} photos", places.len()),
            });
        let time = Time {
            seconds: match method.search() {
                Some(_) => watch.seconds(),
                None => started.elapsed().as_secs_f64(),
            },
            num_photos: places.len(),
        };
        let stop = watch.stop();
        let trajectory = watch.finish();
        let completions = completions?;
        if let (Some(file), Some(mut frames), Some(completion)) =
            (&self.arguments.trajectory, trajectory, completions.first())
        {
            if let Some(search) = &completion.search {
                frames.push(&search.generated, &completion.completed_crop)?;
            }
            frames.save(file)?;
        }
        for (((place, photo), mask), completion) in
            places.iter().zip(&photos).zip(&masks).zip(&completions)
        {
            completion.photo.save(&place.completed)?;
            if let Some(file) = &place.comparison {
                comparison(photo, mask, &completion.photo, completion.window)?.save(file)?;
            }
            save_ranked(place, completion)?;
            Report::new(self, place, mask, completion, time, stop).write(self.form())?;
            self.num_done += 1;
        }
        let searches = completions
            .iter()
            .filter_map(|completion| completion.search.as_ref());
        self.say_time(searches.max_by_key(|search| search.iterations), time);
        Ok(())
    }

    /// The observer of a search; the animation is that of the first photo, which is then the only one.
    fn watch(&self, method: &Method, photos: &[Photo], masks: &[Mask]) -> Result<Watch> {
        let count = photos.len();
        let Some(search) = method.search() else {
            if self.arguments.trajectory.is_some() {
                bail!(
                    "--trajectory shows a search, and {} fills this hole by {}: leave it out, or search with \
                     --method {}",
                    self.arguments.method,
                    method.name(),
                    MethodName::Latent,
                );
            }
            if self.form() == Form::Text {
                output::note(format_args!("filling: {}, photos: {count}", method.name()));
            }
            return Ok(Watch::new(0, None, Display::Hidden));
        };
        let display = match self.form() {
            Form::Json => Display::Hidden,
            Form::Text => Display::Terminal,
        };
        let iterations = search.iterations;
        let trajectory = match (&self.arguments.trajectory, photos.first(), masks.first()) {
            (Some(_), Some(photo), Some(mask)) => Some(Trajectory::new(
                photo,
                mask,
                self.inpainter.size_px(),
                self.arguments.crop(method),
                iterations,
            )?),
            _ => None,
        };
        let watch = Watch::new(iterations, trajectory, display).with_budget(self.arguments.budget);
        if watch.is_hidden() && self.form() == Form::Text {
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

    fn say_time(&self, search: Option<&SearchResult>, time: Time) {
        let (seconds, count) = (time.seconds, time.num_photos);
        let photos = if count == 1 { "photo" } else { "photos" };
        match search {
            Some(SearchResult { iterations, .. }) if self.form() == Form::Text => {
                let per_second = *iterations as f64 / seconds.max(f64::MIN_POSITIVE);
                output::note(format_args!(
                    "search: {iterations} iterations for {count} {photos} in {seconds:.1} s \
                     ({per_second:.1} iterations/s) on {}",
                    self.device
                ));
            }
            None if self.form() == Form::Text => {
                output::note(format_args!("filled {count} {photos} in {seconds:.1} s"));
            }
            _ => {}
        }
        if let Some(search) = search {
            self.say_precision(search.precision);
        }
    }

    /// Names the precision that was used, where one was asked for.
    fn say_precision(&self, used: Precision) {
        let Some(asked) = self.arguments.search.precision() else {
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
            let how = match self.inpainter.method().search() {
                Some(_) => ", each the best result so far",
                None => "",
            };
            output::note(format_args!("interrupted: {done} of {all} written{how}"));
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

/// Photos that one method completes together.
fn max_batch_len(method: &Method) -> usize {
    match method.search() {
        Some(_) => MAX_SEARCH_LEN,
        None => MAX_FILL_LEN,
    }
}

/// Writes the completions of a photo and where they disagree, if there are several.
fn save_ranked(place: &Place, completion: &PhotoCompletion) -> Result<()> {
    let Some(ranked) = &completion.ranked else {
        return Ok(());
    };
    for (photo, file) in ranked.photos.iter().zip(&place.completions) {
        photo.save(file)?;
    }
    if let Some(file) = &place.disagreement {
        ranked.disagreement.save(file)?;
    }
    Ok(())
}
