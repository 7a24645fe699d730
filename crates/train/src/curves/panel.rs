use std::ops::Range;

use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, ChartBuilder, Circle, Color as _, DrawingArea, DrawingAreaErrorKind, DrawingBackend,
    IntoTextStyle as _, LineSeries, Polygon, RGBColor, WHITE,
};

use super::FONT;
use super::thinned::{Bin, thinned};
use crate::history::Series;

/// Okabe and Ito 2008: told apart by people of any color vision.
const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const MAX_BINS: usize = 160;
/// Curves of so few points show them.
const MAX_DOTS: usize = 40;
/// The share of the values above and below the range that is shown.
const CUT_OFF: f64 = 0.01;
/// Height of the strip of names, and of the names.
const NAMES_PX: i32 = 30;
const NAME_PX: i32 = 18;
const LABEL_PX: i32 = 16;
/// Room for the labels below and left of the axes, and right of the last one.
const LABELS_PX: i32 = 32;
const VALUE_LABELS_PX: i32 = 68;
const MARGIN_PX: i32 = 28;

/// Curves that share their axes.
#[derive(Default)]
pub(super) struct Panel<'a> {
    curves: Vec<Curve<'a>>,
}

struct Curve<'a> {
    name: &'a str,
    bins: Vec<Bin>,
}

impl<'a> Panel<'a> {
    pub(super) fn add(&mut self, name: &'a str, series: &Series) {
        let bins = thinned(series, MAX_BINS);
        self.curves.push(Curve { name, bins });
    }

    pub(super) fn draw<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let (steps, values) = (self.steps(), self.values());
        let (names, area) = area.split_vertically(NAMES_PX);
        self.draw_names(&names)?;
        let digits = digits(&values);
        let mut chart = ChartBuilder::on(&area)
            .margin_right(MARGIN_PX)
            .x_label_area_size(LABELS_PX)
            .y_label_area_size(VALUE_LABELS_PX)
            .build_cartesian_2d(steps, values.clone())?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .label_style((FONT, LABEL_PX))
            .x_label_formatter(&|step| format!("{step:.0}"))
            .y_label_formatter(&|value| format!("{value:.digits$}"))
            .draw()?;
        for (curve, color) in self.colored() {
            chart.draw_series([Polygon::new(curve.band(&values), color.mix(0.25))])?;
            let line = curve.line(&values);
            if line.len() <= MAX_DOTS {
                let dots = line.iter().map(|&at| Circle::new(at, 3, color.filled()));
                chart.draw_series(dots)?;
            }
            chart.draw_series(LineSeries::new(line, color.stroke_width(2)))?;
        }
        Ok(())
    }

    /// The names in the colors of their curves, above the curves so as to cover none.
    fn draw_names<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let mut left = VALUE_LABELS_PX;
        for (curve, color) in self.colored() {
            let name = curve.name.replace('_', " ");
            let style = (FONT, NAME_PX).into_text_style(area).color(&color);
            area.draw_text(&name, &style, (left, NAMES_PX - NAME_PX))?;
            left += area.estimate_text_size(&name, &style)?.0 as i32 + NAME_PX;
        }
        Ok(())
    }

    fn colored(&self) -> impl Iterator<Item = (&Curve<'a>, RGBColor)> {
        self.curves.iter().zip(COLORS.into_iter().cycle())
    }

    fn bins(&self) -> impl Iterator<Item = &Bin> {
        self.curves.iter().flat_map(|curve| &curve.bins)
    }

    /// From 0 to the last step.
    fn steps(&self) -> Range<f64> {
        0.0..self.bins().map(|bin| bin.step).fold(1.0, f64::max)
    }

    /// What all but the outermost values lie in, with some room.
    fn values(&self) -> Range<f64> {
        let mut ends: Vec<f64> = self.bins().flat_map(|bin| [bin.low, bin.high]).collect();
        ends.sort_unstable_by(f64::total_cmp);
        let cut = (CUT_OFF * ends.len() as f64) as usize;
        let (Some(&low), Some(&high)) = (ends.get(cut), ends.iter().rev().nth(cut)) else {
            return 0.0..1.0;
        };
        let room = (0.05 * (high - low)).max(0.02 * high.abs()).max(1e-6);
        low - room..high + room
    }
}

/// Digits behind the point that tell about ten labels of a range apart.
fn digits(values: &Range<f64>) -> usize {
    let gap = (values.end - values.start) / 10.0;
    (-gap.log10()).ceil().clamp(0.0, 9.0) as usize
}

impl Curve<'_> {
    fn line(&self, shown: &Range<f64>) -> Vec<(f64, f64)> {
        let at = |bin: &Bin| (bin.step, bin.mean.clamp(shown.start, shown.end));
        self.bins.iter().map(at).collect()
    }

    /// The outline of what lies between the least and the largest values.
    fn band(&self, shown: &Range<f64>) -> Vec<(f64, f64)> {
        let at = |step: f64, value: f64| (step, value.clamp(shown.start, shown.end));
        let above = self.bins.iter().map(|bin| at(bin.step, bin.high));
        let below = self.bins.iter().rev().map(|bin| at(bin.step, bin.low));
        above.chain(below).collect()
    }
}
