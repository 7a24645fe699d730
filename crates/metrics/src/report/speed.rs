use plotters::prelude::{BLACK, ChartBuilder, Color as _, EmptyElement, IntoLogRange as _, WHITE};
use semantic_inpaint_data::Photo;

use super::canvas::{FONT, LINE_PX, TEXT_PX, draw_line, picture};
use super::marks::{LEGEND_PX, draw_legend, mark};
use crate::{EvaluationReport, Result, Summary};

const SIZE_PX: (u32, u32) = (960, 480);
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
    let height = SIZE_PX.1.max((labels.len() as i32 * LINE_PX + 60) as u32);
    let photo = picture((SIZE_PX.0, height), |area| {
        let (plot, side) = area.split_horizontally(SIZE_PX.0 as i32 - LEGEND_PX);
        draw_legend(&side, &labels, (16, 30))?;
        draw_line(&plot, "PSNR in the hole (dB)", (8, 4))?;
        let mut chart = ChartBuilder::on(&plot)
            .margin_top(30)
            .margin_right(16)
            .x_label_area_size(48)
            .y_label_area_size(56)
            .build_cartesian_2d((low / 2.0..high * 2.0).log_scale(), range.clone())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .label_style((FONT, TEXT_PX))
            .x_desc("seconds per image")
            .axis_desc_style((FONT, TEXT_PX))
            .x_label_formatter(&|seconds| format!("{seconds}"))
            .y_label_formatter(&|value| format!("{value:.1}"))
            .draw()?;
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
