use semantic_inpaint_mask::MaskShape;
use serde::{Deserialize, Serialize};

use crate::{MethodConfidence, Scores};

/// The scores of one image with one mask by one method.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationRow {
    /// The hole.
    pub mask: MaskShape,
    /// The image's name in its set.
    pub image: String,
    /// The label of what completed it.
    pub method: String,
    /// Its scores.
    pub scores: Scores,
    /// Seconds per image, of images that were completed together.
    pub seconds: f64,
    /// How sure the method was of it, if it says.
    pub confidence: Option<MethodConfidence>,
}

/// An image that a method has no valid result for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// The hole.
    pub mask: MaskShape,
    /// The image's name in its set.
    pub image: String,
    /// The method's name, or the label where only one of its completions is at fault.
    pub method: String,
    /// What went wrong, in one line.
    pub reason: String,
}

/// A line of a CSV file. Numbers are written in as many digits as give the same number back.
#[derive(Serialize, Deserialize)]
struct Line {
    mask: String,
    image: String,
    method: String,
    psnr_db: Option<f64>,
    hole_psnr_db: Option<f64>,
    ssim: Option<f64>,
    hole_l1: Option<f64>,
    seam: Option<f64>,
    #[serde(default)]
    uncertainty: Option<f64>,
    #[serde(default)]
    expected_hole_psnr_db: Option<f64>,
    seconds: Option<f64>,
    failure: String,
}

impl From<&EvaluationRow> for Line {
    fn from(row: &EvaluationRow) -> Self {
        Self {
            mask: row.mask.to_string(),
            image: row.image.clone(),
            method: row.method.clone(),
            psnr_db: Some(row.scores.psnr),
            hole_psnr_db: Some(row.scores.hole_psnr),
            ssim: Some(row.scores.ssim),
            hole_l1: Some(row.scores.hole_l1),
            seam: Some(row.scores.seam),
            seconds: Some(row.seconds),
            uncertainty: row.confidence.map(|confidence| confidence.uncertainty),
            expected_hole_psnr_db: (row.confidence)
                .and_then(|confidence| confidence.expected_hole_psnr),
            failure: String::new(),
        }
    }
}

impl From<&Failure> for Line {
    fn from(failure: &Failure) -> Self {
        Self {
            mask: failure.mask.to_string(),
            image: failure.image.clone(),
            method: failure.method.clone(),
            psnr_db: None,
            hole_psnr_db: None,
            ssim: None,
            hole_l1: None,
            seam: None,
            seconds: None,
            uncertainty: None,
            expected_hole_psnr_db: None,
            failure: failure.reason.clone(),
        }
    }
}

impl Line {
    /// The row, or the failure where a reason stands; `None` when the line is neither.
    fn read(self) -> Option<Result<EvaluationRow, Failure>> {
        let mask = self.mask.parse().ok()?;
        if !self.failure.is_empty() {
            return Some(Err(Failure {
                mask,
                image: self.image,
                method: self.method,
                reason: self.failure,
            }));
        }
        Some(Ok(EvaluationRow {
            mask,
            image: self.image,
            method: self.method,
            scores: Scores {
                psnr: self.psnr_db?,
                hole_psnr: self.hole_psnr_db?,
                ssim: self.ssim?,
                hole_l1: self.hole_l1?,
                seam: self.seam?,
            },
            seconds: self.seconds?,
            confidence: self.uncertainty.map(|uncertainty| MethodConfidence {
                uncertainty,
                expected_hole_psnr: self.expected_hole_psnr_db,
            }),
        }))
    }
}

/// Rows and failures as a CSV file; a failure has no numbers but its reason in the last column.
pub(crate) fn to_csv(rows: &[EvaluationRow], failures: &[Failure]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(Line::from(row))?;
    }
    for failure in failures {
        writer.serialize(Line::from(failure))?;
    }
    writer.into_inner().map_err(|error| {
        let kind = error.error().kind();
        csv::Error::from(std::io::Error::from(kind))
    })
}

/// The rows and failures of a CSV file; an error is the reason why it is none.
pub(super) fn from_csv(text: &str) -> Result<(Vec<EvaluationRow>, Vec<Failure>), String> {
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for line in csv::Reader::from_reader(text.as_bytes()).into_deserialize::<Line>() {
        let line = line.map_err(|error| error.to_string())?;
        let described = format!("{} of {} with {}", line.method, line.image, line.mask);
        match line.read() {
            Some(Ok(row)) => rows.push(row),
            Some(Err(failure)) => failures.push(failure),
            None => return Err(format!("the scores by {described} are not complete")),
        }
    }
    Ok((rows, failures))
}
