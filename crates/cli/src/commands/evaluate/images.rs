use std::path::Path;

use anyhow::{Result, bail};
use semantic_inpaint::data::{ReadOptions, SourceKind};
use semantic_inpaint::{Framing, ImageSet, ImageSource};

use crate::commands::prepare::{name_unreadable, read_set};

/// The images to measure on, as far as they are read before their framing and size are settled: a prepared
/// set says its framing itself, and is read once.
pub(crate) enum MeasuredImages {
    Prepared(ImageSet),
    Source(ImageSource),
}

impl MeasuredImages {
    pub(crate) fn open(spec: &Path) -> Result<Self> {
        let source = ImageSource::open(spec)?;
        Ok(match source.kind() {
            SourceKind::Prepared => Self::Prepared(ImageSet::load(spec)?),
            _ => Self::Source(source),
        })
    }

    /// The framing of a prepared set.
    pub(crate) fn framing(&self) -> Option<Framing> {
        match self {
            Self::Prepared(set) => Some(set.record().framing),
            Self::Source(_) => None,
        }
    }

    /// Of the images that the options ask for so many, or all, behind the first so many by name.
    pub(crate) fn read_some(
        self,
        options: ReadOptions,
        skip: usize,
        count: Option<usize>,
    ) -> Result<ImageSet> {
        let end = count.map_or(usize::MAX, |count| skip.saturating_add(count));
        let set = self.read(&ReadOptions {
            // Random crops make several images of one.
            limit: count.map(|_| end.div_ceil(options.framing.num_views())),
            ..options
        })?;
        if skip >= set.count() {
            let found = set.count();
            bail!("{found} images, and --skip passes over {skip}: skip fewer");
        }
        Ok(set.select(&(skip..end.min(set.count())).collect::<Vec<_>>())?)
    }

    /// The images that the options ask for; what is unreadable is named on stderr.
    fn read(self, options: &ReadOptions) -> Result<ImageSet> {
        match self {
            Self::Prepared(set) => {
                let set = set.of_options(options)?;
                name_unreadable(&set);
                Ok(set)
            }
            Self::Source(source) => read_set(&source, options),
        }
    }
}

#[cfg(test)]
mod tests {
    use semantic_inpaint::Photo;

    use super::*;

    #[test]
    fn a_prepared_set_says_its_framing_and_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("set.safetensors");
        let photos = (0..5).map(|level| (format!("{level}.png"), Photo::filled(9, 8, [level; 3])));
        let set = ImageSet::from_photos("drawn", Framing::Squash, 8, photos.collect()).unwrap();
        set.save(&path).unwrap();
        let opened = MeasuredImages::open(&path).unwrap();
        assert_eq!(opened.framing(), Some(Framing::Squash));
        std::fs::remove_file(&path).unwrap();
        let options = ReadOptions {
            limit: Some(3),
            ..ReadOptions::new(Framing::Squash, 8)
        };
        assert_eq!(opened.read(&options).unwrap().count(), 3);
    }

    #[test]
    fn other_sources_leave_their_framing_open() {
        let folder = tempfile::tempdir().unwrap();
        let opened = MeasuredImages::open(folder.path()).unwrap();
        assert_eq!(opened.framing(), None);
    }
}
