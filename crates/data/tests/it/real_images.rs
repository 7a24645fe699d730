use std::collections::HashSet;

use semantic_inpaint_data::{Framing, ImageSet, ImageSource, ReadOptions, Split};

use crate::real_file;

fn read(file: &str, options: &ReadOptions) -> Option<ImageSet> {
    let source = ImageSource::open(real_file(file)?).unwrap();
    Some(ImageSet::read(&source, options, &|_| {}).unwrap())
}

#[test]
fn the_cropped_faces_are_17339_and_reload_from_a_prepared_set() {
    let options = ReadOptions::new(Framing::Crop108, 64);
    let Some(set) = read("celeba/celeba64-crop108.zip", &options) else {
        return;
    };
    assert_eq!(set.count(), 17_339);
    assert!(set.record().unreadable.is_empty());
    assert!(set.names().is_sorted());
    assert_eq!(set.names()[0], "celeba64-crop108/182638.jpg");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("faces.safetensors");
    set.save(&path).unwrap();
    let loaded = ImageSet::load(&path).unwrap();
    assert_eq!(loaded.record(), set.record());
    assert!(loaded.pixels() == set.pixels());

    let held = set.split(Split::Validation).unwrap().count();
    assert!((1_600..=1_870).contains(&held), "{held} of 17339");
}

#[test]
fn the_aligned_originals_crop_to_64_and_start_with_the_first_names() {
    let options = ReadOptions {
        limit: Some(100),
        ..ReadOptions::new(Framing::Crop108, 64)
    };
    let Some(set) = read("celeba/img_align_celeba.zip", &options) else {
        return;
    };
    assert_eq!((set.count(), set.size_px()), (100, 64));
    assert_eq!(set.record().num_found, 2_000);
    assert_eq!(
        set.names()[..2],
        ["img_align_celeba/000001.jpg", "img_align_celeba/000009.jpg"]
    );
    let photo = set.photo(0).unwrap();
    let distinct: HashSet<u8> = photo.rgb().iter().copied().collect();
    assert!(distinct.len() > 50, "a face has many levels");
}

#[test]
fn the_squashed_faces_are_27093() {
    let Some(path) = real_file("celeba/celeba64-squashed.zip") else {
        return;
    };
    assert_eq!(
        ImageSource::open(path)
            .unwrap()
            .image_names()
            .unwrap()
            .len(),
        27_093
    );
}

#[test]
fn the_textures_are_1000_in_ten_classes() {
    let options = ReadOptions::new(Framing::CenterCrop, 64);
    let Some(set) = read("dtd/dtd-10-classes.tar.gz", &options) else {
        return;
    };
    assert_eq!(set.count(), 1_000);
    let classes: HashSet<_> = set
        .names()
        .iter()
        .filter_map(|name| name.split('/').nth(2))
        .collect();
    assert_eq!(classes.len(), 10);
}

#[test]
fn the_pets_are_6310_and_both_parts_are_their_sum() {
    let options = ReadOptions {
        split: Split::Validation,
        ..ReadOptions::new(Framing::Squash, 64)
    };
    let Some(held) = read("pets/images.tar.gz", &options) else {
        return;
    };
    assert_eq!(held.record().num_found, 6_310);
    assert!(
        (550..=715).contains(&held.count()),
        "{} of 6310",
        held.count()
    );
}
