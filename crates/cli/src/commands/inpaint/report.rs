use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Result;
use semantic_inpaint::{Choice, Confidence, Mask, PhotoCompletion, SearchResult};
use serde::Serialize;

use super::destination::Place;
use super::job::Job;
use super::watch::Stop;
use crate::output;

/// What is said of one completed photo.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    image: &'a Path,
    completed: &'a Path,
    comparison: Option<&'a PathBuf>,
    trajectory: Option<&'a PathBuf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    completions: Vec<CompletionReport<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disagreement: Option<&'a PathBuf>,
    mask: String,
    height: usize,
    width: usize,
    hole_pixels: usize,
    window: WindowReport,
    /// The size that the method worked at.
    working_height: usize,
    working_width: usize,
    method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<ChoiceReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training_set: Option<&'a PathBuf>,
    seed: u64,
    seconds: f64,
    #[serde(flatten)]
    search: Option<SearchReport<'a>>,
}

#[derive(Serialize)]
struct WindowReport {
    top: isize,
    left: isize,
    side: usize,
}

/// What the method gave the hole to.
#[derive(Serialize)]
struct ChoiceReport {
    method: &'static str,
    /// In pixels of the model's images.
    depth_px: f64,
    size_px: usize,
    reason: String,
}

impl From<Choice> for ChoiceReport {
    fn from(choice: Choice) -> Self {
        Self {
            method: choice.method.as_str(),
            depth_px: choice.depth_px,
            size_px: choice.size_px,
            reason: choice.to_string(),
        }
    }
}

/// One of several completions.
#[derive(Serialize)]
struct CompletionReport<'a> {
    file: &'a Path,
    objective: f64,
}

/// What a search adds.
#[derive(Serialize)]
struct SearchReport<'a> {
    model: String,
    preset: String,
    device: &'a str,
    iterations: usize,
    restarts: usize,
    stopped: bool,
    /// What ended it before its iterations were made.
    ended_by: Option<EndedBy>,
    objective: f64,
    context_loss: f64,
    prior_loss: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<ConfidenceReport>,
    photos_in_search: usize,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        job: &'a Job<'_>,
        place: &'a Place,
        mask: &Mask,
        completion: &PhotoCompletion,
        time: Time,
        stop: Option<Stop>,
    ) -> Self {
        let (window, arguments) = (completion.window, job.arguments);
        let search = completion.search.as_ref();
        Self {
            image: &place.input,
            completed: &place.completed,
            comparison: place.comparison.as_ref(),
            trajectory: place.trajectory.as_ref(),
            completions: completions(place, completion),
            disagreement: (completion.ranked.as_ref()).and(place.disagreement.as_ref()),
            mask: arguments.mask.to_string(),
            height: mask.height(),
            width: mask.width(),
            hole_pixels: mask.num_missing(0),
            window: WindowReport {
                top: window.top,
                left: window.left,
                side: window.side,
            },
            working_height: completion.corrupted.height(),
            working_width: completion.corrupted.width(),
            method: arguments.method.to_string(),
            choice: completion.choice.map(ChoiceReport::from),
            training_set: arguments.training_set.as_ref(),
            seed: job.seed,
            seconds: time.seconds,
            search: search.map(|search| SearchReport {
                confidence: completion.confidence.map(ConfidenceReport::from),
                ..SearchReport::new(job, search, time, stop)
            }),
        }
    }

    pub(super) fn write(&self, form: Form) -> Result<()> {
        match form {
            Form::Json => output::json(self),
            Form::Text => self.write_text(),
        }
    }

    fn write_text(&self) -> Result<()> {
        let WindowReport { top, left, side } = self.window;
        output::line(format_args!(
            "{}: {} of {} pixels missing, window {side}x{side} at row {top}, column {left}",
            self.image.display(),
            self.hole_pixels,
            self.height * self.width,
        ))?;
        if let Some(choice) = &self.choice {
            output::line(format_args!("  {}", choice.reason))?;
        }
        match &self.search {
            Some(search) => output::line(format_args!(
                "  {} iterations{}: objective {:.4}, context loss {:.4}, prior loss {:.4}",
                search.iterations,
                search.ended_by.map_or("", EndedBy::remark),
                search.objective,
                search.context_loss,
                search.prior_loss,
            ))?,
            None => output::line(format_args!(
                "  {} on {}x{} pixels",
                self.choice
                    .as_ref()
                    .map_or(self.method.as_str(), |choice| choice.method),
                self.working_height,
                self.working_width,
            ))?,
        }
        let confidence = self
            .search
            .as_ref()
            .and_then(|search| search.confidence.as_ref());
        if let Some(confidence) = confidence {
            output::line(format_args!("  {confidence}"))?;
        }
        let extra = [self.comparison, self.trajectory, self.disagreement];
        let extra = extra.into_iter().flatten().map(PathBuf::as_path);
        let ranked = self.completions.iter().map(|completion| completion.file);
        for file in std::iter::once(self.completed).chain(ranked).chain(extra) {
            output::line(format_args!("  wrote {}", file.display()))?;
        }
        Ok(())
    }
}

impl<'a> SearchReport<'a> {
    fn new(job: &'a Job<'_>, result: &SearchResult, time: Time, stop: Option<Stop>) -> Self {
        let first = |values: &[f64]| values.first().copied().unwrap_or(f64::NAN);
        let config = job.inpainter.method().search();
        Self {
            model: job.arguments.model().to_string(),
            preset: job.arguments.search.preset().to_string(),
            device: &job.device,
            iterations: result.iterations,
            restarts: config.map_or(1, |config| config.restarts),
            stopped: result.stopped,
            ended_by: EndedBy::of(result, stop),
            objective: first(&result.objective),
            context_loss: first(&result.context_loss),
            prior_loss: first(&result.prior_loss),
            confidence: None,
            photos_in_search: time.num_photos,
        }
    }
}

/// How sure the search is of its fill.
#[derive(Serialize)]
struct ConfidenceReport {
    /// Mean absolute difference from the known pixels round the hole, weighted, on values from -1 to 1.
    ring_error: f64,
    /// Standard deviation of the restarts in the hole.
    disagreement: Option<f64>,
    /// Mean depth of the hole in pixels of the model's images.
    depth_px: f64,
    /// In the hole, with the interval that eight fills in ten lie in; without a calibration there is none.
    expected_psnr_db: Option<f64>,
    expected_low_db: Option<f64>,
    expected_high_db: Option<f64>,
}

impl From<Confidence> for ConfidenceReport {
    fn from(confidence: Confidence) -> Self {
        let Confidence { evidence, expected } = confidence;
        Self {
            ring_error: evidence.ring_error,
            disagreement: evidence.disagreement,
            depth_px: evidence.depth_px,
            expected_psnr_db: expected.map(|expected| expected.psnr_db),
            expected_low_db: expected.map(|expected| expected.low_db),
            expected_high_db: expected.map(|expected| expected.high_db),
        }
    }
}

impl fmt::Display for ConfidenceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let interval = self.expected_low_db.zip(self.expected_high_db);
        match self.expected_psnr_db.zip(interval) {
            Some((psnr, (low, high))) => write!(
                f,
                "expected PSNR in the hole {psnr:.1} dB, in eight of ten fills {low:.1} to {high:.1} dB"
            ),
            None => write!(
                f,
                "error round the hole {:.4}; no calibration says what to expect in it",
                self.ring_error
            ),
        }
    }
}

/// What ended a photo's search before its iterations were made.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum EndedBy {
    Convergence,
    Budget,
    Interrupt,
}

impl EndedBy {
    fn of(result: &SearchResult, stop: Option<Stop>) -> Option<Self> {
        if result.converged.iter().any(Option::is_some) {
            return Some(Self::Convergence);
        }
        match stop.filter(|_| result.stopped)? {
            Stop::Budget => Some(Self::Budget),
            Stop::Interrupt => Some(Self::Interrupt),
        }
    }

    /// What follows the number of iterations.
    fn remark(self) -> &'static str {
        match self {
            Self::Convergence => " (converged)",
            Self::Budget => " (stopped: the time was over)",
            Self::Interrupt => " (stopped)",
        }
    }
}

fn completions<'a>(place: &'a Place, completion: &PhotoCompletion) -> Vec<CompletionReport<'a>> {
    let ranked = completion.ranked.iter();
    let objectives = ranked.flat_map(|ranked| ranked.objective.iter().copied());
    let reports = place.completions.iter().zip(objectives);
    reports
        .map(|(file, objective)| CompletionReport { file, objective })
        .collect()
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Text,
}

/// How long photos took together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) seconds: f64,
    pub(super) num_photos: usize,
}
