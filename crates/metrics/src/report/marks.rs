use plotters::prelude::{Color as _, Polygon, RGBColor};

use super::canvas::{Area, Fault, LINE_PX, draw_line};

/// Okabe and Ito 2008: told apart by people of any color vision.
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];
const RADIUS_PX: f64 = 5.5;
/// Room for a name in the list of marks.
pub(super) const LEGEND_PX: i32 = 260;

/// A color and a form that stand for one of many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mark {
    pub(super) color: RGBColor,
    num_corners: usize,
}

/// The mark of the one at this place; 28 differ.
pub(super) fn mark(place: usize) -> Mark {
    const CORNERS: [usize; 4] = [24, 4, 3, 5];
    Mark {
        color: COLORS[place % COLORS.len()],
        num_corners: CORNERS[place / COLORS.len() % CORNERS.len()],
    }
}

impl Mark {
    /// The mark about a point, in pixels.
    pub(super) fn shape(self) -> Polygon<(i32, i32)> {
        self.shape_at((0, 0))
    }

    fn shape_at(self, (x, y): (i32, i32)) -> Polygon<(i32, i32)> {
        let corner = |index: usize| {
            let turn = std::f64::consts::TAU * index as f64 / self.num_corners as f64;
            let (sine, cosine) = turn.sin_cos();
            (
                x + (RADIUS_PX * sine).round() as i32,
                y - (RADIUS_PX * cosine).round() as i32,
            )
        };
        let corners: Vec<(i32, i32)> = (0..self.num_corners).map(corner).collect();
        Polygon::new(corners, self.color.filled())
    }
}

/// Draws the marks with what they stand for, one below the other.
pub(super) fn draw_legend(
    area: &Area<'_>,
    names: &[&str],
    (left, top): (i32, i32),
) -> Result<(), Fault> {
    for (place, name) in names.iter().enumerate() {
        let line = top + place as i32 * LINE_PX;
        area.draw(&mark(place).shape_at((left, line + LINE_PX / 2)))?;
        draw_line(area, name, (left + 14, line))?;
    }
    Ok(())
}
