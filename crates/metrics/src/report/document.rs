use std::fmt::Write as _;

use super::WrittenFigure;
use crate::table::{Cell, Table, escaped};
use crate::{EvaluationReport, Failure, Result};

const SCORES: &str = "Means over images with 95 % intervals (Student's t). PSNR in dB with the peak of \
    the whole range of values, over the whole image or over the hole only; L1 in the hole on values from \
    -1 to 1; seam: the jump of the gradient across the border of the hole, whose baseline is the true image. \
    Higher is better for PSNR and SSIM, lower for the others. Seconds per image are those of images that \
    were completed together.";
const VERDICTS: &str = "Differences are taken image by image; significant means that the 95 % interval of \
    their mean leaves out 0. The intervals are about other images of the same kind, for one mask at a time.";
const CONFIDENCE: &str = "Spearman's rank correlation, over the images, of what a method says of its uncertainty with the \
    true error in the hole: 1 would know the order of all fills. The method has seen known pixels alone.";
const RETRY: &str = "Failed images are left out of all means. They are kept in the parts of the evaluation: \
    to try again, remove the part's file and run the evaluation once more.";
/// Names of failed images that are listed for each reason.
const MAX_NAMES: usize = 5;

/// A report as blocks, for Markdown and for a page.
pub(super) struct Document<'a> {
    pub(super) title: &'a str,
    pub(super) blocks: Vec<Block<'a>>,
}

pub(super) enum Block<'a> {
    Heading(&'static str),
    Text(String),
    List(Vec<String>),
    Table(Table),
    Figure(&'a WrittenFigure),
}

impl<'a> Document<'a> {
    pub(super) fn new(report: &'a EvaluationReport, figures: &'a [WrittenFigure]) -> Result<Self> {
        let mut blocks: Vec<Block<'a>> = report.notes.iter().cloned().map(Block::Text).collect();
        blocks.push(Block::Text(format!("{}.", report.settings)));
        blocks.push(Block::Heading("In short"));
        let verdicts = report.verdicts()?;
        blocks.push(Block::List(
            verdicts.iter().map(ToString::to_string).collect(),
        ));
        blocks.push(Block::Text(VERDICTS.into()));
        blocks.push(Block::Heading("PSNR in the hole"));
        blocks.push(Block::Table(report.compact_table()?));
        if !figures.is_empty() {
            blocks.push(Block::Heading("Figures"));
            blocks.extend(figures.iter().map(Block::Figure));
        }
        blocks.push(Block::Heading("All scores"));
        blocks.push(Block::Text(SCORES.into()));
        blocks.push(Block::Table(report.long_table()?));
        if let Some(table) = report.confidence_table() {
            blocks.push(Block::Heading("How sure the methods were"));
            blocks.push(Block::Text(CONFIDENCE.into()));
            blocks.push(Block::Table(table));
        }
        if !report.failures.is_empty() {
            blocks.push(Block::Heading("Failures"));
            blocks.push(Block::Text(RETRY.into()));
            blocks.push(Block::Table(failures(&report.failures)));
        }
        blocks.push(Block::Heading("Methods"));
        blocks.push(Block::Table(methods(report)));
        let title = &report.title;
        Ok(Self { title, blocks })
    }

    pub(super) fn to_markdown(&self) -> String {
        format!("# {}\n{}", escaped(self.title), self.body_to_markdown("##"))
    }

    /// All but the title, with headings of this level.
    pub(super) fn body_to_markdown(&self, level: &str) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            // Writing to a string cannot fail.
            let _ = match block {
                Block::Heading(title) => writeln!(text, "\n{level} {title}"),
                Block::Text(words) => writeln!(text, "\n{}", escaped(words)),
                Block::Table(table) => write!(text, "\n{}", table.to_markdown()),
                Block::List(items) => {
                    let items = items.iter().map(|item| format!("- {}\n", escaped(item)));
                    write!(text, "\n{}", items.collect::<String>())
                }
                Block::Figure(figure) => {
                    let WrittenFigure {
                        title,
                        caption,
                        path,
                        ..
                    } = figure;
                    let (title, caption) = (escaped(title), escaped(caption));
                    writeln!(
                        text,
                        "\n{level}# {title}\n\n![{title}]({path})\n\n{caption}"
                    )
                }
            };
        }
        text
    }
}

fn table(head: &[&str], num_word_columns: usize) -> Table {
    Table {
        head: head.iter().map(|text| (*text).into()).collect(),
        rows: Vec::new(),
        num_word_columns,
    }
}

fn methods(report: &EvaluationReport) -> Table {
    let mut table = table(&["method", "kind", "settings"], 3);
    for method in &report.methods {
        let kind = format!("{:?}", method.family).to_lowercase();
        let cells = [method.name.clone(), kind, method.settings.clone()];
        table.rows.push(cells.map(Cell::plain).into());
    }
    table
}

/// One row for each mask, method and reason.
fn failures(failures: &[Failure]) -> Table {
    let mut table = table(&["mask", "method", "reason", "names", "images"], 4);
    let mut groups: Vec<Vec<&Failure>> = Vec::new();
    let is_same = |one: &Failure, other: &Failure| {
        (one.mask, &one.method, &one.reason) == (other.mask, &other.method, &other.reason)
    };
    for failure in failures {
        match groups.iter_mut().find(|group| is_same(group[0], failure)) {
            Some(group) => group.push(failure),
            None => groups.push(vec![failure]),
        }
    }
    for group in groups {
        let names = group
            .iter()
            .take(MAX_NAMES)
            .map(|failure| failure.image.as_str());
        let mut names = names.collect::<Vec<_>>().join(", ");
        if group.len() > MAX_NAMES {
            names += ", …";
        }
        let Failure {
            mask,
            method,
            reason,
            ..
        } = group[0];
        let count = group.len().to_string();
        let words = [method.clone(), reason.clone(), names, count];
        let cells = [Cell::code(mask.to_string())].into_iter();
        table
            .rows
            .push(cells.chain(words.map(Cell::plain)).collect());
    }
    table
}
