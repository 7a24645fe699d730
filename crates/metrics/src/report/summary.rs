use semantic_inpaint_mask::MaskShape;
use serde::Serialize;

use crate::{
    ConfidenceSummary, EvaluationReport, Failure, MethodRecord, Result, ScoresSummary, Summary,
    Verdict,
};

/// `summary.json`.
#[derive(Serialize)]
pub(super) struct Summaries<'a> {
    title: &'a str,
    notes: &'a [String],
    settings: &'a str,
    methods: &'a [MethodRecord],
    masks: Vec<OfMask>,
    verdicts: Vec<Verdict>,
    failures: &'a [Failure],
}

#[derive(Serialize)]
struct OfMask {
    mask: MaskShape,
    missing_share: f64,
    completions: Vec<OfLabel>,
}

#[derive(Serialize)]
struct OfLabel {
    label: String,
    scores: ScoresSummary,
    seconds_per_image: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<ConfidenceSummary>,
}

impl<'a> Summaries<'a> {
    pub(super) fn new(report: &'a EvaluationReport) -> Result<Self> {
        let mut masks = Vec::new();
        for (&mask, &missing_share) in report.masks.iter().zip(&report.missing_shares) {
            let mut completions = Vec::new();
            for label in report.labels_and_truth() {
                let scores = report.summary(mask, label)?;
                if let (Some(scores), Some(seconds)) = (scores, report.seconds(mask, label)?) {
                    completions.push(OfLabel {
                        label: label.into(),
                        scores,
                        seconds_per_image: seconds,
                        confidence: report.confidence(mask, label),
                    });
                }
            }
            masks.push(OfMask {
                mask,
                missing_share,
                completions,
            });
        }
        Ok(Self {
            title: &report.title,
            notes: &report.notes,
            settings: &report.settings,
            methods: &report.methods,
            masks,
            verdicts: report.verdicts()?,
            failures: &report.failures,
        })
    }
}
