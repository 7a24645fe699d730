use semantic_inpaint_data::{ImageSet, Photo, batch_to_photos};
use semantic_inpaint_mask::{CorruptedImages, MaskShape};
use semantic_inpaint_tensor::{Device, ImageBatch};

use std::ops::Range;

use super::course::{EvaluationCourse, ImageCourse};
use super::identity::masks;
use super::method::{BoxedError, CoursePoint, EvaluatedMethod, LabeledCompletion, MethodObserver};
use super::observer::EvaluationObserver;
use super::part::{Part, one_line};
use super::row::{EvaluationRow, Failure};
use crate::{Error, Result, score};

/// Images that are completed together.
pub(super) struct Batch<'a> {
    mask: MaskShape,
    names: &'a [String],
    truth: ImageBatch,
    corrupted: CorruptedImages,
}

/// What a method made of a batch.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) part: Part,
    pub(super) pictures: Vec<Picture>,
}

/// A completed image of a batch, by its place in the batch.
pub(super) struct Picture {
    pub(super) place: usize,
    pub(super) label: String,
    pub(super) photo: Photo,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        (mask, seed): (MaskShape, u64),
        images: &'a ImageSet,
        range: Range<usize>,
    ) -> Result<Self> {
        let indices: Vec<usize> = range.clone().collect();
        let truth = images.batch(&indices, &Device::Cpu)?;
        let masks = masks(mask, seed, images.size_px(), range.clone())?;
        Ok(Self {
            mask,
            names: &images.names()[range],
            corrupted: CorruptedImages::new(&truth, &masks)?,
            truth,
        })
    }

    pub(super) fn corrupted(&self) -> &CorruptedImages {
        &self.corrupted
    }

    /// The mean share of the pixels that are missing.
    pub(super) fn missing_share(&self) -> f64 {
        let mask = self.corrupted.mask();
        let missing: usize = (0..mask.count()).map(|index| mask.num_missing(index)).sum();
        missing as f64 / (mask.count() * mask.num_pixels()) as f64
    }

    /// The rows of the true images, under this name.
    pub(super) fn rows_of_truth(&self, label: &str) -> Result<Vec<EvaluationRow>> {
        let scores = score(&self.truth, &self.truth, self.corrupted.mask())?;
        let named = scores.into_iter().zip(self.names);
        Ok(named
            .map(|(scores, image)| self.row(label, image, scores, 0.0))
            .collect())
    }

    /// The completions of all images, or of those for which the method has one. Pictures are those of the
    /// first images.
    pub(super) fn run(
        &self,
        method: &dyn EvaluatedMethod,
        num_pictures: usize,
        observer: &mut dyn EvaluationObserver,
    ) -> Result<Outcome> {
        let mut relay = Relay::new(observer);
        let reason = match self.complete(method, &mut relay) {
            Ok(completions) => {
                let mut outcome = self.scored(&completions, num_pictures)?;
                outcome.part.courses = self.named(method, relay.courses);
                return Ok(outcome);
            }
            Err(_) if relay.was_stopped => return Err(Error::EvaluationStopped),
            Err(reason) => reason,
        };
        let count = self.names.len();
        if count == 1 {
            return Ok(self.failed(method, reason));
        }
        let mut outcome = Outcome::default();
        relay.courses.clear();
        for place in 0..count {
            relay.enter(place, count);
            if relay.wants_stop() {
                return Err(Error::EvaluationStopped);
            }
            let single = self.single(place)?;
            let one = match single.complete(method, &mut relay) {
                Ok(completions) => {
                    single.scored(&completions, num_pictures.saturating_sub(place))?
                }
                Err(_) if relay.was_stopped => return Err(Error::EvaluationStopped),
                Err(reason) => {
                    relay.courses.retain(|course| course.place != place);
                    single.failed(method, reason)
                }
            };
            outcome.part.rows.extend(one.part.rows);
            outcome.part.failures.extend(one.part.failures);
            let pictures = one.pictures.into_iter();
            outcome
                .pictures
                .extend(pictures.map(|picture| Picture { place, ..picture }));
        }
        outcome.part.courses = self.named(method, relay.courses);
        Ok(outcome)
    }

    /// The courses with the names of their images.
    fn named(
        &self,
        method: &dyn EvaluatedMethod,
        courses: Vec<ImageCourse>,
    ) -> Vec<EvaluationCourse> {
        let courses = courses.into_iter().filter_map(|course| {
            Some(EvaluationCourse {
                mask: self.mask,
                method: method.name(),
                image: self.names.get(course.place)?.clone(),
                iterations: course.iterations,
                objective: course.objective,
            })
        });
        courses.collect()
    }

    fn single(&self, place: usize) -> Result<Self> {
        Ok(Self {
            mask: self.mask,
            names: &self.names[place..=place],
            truth: self.truth.narrow(place, 1)?,
            corrupted: self.corrupted.narrow(place, 1)?,
        })
    }

    /// What the method returns, if it is as it should be; else the reason why not.
    fn complete(
        &self,
        method: &dyn EvaluatedMethod,
        relay: &mut Relay<'_>,
    ) -> std::result::Result<Vec<LabeledCompletion>, String> {
        let completions = method.complete(&self.corrupted, relay);
        let completions = completions.map_err(|error| one_line(&with_causes(&error)))?;
        if relay.was_stopped {
            return Err("it was stopped".into());
        }
        if completions.is_empty() {
            return Err("it returned no completion".into());
        }
        for (place, completion) in completions.iter().enumerate() {
            let LabeledCompletion {
                label,
                images,
                seconds,
                ..
            } = completion;
            if completions[..place]
                .iter()
                .any(|other| other.label == *label)
            {
                return Err(format!(
                    "it returned two completions with the label {label}"
                ));
            }
            let (found, expected) = (images.tensor().dims(), self.truth.tensor().dims());
            if found != expected {
                return Err(format!(
                    "it returned images {found:?} for images {expected:?}"
                ));
            }
            if !(0.0..f64::INFINITY).contains(seconds) {
                return Err(format!("it says that it took {seconds} seconds"));
            }
        }
        Ok(completions)
    }

    fn failed(&self, method: &dyn EvaluatedMethod, reason: String) -> Outcome {
        let failure = Failure {
            mask: self.mask,
            image: self.names[0].clone(),
            method: method.name(),
            reason,
        };
        let (rows, failures) = (Vec::new(), vec![failure]);
        Outcome {
            part: Part {
                rows,
                failures,
                ..Part::default()
            },
            pictures: Vec::new(),
        }
    }

    /// Scores of the images whose values are finite and whose known pixels were kept; the others failed.
    fn scored(&self, completions: &[LabeledCompletion], num_pictures: usize) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        let known = self.corrupted.images().to_values()?;
        for LabeledCompletion {
            label,
            images,
            seconds,
            confidence,
        } in completions
        {
            let values = images.to_values()?;
            let mut kept = Vec::new();
            for (place, image) in self.names.iter().enumerate() {
                match self.fault(place, &known, &values) {
                    None => kept.push(place),
                    Some(reason) => outcome.part.failures.push(Failure {
                        mask: self.mask,
                        image: image.clone(),
                        method: label.clone(),
                        reason,
                    }),
                }
            }
            if kept.is_empty() {
                continue;
            }
            let completed = self.chosen(&values, &kept)?;
            let truth = self.chosen(&self.truth.to_values()?, &kept)?;
            let scores = score(&truth, &completed, &self.corrupted.mask().select(&kept)?)?;
            let seconds = seconds / self.names.len() as f64;
            for (scores, &place) in scores.into_iter().zip(&kept) {
                outcome.part.rows.push(EvaluationRow {
                    confidence: confidence.get(place).copied(),
                    ..self.row(label, &self.names[place], scores, seconds)
                });
            }
            let photos = batch_to_photos(&completed)?.into_iter().zip(kept);
            let pictured = photos.filter(|(_, place)| *place < num_pictures);
            let label = || label.clone();
            let picture = |(photo, place)| Picture {
                place,
                label: label(),
                photo,
            };
            outcome.pictures.extend(pictured.map(picture));
        }
        Ok(outcome)
    }

    /// What is wrong with one image of a completion.
    fn fault(&self, place: usize, corrupted: &[f32], completed: &[f32]) -> Option<String> {
        let shape = self.truth.shape();
        let image = place * shape.num_values()..(place + 1) * shape.num_values();
        let (corrupted, completed) = (&corrupted[image.clone()], &completed[image]);
        if let Some(value) = completed.iter().find(|value| !value.is_finite()) {
            return Some(format!("a value of the completed image is {value}"));
        }
        let known = self.corrupted.mask().known(place);
        let is_changed = |(index, (one, other)): (usize, (&f32, &f32))| {
            let pixel = index % shape.num_pixels();
            known[(pixel / shape.width, pixel % shape.width)] && one.to_bits() != other.to_bits()
        };
        let pairs = corrupted.iter().zip(completed).enumerate();
        let num_changed = pairs.filter(|pair| is_changed(*pair)).count();
        (num_changed > 0).then(|| format!("{num_changed} values of known pixels were changed"))
    }

    fn chosen(&self, values: &[f32], places: &[usize]) -> Result<ImageBatch> {
        let shape = self.truth.shape();
        let image = |place: &usize| &values[place * shape.num_values()..][..shape.num_values()];
        let values = places.iter().flat_map(image).copied().collect();
        Ok(ImageBatch::from_values(values, shape, &Device::Cpu)?)
    }

    fn row(&self, label: &str, image: &str, scores: crate::Scores, seconds: f64) -> EvaluationRow {
        EvaluationRow {
            mask: self.mask,
            image: image.into(),
            method: label.into(),
            scores,
            seconds,
            confidence: None,
        }
    }
}

fn with_causes(error: &BoxedError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Transparent errors repeat what they wrap.
        let more = error.to_string();
        if !text.contains(&more) {
            text += &format!(": {more}");
        }
        cause = error.source();
    }
    text
}

/// Tells the evaluation's observer what a method says of a batch, or of one image of it.
struct Relay<'a> {
    observer: &'a mut dyn EvaluationObserver,
    share_before: f64,
    share: f64,
    was_stopped: bool,
    /// The place of the first image that the method is at.
    first: usize,
    courses: Vec<ImageCourse>,
}

impl<'a> Relay<'a> {
    fn new(observer: &'a mut dyn EvaluationObserver) -> Self {
        Self {
            observer,
            share_before: 0.0,
            share: 1.0,
            was_stopped: false,
            first: 0,
            courses: Vec::new(),
        }
    }

    /// What follows is about one of `count` images.
    fn enter(&mut self, place: usize, count: usize) {
        self.first = place;
        self.share = 1.0 / count as f64;
        self.share_before = place as f64 * self.share;
        self.progressed(0.0);
    }
}

impl MethodObserver for Relay<'_> {
    fn progressed(&mut self, share_done: f64) {
        let done = self.share_before + self.share * share_done.clamp(0.0, 1.0);
        self.observer.progressed(done);
    }

    fn descended(&mut self, course: &[CoursePoint]) {
        self.courses
            .extend(ImageCourse::of_points(course, self.first));
    }

    fn wants_stop(&mut self) -> bool {
        self.was_stopped |= self.observer.wants_stop();
        self.was_stopped
    }
}
