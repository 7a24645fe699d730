use std::ops::Range;
use std::path::{Path, PathBuf};

use semantic_inpaint_data::{ImageSet, write_atomically};
use semantic_inpaint_mask::MaskShape;

use super::identity::{ImageHashes, file_stem, mask_stem};
use super::row::{self, EvaluationRow, Failure};
use crate::{Error, Result};

/// Changed when stored numbers change their meaning.
const FORMAT: u32 = 1;

/// What is known of some images with one mask by one method.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) rows: Vec<EvaluationRow>,
    pub(super) failures: Vec<Failure>,
}

/// A run of images that is stored, or that is to be completed.
pub(super) enum Segment {
    Stored(Part),
    Missing(Range<usize>),
}

/// The parts of one mask and one method: a folder with a CSV file for each batch, named by its first
/// image, under a line that says what its numbers depend on.
pub(super) struct PartFolder<'a> {
    path: PathBuf,
    settings: String,
    images: &'a ImageSet,
    hashes: &'a ImageHashes,
}

impl<'a> PartFolder<'a> {
    /// The folder within that of the evaluation; nothing is written yet.
    pub(super) fn new(
        evaluation: &Path,
        (mask, seed): (MaskShape, u64),
        (name, settings): (&str, &str),
        images: &'a ImageSet,
        hashes: &'a ImageHashes,
    ) -> Self {
        let folders = [mask_stem(mask), file_stem(name)];
        Self {
            path: folders
                .iter()
                .fold(evaluation.join("parts"), |path, folder| path.join(folder)),
            settings: one_line(&format!(
                "format {FORMAT}; {mask}; seed {seed}; {name}: {settings}"
            )),
            images,
            hashes,
        }
    }

    /// Where the picture of an image lies, by the label of its completion.
    pub(super) fn picture(&self, index: usize, label: &str) -> PathBuf {
        self.path
            .join("pictures")
            .join(format!("{index:06}-{}.png", file_stem(label)))
    }

    pub(super) fn create(&self) -> Result<()> {
        let pictures = self.path.join("pictures");
        std::fs::create_dir_all(&pictures).map_err(Error::file(&pictures))
    }

    /// All images in runs of at most `batch_len`, or as they are stored.
    pub(super) fn segments(&self, batch_len: usize) -> Result<Vec<Segment>> {
        let (count, starts) = (self.images.count(), self.stored_starts()?);
        let (mut start, mut segments) = (0, Vec::new());
        while start < count {
            if starts.contains(&start) {
                let (end, part) = self.read(start)?;
                segments.push(Segment::Stored(part));
                start = end;
                continue;
            }
            let next = starts.iter().copied().find(|next| *next > start);
            let end = (start + batch_len.max(1))
                .min(next.unwrap_or(count))
                .min(count);
            segments.push(Segment::Missing(start..end));
            start = end;
        }
        Ok(segments)
    }

    pub(super) fn write(&self, images: Range<usize>, part: &Part) -> Result<()> {
        let path = self.file(images.start);
        let damaged = |error: csv::Error| Error::DamagedPart {
            path: path.clone(),
            reason: error.to_string(),
        };
        let mut text = format!("{}\n", self.header(images)).into_bytes();
        text.extend(row::to_csv(&part.rows, &part.failures).map_err(damaged)?);
        Ok(write_atomically(&path, &text)?)
    }

    fn file(&self, start: usize) -> PathBuf {
        self.path.join(format!("{start:06}.csv"))
    }

    fn header(&self, images: Range<usize>) -> String {
        let Range { start, end } = images;
        format!(
            "# images {start}..{end} {}; {}",
            self.hashes.of(images),
            self.settings
        )
    }

    /// The first images of the files that are there, in order.
    fn stored_starts(&self) -> Result<Vec<usize>> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let mut starts = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(Error::file(&self.path))? {
            let name = entry.map_err(Error::file(&self.path))?.file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(".csv"));
            starts.extend(stem.and_then(|stem| stem.parse::<usize>().ok()));
        }
        starts.sort_unstable();
        Ok(starts)
    }

    /// The part that begins with an image, and where the next one begins.
    fn read(&self, start: usize) -> Result<(usize, Part)> {
        let path = self.file(start);
        let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
        let (header, table) = text.split_once('\n').unwrap_or((&text, ""));
        let end = end_of(header).filter(|end| (start + 1..=self.images.count()).contains(end));
        let matching = end.filter(|end| header == self.header(start..*end));
        let Some(end) = matching else {
            return Err(Error::OtherEvaluation { path });
        };
        let damaged = |reason| Error::DamagedPart {
            path: path.clone(),
            reason,
        };
        let (rows, failures) = row::from_csv(table).map_err(&damaged)?;
        let rows_of = rows.iter().map(|row| &row.image);
        let named: Vec<&String> = rows_of.chain(failures.iter().map(|it| &it.image)).collect();
        let names = &self.images.names()[start..end];
        if let Some(name) = names.iter().find(|name| !named.contains(name)) {
            return Err(damaged(format!("nothing is said of image {name}")));
        }
        Ok((end, Part { rows, failures }))
    }
}

fn end_of(header: &str) -> Option<usize> {
    let range = header.strip_prefix("# images ")?.split(' ').next()?;
    range.split_once("..")?.1.parse().ok()
}

/// The text without line ends.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
