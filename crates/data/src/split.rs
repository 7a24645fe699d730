use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// One image in this many belongs to the validation part.
const VALIDATION_ONE_IN: u64 = 10;

/// Which part of a source of images is used.
///
/// By default an image belongs to the validation part when a hash of its file name falls into the
/// lowest tenth of all hashes, else to the training part. The name is taken without folders and
/// extension, so an image stays in its part when an archive is unpacked, moved or converted, and when
/// images are added or removed around it. A tenth is the expected share; small sources deviate.
///
/// **Hash**: FNV-1a (64 bits) of the name's UTF-8 bytes, then the finalizer of `SplitMix64`, whose
/// high bits differ even for names that differ in their last digit only.
///
/// The published parts are those that a data set's publisher defines; a [`Partition`](crate::Partition)
/// knows them.
///
/// ```
/// use semantic_inpaint_data::Split;
///
/// assert_eq!(Split::Train.contains("pets/Abyssinian_1.jpg"), Split::Train.contains("Abyssinian_1.png"));
/// assert_eq!(Split::Train.contains("182638.jpg"), Some(true));
/// assert_eq!(Split::PublishedTest.contains("182638.jpg"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Split {
    /// `all`: every image.
    #[default]
    All,
    /// `train`: the images outside the validation part.
    Train,
    /// `validation`: about one image in ten.
    Validation,
    /// `published-train`: the publisher's part for training (`trainval` of Oxford-IIIT Pet).
    PublishedTrain,
    /// `published-validation`: the publisher's part for validation.
    PublishedValidation,
    /// `published-test`: the publisher's part for tests.
    PublishedTest,
}

impl Split {
    const ALL: [Self; 6] = [
        Self::All,
        Self::Train,
        Self::Validation,
        Self::PublishedTrain,
        Self::PublishedValidation,
        Self::PublishedTest,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Train => "train",
            Self::Validation => "validation",
            Self::PublishedTrain => "published-train",
            Self::PublishedValidation => "published-validation",
            Self::PublishedTest => "published-test",
        }
    }

    /// Whether the image with this file name belongs to the part; `None` for published parts, of
    /// which a name alone says nothing.
    #[must_use]
    pub fn contains(self, name: &str) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Train => Some(!is_validation(name)),
            Self::Validation => Some(is_validation(name)),
            Self::PublishedTrain | Self::PublishedValidation | Self::PublishedTest => None,
        }
    }

    /// Whether the part is one that the publisher defines.
    #[must_use]
    pub fn is_published(self) -> bool {
        self.contains("").is_none()
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Split {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let split = Self::ALL.into_iter().find(|split| split.name() == text);
        split.ok_or(Error::UnknownName {
            what: "split",
            got: text.into(),
            expected: "all, train, validation, published-train, published-validation or published-test",
        })
    }
}

fn is_validation(name: &str) -> bool {
    stable_hash(stem(name)) < u64::MAX / VALIDATION_ONE_IN
}

/// A file name without folders and extension; what follows the extension of a view goes with it.
pub(crate) fn stem(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    match file.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => file,
    }
}

pub(crate) fn stable_hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_pinned_because_published_splits_depend_on_it() {
        // Computed by an independent program.
        assert_eq!(stable_hash(""), 17665956581633026203);
        assert_eq!(stable_hash("182638"), 15778479242985807941);
        let part: Vec<usize> = (0..200)
            .filter(|index| Split::Validation.contains(&format!("{index:06}.jpg")) == Some(true))
            .collect();
        assert_eq!(
            part,
            [
                4, 7, 13, 23, 25, 26, 30, 47, 49, 62, 67, 69, 77, 104, 108, 112, 113, 115, 121,
                122, 126, 132, 138, 150, 175, 178, 188, 190
            ]
        );
    }

    #[test]
    fn about_a_tenth_of_consecutive_names_is_validation() {
        let count = (0..20_000)
            .filter(|index| Split::Validation.contains(&format!("{index:06}.jpg")) == Some(true))
            .count();
        assert!((1_850..=2_150).contains(&count), "{count} of 20000");
    }

    #[test]
    fn every_image_is_in_exactly_one_of_the_two_parts() {
        for index in 0..500 {
            let name = format!("folder/{index}.png");
            assert_eq!(Split::All.contains(&name), Some(true));
            assert_ne!(
                Split::Train.contains(&name),
                Split::Validation.contains(&name)
            );
        }
    }

    #[test]
    fn folder_and_extension_do_not_matter() {
        assert_eq!(stem("a.b/c.d/e.f.jpg"), "e.f");
        assert_eq!(stem("e"), "e");
        assert_eq!(stem("x/.hidden"), ".hidden");
        assert_eq!(stem("x/e.jpg#03"), "e");
    }

    #[test]
    fn names_parse_back() {
        for split in Split::ALL {
            assert_eq!(split.to_string().parse::<Split>().unwrap(), split);
            let json = serde_json::to_string(&split).unwrap();
            assert_eq!(json, format!("\"{split}\""));
        }
        let error = "test".parse::<Split>().unwrap_err().to_string();
        assert!(error.contains("validation"), "{error}");
    }
}
