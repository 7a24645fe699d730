use plotters::prelude::{EmptyElement, IntoLogRange as _};
use semantic_inpaint_data::Photo;

use super::chart::{Axis, chart, hole_psnr};
use super::marks::mark;
use crate::{EvaluationReport, Result, Summary};

/// What a time of 0 is drawn at.
const LEAST_SECONDS: f64 = 1e-6;

/// PSNR in the hole against seconds per image, both means over masks; `None` without a completion.
pub(super) fn draw(report: &EvaluationReport) -> Result<Option<Photo>> {
    let (points, labels) = (points(report)?, report.labels());
    if points.is_empty() {
        return Ok(None);
    }
    let seconds = || points.iter().map(|(_, (seconds, _))| *seconds);
    let (low, high) = (
        seconds().fold(f64::MAX, f64::min),
        seconds().fold(0.0, f64::max),
    );
    let range = super::figures::range(&points.iter().map(|(_, at)| at.1).collect::<Vec<_>>());
    let axis = Axis {
        range: (low / 2.0..high * 2.0).log_scale(),
        title: "seconds per image",
        format: &|seconds| format!("{seconds}"),
    };
    let photo = chart(&labels, axis, hole_psnr(range), |chart| {
        let marks = points.iter();
        chart.draw_series(marks.map(|&(place, at)| EmptyElement::at(at) + mark(place).shape()))?;
        Ok(())
    })?;
    Ok(Some(photo))
}

/// The places of the labels with their points.
fn points(report: &EvaluationReport) -> Result<Vec<(usize, (f64, f64))>> {
    let mut points = Vec::new();
    for (place, label) in report.labels().into_iter().enumerate() {
        let (mut seconds, mut values) = (Vec::new(), Vec::new());
        for &mask in &report.masks {
            let scores = report.summary(mask, label)?;
            let mean = scores.map(|scores| scores.hole_psnr.mean);
            if let (Some(mean), Some(time)) = (mean, report.seconds(mask, label)?)
                && mean.is_finite()
            {
                seconds.push(time.mean);
                values.push(mean);
            }
        }
        // A label that lacks a mask has another mean: it would stand at the wrong height.
        if values.len() == report.masks.len() {
            let at = (
                Summary::new(&seconds)?.mean.max(LEAST_SECONDS),
                Summary::new(&values)?.mean,
            );
            points.push((place, at));
        }
    }
    Ok(points)
}
