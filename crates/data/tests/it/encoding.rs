use proptest::prelude::*;
use semantic_inpaint_data::{
    Error, Photo, batch_to_photos, level_to_value, photos_to_batch, read_photo, value_to_level,
    write_atomically,
};
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape};

use crate::textured;

#[test]
fn every_level_survives_the_way_through_values() {
    for level in 0..=255 {
        assert_eq!(value_to_level(level_to_value(level)), level);
        assert!((-1.0..=1.0).contains(&level_to_value(level)));
    }
    assert_eq!((level_to_value(0), level_to_value(255)), (-1.0, 1.0));
}

#[test]
fn values_outside_the_range_are_clamped() {
    let values = [-7.0, 3.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    assert_eq!(values.map(value_to_level), [0, 255, 0, 255, 0]);
}

proptest! {
    #[test]
    fn any_value_comes_back_within_half_a_level(value in -1.0_f32..=1.0) {
        let back = level_to_value(value_to_level(value));
        prop_assert!((back - value).abs() <= 0.5 / 127.5 + 1e-6);
    }
}

#[test]
fn photos_become_planes_and_come_back_exactly() {
    let photos = [textured(3, 5, 1), textured(3, 5, 2)];
    let batch = photos_to_batch(&photos, &Device::Cpu).unwrap();
    assert_eq!(batch.tensor().dims(), [2, 3, 3, 5]);
    let green = batch.to_values().unwrap()[45 + 15 + 7];
    assert_eq!(green, level_to_value(photos[1].rgb()[7 * 3 + 1]));
    assert_eq!(batch_to_photos(&batch).unwrap(), photos);
}

#[test]
fn gray_batches_become_gray_photos() {
    let shape = ImageShape {
        channels: 1,
        height: 1,
        width: 2,
    };
    let batch = ImageBatch::from_values(vec![-1.0, 1.0], shape, &Device::Cpu).unwrap();
    let photos = batch_to_photos(&batch).unwrap();
    assert_eq!(photos[0].rgb(), [0, 0, 0, 255, 255, 255]);
}

#[test]
fn batches_of_different_or_no_photos_are_refused() {
    let photos = [textured(3, 5, 1), textured(5, 3, 2)];
    let error = photos_to_batch(&photos, &Device::Cpu).unwrap_err();
    assert!(
        error.to_string().starts_with("picture 1: expected 3x5"),
        "{error}"
    );
    assert!(matches!(
        photos_to_batch(&[], &Device::Cpu),
        Err(Error::TooFewImages { .. })
    ));
}

#[test]
fn saved_pictures_read_back_with_their_alpha_where_the_format_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let photo = textured(9, 6, 5)
        .with_alpha((0..54).map(|level| level * 4).collect())
        .unwrap();
    for extension in ["png", "PNG", "webp", "tiff"] {
        let path = folder.path().join(format!("picture.{extension}"));
        photo.save(&path).unwrap();
        assert_eq!(read_photo(&path).unwrap(), photo, "{extension}");
    }
    let path = folder.path().join("opaque.bmp");
    photo.clone().without_alpha().save(&path).unwrap();
    assert_eq!(read_photo(&path).unwrap(), photo.clone().without_alpha());

    let smooth = Photo::filled(16, 16, [120, 60, 200]);
    let path = folder.path().join("smooth.jpeg");
    smooth.save(&path).unwrap();
    let back = read_photo(&path).unwrap();
    let far = |(a, b): (&u8, &u8)| a.abs_diff(*b) > 3;
    assert!(!back.rgb().iter().zip(smooth.rgb()).any(far));
}

#[test]
fn unknown_extensions_are_refused_with_the_known_ones() {
    for name in ["picture", "picture.txt", "picture.gif"] {
        let error = textured(2, 2, 0).save(name).unwrap_err();
        assert!(matches!(error, Error::UnknownOutputFormat { .. }));
        assert!(error.to_string().contains(".png"), "{error}");
    }
}

#[test]
fn writing_replaces_the_file_and_leaves_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.png");
    textured(4, 4, 1).save(&path).unwrap();
    textured(4, 4, 2).save(&path).unwrap();
    assert_eq!(read_photo(&path).unwrap(), textured(4, 4, 2));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn unwritable_outputs_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-such-folder").join("out.png");
    let error = write_atomically(&path, b"x").unwrap_err();
    assert!(matches!(error, Error::Unwritable { .. }));
    assert!(error.to_string().contains("out.png"), "{error}");
    // A folder cannot be replaced by a file, and the temporary file must not stay behind.
    assert!(matches!(
        write_atomically(folder.path().join("."), b"x"),
        Err(Error::Unwritable { .. })
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
