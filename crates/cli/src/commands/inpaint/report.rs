use std::path::{Path, PathBuf};

use anyhow::Result;
use semantic_inpaint::{Mask, PhotoCompletion};
use serde::Serialize;

use super::Job;
use super::destination::Place;
use crate::output;

/// What is said of one completed photo.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    image: &'a Path,
    completed: &'a Path,
    comparison: Option<&'a PathBuf>,
    trajectory: Option<&'a PathBuf>,
    mask: String,
    height: usize,
    width: usize,
    hole_pixels: usize,
    window: WindowReport,
    model: String,
    method: &'static str,
    preset: String,
    device: &'a str,
    seed: u64,
    iterations: usize,
    restarts: usize,
    stopped: bool,
    objective: f64,
    context_loss: f64,
    prior_loss: f64,
    seconds: f64,
    photos_in_search: usize,
}

#[derive(Serialize)]
struct WindowReport {
    top: isize,
    left: isize,
    side: usize,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        job: &'a Job<'_>,
        place: &'a Place,
        mask: &Mask,
        completion: &PhotoCompletion,
        search: SearchTime,
    ) -> Self {
        let first = |values: &[f64]| values.first().copied().unwrap_or(f64::NAN);
        let (window, result) = (completion.window, &completion.search);
        let settings = job.inpainter.search();
        Self {
            image: &place.input,
            completed: &place.completed,
            comparison: place.comparison.as_ref(),
            trajectory: place.trajectory.as_ref(),
            mask: job.arguments.mask.to_string(),
            height: mask.height(),
            width: mask.width(),
            hole_pixels: mask.num_missing(0),
            window: WindowReport {
                top: window.top,
                left: window.left,
                side: window.side,
            },
            model: job.arguments.model.to_string(),
            method: job.arguments.settings.method(),
            preset: job.arguments.settings.preset().to_string(),
            device: &job.device,
            seed: settings.seed,
            iterations: result.iterations,
            restarts: settings.restarts,
            stopped: result.stopped,
            objective: first(&result.objective),
            context_loss: first(&result.context_loss),
            prior_loss: first(&result.prior_loss),
            seconds: search.seconds,
            photos_in_search: search.num_photos,
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
        output::line(format_args!(
            "  {} iterations{}: objective {:.4}, context loss {:.4}, prior loss {:.4}",
            self.iterations,
            if self.stopped { " (stopped)" } else { "" },
            self.objective,
            self.context_loss,
            self.prior_loss,
        ))?;
        let extra = [self.comparison, self.trajectory];
        let extra = extra.into_iter().flatten().map(PathBuf::as_path);
        for file in std::iter::once(self.completed).chain(extra) {
            output::line(format_args!("  wrote {}", file.display()))?;
        }
        Ok(())
    }
}

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Text,
}

/// The search that a photo took part in.
#[derive(Debug, Clone, Copy)]
pub(super) struct SearchTime {
    pub(super) seconds: f64,
    pub(super) num_photos: usize,
}
