use proptest::prelude::*;
use semantic_inpaint_data::{ContactSheet, Error, Photo, Region};

use crate::textured;

#[test]
fn contact_sheets_fill_row_by_row() {
    let photos: Vec<Photo> = (0..5).map(|seed| textured(4, 6, seed)).collect();
    let sheet = ContactSheet {
        num_columns: 3,
        gap_px: 1,
        background: [9, 8, 7],
    };
    let sheet = sheet.render(&photos).unwrap();
    assert_eq!((sheet.height(), sheet.width()), (9, 20));
    let place = |row, column| Region {
        top: row * 5,
        left: column * 7,
        height: 4,
        width: 6,
    };
    for (index, photo) in photos.iter().enumerate() {
        assert_eq!(sheet.crop(place(index / 3, index % 3)).unwrap(), *photo);
    }
    assert_eq!(
        sheet.crop(place(1, 2)).unwrap(),
        Photo::filled(4, 6, [9, 8, 7])
    );
    let gap = Region {
        top: 4,
        left: 0,
        height: 1,
        width: 20,
    };
    assert_eq!(sheet.crop(gap).unwrap(), Photo::filled(1, 20, [9, 8, 7]));
}

#[test]
fn impossible_contact_sheets_are_refused() {
    let sheet = ContactSheet::default();
    assert!(matches!(sheet.render(&[]), Err(Error::TooFewImages { .. })));
    let mixed = [textured(2, 2, 0), textured(2, 3, 0)];
    assert!(matches!(
        sheet.render(&mixed),
        Err(Error::SizeMismatch { .. })
    ));
    let none = ContactSheet {
        num_columns: 0,
        ..sheet
    };
    assert!(matches!(
        none.render(&mixed[..1]),
        Err(Error::OutOfRange { .. })
    ));
    let far = ContactSheet {
        gap_px: usize::MAX,
        ..sheet
    };
    assert!(matches!(
        far.render(&mixed[..1]),
        Err(Error::OutOfRange { .. })
    ));
}

#[test]
fn regions_that_leave_the_picture_are_refused() {
    let mut photo = textured(4, 6, 1);
    let inside = Region {
        top: 0,
        left: 0,
        height: 4,
        width: 6,
    };
    photo.crop(inside).unwrap();
    for region in [
        Region {
            height: 5,
            ..inside
        },
        Region { top: 1, ..inside },
        Region { left: 1, ..inside },
        Region { width: 0, ..inside },
        Region {
            top: usize::MAX,
            ..inside
        },
    ] {
        let error = photo.crop(region).unwrap_err();
        assert!(matches!(error, Error::RegionOutside { .. }), "{error}");
    }
    assert!(photo.paste(&textured(2, 2, 0), 3, 0).is_err());
    assert_eq!(photo, textured(4, 6, 1));
}

#[test]
fn wrong_numbers_of_values_are_refused() {
    assert!(matches!(
        Photo::from_rgb(2, 2, vec![0; 11]),
        Err(Error::LengthMismatch { .. })
    ));
    assert!(matches!(
        Photo::from_rgb(0, 2, vec![]),
        Err(Error::LengthMismatch { .. })
    ));
    assert!(matches!(
        Photo::from_rgb(usize::MAX, 2, vec![0]),
        Err(Error::LengthMismatch { .. })
    ));
    assert!(textured(2, 2, 0).with_alpha(vec![0; 3]).is_err());
}

#[test]
fn alpha_follows_its_pixels() {
    let photo = textured(3, 4, 1).with_alpha((0..12).collect()).unwrap();
    let patch = photo
        .crop(Region {
            top: 1,
            left: 1,
            height: 2,
            width: 2,
        })
        .unwrap();
    assert_eq!(patch.alpha(), Some(&[5, 6, 9, 10][..]));
    let mut other = photo.clone();
    other.paste(&patch.clone().without_alpha(), 0, 0).unwrap();
    assert_eq!(
        other.alpha(),
        photo.alpha(),
        "a patch without alpha leaves it alone"
    );
    other.paste(&patch, 0, 0).unwrap();
    assert_eq!(&other.alpha().unwrap()[..2], [5, 6]);
    let large = photo.resized(6, 8).unwrap();
    assert_eq!(large.alpha().map(<[u8]>::len), Some(48));
    assert_eq!(
        large.without_alpha(),
        photo.without_alpha().resized(6, 8).unwrap()
    );
}

proptest! {
    #[test]
    fn pasting_changes_nothing_outside_the_rectangle(
        (height, width) in (1_usize..20, 1_usize..20),
        (top, left, rows, columns) in (0_usize..20, 0_usize..20, 1_usize..20, 1_usize..20),
    ) {
        let mut photo = textured(height, width, 1);
        let before = photo.clone();
        let patch = Photo::filled(rows, columns, [1, 2, 3]);
        let fits = top + rows <= height && left + columns <= width;
        prop_assert_eq!(photo.paste(&patch, top, left).is_ok(), fits);
        for (index, (after, before)) in
            photo.rgb().chunks(3).zip(before.rgb().chunks(3)).enumerate()
        {
            let (row, column) = (index / width, index % width);
            let inside = fits
                && (top..top + rows).contains(&row)
                && (left..left + columns).contains(&column);
            prop_assert_eq!(after, if inside { &[1, 2, 3] } else { before });
        }
    }

    #[test]
    fn a_crop_pasted_back_restores_the_picture(
        (top, left, rows, columns) in (0_usize..8, 0_usize..8, 1_usize..5, 1_usize..5),
    ) {
        let mut photo = textured(12, 12, 3).with_alpha(vec![7; 144]).unwrap();
        let patch = photo.crop(Region { top, left, height: rows, width: columns }).unwrap();
        photo.paste(&patch, top, left).unwrap();
        prop_assert_eq!(photo, textured(12, 12, 3).with_alpha(vec![7; 144]).unwrap());
    }
}
