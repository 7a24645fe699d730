use semantic_inpaint_data::{ImageSet, Photo};
use semantic_inpaint_mask::MaskShape;
use serde::Serialize;

use super::comparison::{Comparison, Verdict, paired_difference};
use super::method::{EvaluatedMethod, MethodFamily};
use super::part::Part;
use super::row::{EvaluationRow, Failure};
use super::{EvaluationCourse, TRUTH};
use crate::table::{Cell, Table};
use crate::{Result, Scores, ScoresSummary, Summary};

/// What an evaluation found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EvaluationReport {
    /// The report's title.
    pub title: String,
    /// Sentences for its head.
    pub notes: Vec<String>,
    /// The images and the seed of the masks in one line.
    pub settings: String,
    /// The methods in their order.
    pub methods: Vec<MethodRecord>,
    /// The masks in their order.
    pub masks: Vec<MaskShape>,
    /// The share of the pixels that each mask hides, 0 to 1, mean over images.
    pub missing_shares: Vec<f64>,
    /// Rows by mask, label and image; those of the true image stand last of each mask.
    pub rows: Vec<EvaluationRow>,
    /// Images without a valid result.
    pub failures: Vec<Failure>,
    /// The first images: originals (`true image`), `corrupted`, and completed by each label.
    pub pictures: Vec<EvaluationPicture>,
    /// How the objectives of methods that have one fell, by mask, method and image.
    pub courses: Vec<EvaluationCourse>,
    #[cfg(feature = "report")]
    pub(crate) added_figures: Vec<crate::report::Figure>,
}

/// One method of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MethodRecord {
    /// Its name.
    pub name: String,
    /// What its results depend on.
    pub settings: String,
    /// Whether it has learned from other images.
    pub family: MethodFamily,
    /// The labels of its completions; empty when all images failed.
    pub labels: Vec<String>,
}

/// A picture of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationPicture {
    /// The hole.
    pub mask: MaskShape,
    /// The image's name in its set.
    pub image: String,
    /// The label of what completed it; `true image` and `corrupted` are the pictures before.
    pub method: String,
    /// The picture.
    pub photo: Photo,
}

impl EvaluationReport {
    pub(super) fn empty(
        title: &str,
        notes: &[String],
        methods: &[&dyn EvaluatedMethod],
        seed: u64,
        images: &ImageSet,
    ) -> Self {
        let record = |method: &&dyn EvaluatedMethod| MethodRecord {
            name: method.name(),
            settings: method.settings(),
            family: method.family(),
            labels: Vec::new(),
        };
        Self {
            title: title.into(),
            notes: notes.to_vec(),
            settings: settings(images, seed),
            methods: methods.iter().map(record).collect(),
            masks: Vec::new(),
            missing_shares: Vec::new(),
            rows: Vec::new(),
            failures: Vec::new(),
            pictures: Vec::new(),
            courses: Vec::new(),
            #[cfg(feature = "report")]
            added_figures: Vec::new(),
        }
    }

    /// Adds what the method at this place made with one mask.
    pub(super) fn add(&mut self, place: usize, (part, pictures): (Part, Vec<EvaluationPicture>)) {
        let labels = &mut self.methods[place].labels;
        for row in &part.rows {
            if !labels.contains(&row.method) {
                labels.push(row.method.clone());
            }
        }
        self.rows.extend(part.rows);
        self.failures.extend(part.failures);
        self.pictures.extend(pictures);
        self.courses.extend(part.courses);
    }

    /// The labels of all completions, in the order of the methods.
    #[must_use]
    pub fn labels(&self) -> Vec<&str> {
        let labels = self.methods.iter().flat_map(|method| &method.labels);
        labels.map(String::as_str).collect()
    }

    #[cfg(feature = "report")]
    pub(crate) fn labels_and_truth(&self) -> Vec<&str> {
        let mut labels = self.labels();
        labels.push(TRUTH);
        labels
    }

    /// The scores of a label with a mask over its images; `None` where it has none.
    ///
    /// # Errors
    ///
    /// [`Error::NoMean`](crate::Error::NoMean) when a score is NaN.
    pub fn summary(&self, mask: MaskShape, label: &str) -> Result<Option<ScoresSummary>> {
        let scores: Vec<Scores> = self.rows_of(mask, label).map(|row| row.scores).collect();
        (!scores.is_empty())
            .then(|| ScoresSummary::new(&scores))
            .transpose()
    }

    /// The seconds per image of a label with a mask; `None` where it has no image.
    ///
    /// # Errors
    ///
    /// [`Error::NoMean`](crate::Error::NoMean) when they are NaN.
    pub fn seconds(&self, mask: MaskShape, label: &str) -> Result<Option<Summary>> {
        let seconds: Vec<f64> = self.rows_of(mask, label).map(|row| row.seconds).collect();
        (!seconds.is_empty())
            .then(|| Summary::new(&seconds))
            .transpose()
    }

    fn rows_of<'a>(
        &'a self,
        mask: MaskShape,
        label: &'a str,
    ) -> impl Iterator<Item = &'a EvaluationRow> {
        self.rows
            .iter()
            .filter(move |row| row.mask == mask && row.method == label)
    }

    /// The means over images with their 95 % intervals, as a table in Markdown: a row for each mask and
    /// label.
    ///
    /// # Errors
    ///
    /// [`Error::NoMean`](crate::Error::NoMean) when a score is NaN.
    pub fn table(&self) -> Result<String> {
        Ok(self.long_table()?.to_markdown())
    }

    /// The mean PSNR in the hole with its 95 % interval, as a table in Markdown: a row for each label, a
    /// column for each mask, the best of each in bold.
    ///
    /// # Errors
    ///
    /// [`Error::NoMean`](crate::Error::NoMean) when a score is NaN.
    pub fn hole_psnr_table(&self) -> Result<String> {
        Ok(self.compact_table()?.to_markdown())
    }

    pub(crate) fn long_table(&self) -> Result<Table> {
        let head = [
            "mask",
            "method",
            "images",
            "PSNR, image",
            "PSNR, hole",
            "SSIM",
            "L1, hole",
            "seam",
            "s per image",
        ];
        let mut table = Table {
            head: head.map(Into::into).into(),
            num_word_columns: 2,
            ..Table::default()
        };
        for &mask in &self.masks {
            for label in self.labels().into_iter().chain([TRUTH]) {
                let (Some(scores), Some(seconds)) =
                    (self.summary(mask, label)?, self.seconds(mask, label)?)
                else {
                    continue;
                };
                let numbers = [
                    self.rows_of(mask, label).count().to_string(),
                    decibels(&scores.psnr),
                    decibels(&scores.hole_psnr),
                    format!("{:.3}", scores.ssim),
                    format!("{:.3}", scores.hole_l1),
                    format!("{:.3}", scores.seam),
                    if label == TRUTH {
                        "–".into()
                    } else {
                        short_seconds(seconds.mean)
                    },
                ];
                let words = [Cell::code(mask.to_string()), Cell::plain(label)];
                table
                    .rows
                    .push(words.into_iter().chain(numbers.map(Cell::plain)).collect());
            }
        }
        Ok(table)
    }

    pub(crate) fn compact_table(&self) -> Result<Table> {
        let masks = self.masks.iter().map(ToString::to_string);
        let mut table = Table {
            head: [String::from("PSNR, hole (dB)")]
                .into_iter()
                .chain(masks)
                .collect(),
            num_word_columns: 1,
            ..Table::default()
        };
        let mut best = Vec::new();
        for verdict in self.verdicts()? {
            best.push((verdict.mask, verdict.best));
        }
        for label in self.labels() {
            let mut row = vec![Cell::plain(label)];
            for &mask in &self.masks {
                let scores = self.summary(mask, label)?;
                let text = scores.map_or("–".into(), |scores| decibels(&scores.hole_psnr));
                let is_best = best.iter().any(|(of, best)| *of == mask && best == label);
                row.push(if is_best {
                    Cell::strong(text)
                } else {
                    Cell::plain(text)
                });
            }
            table.rows.push(row);
        }
        Ok(table)
    }

    /// Which completion is best for each mask, and how surely. A mask without any completion is left out.
    ///
    /// The best learned completion is compared with the best classical fill, the best one of all first.
    ///
    /// # Errors
    ///
    /// [`Error::NoMean`](crate::Error::NoMean) when a score is NaN.
    pub fn verdicts(&self) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::new();
        for &mask in &self.masks {
            let mut ranked = Vec::new();
            for method in &self.methods {
                for label in &method.labels {
                    if let Some(scores) = self.summary(mask, label)? {
                        ranked.push((label, method.family, scores.hole_psnr));
                    }
                }
            }
            ranked.sort_by(|one, other| other.2.mean.total_cmp(&one.2.mean));
            let Some(&(best, family, hole_psnr)) = ranked.first() else {
                continue;
            };
            let other = ranked.iter().find(|(_, other, _)| *other != family);
            let other = other.map(|&(label, other, _)| (label, best_of(other)));
            let second = ranked.get(1).map(|&(label, ..)| (label, "the second best"));
            let comparison = other.or(second).and_then(|(other, role)| {
                let difference = paired_difference(&self.rows, mask, best, other).ok()?;
                Some(Comparison {
                    other: other.clone(),
                    role,
                    difference,
                })
            });
            let best = best.clone();
            verdicts.push(Verdict {
                mask,
                best,
                hole_psnr,
                comparison,
            });
        }
        Ok(verdicts)
    }
}

fn best_of(family: MethodFamily) -> &'static str {
    match family {
        MethodFamily::Learned => "the best learned method",
        MethodFamily::Classical => "the best classical fill",
    }
}

/// The true image has no finite PSNR.
fn decibels(summary: &Summary) -> String {
    if summary.mean.is_finite() {
        format!("{summary:.2}")
    } else {
        "–".into()
    }
}

/// Two or three digits that say something.
fn short_seconds(seconds: f64) -> String {
    match seconds {
        0.1.. => format!("{seconds:.2}"),
        0.001.. => format!("{seconds:.4}"),
        _ => format!("{seconds:.1e}"),
    }
}

fn settings(images: &ImageSet, seed: u64) -> String {
    let (names, record) = (images.names(), images.record());
    let name = |name: Option<&String>| name.cloned().unwrap_or_default();
    format!(
        "{} images of {}, {} to {}, part {}, framing {}, {} px; masks of seed {seed}",
        names.len(),
        record.source,
        name(names.first()),
        name(names.last()),
        record.split,
        record.framing,
        record.size_px,
    )
}
