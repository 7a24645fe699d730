use std::path::Path;

use semantic_inpaint_data::{Photo, write_atomically};
use semantic_inpaint_mask::MaskShape;
use semantic_inpaint_metrics::{Scores, ScoresSummary, Summary};

use super::row::to_csv;
use crate::{EvaluationRow, Result};

/// What an evaluation found.
#[derive(Debug, Clone)]
pub struct EvaluationReport {
    /// The report's title.
    pub title: String,
    /// Images, model and settings of the search in one line.
    pub settings: String,
    /// The masks in their order.
    pub masks: Vec<MaskShape>,
    /// A row for each image, mask and method.
    pub rows: Vec<EvaluationRow>,
    /// The first images: the original, then corrupted and completed (Poisson) for each mask.
    pub figure: Photo,
}

impl EvaluationReport {
    /// The means over images with their 95 % intervals, as a table in Markdown.
    ///
    /// # Errors
    ///
    /// [`Error::Metrics`](crate::Error::Metrics) when a score is NaN.
    pub fn table(&self) -> Result<String> {
        let mut text = String::from(
            "| mask | method | PSNR, image | PSNR, hole | SSIM | seam | s per image |\n\
             |---|---|---|---|---|---|---|\n",
        );
        for &mask in &self.masks {
            let rows: Vec<_> = self.rows.iter().filter(|row| row.mask == mask).collect();
            let mut methods: Vec<&str> = Vec::new();
            for row in &rows {
                if !methods.contains(&row.method.as_str()) {
                    methods.push(&row.method);
                }
            }
            for method in methods {
                let rows = rows.iter().filter(|row| row.method == method);
                let rows = rows.map(|row| (row.scores, row.seconds));
                let (scores, seconds): (Vec<Scores>, Vec<f64>) = rows.unzip();
                text += &line(mask, method, &ScoresSummary::new(&scores)?, &seconds)?;
            }
        }
        Ok(text)
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = format!(
            "# Latent search: {}\n\n{}\n\nMeans over images with 95 % intervals; PSNR in dB; seconds per \
             image, images searched together.\n\n{}",
            self.title,
            self.settings,
            self.table()?
        );
        write_atomically(folder.join("report.md"), text.as_bytes())?;
        let csv = to_csv(&self.rows);
        write_atomically(folder.join("per_image.csv"), csv.as_bytes())?;
        Ok(self.figure.save(folder.join("figure.png"))?)
    }
}

fn line(mask: MaskShape, method: &str, scores: &ScoresSummary, seconds: &[f64]) -> Result<String> {
    let ScoresSummary {
        psnr,
        hole_psnr,
        ssim,
        seam,
        ..
    } = scores;
    Ok(format!(
        "| `{mask}` | {method} | {} | {} | {ssim:.3} | {seam:.3} | {:.2} |\n",
        decibels(psnr),
        decibels(hole_psnr),
        Summary::new(seconds)?.mean,
    ))
}

/// The true image has no finite PSNR.
fn decibels(summary: &Summary) -> String {
    if summary.mean.is_finite() {
        format!("{summary:.2}")
    } else {
        "–".into()
    }
}
