use semantic_inpaint_data::{Error, Framing, ImageSet, ImageSource, ReadOptions, Split};

use crate::sets::{drawn, options, read};

#[test]
fn a_saved_set_loads_equal_and_serves_as_a_source() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    let set = drawn(50);
    set.save(&path).unwrap();
    let loaded = ImageSet::load(&path).unwrap();
    assert_eq!(loaded.names(), set.names());
    assert_eq!(loaded.pixels(), set.pixels());
    assert_eq!(loaded.record(), set.record());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let held = read(
        &path,
        &ReadOptions {
            split: Split::Validation,
            ..options(6)
        },
    )
    .unwrap();
    assert_eq!(held.names(), set.split(Split::Validation).unwrap().names());
    assert_eq!(
        read(
            &path,
            &ReadOptions {
                limit: Some(3),
                ..options(6)
            }
        )
        .unwrap()
        .count(),
        3
    );
    assert_eq!(
        ImageSource::open(&path).unwrap().image_names().unwrap(),
        set.names()
    );
}

#[test]
fn a_loaded_set_gives_what_its_file_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    drawn(50).save(&path).unwrap();
    let asked = ReadOptions {
        split: Split::Train,
        limit: Some(7),
        ..options(6)
    };
    let of_file = read(&path, &asked).unwrap();
    let loaded = ImageSet::load(&path).unwrap();
    let found = loaded.of_options(&asked).unwrap();
    assert_eq!(found.names(), of_file.names());
    assert_eq!(found.pixels(), of_file.pixels());
    assert_eq!(found.record(), of_file.record());
    let more = ReadOptions {
        min_images: 51,
        ..options(6)
    };
    assert!(matches!(
        loaded.of_options(&more).unwrap_err(),
        Error::TooFewImages { needed: 51, .. }
    ));
}

#[test]
fn a_prepared_set_of_other_settings_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    drawn(5).save(&path).unwrap();
    for wrong in [
        ReadOptions::new(Framing::Squash, 8),
        ReadOptions::new(Framing::CenterCrop, 6),
    ] {
        let error = read(&path, &wrong).unwrap_err();
        assert!(matches!(error, Error::PreparedDifferently { .. }));
        assert!(
            error.to_string().contains("6x6 images framed squash"),
            "{error}"
        );
    }
}

#[test]
fn damaged_prepared_sets_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    drawn(5).save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let text = String::from_utf8_lossy(&whole).into_owned();
    let one_name_less = text.find("\\\"000.png\\\",").unwrap();
    let mut renamed = whole.clone();
    // Same length, so the offsets stay right: two names become one.
    renamed[one_name_less + 8..one_name_less + 14].copy_from_slice(b"      ");
    for bytes in [
        &whole[..0],
        &whole[..7],
        &whole[..whole.len() / 2],
        b"PK\x03\x04 a zip",
        &renamed,
    ] {
        std::fs::write(&path, bytes).unwrap();
        let error = ImageSet::load(&path).unwrap_err();
        assert!(matches!(error, Error::InvalidPreparedSet { .. }), "{error}");
        assert!(error.to_string().contains("prepare it again"), "{error}");
    }
}

#[test]
fn a_set_of_the_first_format_is_still_read_and_one_of_the_future_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    let set = drawn(2);
    let mut record = serde_json::to_value(set.record()).unwrap();
    record.as_object_mut().unwrap().remove("classes");
    for (format, is_read) in [(1, true), (99, false)] {
        let text = serde_json::json!({"format": format, "record": record, "names": set.names()});
        let metadata = [("semantic_inpaint_set".to_owned(), text.to_string())];
        let (dtype, shape) = (safetensors::Dtype::U8, vec![2, 6, 6, 3]);
        let view = safetensors::tensor::TensorView::new(dtype, shape, set.pixels()).unwrap();
        safetensors::serialize_to_file([("images", view)], Some(metadata.into()), &path).unwrap();
        match ImageSet::load(&path) {
            Ok(loaded) => assert!(is_read && loaded.pixels() == set.pixels()),
            Err(error) => assert!(!is_read && error.to_string().contains("format is 99")),
        }
    }
}

#[test]
fn pixels_that_changed_on_the_disk_are_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("set.safetensors");
    drawn(5).save(&path).unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() - 100;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = ImageSet::load(&path).unwrap_err().to_string();
    assert!(error.contains("not those that were written"), "{error}");
}

#[test]
fn weights_of_a_network_are_no_prepared_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]);
    safetensors::serialize_to_file([("w", view.unwrap())], None, &path).unwrap();
    let error = ImageSet::load(&path).unwrap_err().to_string();
    assert!(
        error.contains("no metadata `semantic_inpaint_set`"),
        "{error}"
    );
}
