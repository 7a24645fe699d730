use proptest::prelude::*;
use semantic_inpaint_data::{
    Error, Framing, ImageSet, Photo, RandomCrops, ReadOptions, Region, Split,
};

use crate::sets::read;
use crate::{named_pngs, real_file, textured, write_folder};

fn crops(text: &str) -> ReadOptions {
    ReadOptions::new(text.parse().unwrap(), 8)
}

#[test]
fn every_picture_gives_its_crops_under_its_name() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &named_pngs(30, 20, 30));
    let set = read(folder.path(), &crops("random-crops:12")).unwrap();
    assert_eq!(set.count(), 360);
    assert_eq!(set.record().num_found, 30);
    assert_eq!(set.names()[..2], ["000.png#00", "000.png#01"]);
    assert_eq!(set.names()[359], "029.png#11");
    assert!(set.names().is_sorted());
    assert_ne!(set.image(0).unwrap(), set.image(1).unwrap());

    // A picture's crops are what they are without the other pictures.
    let alone = tempfile::tempdir().unwrap();
    let photo = textured(20, 30, 7);
    photo.save(alone.path().join("007.bmp")).unwrap();
    let alone = read(alone.path(), &crops("random-crops:12")).unwrap();
    assert_eq!(alone.pixels(), &set.pixels()[84 * 192..96 * 192]);
    let regions = RandomCrops::new(12, 50, 0).unwrap();
    let region = regions.regions(&photo, "007.png", 8).unwrap()[5];
    assert_eq!(
        set.photo(89).unwrap(),
        photo.crop(region).unwrap().resized(8, 8).unwrap()
    );
}

#[test]
fn seed_and_settings_change_the_crops_and_are_recorded() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &named_pngs(4, 40, 40));
    let pixels = |text| read(folder.path(), &crops(text)).unwrap().pixels().to_vec();
    let first = pixels("random-crops:4");
    assert_eq!(pixels("random-crops:4:50:0"), first);
    assert_ne!(pixels("random-crops:4:50:1"), first);
    assert_ne!(pixels("random-crops:4:90"), first);

    let path = folder.path().join("set.safetensors");
    let set = read(folder.path(), &crops("random-crops:4")).unwrap();
    set.save(&path).unwrap();
    assert_eq!(ImageSet::load(&path).unwrap().record(), set.record());
    assert_eq!(
        read(&path, &crops("random-crops:4")).unwrap().pixels(),
        first
    );
    let error = read(&path, &crops("random-crops:4:50:1")).unwrap_err();
    assert!(
        matches!(error, Error::PreparedDifferently { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("random-crops:4:50:0"), "{error}");
}

#[test]
fn crops_of_a_picture_stay_together_in_a_split_and_under_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    write_folder(folder.path(), &named_pngs(60, 10, 10));
    let all = read(folder.path(), &crops("random-crops:3")).unwrap();
    let (train, held) = (all.split(Split::Train), all.split(Split::Validation));
    let (train, held) = (train.unwrap(), held.unwrap());
    assert_eq!(train.count() + held.count(), 180);
    assert!(train.count().is_multiple_of(3) && held.count() > 0);

    let limited = ReadOptions {
        limit: Some(5),
        ..crops("random-crops:3")
    };
    let limited = read(folder.path(), &limited).unwrap();
    assert_eq!(limited.count(), 15);
    assert_eq!(all.first(5).unwrap().pixels(), limited.pixels());
}

#[test]
fn pictures_too_small_for_a_crop_count_as_unreadable() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = named_pngs(9, 8, 8);
    files.extend(
        named_pngs(1, 7, 20)
            .into_iter()
            .map(|(_, bytes)| ("small.png".into(), bytes)),
    );
    write_folder(folder.path(), &files);
    let tolerant = ReadOptions {
        max_unreadable_share: 0.1,
        ..crops("random-crops:2")
    };
    let set = read(folder.path(), &tolerant).unwrap();
    assert_eq!(set.count(), 18);
    assert_eq!(set.photo(3).unwrap(), textured(8, 8, 1));
    let unreadable = &set.record().unreadable;
    assert_eq!(unreadable[0].name, "small.png");
    assert!(unreadable[0].reason.contains("7x20"), "{unreadable:?}");
}

#[test]
fn spellings_round_trip_and_wrong_ones_are_refused() {
    let framing: Framing = "random-crops:16:40:7".parse().unwrap();
    assert_eq!(framing.num_views(), 16);
    assert_eq!(framing.to_string(), "random-crops:16:40:7");
    let json = serde_json::to_string(&framing).unwrap();
    assert_eq!(json, "\"random-crops:16:40:7\"");
    assert_eq!(serde_json::from_str::<Framing>(&json).unwrap(), framing);
    for text in ["crop108", "squash", "center-crop"] {
        let framing: Framing = text.parse().unwrap();
        assert_eq!(
            serde_json::to_string(&framing).unwrap(),
            format!("\"{text}\"")
        );
        assert_eq!(framing.num_views(), 1);
    }
    for (text, hint) in [
        ("random-crops", "random-crops:COUNT"),
        ("random-crops:", "COUNT:PERCENT"),
        ("random-crops:4:x", "COUNT:PERCENT"),
        ("random-crops:4:50:1:2", "COUNT:PERCENT"),
        ("random-crops:0", "1 to 1000"),
        ("random-crops:1001", "1 to 1000"),
        ("random-crops:4:101", "1 to 100"),
    ] {
        let error = text.parse::<Framing>().unwrap_err().to_string();
        assert!(error.contains(hint), "{text}: {error}");
    }
}

#[test]
fn real_textures_give_distinct_crops() {
    let Some(path) = real_file("dtd/dtd-10-classes.tar.gz") else {
        return;
    };
    let options = ReadOptions {
        classes: vec!["braided".into()],
        ..ReadOptions::new("random-crops:4".parse().unwrap(), 64)
    };
    let set = read(&path, &options).unwrap();
    assert_eq!(set.count(), 400);
    let mut images: Vec<&[u8]> = (0..400).map(|index| set.image(index).unwrap()).collect();
    images.sort_unstable();
    images.dedup();
    assert_eq!(images.len(), 400);
}

proptest! {
    #[test]
    fn crops_lie_within_the_picture_and_are_never_enlarged(
        (height, width) in (8_usize..60, 8_usize..60),
        percent in 1_u8..=100,
        seed: u64,
        size_px in 1_usize..=8,
    ) {
        let crops = RandomCrops::new(20, percent, seed).unwrap();
        let photo = Photo::filled(height, width, [0; 3]);
        let shorter = height.min(width);
        for Region { top, left, height: side, width: other } in
            crops.regions(&photo, "a.png", size_px).unwrap()
        {
            prop_assert_eq!(side, other);
            prop_assert!(top + side <= height && left + side <= width);
            prop_assert!(side >= size_px && side <= shorter);
            prop_assert!(side * 100 >= shorter * usize::from(percent));
        }
    }
}
