use std::path::{Path, PathBuf};

use semantic_inpaint_data::write_atomically;

use super::document::Document;
use crate::{Error, EvaluationReport, Result};

/// The place of a report's tables in a page of Markdown that holds other words too.
///
/// It is what stands between a line `<!-- begin NAME -->` and the next line `<!-- end NAME -->`, which a reader
/// of the page does not see. So a page of results is made by the commands that measured them, and made
/// again by the same commands, while the words around the tables stay.
///
/// ```
/// use semantic_inpaint_metrics::PageSection;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let page = folder.path().join("results.md");
/// std::fs::write(&page, "# Faces\n\n<!-- begin faces -->\n<!-- end faces -->\n")?;
/// assert!(PageSection::find(&page, "faces").is_ok());
/// let missing = PageSection::find(&page, "pets").unwrap_err().to_string();
/// assert!(missing.contains("<!-- begin pets -->"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageSection {
    page: PathBuf,
    name: String,
}

impl PageSection {
    /// The section of this name in a page, which must be there.
    ///
    /// # Errors
    ///
    /// [`Error::File`] when the page cannot be read as text, [`Error::NoSection`] when its lines are missing.
    pub fn find(page: impl AsRef<Path>, name: &str) -> Result<Self> {
        let section = Self {
            page: page.as_ref().into(),
            name: name.into(),
        };
        section.split(&section.read()?)?;
        Ok(section)
    }

    /// Replaces what the section holds by the report's tables: all that `report.md` holds but its title and
    /// its figures. The page appears whole or stays as it was.
    ///
    /// # Errors
    ///
    /// As [`PageSection::find`], and [`Error::Data`] when the page cannot be written; [`Error::NoMean`] when a
    /// score is NaN.
    pub fn write(&self, report: &EvaluationReport) -> Result<()> {
        let text = self.read()?;
        let (before, after) = self.split(&text)?;
        let tables = Document::new(report, &[])?.body_to_markdown("###");
        let page = format!("{before}{tables}\n{after}");
        Ok(write_atomically(&self.page, page.as_bytes())?)
    }

    fn read(&self) -> Result<String> {
        std::fs::read_to_string(&self.page).map_err(Error::file(&self.page))
    }

    /// The page up to the end of the section's first line, and from its last line on.
    fn split<'a>(&self, text: &'a str) -> Result<(&'a str, &'a str)> {
        let lines = ["begin", "end"].map(|word| format!("<!-- {word} {} -->", self.name));
        let [begin, end] = &lines;
        let found = text.find(&format!("{begin}\n")).and_then(|at| {
            let start = at + begin.len() + 1;
            let end = start + text[start..].find(end)?;
            Some((&text[..start], &text[end..]))
        });
        found.ok_or_else(|| Error::NoSection {
            path: self.page.clone(),
            begin: begin.clone(),
            end: end.clone(),
        })
    }
}
