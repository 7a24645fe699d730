//! Charts of one number against another, with the names of what is drawn beside them.

use std::ops::Range;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::{
    BLACK, BitMapBackend, Cartesian2d, ChartBuilder, ChartContext, Color as _, Ranged, WHITE,
};
use semantic_inpaint_data::Photo;

use super::canvas::{FONT, Fault, LINE_PX, TEXT_PX, draw_line, picture};
use super::marks::{LEGEND_PX, draw_legend};
use crate::Result;

const SIZE_PX: (u32, u32) = (960, 480);

/// One side of a chart.
pub(super) struct Axis<'a, X> {
    pub(super) range: X,
    pub(super) title: &'a str,
    pub(super) format: &'a dyn Fn(&f64) -> String,
}

/// The axis of the PSNR in the hole.
pub(super) fn hole_psnr(range: Range<f64>) -> Axis<'static, Range<f64>> {
    Axis {
        range,
        title: "PSNR in the hole (dB)",
        format: &|value| format!("{value:.1}"),
    }
}

/// A chart on which points of both axes can be drawn.
type Chart<'a, 'b, X> = ChartContext<'a, BitMapBackend<'b>, Cartesian2d<X, RangedCoordf64>>;

/// A picture of the chart with what `draw` puts on it, and of the marks of all labels.
pub(super) fn chart<X>(
    labels: &[&str],
    x: Axis<'_, X>,
    y: Axis<'_, Range<f64>>,
    draw: impl FnOnce(&mut Chart<'_, '_, X::CoordDescType>) -> std::result::Result<(), Fault>,
) -> Result<Photo>
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let height = SIZE_PX.1.max((labels.len() as i32 * LINE_PX + 60) as u32);
    picture((SIZE_PX.0, height), |area| {
        let (plot, side) = area.split_horizontally(SIZE_PX.0 as i32 - LEGEND_PX);
        draw_legend(&side, labels, (16, 30))?;
        draw_line(&plot, y.title, (8, 4))?;
        let mut chart = ChartBuilder::on(&plot)
            .margin_top(30)
            .margin_right(16)
            .x_label_area_size(48)
            .y_label_area_size(56)
            .build_cartesian_2d(x.range, y.range)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(BLACK.mix(0.12))
            .label_style((FONT, TEXT_PX))
            .x_desc(x.title)
            .axis_desc_style((FONT, TEXT_PX))
            .x_label_formatter(x.format)
            .y_label_formatter(y.format)
            .draw()?;
        draw(&mut chart)
    })
}
