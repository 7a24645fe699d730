use proptest::prelude::*;
use semantic_inpaint_data::{Error, Framing, Photo, Region};

use crate::textured;

#[test]
fn crop108_takes_the_box_of_an_aligned_image() {
    let aligned = textured(218, 178, 1);
    let framed = Framing::Crop108.apply(&aligned, 108).unwrap();
    let expected = aligned
        .crop(Region {
            top: 55,
            left: 35,
            height: 108,
            width: 108,
        })
        .unwrap();
    assert_eq!(framed, expected);
}

#[test]
fn crop108_refuses_other_sizes_but_passes_finished_images() {
    let finished = textured(64, 64, 2);
    assert_eq!(Framing::Crop108.apply(&finished, 64).unwrap(), finished);
    for (height, width) in [(178, 218), (128, 128), (218, 177)] {
        let error = Framing::Crop108
            .apply(&textured(height, width, 3), 64)
            .unwrap_err();
        assert!(matches!(error, Error::FramingMismatch { .. }));
        assert!(error.to_string().contains("center-crop"), "{error}");
    }
}

#[test]
fn center_crop_takes_the_middle_square() {
    let photo = textured(10, 15, 4);
    let framed = Framing::CenterCrop.apply(&photo, 10).unwrap();
    assert_eq!(
        framed,
        photo
            .crop(Region {
                top: 0,
                left: 2,
                height: 10,
                width: 10
            })
            .unwrap()
    );
}

#[test]
fn squash_uses_the_whole_frame() {
    let mut photo = Photo::filled(20, 40, [0; 3]);
    photo
        .paste(&Photo::filled(20, 20, [200, 100, 50]), 0, 0)
        .unwrap();
    let framed = Framing::Squash.apply(&photo, 10).unwrap();
    assert_eq!(
        framed
            .crop(Region {
                top: 0,
                left: 0,
                height: 10,
                width: 4
            })
            .unwrap(),
        Photo::filled(10, 4, [200, 100, 50])
    );
    assert_eq!(
        framed
            .crop(Region {
                top: 0,
                left: 6,
                height: 10,
                width: 4
            })
            .unwrap(),
        Photo::filled(10, 4, [0; 3])
    );
}

#[test]
fn shrinking_averages_instead_of_sampling() {
    // Columns alternate between black and white: sampling single columns would keep the stripes.
    let rgb = (0..64 * 64 * 3)
        .map(|i| if (i / 3) % 2 == 0 { 0 } else { 255 })
        .collect();
    let stripes = Photo::from_rgb(64, 64, rgb).unwrap();
    let small = stripes.resized(16, 16).unwrap();
    let inner = small
        .crop(Region {
            top: 0,
            left: 2,
            height: 16,
            width: 12,
        })
        .unwrap();
    assert!(
        inner
            .rgb()
            .iter()
            .all(|&level| (120..=136).contains(&level)),
        "{:?}",
        inner.rgb()
    );
}

#[test]
fn framing_names_parse_back_and_serialize_as_shown() {
    for framing in [Framing::Crop108, Framing::Squash, Framing::CenterCrop] {
        assert_eq!(framing.to_string().parse::<Framing>().unwrap(), framing);
        assert_eq!(
            serde_json::to_string(&framing).unwrap(),
            format!("\"{framing}\"")
        );
    }
    let error = "crop".parse::<Framing>().unwrap_err().to_string();
    assert!(
        error.contains("crop108, squash, center-crop or random-crops:COUNT"),
        "{error}"
    );
}

#[test]
fn impossible_sizes_are_refused() {
    for size in [0, 70_000] {
        let error = Framing::Squash.apply(&textured(4, 4, 0), size).unwrap_err();
        assert!(matches!(error, Error::OutOfRange { .. }), "{error}");
    }
}

proptest! {
    #[test]
    fn resizing_never_leaves_the_range_of_the_picture(
        height in 1_usize..30, width in 1_usize..30, target in 1_usize..30, low in 0_u8..200,
    ) {
        let rgb = (0..height * width * 3).map(|i| low + (i * 7 % 40) as u8).collect();
        let framed = Framing::Squash.apply(&Photo::from_rgb(height, width, rgb).unwrap(), target).unwrap();
        prop_assert_eq!(framed.rgb().len(), target * target * 3);
        prop_assert!(framed.rgb().iter().all(|&level| (low..low + 40).contains(&level)));
    }
}
