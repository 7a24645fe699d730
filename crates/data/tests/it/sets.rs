use std::cell::RefCell;
use std::path::Path;

use semantic_inpaint_data::{
    Error, Framing, ImageSet, ImageSource, Photo, ReadOptions, Result, Split, level_to_value,
};
use semantic_inpaint_tensor::Device;

use crate::{gzipped, named_pngs, tar_bytes, textured, write_folder, write_zip};

pub(crate) fn options(size_px: usize) -> ReadOptions {
    ReadOptions::new(Framing::Squash, size_px)
}

pub(crate) fn read(path: &Path, options: &ReadOptions) -> Result<ImageSet> {
    ImageSet::read(&ImageSource::open(path)?, options, &|_| {})
}

pub(crate) fn drawn(count: usize) -> ImageSet {
    let photos = (0..count)
        .map(|i| (format!("{i:03}.png"), textured(6, 6, i)))
        .collect();
    ImageSet::from_photos("drawn", Framing::Squash, 6, photos).unwrap()
}

#[test]
fn every_kind_of_source_gives_the_same_set() {
    let folder = tempfile::tempdir().unwrap();
    // More than one chunk, and stored in an order that is not that of the names.
    let mut files = named_pngs(600, 8, 8);
    files.reverse();
    files.swap(5, 300);
    write_folder(&folder.path().join("plain"), &files);
    write_zip(&folder.path().join("a.zip"), &files);
    std::fs::write(folder.path().join("a.tar"), tar_bytes(&files)).unwrap();
    std::fs::write(folder.path().join("a.tar.gz"), gzipped(&tar_bytes(&files))).unwrap();
    for name in ["plain", "a.zip", "a.tar", "a.tar.gz"] {
        let set = read(&folder.path().join(name), &options(8)).unwrap();
        assert_eq!(set.count(), 600);
        for index in [0, 1, 255, 256, 599] {
            assert_eq!(set.names()[index], format!("{index:03}.png"));
            assert_eq!(
                set.photo(index).unwrap(),
                textured(8, 8, index),
                "{name} {index}"
            );
        }
        assert_eq!(set.record().source, name);
        assert_eq!(set.record().num_found, 600);
    }
}

#[test]
fn progress_reaches_the_total() {
    let folder = tempfile::tempdir().unwrap();
    write_zip(&folder.path().join("a.zip"), &named_pngs(300, 4, 4));
    let source = ImageSource::open(folder.path().join("a.zip")).unwrap();
    let seen = RefCell::new(Vec::new());
    ImageSet::read(&source, &options(4), &|progress| {
        seen.borrow_mut().push(progress);
    })
    .unwrap();
    let seen = seen.into_inner();
    assert!(
        seen.windows(2)
            .all(|pair| pair[0].num_done < pair[1].num_done)
    );
    assert!(seen.iter().all(|progress| progress.num_total == 300));
    assert_eq!(seen.last().unwrap().num_done, 300);
}

#[test]
fn unreadable_images_are_listed_and_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = named_pngs(100, 6, 6);
    files[40].1.truncate(30);
    for name in ["a.zip", "a.tar"] {
        let path = folder.path().join(name);
        if name == "a.zip" {
            write_zip(&path, &files);
        } else {
            std::fs::write(&path, tar_bytes(&files)).unwrap();
        }
        let set = read(&path, &options(6)).unwrap();
        assert_eq!(set.count(), 99);
        assert_eq!(set.names()[40], "041.png");
        assert_eq!(set.photo(40).unwrap(), textured(6, 6, 41));
        assert_eq!(set.photo(98).unwrap(), textured(6, 6, 99));
        let unreadable = &set.record().unreadable;
        assert_eq!(unreadable.len(), 1);
        assert_eq!(unreadable[0].name, "040.png");
        assert!(
            unreadable[0].reason.contains("truncated"),
            "{}",
            unreadable[0].reason
        );
    }
}

#[test]
fn more_unreadable_images_than_tolerated_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = named_pngs(100, 6, 6);
    files[3].1.clear();
    files[7].1 = b"not an image".to_vec();
    write_folder(folder.path(), &files);
    let error = read(folder.path(), &options(6)).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooManyUnreadable {
                unreadable: 2,
                total: 100,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("003.png: the file is empty"),
        "{error}"
    );
    let tolerant = ReadOptions {
        max_unreadable_share: 0.02,
        ..options(6)
    };
    assert_eq!(read(folder.path(), &tolerant).unwrap().count(), 98);
}

#[test]
fn images_that_do_not_fit_the_framing_count_as_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &named_pngs(3, 20, 30));
    let options = ReadOptions::new(Framing::Crop108, 16);
    let error = read(folder.path(), &options).unwrap_err().to_string();
    assert!(
        error.contains("000.png: framing crop108 takes") && error.contains("20x30"),
        "{error}"
    );
}

#[test]
fn an_entry_with_a_wrong_checksum_is_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    write_zip(&path, &named_pngs(4, 16, 16));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60] ^= 0xFF;
    std::fs::write(&path, bytes).unwrap();
    let set = read(
        &path,
        &ReadOptions {
            max_unreadable_share: 0.5,
            ..options(16)
        },
    )
    .unwrap();
    assert_eq!(set.record().unreadable[0].name, "000.png");
}

#[test]
fn too_few_images_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let none = read(folder.path(), &options(6)).unwrap_err();
    assert!(
        matches!(
            none,
            Error::TooFewImages {
                needed: 1,
                found: 0,
                ..
            }
        ),
        "{none}"
    );
    write_folder(folder.path(), &named_pngs(5, 6, 6));
    let few = read(
        folder.path(),
        &ReadOptions {
            min_images: 6,
            ..options(6)
        },
    )
    .unwrap_err();
    assert!(
        matches!(
            few,
            Error::TooFewImages {
                needed: 6,
                found: 5,
                ..
            }
        ),
        "{few}"
    );
}

#[test]
fn impossible_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &named_pngs(2, 6, 6));
    for share in [-0.1, 1.5, f64::NAN] {
        let options = ReadOptions {
            max_unreadable_share: share,
            ..options(6)
        };
        assert!(matches!(
            read(folder.path(), &options),
            Err(Error::OutOfRange { .. })
        ));
    }
    assert!(matches!(
        read(folder.path(), &options(0)),
        Err(Error::OutOfRange { .. })
    ));
}

#[test]
fn split_and_limit_choose_the_first_names_of_the_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar.gz");
    std::fs::write(&path, gzipped(&tar_bytes(&named_pngs(120, 4, 4)))).unwrap();
    let all = read(&path, &options(4)).unwrap();
    let train = read(
        &path,
        &ReadOptions {
            split: Split::Train,
            ..options(4)
        },
    )
    .unwrap();
    let held = read(
        &path,
        &ReadOptions {
            split: Split::Validation,
            ..options(4)
        },
    )
    .unwrap();
    assert_eq!(train.count() + held.count(), all.count());
    assert!(
        held.names()
            .iter()
            .all(|name| !train.names().contains(name))
    );
    let limited = ReadOptions {
        split: Split::Train,
        limit: Some(7),
        ..options(4)
    };
    let limited = read(&path, &limited).unwrap();
    assert_eq!(limited.names(), &train.names()[..7]);
    assert_eq!(limited.record().limit, Some(7));
    assert_eq!(limited.record().num_found, 120);

    let again = all.split(Split::Train).unwrap().first(7).unwrap();
    assert_eq!(
        (again.names(), again.pixels()),
        (limited.names(), limited.pixels())
    );
    assert_eq!(again.record().split, Split::Train);
    assert!(matches!(
        held.split(Split::Train),
        Err(Error::TooFewImages { .. })
    ));
}

#[test]
fn batches_hold_the_images_asked_for() {
    let set = drawn(6);
    let batch = set.batch(&[5, 0, 5], &Device::Cpu).unwrap();
    assert_eq!(batch.tensor().dims(), [3, 3, 6, 6]);
    let values = batch.to_values().unwrap();
    assert_eq!(values[..108], values[216..]);
    assert_eq!(
        values[36 + 4],
        level_to_value(set.image(5).unwrap()[4 * 3 + 1])
    );
    assert!(matches!(
        set.batch(&[6], &Device::Cpu),
        Err(Error::IndexOutside { index: 6, count: 6 })
    ));
    assert!(matches!(
        set.batch(&[], &Device::Cpu),
        Err(Error::TooFewImages { .. })
    ));
    assert!(matches!(
        set.image(usize::MAX),
        Err(Error::IndexOutside { .. })
    ));
}

#[test]
fn the_mean_color_is_over_all_pixels_of_all_images() {
    let photos = [[0, 255, 100], [255, 255, 110]].map(|rgb| {
        let photo = Photo::filled(6, 6, rgb);
        (format!("{}.png", rgb[2]), photo)
    });
    let set = ImageSet::from_photos("drawn", Framing::Squash, 6, photos.to_vec()).unwrap();
    let [red, green, blue] = set.mean_color();
    assert_eq!((red, green), (0.0, 1.0));
    assert!((blue - (105.0 / 127.5 - 1.0)).abs() < 1e-6);
}

#[test]
fn selections_keep_the_order_asked_for() {
    let set = drawn(6);
    let chosen = set.select(&[4, 1]).unwrap();
    assert_eq!(chosen.names(), ["004.png", "001.png"]);
    assert_eq!(chosen.photo(0).unwrap(), textured(6, 6, 4));
    assert!(set.select(&[6]).is_err());
    assert_eq!(set.first(100).unwrap().count(), 6);
    assert!(set.first(0).is_err());
}

#[test]
fn unreadable_shares_count_the_images_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = named_pngs(100, 6, 6);
    files[50].1.clear();
    write_folder(folder.path(), &files);
    let first = ReadOptions {
        limit: Some(50),
        max_unreadable_share: 0.0,
        ..options(6)
    };
    assert_eq!(read(folder.path(), &first).unwrap().count(), 50);
    let one_more = ReadOptions {
        limit: Some(51),
        ..first
    };
    let error = read(folder.path(), &one_more).unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooManyUnreadable {
                unreadable: 1,
                total: 51,
                ..
            }
        ),
        "{error}"
    );
}
