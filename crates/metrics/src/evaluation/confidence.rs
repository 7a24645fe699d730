use semantic_inpaint_mask::MaskShape;
use serde::Serialize;

use super::{EvaluationReport, EvaluationRow, MethodConfidence};
use crate::rank_correlation;
use crate::table::{Cell, Table};

/// How well a method knew which of its completions were good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ConfidenceSummary {
    /// Images of which it said how sure it was.
    pub num_images: usize,
    /// Spearman's rank correlation of its uncertainty with the true error in the hole, -1 to 1: 1 where the
    /// images that it was surest of are those with the highest PSNR in the hole, in order. `None` where one of
    /// both is the same for all images.
    pub rank_correlation: Option<f64>,
    /// Mean distance of the expected PSNR in the hole from the true one, in dB; `None` unless it told it of every
    /// image.
    pub expected_error_db: Option<f64>,
}

impl EvaluationReport {
    /// How well a label's uncertainty with a mask goes with the true errors; `None` where it was not told of
    /// any image.
    #[must_use]
    pub fn confidence(&self, mask: MaskShape, label: &str) -> Option<ConfidenceSummary> {
        let rows = self.rows.iter();
        let rows = rows.filter(|row| row.mask == mask && row.method == label);
        let told = |row: &EvaluationRow| Some((row.confidence?, row.scores.hole_psnr));
        let told: Vec<(MethodConfidence, f64)> = rows.filter_map(told).collect();
        if told.is_empty() {
            return None;
        }
        let uncertainty: Vec<f64> = told.iter().map(|(told, _)| told.uncertainty).collect();
        let error: Vec<f64> = told.iter().map(|(_, psnr)| -psnr).collect();
        let missed = told
            .iter()
            .map(|(told, psnr)| Some((told.expected_hole_psnr? - psnr).abs()));
        let missed: Option<Vec<f64>> = missed.collect();
        Some(ConfidenceSummary {
            num_images: told.len(),
            rank_correlation: rank_correlation(&uncertainty, &error),
            expected_error_db: missed.map(|missed| missed.iter().sum::<f64>() / told.len() as f64),
        })
    }

    /// A row for each mask and label that tells how sure it is; `None` without any.
    pub(crate) fn confidence_table(&self) -> Option<Table> {
        let head = [
            "mask",
            "method",
            "images",
            "rank correlation",
            "expected PSNR off by, dB",
        ];
        let mut table = Table {
            head: head.map(Into::into).into(),
            num_word_columns: 2,
            ..Table::default()
        };
        for &mask in &self.masks {
            for label in self.labels() {
                let Some(summary) = self.confidence(mask, label) else {
                    continue;
                };
                let number = |value: Option<f64>| {
                    value.map_or_else(|| "–".into(), |value| format!("{value:.2}"))
                };
                let cells = [
                    Cell::code(mask.to_string()),
                    Cell::plain(label),
                    Cell::plain(summary.num_images.to_string()),
                    Cell::plain(number(summary.rank_correlation)),
                    Cell::plain(number(summary.expected_error_db)),
                ];
                table.rows.push(cells.into());
            }
        }
        (!table.rows.is_empty()).then_some(table)
    }
}
