use std::ops::Range;

use plotters::prelude::{Color as _, EmptyElement, IntoLogRange as _, LineSeries};
use semantic_inpaint_data::Photo;
use serde::Serialize;

use super::chart::{Axis, chart};
use super::failed;
use super::figures::range;
use super::marks::mark;
use crate::Result;

/// What a time of 0 is drawn at.
const LEAST_SECONDS: f64 = 1e-6;

/// How good some method's results are after a time: means over images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimePoint {
    /// The method and its settings, by name.
    pub label: String,
    /// The time that it was given, in seconds per image.
    pub budget_seconds: f64,
    /// The time that it took: more than it was given where its first result is later, less where it was done.
    pub seconds: f64,
    /// Iterations that it made.
    pub iterations: usize,
    /// Images.
    pub num_images: usize,
    /// PSNR in the hole, in dB.
    pub hole_psnr_db: f64,
    /// An objective that all methods are judged by.
    pub objective: f64,
}

/// What of a [`TimePoint`] a chart shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeCurve {
    /// [`TimePoint::hole_psnr_db`].
    HolePsnr,
    /// [`TimePoint::objective`].
    Objective,
}

impl TimeCurve {
    fn of(self, point: &TimePoint) -> f64 {
        match self {
            Self::HolePsnr => point.hole_psnr_db,
            Self::Objective => point.objective,
        }
    }

    fn axis(self, range: Range<f64>) -> Axis<'static, Range<f64>> {
        match self {
            Self::HolePsnr => super::chart::hole_psnr(range),
            Self::Objective => Axis {
                range,
                title: "objective",
                format: &|value| format!("{value:.3}"),
            },
        }
    }
}

/// A chart of quality against the seconds per image that were taken, on a logarithmic axis, with a curve for each
/// label; `None` without a finite value.
///
/// # Errors
///
/// [`Error::Report`](crate::Error::Report) when the picture cannot be drawn.
///
/// ```
/// use semantic_inpaint_metrics::{TimeCurve, TimePoint, draw_time_curves};
///
/// # fn main() -> semantic_inpaint_metrics::Result<()> {
/// let point = |seconds: f64| TimePoint {
///     label: "search".into(),
///     budget_seconds: seconds,
///     seconds,
///     iterations: 3,
///     num_images: 8,
///     hole_psnr_db: 20.0 + seconds,
///     objective: 0.1,
/// };
/// let photo = draw_time_curves(&[point(0.01), point(1.0)], TimeCurve::HolePsnr)?;
/// assert!(photo.is_some());
/// # Ok(())
/// # }
/// ```
pub fn draw_time_curves(points: &[TimePoint], curve: TimeCurve) -> Result<Option<Photo>> {
    let points = points.iter().filter(|point| curve.of(point).is_finite());
    let points: Vec<&TimePoint> = points.collect();
    let seconds = |point: &TimePoint| point.seconds.max(LEAST_SECONDS);
    let times = || points.iter().map(|point| seconds(point));
    if points.is_empty() {
        return Ok(None);
    }
    let (low, high) = (
        times().fold(f64::MAX, f64::min),
        times().fold(0.0, f64::max),
    );
    let values: Vec<f64> = points.iter().map(|point| curve.of(point)).collect();
    let mut labels: Vec<&str> = Vec::new();
    for point in &points {
        if !labels.contains(&point.label.as_str()) {
            labels.push(&point.label);
        }
    }
    let x = Axis {
        range: (low / 2.0..high * 2.0).log_scale(),
        title: "seconds per image",
        format: &|seconds| format!("{seconds}"),
    };
    let photo = chart(&labels, x, curve.axis(range(&values)), |chart| {
        for (place, label) in labels.iter().enumerate() {
            let own = points.iter().filter(|point| point.label == *label);
            let own: Vec<(f64, f64)> = own.map(|point| (seconds(point), curve.of(point))).collect();
            let mark = mark(place);
            chart.draw_series(LineSeries::new(
                own.iter().copied(),
                mark.color.stroke_width(2),
            ))?;
            let marks = own.into_iter();
            chart.draw_series(marks.map(|at| EmptyElement::at(at) + mark.shape()))?;
        }
        Ok(())
    })?;
    Ok(Some(photo))
}

/// The points as a CSV file with a line of names, one for each.
///
/// # Errors
///
/// [`Error::Report`](crate::Error::Report) when they cannot be written.
pub fn time_curves_csv(points: &[TimePoint]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for point in points {
        writer.serialize(point).map_err(failed)?;
    }
    writer.into_inner().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(label: &str, seconds: f64, hole_psnr_db: f64) -> TimePoint {
        TimePoint {
            label: label.into(),
            budget_seconds: seconds,
            seconds,
            iterations: 10,
            num_images: 4,
            hole_psnr_db,
            objective: f64::NAN,
        }
    }

    #[test]
    fn curves_are_drawn_in_the_colors_of_their_labels() {
        let points = [
            point("a", 0.001, 18.0),
            point("b", 0.002, 19.0),
            point("a", 1.0, 22.0),
            point("b", 0.0, 17.0),
        ];
        let photo = draw_time_curves(&points, TimeCurve::HolePsnr)
            .unwrap()
            .unwrap();
        for place in 0..2 {
            let color = mark(place).color;
            let (pixels, _) = photo.rgb().as_chunks::<3>();
            let own = pixels
                .iter()
                .filter(|pixel| **pixel == [color.0, color.1, color.2]);
            // The line and two marks beside the mark of the legend.
            assert!(own.count() > 300, "{place}");
        }
        assert!(
            draw_time_curves(&points, TimeCurve::Objective)
                .unwrap()
                .is_none()
        );
        assert!(
            draw_time_curves(&[], TimeCurve::HolePsnr)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn the_table_has_a_line_for_each_point() {
        let csv = time_curves_csv(&[point("a, fast", 0.5, 21.25)]).unwrap();
        let text = String::from_utf8(csv).unwrap();
        let head = "label,budget_seconds,seconds,iterations,num_images,hole_psnr_db,objective";
        assert_eq!(
            text,
            format!("{head}\n\"a, fast\",0.5,0.5,10,4,21.25,NaN\n")
        );
    }
}
