use super::*;

#[test]
fn methods_of_any_size_see_the_windows_own_pixels_within_the_photo() {
    for mask in cases() {
        let photo = noisy_photo(mask.height(), mask.width(), 7);
        for crop in CROPS {
            let frame = PhotoFrame::at_photo_resolution(&mask, crop, usize::MAX).unwrap();
            assert_eq!(frame.scale(), 1.0);
            let corrupted = frame.corrupted(&photo, &Device::Cpu).unwrap();
            let shape = frame.shape();
            assert_eq!(corrupted.images().shape(), shape);
            assert_eq!(corrupted.mask().num_missing(0), mask.num_missing(0));
            let (top, left) = (frame.window().top.max(0), frame.window().left.max(0));
            let (top, left) = (top.unsigned_abs(), left.unsigned_abs());
            let values = corrupted.images().to_values().unwrap();
            for (at, &red) in values.iter().take(shape.num_pixels()).enumerate() {
                let (row, col) = (at / shape.width, at % shape.width);
                let is_known = mask.is_known(0, top + row, left + col);
                assert_eq!(corrupted.mask().is_known(0, row, col), is_known);
                if is_known {
                    let level = photo.rgb()[3 * ((top + row) * photo.width() + left + col)];
                    assert_eq!(red, level_to_value(level));
                }
            }
        }
    }
}

#[test]
fn fills_of_any_size_come_back_into_the_hole_alone() {
    for mask in cases() {
        let photo = noisy_photo(mask.height(), mask.width(), 8);
        for max_pixels in [4, 900, usize::MAX] {
            let frame =
                PhotoFrame::at_photo_resolution(&mask, Crop::AroundHole, max_pixels).unwrap();
            let shape = frame.shape();
            assert!(shape.num_pixels() <= max_pixels);
            let gray = vec![0.25; shape.num_values()];
            let gray = ImageBatch::from_values(gray, shape, &Device::Cpu).unwrap();
            let result = frame.stitch(&photo, &gray, Blend::Overlay).unwrap();
            let pairs = photo
                .rgb()
                .chunks_exact(3)
                .zip(result.rgb().chunks_exact(3));
            for ((before, after), &is_known) in pairs.zip(&mask.known(0)) {
                assert_eq!(after, if is_known { before } else { &[159; 3] });
            }
        }
    }
}

#[test]
fn bounds_that_leave_nothing_are_refused() {
    let mask = rectangle((9, 9), (2, 2), (3, 3));
    let refused = PhotoFrame::at_photo_resolution(&mask, Crop::AroundHole, 3);
    assert!(matches!(refused, Err(PhotoError::TooFewPixels { got: 3 })));
}
