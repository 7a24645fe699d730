use super::*;

#[test]
fn windows_contain_the_hole_and_stay_inside_where_the_photo_allows() {
    for mask in cases() {
        let hole = Bounds::of_hole(&mask);
        for (crop, size_px) in CROPS.into_iter().flat_map(|crop| [(crop, 2), (crop, 64)]) {
            let window = PhotoFrame::new(&mask, size_px, crop).unwrap().window();
            let end = |start: isize| start + window.side as isize;
            assert!(window.top <= hole.top as isize && end(window.top) >= hole.bottom as isize);
            assert!(window.left <= hole.left as isize && end(window.left) >= hole.right as isize);
            let short = mask.height().min(mask.width());
            let inside = window.is_within(mask.height(), mask.width());
            assert_eq!(inside, window.side <= short, "{window:?} for {mask:?}");
        }
    }
}

#[test]
fn windows_have_the_size_that_their_crop_says() {
    let side = |mask: &Mask, crop| PhotoFrame::new(mask, 64, crop).unwrap().window();
    // A hole of 90 needs 90 / 0.45 = 200 pixels, one of 20 the model's 64.
    let large = rectangle((1000, 800), (500, 400), (90, 60));
    assert_eq!(
        side(&large, Crop::AroundHole),
        Window {
            top: 445,
            left: 330,
            side: 200
        }
    );
    assert_eq!(
        side(&large, Crop::LargestSquare),
        Window {
            top: 145,
            left: 0,
            side: 800
        }
    );
    let small = rectangle((1000, 800), (0, 785), (20, 15));
    assert_eq!(
        side(&small, Crop::AroundHole),
        Window {
            top: 0,
            left: 736,
            side: 64
        }
    );
    let narrow = rectangle((100, 300), (10, 100), (70, 70));
    assert_eq!(
        side(&narrow, Crop::AroundHole),
        Window {
            top: 0,
            left: 85,
            side: 100
        }
    );
    let long = rectangle((100, 300), (10, 100), (10, 90));
    assert_eq!(
        side(&long, Crop::AroundHole),
        Window {
            top: -50,
            left: 45,
            side: 200
        }
    );
    let whole = rectangle((100, 300), (0, 0), (100, 299));
    assert_eq!(
        side(&whole, Crop::LargestSquare),
        Window {
            top: -100,
            left: 0,
            side: 300
        }
    );
}

#[test]
fn centered_squares_stay_in_the_middle_unless_the_hole_fills_or_leaves_them() {
    let window = |mask: &Mask, crop| PhotoFrame::new(mask, 64, crop).unwrap().window();
    let upper = rectangle((300, 200), (50, 0), (90, 200));
    let middle = Window {
        top: 50,
        left: 0,
        side: 200,
    };
    assert_eq!(window(&upper, Crop::CenteredSquare), middle);
    for outside in [
        rectangle((300, 200), (49, 10), (20, 20)),
        rectangle((300, 200), (50, 0), (200, 200)),
    ] {
        assert_eq!(
            window(&outside, Crop::CenteredSquare),
            window(&outside, Crop::LargestSquare)
        );
    }
}

#[test]
fn names_of_crops_round_trip() {
    for crop in CROPS {
        assert_eq!(crop.to_string().parse::<Crop>().unwrap(), crop);
    }
    let message = "square".parse::<Crop>().unwrap_err().to_string();
    assert!(message.contains("largest-square"), "{message}");
}
