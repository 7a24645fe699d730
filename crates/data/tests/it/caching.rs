use std::path::{Path, PathBuf};

use semantic_inpaint_data::{
    CacheOutcome, CachedSet, Error, ImageSet, ImageSource, ReadOptions, SetCache, Split,
};

use crate::sets::{options, read};
use crate::{gzipped, named_pngs, real_file, tar_bytes, write_folder, write_zip};

struct Material {
    folder: tempfile::TempDir,
    cache: SetCache,
}

impl Material {
    /// An archive of thirty images and an empty cache.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = SetCache::new(folder.path().join("cache"));
        write_zip(&folder.path().join("a.zip"), &named_pngs(30, 6, 6));
        Self { folder, cache }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[track_caller]
    fn read(&self, name: &str, options: &ReadOptions) -> CachedSet {
        let source = ImageSource::open(self.at(name)).unwrap();
        self.cache.read(&source, options, &|_| {}).unwrap()
    }

    fn num_files(&self) -> usize {
        std::fs::read_dir(self.at("cache")).unwrap().count()
    }
}

fn is_replaced(cached: &CachedSet, reason: &str) -> bool {
    matches!(&cached.outcome, CacheOutcome::Replaced { reason: found } if found.contains(reason))
}

#[test]
fn a_set_is_made_once_and_found_again_equal() {
    let material = Material::new();
    let made = material.read("a.zip", &options(6));
    assert_eq!(made.outcome, CacheOutcome::Prepared);
    let found = material.read("a.zip", &options(6));
    assert_eq!(found.outcome, CacheOutcome::Found);
    let fresh = read(&material.at("a.zip"), &options(6)).unwrap();
    for cached in [made, found] {
        assert_eq!(cached.set.names(), fresh.names());
        assert_eq!(cached.set.pixels(), fresh.pixels());
        assert_eq!(cached.set.record(), fresh.record());
        assert_eq!(
            ImageSet::load(&cached.path).unwrap().record(),
            fresh.record()
        );
    }
    assert_eq!(material.num_files(), 1);
}

#[test]
fn every_setting_that_shapes_the_set_has_a_file_of_its_own() {
    let material = Material::new();
    let all = [
        options(6),
        options(5),
        ReadOptions::new("random-crops:2".parse().unwrap(), 5),
        ReadOptions::new("random-crops:2:50:1".parse().unwrap(), 5),
        ReadOptions {
            limit: Some(7),
            ..options(6)
        },
        ReadOptions {
            split: Split::Train,
            ..options(6)
        },
    ];
    for options in &all {
        let cached = material.read("a.zip", options);
        assert_eq!(cached.outcome, CacheOutcome::Prepared);
    }
    assert_eq!(material.num_files(), all.len());
    // These say what is accepted and not what is made.
    let accepting = ReadOptions {
        min_images: 3,
        max_unreadable_share: 0.5,
        ..options(6)
    };
    let cached = material.read("a.zip", &accepting);
    assert_eq!(cached.outcome, CacheOutcome::Found);
}

#[test]
fn the_content_counts_and_not_the_place() {
    let material = Material::new();
    material.read("a.zip", &options(6));
    std::fs::create_dir(material.at("moved")).unwrap();
    std::fs::rename(material.at("a.zip"), material.at("moved/a.zip")).unwrap();
    let moved = material.read("moved/a.zip", &options(6));
    assert_eq!(moved.outcome, CacheOutcome::Found);

    // Another archive takes the place: the old set is stale.
    let mut files = named_pngs(30, 6, 6);
    files.swap_remove(3);
    write_zip(&material.at("moved/a.zip"), &files);
    let changed = material.read("moved/a.zip", &options(6));
    assert_eq!(changed.outcome, CacheOutcome::Prepared);
    assert_eq!(changed.set.count(), 29);
}

#[test]
fn a_change_within_a_folder_is_noticed() {
    let material = Material::new();
    write_folder(&material.at("images"), &named_pngs(5, 6, 6));
    material.read("images", &options(6));
    let again = material.read("images", &options(6));
    assert_eq!(again.outcome, CacheOutcome::Found);
    let (names, other) = (named_pngs(5, 6, 6), named_pngs(9, 6, 6));
    write_folder(
        &material.at("images"),
        &[(names[2].0.clone(), other[8].1.clone())],
    );
    let changed = material.read("images", &options(6));
    assert_eq!(changed.outcome, CacheOutcome::Prepared);
    assert_ne!(changed.set.pixels(), again.set.pixels());
}

#[test]
fn a_list_beside_the_source_counts_for_published_parts() {
    let material = Material::new();
    let list = |part: u8| {
        let lines: Vec<_> = (0..30).map(|i| format!("{i:03}.jpg {part}\n")).collect();
        std::fs::write(material.at("list_eval_partition.txt"), lines.concat()).unwrap();
    };
    let train = ReadOptions {
        split: Split::PublishedTrain,
        ..options(6)
    };
    list(0);
    assert_eq!(material.read("a.zip", &train).set.count(), 30);
    let again = material.read("a.zip", &train);
    assert_eq!(again.outcome, CacheOutcome::Found);
    list(2);
    let source = ImageSource::open(material.at("a.zip")).unwrap();
    let error = material.cache.read(&source, &train, &|_| {}).unwrap_err();
    assert!(matches!(error, Error::TooFewImages { .. }), "{error}");
}

#[test]
fn damaged_files_are_noticed_and_replaced() {
    let material = Material::new();
    let made = material.read("a.zip", &options(6));
    let whole = std::fs::read(&made.path).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let text = String::from_utf8_lossy(&whole).into_owned();
    let mut renamed = whole.clone();
    let place = text.find("\\\"key\\\":\\\"").unwrap() + 10;
    renamed[place] = if whole[place] == b'0' { b'1' } else { b'0' };
    for (bytes, reason) in [
        (&flipped[..], "pixels are not those"),
        (&whole[..whole.len() - 1], ""),
        (&whole[..9], ""),
        (&[], ""),
        (&renamed, "something else"),
    ] {
        std::fs::write(&made.path, bytes).unwrap();
        let cached = material.read("a.zip", &options(6));
        assert!(is_replaced(&cached, reason), "{:?}", cached.outcome);
        assert_eq!(cached.set.pixels(), made.set.pixels());
        assert_eq!(std::fs::read(&made.path).unwrap(), whole);
        let cached = material.read("a.zip", &options(6));
        assert_eq!(cached.outcome, CacheOutcome::Found);
    }
    // A set that was put there under the name of another.
    let other = material.read("a.zip", &options(5));
    std::fs::copy(&other.path, &made.path).unwrap();
    let cached = material.read("a.zip", &options(6));
    assert!(is_replaced(&cached, "something else"), "{cached:?}");
}

#[test]
fn what_a_fresh_reading_refuses_is_refused_from_the_cache() {
    let material = Material::new();
    let mut files = named_pngs(20, 6, 6);
    files[4].1.clear();
    let path = material.at("b.tar.gz");
    std::fs::write(&path, gzipped(&tar_bytes(&files))).unwrap();
    let tolerant = ReadOptions {
        max_unreadable_share: 0.05,
        ..options(6)
    };
    assert_eq!(material.read("b.tar.gz", &tolerant).set.count(), 19);
    let source = ImageSource::open(&path).unwrap();
    let refusal = |options| material.cache.read(&source, &options, &|_| {}).unwrap_err();
    let error = refusal(options(6));
    assert!(matches!(error, Error::TooManyUnreadable { .. }), "{error}");
    assert!(error.to_string().contains("004.png: the file is empty"));
    let error = refusal(ReadOptions {
        min_images: 20,
        ..tolerant
    });
    assert!(matches!(error, Error::TooFewImages { .. }), "{error}");
}

#[test]
fn nothing_is_left_of_a_set_that_cannot_be_made_or_written() {
    let material = Material::new();
    std::fs::write(material.at("cut.zip"), b"PK\x03\x04 and no more").unwrap();
    let cut = ImageSource::open(material.at("cut.zip")).unwrap();
    let error = material.cache.read(&cut, &options(6), &|_| {}).unwrap_err();
    assert!(matches!(error, Error::DamagedArchive { .. }), "{error}");
    assert!(!material.at("cache").exists());

    std::fs::write(material.at("cache"), b"a file").unwrap();
    let source = ImageSource::open(material.at("a.zip")).unwrap();
    let error = material.cache.read(&source, &options(6), &|_| {});
    assert!(matches!(error, Err(Error::Unwritable { .. })), "{error:?}");
    assert_eq!(std::fs::read(material.at("cache")).unwrap(), b"a file");
}

#[test]
fn a_prepared_set_is_not_cached_again() {
    let material = Material::new();
    let made = material.read("a.zip", &options(6));
    let source = ImageSource::open(&made.path).unwrap();
    let cached = material.cache.read(&source, &options(6), &|_| {}).unwrap();
    assert_eq!(
        (cached.outcome, cached.path),
        (CacheOutcome::Found, made.path)
    );
    assert_eq!(material.num_files(), 1);
}

#[test]
fn real_faces_are_found_again() {
    let Some(path) = real_file("celeba/img_align_celeba.zip") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let cache = SetCache::new(folder.path());
    let source = ImageSource::open(&path).unwrap();
    let options = ReadOptions {
        limit: Some(50),
        ..ReadOptions::new(semantic_inpaint_data::Framing::Crop108, 64)
    };
    let read = || cache.read(&source, &options, &|_| {}).unwrap();
    let (made, found) = (read(), read());
    assert_eq!(found.outcome, CacheOutcome::Found);
    assert!(made.set.pixels() == found.set.pixels());
    let name = Path::new(&found.path)
        .file_name()
        .unwrap()
        .to_string_lossy();
    assert!(name.starts_with("img_align_celeba-"), "{name}");
}
