use proptest::prelude::{prop, prop_assert, prop_assume, proptest};

use super::*;

fn row_mask(row_missing: usize) -> Mask {
    Mask::from_missing(3, 4, |row, _| row == row_missing).unwrap()
}

#[test]
fn masks_of_one_kind_of_pixel_are_refused_with_their_counts() {
    let full = Mask::from_missing(4, 5, |_, _| true).unwrap_err();
    assert!(matches!(
        full,
        Error::NothingKnown {
            index: 0,
            num_pixels: 20
        }
    ));
    assert!(
        full.to_string().contains("20 of 20 pixels are missing"),
        "{full}"
    );
    let empty = Mask::from_known(4, 5, |_, _| true).unwrap_err();
    assert!(matches!(
        empty,
        Error::NothingMissing {
            index: 0,
            num_pixels: 20
        }
    ));
    assert!(
        empty.to_string().contains("0 of 20 pixels are missing"),
        "{empty}"
    );
}

#[test]
fn the_mask_at_fault_is_named() {
    let mut known = Array3::from_elem((3, 2, 2), true);
    known[(0, 0, 0)] = false;
    known[(1, 1, 1)] = false;
    let error = Mask::from_known_array(known).unwrap_err();
    assert!(
        matches!(error, Error::NothingMissing { index: 2, .. }),
        "{error}"
    );
}

#[test]
fn sizes_of_zero_are_refused() {
    for (height, width) in [(0, 4), (4, 0), (0, 0)] {
        let error = Mask::from_missing(height, width, |_, _| true).unwrap_err();
        assert!(matches!(error, Error::ShapeMismatch { .. }));
    }
}

#[test]
fn the_two_constructors_are_opposites() {
    let is_left = |_: usize, col: usize| col == 0;
    let missing = Mask::from_missing(3, 4, is_left).unwrap();
    let known = Mask::from_known(3, 4, is_left).unwrap();
    assert_eq!((missing.num_missing(0), missing.num_known(0)), (3, 9));
    assert_eq!((known.num_missing(0), known.num_known(0)), (9, 3));
    assert!(!missing.is_known(0, 1, 0) && known.is_known(0, 1, 0));
}

#[test]
fn a_tensor_is_one_on_known_pixels_in_row_major_order() {
    let mask = Mask::stack(&[row_mask(0), row_mask(2)]).unwrap();
    let tensor = mask.to_tensor(&Device::Cpu).unwrap();
    assert_eq!(
        (tensor.dims(), tensor.dtype()),
        (&[2, 1, 3, 4][..], DType::F32)
    );
    let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
    let expected = [[0.0; 4], [1.0; 4], [1.0; 4], [1.0; 4], [1.0; 4], [0.0; 4]];
    assert_eq!(values, expected.concat());
}

#[test]
fn stacking_keeps_the_order_and_selecting_undoes_it() {
    let masks = [row_mask(0), row_mask(1), row_mask(2)];
    let pair = Mask::stack(&masks[..2]).unwrap();
    let all = Mask::stack(&[pair, masks[2].clone()]).unwrap();
    assert_eq!(all.count(), 3);
    for (index, mask) in masks.iter().enumerate() {
        assert_eq!(&all.select(&[index]).unwrap(), mask);
        assert_eq!(&all.narrow(index, 1).unwrap(), mask);
    }
    let swapped = all.select(&[2, 0, 2]).unwrap();
    assert_eq!(swapped.known(0), all.known(2));
    assert_eq!(swapped.known(1), all.known(0));
    assert_eq!(swapped.known(2), all.known(2));
}

#[test]
fn stacks_of_nothing_or_of_two_sizes_are_refused() {
    assert!(Mask::stack(&[]).is_err());
    let other = Mask::from_missing(4, 3, |row, _| row == 0).unwrap();
    let error = Mask::stack(&[row_mask(0), other]).unwrap_err();
    assert!(error.to_string().contains("[(3, 4), (4, 3)]"), "{error}");
}

#[test]
fn ranges_outside_the_batch_are_refused() {
    let mask = Mask::stack(&[row_mask(0), row_mask(1)]).unwrap();
    for (start, count) in [(0, 0), (0, 3), (2, 1), (1, usize::MAX)] {
        assert!(mask.narrow(start, count).is_err(), "{start}, {count}");
    }
    assert!(mask.select(&[]).is_err());
    assert!(mask.select(&[0, 2]).is_err());
}

#[test]
fn only_a_single_mask_is_repeated() {
    let single = row_mask(1);
    let three = single.repeat(3).unwrap();
    assert_eq!(three.count(), 3);
    assert!((0..3).all(|index| three.known(index) == single.known(0)));
    assert!(three.repeat(2).is_err());
    assert!(single.repeat(0).is_err());
    assert_eq!(single.broadcast_to(3).unwrap(), three);
    assert_eq!(three.broadcast_to(3).unwrap(), three);
    assert!(
        three
            .broadcast_to(4)
            .unwrap_err()
            .to_string()
            .contains("4 images")
    );
    assert!(single.broadcast_to(0).is_err());
}

#[test]
fn debug_output_shows_counts_not_pixels() {
    let text = format!("{:?}", row_mask(1));
    assert_eq!(text, "Mask { height: 3, width: 4, num_missing: [4] }");
}

#[test]
fn every_shape_is_drawn_and_chance_is_drawn_anew_for_each_image() {
    let shapes: Vec<MaskShape> = ["square:12", "pixels:0.5"]
        .map(|text| text.parse().unwrap())
        .to_vec();
    let draw = |seed| Mask::draw(&shapes, 40, 32, 32, &mut Rng::from_seed(seed)).unwrap();
    let masks = draw(1);
    let count = |missing| {
        (0..40)
            .filter(|&index| masks.num_missing(index) == missing)
            .count()
    };
    assert!(count(144) > 8 && count(512) > 8 && count(144) + count(512) == 40);
    let random: Vec<_> = (0..40)
        .filter(|&index| masks.num_missing(index) == 512)
        .collect();
    assert_ne!(masks.known(random[0]), masks.known(random[1]));
    assert_eq!(masks, draw(1));
    assert_ne!(masks, draw(2));
    let error = Mask::draw(&[], 1, 8, 8, &mut Rng::from_seed(1)).unwrap_err();
    assert!(error.to_string().contains("square:20"), "{error}");
}

#[test]
fn the_depth_of_a_hole_is_the_mean_distance_from_known_pixels() {
    let depth = |spec: &str, size: usize| {
        let shape: MaskShape = spec.parse().unwrap();
        let mask = shape.build(size, size, &mut Rng::from_seed(2)).unwrap();
        mask.depth_px(0)
    };
    // Rings of 36, 28, 20, 12 and 4 pixels.
    let rings = 36.0 * 0.5 + 28.0 * 1.5 + 20.0 * 2.5 + 12.0 * 3.5 + 4.0 * 4.5;
    assert_eq!(depth("square:10", 64), rings / 100.0);
    assert_eq!(depth("square:3", 64), (8.0 * 0.5 + 1.5) / 9.0);
    assert_eq!(depth("blocks:2x2:10", 64), 0.5);
    assert_eq!(depth("blocks:1x1:1", 64), 0.5);
    // Beyond the image nothing is known.
    for side in ["left", "right", "top", "bottom"] {
        assert_eq!(depth(&format!("half:{side}"), 64), 16.0, "{side}");
    }
    let corner = Mask::from_missing(8, 8, |row, col| row < 3 && col < 5).unwrap();
    assert_eq!(
        corner.depth_px(0),
        (7.0 * 0.5 + 5.0 * 1.5 + 3.0 * 2.5) / 15.0
    );
    let all_but_one = Mask::from_known(1, 4, |_, col| col == 0).unwrap();
    assert_eq!(all_but_one.depth_px(0), 1.5);
}

#[test]
fn each_mask_has_its_own_depth() {
    let masks = [row_mask(0), row_mask(1)].map(|mask| mask.depth_px(0));
    let deep = Mask::from_missing(3, 4, |row, _| row > 0).unwrap();
    let all = Mask::stack(&[row_mask(0), deep, row_mask(1)]).unwrap();
    assert_eq!((all.depth_px(0), all.depth_px(2)), (masks[0], masks[1]));
    assert_eq!(all.depth_px(1), 1.0);
}

/// The depth by its equation, pixel against pixel.
fn depth_by_pairs(mask: &Mask) -> f64 {
    let pixels = || mask.known(0).into_iter().copied().enumerate();
    let place = |at: usize| (at / mask.width(), at % mask.width());
    let nearest = |missing: usize| {
        let (row, col) = place(missing);
        let known = pixels().filter(|&(_, is_known)| is_known);
        let distances = known.map(|(at, _)| {
            let other = place(at);
            row.abs_diff(other.0).max(col.abs_diff(other.1))
        });
        distances.min().unwrap()
    };
    let missing = pixels().filter(|&(_, is_known)| !is_known);
    let sum: usize = missing.map(|(at, _)| nearest(at)).sum();
    sum as f64 / mask.num_missing(0) as f64 - 0.5
}

proptest! {
    #[test]
    fn depth_follows_its_equation(width in 1_usize..9, known in prop::collection::vec(prop::bool::weighted(0.15), 1..80)) {
        let height = known.len() / width;
        prop_assume!(height > 0);
        if let Ok(mask) = Mask::from_known(height, width, |row, col| known[row * width + col]) {
            prop_assert!((mask.depth_px(0) - depth_by_pairs(&mask)).abs() < 1e-9);
        }
    }
}
