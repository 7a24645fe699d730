use std::ops::Range;
use std::path::{Path, PathBuf};

use semantic_inpaint_data::{ImageSet, write_atomically};
use semantic_inpaint_mask::MaskShape;

use super::course::{self, EvaluationCourse};
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
    pub(super) courses: Vec<EvaluationCourse>,
}

/// A run of images that is stored, or that is to be completed.
pub(super) enum Segment {
    Stored(Part),
    Missing(Range<usize>),
}

/// The parts of one mask and one method: a folder with a CSV file for each batch, named by its first
/// image, under a line that says what its numbers depend on. Beside them lie the pictures of the first
/// images and, of methods that have them, the courses of each batch: without them a part is still whole.
pub(super) struct PartFolder<'a> {
    path: PathBuf,
    mask: MaskShape,
    method: String,
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
            mask,
            method: name.into(),
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

    fn courses(&self, start: usize) -> PathBuf {
        self.path.join("courses").join(format!("{start:06}.csv"))
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

    /// Writes the courses, then the part, so that a part that is there has its courses.
    pub(super) fn write(&self, images: Range<usize>, part: &Part) -> Result<()> {
        let path = self.file(images.start);
        let damaged = |error: csv::Error| Error::DamagedPart {
            path: path.clone(),
            reason: error.to_string(),
        };
        if !part.courses.is_empty() {
            let courses = self.courses(images.start);
            let folder = self.path.join("courses");
            std::fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
            write_atomically(&courses, &course::to_csv(&part.courses).map_err(damaged)?)?;
        }
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
        let part = Part {
            courses: self.read_courses(start)?,
            rows,
            failures,
        };
        Ok((end, part))
    }

    /// The courses that lie beside the part that begins with an image.
    fn read_courses(&self, start: usize) -> Result<Vec<EvaluationCourse>> {
        let path = self.courses(start);
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
        course::from_csv(&text, self.mask, &self.method)
            .map_err(|reason| Error::DamagedPart { path, reason })
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
