use plotters::prelude::{Color as _, LineSeries, Polygon};
use semantic_inpaint_data::Photo;
use semantic_inpaint_mask::MaskShape;

use super::chart::{Axis, chart};
use super::marks::mark;
use crate::quantile::quantile;
use crate::{EvaluationCourse, EvaluationReport, Result, Summary};

/// The shares of the images between which the band lies.
const BAND: [f64; 2] = [0.1, 0.9];

/// The courses of one method with one mask.
struct Curve {
    /// The mask's place among the masks.
    place: usize,
    iterations: Vec<usize>,
    mean: Vec<f64>,
    /// Tenth and ninetieth percentile.
    band: [Vec<f64>; 2],
}

/// The objective against the iteration, a curve for each mask; `None` for a method without courses.
pub(super) fn draw(report: &EvaluationReport, method: &str) -> Result<Option<Photo>> {
    let mut curves = Vec::new();
    for (place, &mask) in report.masks.iter().enumerate() {
        curves.extend(curve(report, method, (place, mask))?);
    }
    let values: Vec<f64> = curves
        .iter()
        .flat_map(|curve| curve.band.concat())
        .collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let iterations = curves.iter().flat_map(|curve| &curve.iterations);
    let Some(&last) = iterations.max() else {
        return Ok(None);
    };
    let span = (high - low).max(1e-6);
    let decimals = (1.5 - span.log10()).clamp(0.0, 6.0) as usize;
    let x = Axis {
        range: 0.0..last.max(1) as f64,
        title: "iteration",
        format: &|iteration| format!("{iteration:.0}"),
    };
    let y = Axis {
        range: low - 0.05 * span..high + 0.05 * span,
        title: "objective",
        format: &|value| format!("{value:.decimals$}"),
    };
    let names: Vec<String> = report.masks.iter().map(ToString::to_string).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let photo = chart(&names, x, y, |chart| {
        for curve in &curves {
            let at = |values: &[f64]| -> Vec<(f64, f64)> {
                let iterations = curve.iterations.iter().map(|&iteration| iteration as f64);
                iterations.zip(values.iter().copied()).collect()
            };
            let [lower, upper] = &curve.band;
            let mut outline = at(lower);
            outline.extend(at(upper).into_iter().rev());
            let color = mark(curve.place).color;
            chart.draw_series([Polygon::new(outline, color.mix(0.15))])?;
            chart.draw_series(LineSeries::new(at(&curve.mean), color.stroke_width(2)))?;
        }
        Ok(())
    })?;
    Ok(Some(photo))
}

/// The names of the methods that have courses, in order.
pub(super) fn methods(report: &EvaluationReport) -> Vec<&str> {
    let names = report.methods.iter().map(|method| method.name.as_str());
    let has_courses = |name: &&str| report.courses.iter().any(|course| course.method == *name);
    names.filter(has_courses).collect()
}

/// Mean and band over the images whose courses have the iterations of the first.
fn curve(
    report: &EvaluationReport,
    method: &str,
    (place, mask): (usize, MaskShape),
) -> Result<Option<Curve>> {
    let is_own = |course: &&EvaluationCourse| course.method == method && course.mask == mask;
    let Some(first) = report.courses.iter().find(is_own) else {
        return Ok(None);
    };
    let own = report.courses.iter().filter(is_own);
    let alike = own.filter(|course| course.iterations == first.iterations);
    let alike: Vec<&EvaluationCourse> = alike.collect();
    let (mut mean, mut band) = (Vec::new(), [Vec::new(), Vec::new()]);
    for index in 0..first.iterations.len() {
        let values = alike
            .iter()
            .map(|course| f64::from(course.objective[index]));
        let values: Vec<f64> = values.collect();
        mean.push(Summary::new(&values)?.mean);
        for (side, share) in band.iter_mut().zip(BAND) {
            side.push(quantile(&values, share));
        }
    }
    Ok(Some(Curve {
        place,
        iterations: first.iterations.clone(),
        mean,
        band,
    }))
}
