use super::*;

#[test]
fn reduced_windows_equal_the_resized_photo_away_from_the_hole() {
    let mask = rectangle((218, 178), (90, 70), (30, 40));
    let photo = noisy_photo(218, 178, 7);
    let frame = PhotoFrame::new(&mask, 64, Crop::LargestSquare).unwrap();
    let Window { top, left, side } = frame.window();
    let region = semantic_inpaint_data::Region {
        top: top as usize,
        left: left as usize,
        height: side,
        width: side,
    };
    let resized = photo.crop(region).unwrap().resized(64, 64).unwrap();
    let corrupted = frame.corrupted(&photo, &Device::Cpu).unwrap();
    let reduced = batch_to_photos(corrupted.images()).unwrap().remove(0);
    let mut compared = 0;
    for (pixel, (a, b)) in reduced.rgb().iter().zip(resized.rgb()).enumerate() {
        let (row, col) = (pixel / 3 / 64, pixel / 3 % 64);
        let is_far = (row.saturating_sub(2)..(row + 3).min(64)).all(|row| {
            (col.saturating_sub(2)..(col + 3).min(64))
                .all(|col| corrupted.mask().is_known(0, row, col))
        });
        if is_far {
            // The other resizer rounds to 8 bits between its two passes.
            assert!(a.abs_diff(*b) <= 1, "row {row}, column {col}: {a}, {b}");
            compared += 1;
        }
    }
    assert!(compared > 3 * 64 * 64 / 2);
}

#[test]
fn model_pixels_are_missing_where_their_cell_touches_the_hole() {
    // Cells of 4 x 4 pixels; the hole covers rows 7..9 and columns 8..12 of 16.
    let mask = rectangle((16, 16), (7, 8), (2, 4));
    let frame = PhotoFrame::new(&mask, 4, Crop::LargestSquare).unwrap();
    let corrupted = frame
        .corrupted(&noisy_photo(16, 16, 8), &Device::Cpu)
        .unwrap();
    assert_eq!(corrupted.mask(), &rectangle((4, 4), (1, 2), (2, 1)));
}

#[test]
fn scattered_holes_keep_the_picture() {
    let specks = noise(256 * 256, 11);
    let mask = Mask::from_known(256, 256, |row, col| specks[row * 256 + col] < 50).unwrap();
    let photo = smooth_photo(256, 256);
    let frame = PhotoFrame::new(&mask, 32, Crop::LargestSquare).unwrap();
    let corrupted = frame.corrupted(&photo, &Device::Cpu).unwrap();
    assert_eq!(corrupted.mask().num_missing(0), 1);
    let resized = photo.resized(32, 32).unwrap();
    let seen = batch_to_photos(corrupted.images()).unwrap().remove(0);
    let far = seen
        .rgb()
        .iter()
        .zip(resized.rgb())
        .filter(|(a, b)| a.abs_diff(**b) > 12)
        .count();
    assert!(far <= 3, "{far} values are far from the picture's");
}

#[test]
fn a_perfect_model_gives_back_a_smooth_photo() {
    for (size, origin, hole) in [
        ((300, 400), (120, 150), (110, 100)),
        ((300, 400), (0, 300), (130, 100)),
        ((300, 400), (20, 0), (250, 300)),
        ((40, 50), (10, 12), (9, 14)),
    ] {
        let (mask, photo) = (rectangle(size, origin, hole), smooth_photo(size.0, size.1));
        let frame = PhotoFrame::new(&mask, 64, Crop::AroundHole).unwrap();
        // A corner that is missing shows the window's whole content to the model.
        let corner = Mask::from_missing(size.0, size.1, |row, col| row + col == 0).unwrap();
        let open = PhotoFrame {
            mask: corner,
            known_cells: open_cells(64),
            ..frame.clone()
        };
        let perfect = open.corrupted(&photo, &Device::Cpu).unwrap();
        let result = frame
            .stitch(&photo, perfect.images(), Blend::Poisson)
            .unwrap();
        let worst = result
            .rgb()
            .iter()
            .zip(photo.rgb())
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap();
        assert!(
            worst <= 8,
            "off by {worst} levels with a hole of {hole:?} at {origin:?}"
        );
    }
}

/// Every cell known but the first.
fn open_cells(size_px: usize) -> Vec<bool> {
    (0..size_px * size_px).map(|cell| cell > 0).collect()
}

#[test]
fn poisson_blending_removes_an_offset_of_the_model() {
    let (mask, photo) = (
        rectangle((200, 200), (60, 60), (80, 80)),
        Photo::filled(200, 200, [180; 3]),
    );
    let frame = PhotoFrame::new(&mask, 64, Crop::AroundHole).unwrap();
    assert_eq!(
        frame.stitch(&photo, &gray(64), Blend::Poisson).unwrap(),
        photo
    );
    assert_ne!(
        frame.stitch(&photo, &gray(64), Blend::Overlay).unwrap(),
        photo
    );
}
