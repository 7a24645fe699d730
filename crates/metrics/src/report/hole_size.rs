use plotters::prelude::{BLACK, ChartBuilder, Color as _, EmptyElement, LineSeries, WHITE};
use semantic_inpaint_data::Photo;

use super::canvas::{FONT, LINE_PX, TEXT_PX, draw_line, picture};
use super::marks::{LEGEND_PX, draw_legend, mark};
use crate::{EvaluationReport, Result};

const SIZE_PX: (u32, u32) = (960, 480);

/// What a label reaches: points of the missing share in percent and the PSNR in the hole.
struct Curve {
    place: usize,
    /// Masks of one kind are joined, as a size means the same among them.
    kinds: Vec<Vec<(f64, f64)>>,
}

/// PSNR in the hole against the size of the hole; `None` with fewer than two masks.
pub(super) fn draw(report: &EvaluationReport) -> Result<Option<Photo>> {
    let (curves, labels) = (curves(report)?, report.labels());
    let points: Vec<(f64, f64)> = curves.iter().flat_map(|it| it.kinds.concat()).collect();
    if report.masks.len() < 2 || points.is_empty() {
        return Ok(None);
    }
    let (shares, values): (Vec<f64>, Vec<f64>) = points.into_iter().unzip();
    let high = shares.into_iter().fold(0.0, f64::max) * 1.05;
    let range = super::figures::range(&values);
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
            .build_cartesian_2d(0.0..high, range.clone())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .label_style((FONT, TEXT_PX))
            .x_desc("missing share of the pixels (%)")
            .axis_desc_style((FONT, TEXT_PX))
            .x_label_formatter(&|share| format!("{share:.0}"))
            .y_label_formatter(&|value| format!("{value:.1}"))
            .draw()?;
        for curve in &curves {
            let mark = mark(curve.place);
            for kind in &curve.kinds {
                chart.draw_series(LineSeries::new(kind.clone(), mark.color.stroke_width(2)))?;
                let dots = kind.iter().map(|&at| EmptyElement::at(at) + mark.shape());
                chart.draw_series(dots)?;
            }
        }
        Ok(())
    })?;
    Ok(Some(photo))
}

fn curves(report: &EvaluationReport) -> Result<Vec<Curve>> {
    let mut curves = Vec::new();
    for (place, label) in report.labels().into_iter().enumerate() {
        let mut kinds: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
        for (&mask, share) in report.masks.iter().zip(&report.missing_shares) {
            let mean = report
                .summary(mask, label)?
                .map(|scores| scores.hole_psnr.mean);
            let Some(mean) = mean.filter(|mean| mean.is_finite()) else {
                continue;
            };
            let (spelling, at) = (mask.to_string(), (100.0 * share, mean));
            let kind = spelling.split(':').next().unwrap_or_default();
            match kinds.iter_mut().find(|(other, _)| other == kind) {
                Some((_, points)) => points.push(at),
                None => kinds.push((kind.into(), vec![at])),
            }
        }
        let mut kinds: Vec<_> = kinds.into_iter().map(|(_, points)| points).collect();
        for points in &mut kinds {
            points.sort_by(|one, other| one.0.total_cmp(&other.0));
        }
        curves.push(Curve { place, kinds });
    }
    Ok(curves)
}
