use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, BitMapBackend, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea as _,
    IntoTextStyle as _, RGBColor, TextStyle, WHITE,
};
use plotters::style::{FontStyle, register_font};
use semantic_inpaint_data::Photo;

use super::failed;
use crate::Result;

/// The font's name within the drawing library.
pub(super) const FONT: &str = "Roboto";
pub(super) const TEXT_PX: i32 = 15;
pub(super) const LINE_PX: i32 = 18;
/// The library sets letters so much above where their line begins.
const RISE_PX: i32 = 5;

pub(super) type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;
pub(super) type Fault = DrawingAreaErrorKind<<BitMapBackend<'static> as DrawingBackend>::ErrorType>;

/// A white picture of this size with what is drawn on it. The font is embedded: none of the system is
/// used, and equal drawings give equal bytes.
pub(super) fn picture(
    (width_px, height_px): (u32, u32),
    draw: impl FnOnce(&Area<'_>) -> std::result::Result<(), Fault>,
) -> Result<Photo> {
    let font = include_bytes!("../../fonts/Roboto-Latin.ttf");
    register_font(FONT, FontStyle::Normal, font).map_err(|_| failed("the font is damaged"))?;
    let mut rgb = vec![255; 3 * (width_px * height_px) as usize];
    let area = BitMapBackend::with_buffer(&mut rgb, (width_px, height_px)).into_drawing_area();
    area.fill(&WHITE).map_err(failed)?;
    draw(&area).map_err(failed)?;
    area.present().map_err(failed)?;
    drop(area);
    Ok(Photo::from_rgb(height_px as usize, width_px as usize, rgb)?)
}

fn text_style<'a>(area: &Area<'a>, color: &'a RGBColor) -> TextStyle<'a> {
    (FONT, TEXT_PX).into_text_style(area).color(color)
}

/// Draws a text in one line, from its upper left corner.
pub(super) fn draw_line(
    area: &Area<'_>,
    text: &str,
    (left, top): (i32, i32),
) -> std::result::Result<(), Fault> {
    area.draw_text(text, &text_style(area, &BLACK), (left, top + RISE_PX))
}

/// Draws a text line by line, no line wider than `width_px` where words allow it.
pub(super) fn draw_wrapped(
    area: &Area<'_>,
    text: &str,
    (left, top): (i32, i32),
    width_px: u32,
) -> std::result::Result<(), Fault> {
    let mut line_top = top;
    for line in wrapped(area, text, width_px)? {
        draw_line(area, &line, (left, line_top))?;
        line_top += LINE_PX;
    }
    Ok(())
}

/// The lines of a text, broken between words, and within words that are too long.
fn wrapped(area: &Area<'_>, text: &str, width_px: u32) -> std::result::Result<Vec<String>, Fault> {
    let style = text_style(area, &BLACK);
    let fits = |line: &str| Ok::<_, Fault>(area.estimate_text_size(line, &style)?.0 <= width_px);
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.pop().unwrap_or_default();
        let together = if last.is_empty() {
            word.into()
        } else {
            format!("{last} {word}")
        };
        if fits(&together)? {
            lines.push(together);
            continue;
        }
        lines.extend((!last.is_empty()).then_some(last));
        let mut line = String::new();
        for character in word.chars() {
            if !line.is_empty() && !fits(&format!("{line}{character}"))? {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
        lines.push(line);
    }
    Ok(lines)
}
