//! Free-form strokes of a round brush.

use std::f64::consts::{PI, TAU};

use ndarray::Array2;
use semantic_inpaint_tensor::Rng;

/// The largest missing share: a segment that would exceed it is left out.
const MAX_SHARE: f64 = 0.5;
const STROKES: (usize, usize) = (1, 4);
const SEGMENTS: (usize, usize) = (4, 8);
/// Length of a segment and radius of the brush, as shares of the shorter side of the image.
const SEGMENT_LENGTH: (f64, f64) = (0.08, 0.25);
const BRUSH_RADIUS: (f64, f64) = (0.03, 0.08);
/// A brush of this radius marks at least one pixel wherever its center lies.
const MIN_RADIUS_PX: f64 = 0.75;
/// The largest turn between two segments.
const MAX_TURN: f64 = 0.6 * PI;

/// Marks strokes as missing: chains of segments that turn at random, in the spirit of the free-form
/// masks of Yu et al. 2019 (arXiv:1806.03589, algorithm 1).
pub(super) fn draw(height: usize, width: usize, rng: &mut Rng) -> Array2<bool> {
    let mut canvas = Canvas::new(height, width);
    for _ in 0..between(STROKES, rng) {
        draw_stroke(&mut canvas, rng);
    }
    canvas.missing
}

fn draw_stroke(canvas: &mut Canvas, rng: &mut Rng) {
    let (height, width) = (canvas.missing.nrows() as f64, canvas.missing.ncols() as f64);
    let scale = height.min(width);
    let radius = (scale * uniform(BRUSH_RADIUS, rng)).max(MIN_RADIUS_PX);
    let mut from = Point {
        y: height * rng.next_unit(),
        x: width * rng.next_unit(),
    };
    let mut direction = TAU * rng.next_unit();
    canvas.draw_pixel(from);
    for _ in 0..between(SEGMENTS, rng) {
        let length = scale * uniform(SEGMENT_LENGTH, rng);
        let (sin, cos) = direction.sin_cos();
        let to = Point {
            y: (from.y + length * sin).clamp(0.0, height),
            x: (from.x + length * cos).clamp(0.0, width),
        };
        canvas.draw_segment(from, to, radius);
        from = to;
        direction += uniform((-MAX_TURN, MAX_TURN), rng);
    }
}

fn uniform((low, high): (f64, f64), rng: &mut Rng) -> f64 {
    low + (high - low) * rng.next_unit()
}

fn between((low, high): (usize, usize), rng: &mut Rng) -> usize {
    low + rng.next_index(high - low + 1)
}

#[derive(Debug, Clone, Copy)]
struct Point {
    y: f64,
    x: f64,
}

struct Canvas {
    missing: Array2<bool>,
    num_missing: usize,
    max_missing: usize,
}

impl Canvas {
    fn new(height: usize, width: usize) -> Self {
        Self {
            missing: Array2::from_elem((height, width), false),
            num_missing: 0,
            max_missing: (MAX_SHARE * (height * width) as f64) as usize,
        }
    }

    fn draw_pixel(&mut self, at: Point) {
        self.mark(&[(at.y as usize, at.x as usize)]);
    }

    /// Marks the pixels whose centers lie within `radius` of the segment.
    fn draw_segment(&mut self, from: Point, to: Point, radius: f64) {
        let (height, width) = self.missing.dim();
        let reach = |low: f64, high: f64, len: usize| {
            (low - radius).max(0.0) as usize..((high + radius).ceil() as usize).min(len)
        };
        let rows = reach(from.y.min(to.y), from.y.max(to.y), height);
        let cols = reach(from.x.min(to.x), from.x.max(to.x), width);
        let mut pixels = Vec::new();
        for row in rows {
            for col in cols.clone() {
                let center = Point {
                    y: row as f64 + 0.5,
                    x: col as f64 + 0.5,
                };
                if squared_distance(center, from, to) <= radius * radius {
                    pixels.push((row, col));
                }
            }
        }
        self.mark(&pixels);
    }

    /// Marks all of `pixels`, or none when too many would be missing.
    fn mark(&mut self, pixels: &[(usize, usize)]) {
        let num_new = pixels.iter().filter(|&&pixel| !self.missing[pixel]).count();
        if self.num_missing + num_new <= self.max_missing {
            self.num_missing += num_new;
            pixels.iter().for_each(|&pixel| self.missing[pixel] = true);
        }
    }
}

/// The squared distance of a point from a segment.
fn squared_distance(point: Point, from: Point, to: Point) -> f64 {
    let (along_y, along_x) = (to.y - from.y, to.x - from.x);
    let squared_length = along_y * along_y + along_x * along_x;
    let share = if squared_length > 0.0 {
        let dot = (point.y - from.y) * along_y + (point.x - from.x) * along_x;
        (dot / squared_length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let (y, x) = (
        point.y - from.y - share * along_y,
        point.x - from.x - share * along_x,
    );
    y * y + x * x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_a_capsule() {
        let mut canvas = Canvas::new(9, 20);
        canvas.draw_segment(Point { y: 4.5, x: 5.5 }, Point { y: 4.5, x: 14.5 }, 2.0);
        let row = |row: usize| canvas.missing.row(row).iter().filter(|&&m| m).count();
        // Ten columns at the brush's width, and round ends of two pixels more on the axis.
        assert_eq!(
            [row(1), row(2), row(3), row(4), row(5), row(6), row(7)],
            [0, 10, 12, 14, 12, 10, 0]
        );
        assert!(canvas.missing[(4, 3)] && !canvas.missing[(4, 2)]);
    }

    #[test]
    fn distance_beyond_an_end_is_measured_from_that_end() {
        let (from, to) = (Point { y: 0.0, x: 0.0 }, Point { y: 0.0, x: 4.0 });
        assert_eq!(squared_distance(Point { y: 3.0, x: 8.0 }, from, to), 25.0);
        assert_eq!(squared_distance(Point { y: 3.0, x: 2.0 }, from, to), 9.0);
        assert_eq!(squared_distance(Point { y: 3.0, x: 4.0 }, from, from), 25.0);
    }

    #[test]
    fn a_segment_that_would_exceed_half_of_the_image_is_left_out() {
        let mut canvas = Canvas::new(8, 8);
        canvas.draw_segment(Point { y: 4.0, x: 0.0 }, Point { y: 4.0, x: 8.0 }, 8.0);
        assert!(canvas.missing.iter().all(|&is_missing| !is_missing));
    }
}
