use std::ops::Range;

use plotters::prelude::{BLACK, ChartBuilder, Color as _, PathElement, RGBColor, Rectangle, WHITE};
use semantic_inpaint_data::Photo;
use semantic_inpaint_mask::MaskShape;

use super::canvas::{FONT, LINE_PX, TEXT_PX, draw_line, picture};
use super::marks::{LEGEND_PX, mark};
use crate::{EvaluationReport, Result, Summary};

const WIDTH_PX: u32 = 960;
const BAR_PX: u32 = 26;
const AXIS_PX: u32 = 48;
/// The numbers at the right.
const NUMBERS_PX: i32 = 130;

/// The mean PSNR in the hole of each label as a bar with its 95 % interval; `None` without a completion.
pub(super) fn draw(report: &EvaluationReport, mask: MaskShape) -> Result<Option<Photo>> {
    let bars = bars(report, mask)?;
    if bars.is_empty() {
        return Ok(None);
    }
    let range = range(&bars);
    let plot_height = BAR_PX * bars.len() as u32;
    let photo = picture((WIDTH_PX, plot_height + AXIS_PX), |area| {
        let (names, rest) = area.split_horizontally(LEGEND_PX);
        let (plot, numbers) = rest.split_horizontally(WIDTH_PX as i32 - LEGEND_PX - NUMBERS_PX);
        let middle = |place: usize| (place as i32 * BAR_PX as i32) + (BAR_PX as i32 - LINE_PX) / 2;
        for (row, (_, label, summary)) in bars.iter().enumerate() {
            draw_line(&names, label, (8, middle(row)))?;
            draw_line(&numbers, &format!("{summary:.2}"), (8, middle(row)))?;
        }
        let mut chart = ChartBuilder::on(&plot)
            .x_label_area_size(AXIS_PX)
            .build_cartesian_2d(range, 0.0..bars.len() as f64)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .label_style((FONT, TEXT_PX))
            .x_desc("PSNR in the hole (dB)")
            .axis_desc_style((FONT, TEXT_PX))
            .x_label_formatter(&|value| format!("{value:.0}"))
            .draw()?;
        for (row, (place, _, summary)) in bars.iter().enumerate() {
            let middle = (bars.len() - row) as f64 - 0.5;
            let bar = [(0.0, middle - 0.35), (summary.mean, middle + 0.35)];
            let color: RGBColor = mark(*place).color;
            chart.draw_series([Rectangle::new(bar, color.mix(0.75).filled())])?;
            if let Some(half_width) = summary.half_width {
                let ends = [summary.mean - half_width, summary.mean + half_width];
                let whisker = ends.map(|end| (end, middle));
                let caps = ends.map(|end| [(end, middle - 0.2), (end, middle + 0.2)]);
                let lines = [whisker, caps[0], caps[1]];
                chart.draw_series(lines.map(|line| PathElement::new(line, BLACK)))?;
            }
        }
        Ok(())
    })?;
    Ok(Some(photo))
}

/// From 0 to the end of the longest interval.
fn range(bars: &[(usize, &str, Summary)]) -> Range<f64> {
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for (.., summary) in bars {
        let half_width = summary.half_width.unwrap_or(0.0);
        low = low.min(summary.mean - half_width);
        high = high.max(summary.mean + half_width);
    }
    low..1.02 * high
}

fn bars(report: &EvaluationReport, mask: MaskShape) -> Result<Vec<(usize, &str, Summary)>> {
    let mut bars = Vec::new();
    for (place, label) in report.labels().into_iter().enumerate() {
        let scores = report.summary(mask, label)?;
        let summary = scores.map(|scores| scores.hole_psnr);
        let finite = summary.filter(|summary| summary.mean.is_finite());
        bars.extend(finite.map(|summary| (place, label, summary)));
    }
    Ok(bars)
}
