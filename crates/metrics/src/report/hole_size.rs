use plotters::prelude::{Color as _, EmptyElement, LineSeries};
use semantic_inpaint_data::Photo;

use super::chart::{Axis, chart, hole_psnr};
use super::marks::mark;
use crate::{EvaluationReport, Result};

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
    let axis = Axis {
        range: 0.0..high,
        title: "missing share of the pixels (%)",
        format: &|share| format!("{share:.0}"),
    };
    let photo = chart(&labels, axis, hole_psnr(range), |chart| {
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
