//! The report of an evaluation: a page, its numbers for programs, its figures.

mod bars;
mod canvas;
mod chart;
mod document;
mod figures;
mod hole_size;
mod latent_map;
mod marks;
mod page;
mod page_section;
mod search_course;
mod speed;
mod strips;
mod summary;
#[cfg(test)]
mod tests;
mod time_curves;
mod tsne;

use std::path::Path;

use semantic_inpaint_data::{Photo, encode_png, write_atomically};

use crate::evaluation::{file_stem, to_csv};
use crate::{Error, EvaluationReport, Result};

use document::Document;
pub use latent_map::{PointGroup, draw_latent_map};
pub use page_section::PageSection;
pub use strips::draw_strips;
pub use time_curves::{TimeCurve, TimePoint, draw_time_curves, time_curves_csv};
pub use tsne::{TsneConfig, tsne};

/// A picture of a report.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    title: String,
    caption: String,
    /// The name of its file, without folder and extension.
    stem: String,
    photo: Photo,
}

/// A figure as it is written.
struct WrittenFigure {
    title: String,
    caption: String,
    /// Within the report's folder.
    path: String,
    png: Vec<u8>,
}

impl EvaluationReport {
    /// Adds a picture behind the report's own figures: a map of latents, the losses of a training run. Its
    /// file is named after the title: `figures/latent-space.png` for `Latent space`.
    pub fn add_figure(
        &mut self,
        title: impl Into<String>,
        caption: impl Into<String>,
        photo: Photo,
    ) {
        let title = title.into();
        let words: Vec<&str> = title.split_whitespace().collect();
        let stem = file_stem(&words.join("-").to_lowercase());
        let caption = caption.into();
        self.added_figures.push(Figure {
            title,
            caption,
            stem,
            photo,
        });
    }

    /// Writes the report into a folder, which is made where there is none: `report.md`, `report.html`
    /// (the same in one file, with its pictures), `per_image.csv` with all rows and failures,
    /// `summary.json` with the means, and `figures/*.png`. Each file appears whole or not at all.
    ///
    /// Equal reports give equal bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] and [`Error::File`] naming a file, [`Error::Report`] when a figure cannot be drawn,
    /// [`Error::NoMean`] when a score is NaN.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let figures_folder = folder.join("figures");
        std::fs::create_dir_all(&figures_folder).map_err(Error::file(&figures_folder))?;
        let own = figures::figures(self)?;
        let mut figures: Vec<WrittenFigure> = Vec::new();
        for figure in own.iter().chain(&self.added_figures) {
            let Figure {
                title,
                caption,
                stem,
                photo,
            } = figure;
            let path = free_path(stem, &figures);
            let png = encode_png(photo)?;
            write_atomically(folder.join(&path), &png)?;
            let (title, caption) = (title.clone(), caption.clone());
            figures.push(WrittenFigure {
                title,
                caption,
                path,
                png,
            });
        }
        let document = Document::new(self, &figures)?;
        let csv = to_csv(&self.rows, &self.failures).map_err(failed)?;
        let mut json =
            serde_json::to_vec_pretty(&summary::Summaries::new(self)?).map_err(failed)?;
        json.push(b'\n');
        for (name, bytes) in [
            ("per_image.csv", csv),
            ("summary.json", json),
            ("report.html", page::to_html(&document).into_bytes()),
            ("report.md", document.to_markdown().into_bytes()),
        ] {
            write_atomically(folder.join(name), &bytes)?;
        }
        Ok(())
    }
}

/// A path for a figure that none of the others has.
fn free_path(stem: &str, others: &[WrittenFigure]) -> String {
    let numbered = (2..).map(|number| format!("figures/{stem}-{number}.png"));
    let mut paths = std::iter::once(format!("figures/{stem}.png")).chain(numbered);
    let is_free = |path: &String| others.iter().all(|other| other.path != *path);
    paths.find(is_free).unwrap_or_default()
}

fn failed(error: impl std::fmt::Display) -> Error {
    let reason = error.to_string();
    Error::Report { reason }
}
