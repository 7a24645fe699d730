use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use semantic_inpaint_data::write_atomically;
use semantic_inpaint_mask::MaskShape;
use semantic_inpaint_metrics::Scores;

pub(crate) const HEADER: &str = "mask,image,method,psnr_db,hole_psnr_db,ssim,hole_l1,seam,seconds";

/// The scores of one image with one mask by one method.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) mask: MaskShape,
    pub(crate) image: String,
    pub(crate) method: String,
    pub(crate) scores: Scores,
    pub(crate) seconds: f64,
}

impl Row {
    /// The row as a line of a CSV file under [`HEADER`].
    pub(crate) fn to_line(&self) -> String {
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
        let numbers: Vec<f64> = numbers
            .iter()
            .map(|number| number.parse())
            .collect::<Result<_, _>>()
            .ok()?;
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

/// Writes the rows of one mask, and above them the settings that they belong to.
pub(crate) fn write_part(path: &Path, settings: &str, rows: &[Row]) -> Result<()> {
    let lines: Vec<String> = rows.iter().map(Row::to_line).collect();
    let text = format!("# {settings}\n{HEADER}\n{}\n", lines.join("\n"));
    Ok(write_atomically(path, text.as_bytes())?)
}

/// The rows of one mask as an earlier run with the same settings wrote them; `None` without a file.
pub(crate) fn read_part(path: &Path, settings: &str) -> Result<Option<Vec<Row>>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path)?;
    let mut lines = text.lines();
    let found = lines.next().unwrap_or_default().trim_start_matches("# ");
    ensure!(
        found == settings,
        "{} was made with other settings: remove it or choose another --out\n  then {found}\n  now  {settings}",
        path.display()
    );
    let rows = lines.skip(1).map(|line| {
        Row::from_line(line).with_context(|| format!("{}: bad line `{line}`", path.display()))
    });
    rows.collect::<Result<_>>().map(Some)
}
