use std::path::{Path, PathBuf};

use semantic_inpaint_data::write_atomically;
use semantic_inpaint_mask::MaskShape;
use semantic_inpaint_metrics::Scores;

use crate::{Error, Result};

pub(super) const HEADER: &str = "mask,image,method,psnr_db,hole_psnr_db,ssim,hole_l1,seam,seconds";

/// The scores of one image with one mask by one method.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationRow {
    /// The hole.
    pub mask: MaskShape,
    /// The image's name in its set.
    pub image: String,
    /// What completed it.
    pub method: String,
    /// Its scores.
    pub scores: Scores,
    /// Seconds per image, of images that were searched together.
    pub seconds: f64,
}

impl EvaluationRow {
    /// The row as a line of a CSV file under [`HEADER`].
    pub(super) fn to_line(&self) -> String {
        let Self {
            mask,
            image,
            method,
            scores,
            seconds,
        } = self;
        let numbers = [
            scores.psnr,
            scores.hole_psnr,
            scores.ssim,
            scores.hole_l1,
            scores.seam,
            *seconds,
        ];
        let numbers = numbers.map(|number| format!("{number:.6}")).join(",");
        format!("{mask},{image},{method},{numbers}")
    }

    fn from_line(line: &str) -> Option<Self> {
        let [mask, image, method, numbers @ ..] = &line.split(',').collect::<Vec<_>>()[..] else {
            return None;
        };
        let numbers = numbers.iter().map(|number| number.parse());
        let numbers: Vec<f64> = numbers.collect::<std::result::Result<_, _>>().ok()?;
        let &[psnr, hole_psnr, ssim, hole_l1, seam, seconds] = &numbers[..] else {
            return None;
        };
        Some(Self {
            mask: mask.parse().ok()?,
            image: (*image).into(),
            method: (*method).into(),
            scores: Scores {
                psnr,
                hole_psnr,
                ssim,
                hole_l1,
                seam,
            },
            seconds,
        })
    }
}

/// The name of a mask's files.
pub(super) fn file_name(mask: MaskShape) -> String {
    mask.to_string().replace(':', "-")
}

fn part_file(parts: &Path, mask: MaskShape) -> PathBuf {
    parts.join(format!("{}.csv", file_name(mask)))
}

/// The rows as a CSV file.
pub(super) fn to_csv(rows: &[EvaluationRow]) -> String {
    let lines: Vec<String> = rows.iter().map(EvaluationRow::to_line).collect();
    format!("{HEADER}\n{}\n", lines.join("\n"))
}

/// Writes the rows of one mask, and above them the settings that they belong to.
pub(super) fn write_part(
    parts: &Path,
    mask: MaskShape,
    settings: &str,
    rows: &[EvaluationRow],
) -> Result<()> {
    let text = format!("# {settings}\n{}", to_csv(rows));
    Ok(write_atomically(part_file(parts, mask), text.as_bytes())?)
}

/// The rows of one mask as an earlier run with the same settings wrote them; `None` without a file.
pub(super) fn read_part(
    parts: &Path,
    mask: MaskShape,
    settings: &str,
) -> Result<Option<Vec<EvaluationRow>>> {
    let path = part_file(parts, mask);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
    let other = || Error::OtherEvaluation { path: path.clone() };
    let mut lines = text.lines();
    let found = lines.next().unwrap_or_default();
    if found.strip_prefix("# ") != Some(settings) {
        return Err(other());
    }
    let rows = lines.skip(1);
    let rows = rows.map(|line| EvaluationRow::from_line(line).ok_or_else(other));
    rows.collect::<Result<_>>().map(Some)
}
