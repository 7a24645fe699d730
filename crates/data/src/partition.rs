use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::decode::read_bytes;
use crate::image_source::images_among;
use crate::split::stem;
use crate::{Error, ImageSource, Manifest, Result, Split};

/// Files that together define the parts of a data set, with the part whose images each lists; a list
/// without one gives the part in its second column as CelebA does: 0 train, 1 validation, 2 test.
type Layout = &'static [(&'static str, Option<Split>)];

const LAYOUTS: [Layout; 4] = [
    &[("list_eval_partition.txt", None)],
    &[("list_eval_partition.csv", None)],
    &[
        ("labels/train1.txt", Some(Split::PublishedTrain)),
        ("labels/val1.txt", Some(Split::PublishedValidation)),
        ("labels/test1.txt", Some(Split::PublishedTest)),
    ],
    &[
        ("annotations/trainval.txt", Some(Split::PublishedTrain)),
        ("annotations/test.txt", Some(Split::PublishedTest)),
    ],
];

/// Archive of lists that lies beside the archive of images of Oxford-IIIT Pet.
const LIST_ARCHIVE: &str = "annotations.tar.gz";
/// Folder in which the publisher of CelebA keeps the list.
const LIST_FOLDER: &str = "Eval";

/// Which image belongs to which part of a data set, as its publisher defines it.
///
/// Known are the lists of CelebA (`list_eval_partition.txt`), DTD (`labels/train1.txt`, `val1.txt` and
/// `test1.txt`, the first of its ten partitions) and Oxford-IIIT Pet (`annotations/trainval.txt` and
/// `test.txt`). An image is found by its file name without folders and extension. Images that no list
/// names belong to no part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    part_of: HashMap<String, Split>,
    origin: String,
}

/// A list of images as it was found.
struct List {
    name: String,
    part: Option<Split>,
    text: String,
}

impl List {
    fn new(name: String, part: Option<Split>, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        Self { name, part, text }
    }
}

impl Partition {
    /// The publisher's parts of a source.
    ///
    /// The lists are looked for within the source, then in its folder (there also in `Eval/` and in
    /// `annotations.tar.gz`); images of CelebA, `img_align_celeba/NNNNNN.jpg`, without a list go by
    /// the ranges of their numbers in the data set's [`Manifest`]. Lists that name no image of the
    /// source are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::NoPartition`] when there are none, [`Error::InvalidPartition`] for a list that cannot
    /// be understood, and those of [`ImageSource::image_names`].
    pub fn find(source: &ImageSource) -> Result<Self> {
        let entries = source.entry_names()?;
        Self::find_for(source, &entries, &images_among(&entries))
    }

    /// As [`Partition::find`], for a source whose files and images were listed before.
    pub(crate) fn find_for(
        source: &ImageSource,
        entries: &[String],
        images: &[String],
    ) -> Result<Self> {
        let names_some = |found: &Self| images.iter().any(|name| found.part(name).is_some());
        for layout in LAYOUTS {
            let inside = lists_within(source, entries, layout)?;
            if let Some(found) = Self::from_lists(&inside)?.filter(names_some) {
                return Ok(found);
            }
            for path in files_beside(source, layout) {
                if let Some(found) = Self::from_lists(&lists_at(&path, layout)?)?.filter(names_some)
                {
                    return Ok(found);
                }
            }
        }
        let by_number =
            Manifest::known().find_map(|manifest| Self::from_numbers(&manifest, images));
        by_number.filter(names_some).ok_or(Error::NoPartition {
            source_name: source.name(),
        })
    }

    /// The published part of the image with this file name.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<Split> {
        self.part_of.get(stem(name)).copied()
    }

    /// What the parts were read from, in words for records.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The parts in lists; `None` without lists.
    fn from_lists(lists: &[List]) -> Result<Option<Self>> {
        let origins: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
        let mut found = Self {
            part_of: HashMap::new(),
            origin: origins.join(", "),
        };
        for list in lists {
            found.add(list)?;
        }
        Ok((!lists.is_empty()).then_some(found))
    }

    fn add(&mut self, list: &List) -> Result<()> {
        for (index, line) in list.text.lines().enumerate() {
            let invalid = |reason: String| Error::InvalidPartition {
                name: list.name.clone(),
                line: index + 1,
                reason,
            };
            let mut words = line.split([',', ' ', '\t']).filter(|word| !word.is_empty());
            let Some(image) = words.next().filter(|word| !word.starts_with('#')) else {
                continue;
            };
            let part = match (list.part, words.next()) {
                (Some(part), _) => part,
                (None, Some("0")) => Split::PublishedTrain,
                (None, Some("1")) => Split::PublishedValidation,
                (None, Some("2")) => Split::PublishedTest,
                // The heading of a table.
                (None, Some("partition")) => continue,
                (None, column) => {
                    let column = column.unwrap_or_default();
                    return Err(invalid(format!("the part is `{column}`, not 0, 1 or 2")));
                }
            };
            let before = self.part_of.insert(stem(image).to_owned(), part);
            if before.is_some_and(|before| before != part) {
                return Err(invalid(format!("{image} is in two parts")));
            }
        }
        Ok(())
    }

    /// The parts that a manifest gives as ranges of numbers, when the images are those of its data set.
    fn from_numbers(manifest: &Manifest, images: &[String]) -> Option<Self> {
        let is_whole = !manifest.parts.is_empty() && !images.is_empty();
        let are_its = |name: &String| name.starts_with(&manifest.image_folder);
        if !is_whole || !images.iter().all(are_its) {
            return None;
        }
        let part_of = images.iter().filter_map(|name| {
            let number = stem(name).parse().ok()?;
            let mut parts = manifest.parts.iter();
            let part = parts.find(|part| (part.first..=part.last).contains(&number))?;
            let split = format!("published-{}", part.name).parse().ok()?;
            Some((stem(name).to_owned(), split))
        });
        Some(Self {
            part_of: part_of.collect(),
            origin: format!("numbers of {}", manifest.name),
        })
    }
}

/// All files outside a source that its published parts may be read from.
pub(crate) fn all_files_beside(source: &ImageSource) -> Vec<PathBuf> {
    let layouts = LAYOUTS.into_iter();
    let mut files: Vec<PathBuf> = layouts
        .flat_map(|layout| {
            let paths = files_beside(source, layout).into_iter();
            paths.flat_map(|path| match path.is_file() {
                true => vec![path],
                false => layout.iter().map(|(file, _)| path.join(file)).collect(),
            })
        })
        .collect();
    files.sort();
    files.dedup();
    files
}

/// Folders and archives outside the source that hold all lists of a layout.
fn files_beside(source: &ImageSource, layout: Layout) -> Vec<PathBuf> {
    let Some(folder) = source.path().parent() else {
        return Vec::new();
    };
    let folders = [folder.to_path_buf(), folder.join(LIST_FOLDER)];
    let is_whole = |folder: &PathBuf| layout.iter().all(|(file, _)| folder.join(file).is_file());
    let mut found: Vec<PathBuf> = folders.into_iter().filter(is_whole).collect();
    let archive = folder.join(LIST_ARCHIVE);
    if layout
        .iter()
        .any(|(file, _)| file.starts_with("annotations/"))
        && archive.is_file()
    {
        found.push(archive);
    }
    found
}

fn lists_at(path: &Path, layout: Layout) -> Result<Vec<List>> {
    if path.is_file() {
        let source = ImageSource::open(path)?;
        return lists_within(&source, &source.entry_names()?, layout);
    }
    let read = |(file, part): &(&str, Option<Split>)| {
        let bytes = read_bytes(&path.join(file))?;
        Ok(List::new((*file).to_owned(), *part, &bytes))
    };
    layout.iter().map(read).collect()
}

/// The lists of a layout in a source, or none unless all are there.
fn lists_within(source: &ImageSource, entries: &[String], layout: Layout) -> Result<Vec<List>> {
    let entry_of = |file: &str| {
        let is_file = |entry: &&String| {
            let folder = entry.strip_suffix(file);
            folder.is_some_and(|folder| folder.is_empty() || folder.ends_with('/'))
        };
        entries.iter().find(is_file).cloned()
    };
    let names: Option<Vec<String>> = layout.iter().map(|(file, _)| entry_of(file)).collect();
    let Some(names) = names else {
        return Ok(Vec::new());
    };
    let mut found = HashMap::new();
    source.read(&names, &mut |entries| {
        for entry in entries {
            let name = entry.name.clone();
            let bytes = entry.into_bytes().map_err(|reason| Error::DamagedArchive {
                path: source.path().into(),
                reason: format!("{name}: {reason}"),
            })?;
            found.insert(name, bytes);
        }
        Ok(())
    })?;
    let lists = names
        .into_iter()
        .zip(layout)
        .filter_map(|(name, (_, part))| {
            let bytes = found.remove(&name)?;
            Some(List::new(name, *part, &bytes))
        });
    Ok(lists.collect())
}
