use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use semantic_inpaint_data::{ContactSheet, batch_to_photos, read_photo, write_atomically};
use semantic_inpaint_mask::MaskShape;
use semantic_inpaint_metrics::{Scores, ScoresSummary, Summary};
use semantic_inpaint_tensor::ImageBatch;

use crate::rows::{HEADER, Row};

const GAP_PX: usize = 2;

/// Prints the table and writes `report.md`, `per_image.csv` and `figure.png` into `out`.
pub(crate) fn write(out: &Path, masks: &[MaskShape], rows: &[Row], settings: &str) -> Result<()> {
    let table = table(masks, rows)?;
    println!("{table}");
    let report = format!(
        "# Latent search on CelebA\n\n{settings}\n\n\
         Means over images with 95 % intervals; PSNR in dB; seconds per image, images searched \
         together.\n\n{table}"
    );
    write_atomically(out.join("report.md"), report.as_bytes())?;
    let lines: Vec<String> = rows.iter().map(Row::to_line).collect();
    let csv = format!("{HEADER}\n{}\n", lines.join("\n"));
    write_atomically(out.join("per_image.csv"), csv.as_bytes())?;
    write_figure(&out.join("figure.png"), &out.join("parts"), masks)?;
    eprintln!(
        "wrote report.md, per_image.csv and figure.png in {}",
        out.display()
    );
    Ok(())
}

fn table(masks: &[MaskShape], rows: &[Row]) -> Result<String> {
    let mut text = String::from(
        "| mask | method | PSNR, image | PSNR, hole | SSIM | seam | s per image |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for &mask in masks {
        let of_mask: Vec<&Row> = rows.iter().filter(|row| row.mask == mask).collect();
        let mut methods: Vec<&str> = Vec::new();
        for row in &of_mask {
            if !methods.contains(&row.method.as_str()) {
                methods.push(&row.method);
            }
        }
        for method in methods {
            let rows = of_mask.iter().filter(|row| row.method == method);
            let (scores, seconds): (Vec<Scores>, Vec<f64>) =
                rows.map(|row| (row.scores, row.seconds)).unzip();
            let ScoresSummary {
                psnr,
                hole_psnr,
                ssim,
                seam,
                ..
            } = ScoresSummary::new(&scores)?;
            let seconds = Summary::new(&seconds)?.mean;
            writeln!(
                text,
                "| `{mask}` | {method} | {} | {} | {ssim:.3} | {seam:.3} | {seconds:.2} |",
                decibels(&psnr),
                decibels(&hole_psnr),
            )?;
        }
    }
    Ok(text)
}

/// The true image has no finite PSNR.
fn decibels(summary: &Summary) -> String {
    if summary.mean.is_finite() {
        format!("{summary:.2}")
    } else {
        "–".into()
    }
}

/// The file of one mask's rows.
pub(crate) fn part_file(parts: &Path, mask: MaskShape) -> PathBuf {
    parts.join(format!("{}.csv", file_name(mask)))
}

/// The files of one mask's columns in the figure: corrupted and completed.
pub(crate) fn strip_files(parts: &Path, mask: MaskShape) -> [PathBuf; 2] {
    ["corrupted", "completed"].map(|what| parts.join(format!("{}-{what}.png", file_name(mask))))
}

fn file_name(mask: MaskShape) -> String {
    mask.to_string().replace(':', "-")
}

/// Saves images as a column of the figure.
pub(crate) fn write_strip(path: &Path, images: &ImageBatch) -> Result<()> {
    let sheet = ContactSheet {
        num_columns: 1,
        gap_px: GAP_PX,
        ..ContactSheet::default()
    };
    Ok(sheet.render(&batch_to_photos(images)?)?.save(path)?)
}

/// One row per image: the original, then corrupted and completed for each mask.
fn write_figure(path: &Path, parts: &Path, masks: &[MaskShape]) -> Result<()> {
    let mut strips = vec![read_photo(parts.join("originals.png"))?];
    for &mask in masks {
        for file in strip_files(parts, mask) {
            strips.push(read_photo(file)?);
        }
    }
    let sheet = ContactSheet {
        num_columns: strips.len(),
        gap_px: GAP_PX,
        ..ContactSheet::default()
    };
    Ok(sheet.render(&strips)?.save(path)?)
}
