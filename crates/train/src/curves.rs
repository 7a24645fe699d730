mod panel;
mod thinned;

use std::collections::BTreeMap;
use std::path::Path;

use plotters::prelude::{BitMapBackend, IntoDrawingArea as _, WHITE};
use plotters::style::{FontStyle, register_font};
use semantic_inpaint_nn::weight_file::write_whole;

use crate::history::Series;
use crate::{Error, History, Result, RunDirectory};
use panel::Panel;

const WIDTH_PX: u32 = 960;
const PANEL_HEIGHT_PX: u32 = 300;
/// The font's name within the drawing library.
const FONT: &str = "Roboto";

/// Draws the curves of a run from its event log: `curves/training.png` with losses, logits and what
/// else its steps measured, and `curves/scores.png` with the scores of its checkpoints. A picture
/// without a curve is not written.
///
/// Each family of numbers has a panel. A line goes through the means over up to 160 equal parts of
/// the run, the band behind it from the least to the largest value there; what lies outside the
/// middle 98 % is cut off, so that one spike does not flatten the rest. The font is embedded: no font
/// of the system is used, and equal logs give equal bytes.
///
/// # Errors
///
/// [`Error::Io`] naming the file, [`Error::Curves`] when the drawing library fails.
pub fn draw_curves(run: &RunDirectory) -> Result<()> {
    let history = History::read(&run.events())?;
    let folder = run.curves();
    std::fs::create_dir_all(&folder).map_err(crate::error::io(&folder))?;
    draw(history.steps(), &folder.join("training.png"))?;
    draw(history.scores(), &folder.join("scores.png"))
}

fn draw(numbers: &BTreeMap<String, Series>, path: &Path) -> Result<()> {
    let panels = panels(numbers);
    if panels.is_empty() {
        return Ok(());
    }
    let height_px = PANEL_HEIGHT_PX * panels.len() as u32;
    let mut rgb = vec![0; 3 * (WIDTH_PX * height_px) as usize];
    render(&panels, &mut rgb, height_px).map_err(|reason| Error::Curves { reason })?;
    let png = encode(&rgb, height_px).map_err(|error| Error::Curves {
        reason: error.to_string(),
    })?;
    Ok(write_whole(path, &png)?)
}

/// Numbers whose names end in the same word share a panel: `generator_loss` and `discriminator_loss`.
/// A score and its value between halves of the real images do, too.
fn panels(numbers: &BTreeMap<String, Series>) -> Vec<Panel<'_>> {
    let mut panels: BTreeMap<(usize, &str), Panel<'_>> = BTreeMap::new();
    for (name, series) in numbers {
        panels.entry(family(name)).or_default().add(name, series);
    }
    panels.into_values().collect()
}

/// Place among the panels and name of what a number belongs to.
fn family(name: &str) -> (usize, &str) {
    let name = name.strip_suffix("_of_halves").unwrap_or(name);
    match name.rsplit_once('_') {
        Some((_, "loss")) => (0, "loss"),
        Some((_, "logit")) => (1, "logit"),
        _ if name == "images_per_second" => (3, name),
        _ => (2, name),
    }
}

fn render(panels: &[Panel<'_>], rgb: &mut [u8], height_px: u32) -> std::result::Result<(), String> {
    let font = include_bytes!("../fonts/Roboto-Latin.ttf");
    register_font(FONT, FontStyle::Normal, font).map_err(|_| "the font is damaged".to_owned())?;
    let area = BitMapBackend::with_buffer(rgb, (WIDTH_PX, height_px)).into_drawing_area();
    area.fill(&WHITE).map_err(|error| error.to_string())?;
    for (panel, area) in panels.iter().zip(area.split_evenly((panels.len(), 1))) {
        panel.draw(&area).map_err(|error| error.to_string())?;
    }
    area.present().map_err(|error| error.to_string())
}

fn encode(rgb: &[u8], height_px: u32) -> std::result::Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH_PX, height_px);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(rgb)?;
    Ok(bytes)
}
