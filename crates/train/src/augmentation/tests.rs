use std::collections::HashMap;

use semantic_inpaint_tensor::ops::{ColorChange, Cutout, ImageChange, Move, change_images};
use semantic_inpaint_tensor::{DType, Device, ImageBatch, ImageShape, Rng, Tensor};
use testkit::{GRADCHECK_STEP, Tolerance, assert_close, golden, gradcheck, images_from_levels};

use super::DiffAugment;
use super::draw::draw;

const MANIFEST: &str = env!("CARGO_MANIFEST_DIR");

fn parsed(text: &str) -> DiffAugment {
    text.parse().unwrap()
}

fn images(count: usize, shape: ImageShape) -> Tensor {
    let dims = (count, shape.channels, shape.height, shape.width);
    Rng::from_seed(4)
        .uniform(-1.0, 1.0, dims, &Device::Cpu)
        .unwrap()
}

const SMALL: ImageShape = ImageShape {
    channels: 3,
    height: 8,
    width: 12,
};

#[test]
fn texts_round_trip_and_others_are_refused() {
    for text in [
        "none",
        "color",
        "translation",
        "cutout",
        "color,cutout",
        "color,translation,cutout",
    ] {
        assert_eq!(parsed(text).to_string(), text);
        let json = serde_json::to_string(&parsed(text)).unwrap();
        assert_eq!(
            serde_json::from_str::<DiffAugment>(&json).unwrap(),
            parsed(text)
        );
    }
    assert_eq!(parsed("cutout, color").to_string(), "color,cutout");
    assert_eq!(parsed("color,translation,cutout"), DiffAugment::ALL);
    for text in ["", "flip", "color,color", "color,none", "color,"] {
        let message = text.parse::<DiffAugment>().unwrap_err().to_string();
        assert!(
            message.contains("color,translation,cutout"),
            "{text}: {message}"
        );
    }
}

/// The numbers of a PyTorch program.
fn changes_of(file: &HashMap<String, Tensor>) -> Vec<ImageChange> {
    let column = |name: &str| -> Vec<f64> {
        let values = file[name].to_dtype(DType::F64).unwrap();
        values.to_vec1().unwrap()
    };
    let [brightness, saturation, contrast] = ["brightness", "saturation", "contrast"].map(column);
    let [rows, cols, top, left] = ["move_rows", "move_cols", "hole_top", "hole_left"]
        .map(|name| column(name).into_iter().map(|value| value as isize))
        .map(Iterator::collect::<Vec<isize>>);
    let change = |index: usize| ImageChange {
        color: ColorChange {
            brightness: brightness[index],
            saturation: saturation[index],
            contrast: contrast[index],
        },
        moved: Move {
            rows: rows[index],
            cols: cols[index],
        },
        cutout: Cutout {
            top: top[index],
            left: left[index],
            height: 8,
            width: 8,
        },
    };
    (0..brightness.len()).map(change).collect()
}

#[test]
fn changed_images_and_gradients_equal_pytorch() {
    let file = golden(MANIFEST, "diff_augment");
    let all = changes_of(&file);
    let images = images_from_levels(&file["image_levels"]);
    let only = |part: fn(ImageChange) -> ImageChange| all.iter().copied().map(part).collect();
    const NOTHING: ImageChange = ImageChange::NONE;
    let cases: [(&str, Vec<ImageChange>); 4] = [
        (
            "color",
            only(|ImageChange { color, .. }| ImageChange { color, ..NOTHING }),
        ),
        (
            "translation",
            only(|ImageChange { moved, .. }| ImageChange { moved, ..NOTHING }),
        ),
        (
            "cutout",
            only(|ImageChange { cutout, .. }| ImageChange { cutout, ..NOTHING }),
        ),
        ("all", all.clone()),
    ];
    for (name, changes) in cases {
        let at = semantic_inpaint_tensor::Var::from_tensor(&images).unwrap();
        let changed = change_images(&at, &changes).unwrap();
        let want = &file[&format!("{name}.images")];
        assert_close(name, &changed, want, Tolerance::F32_ROUNDING);
        let loss = (&changed * &file["factors"]).unwrap().sum_all().unwrap();
        let gradients = loss.backward().unwrap();
        let want = &file[&format!("{name}.gradient")];
        assert_close(
            name,
            gradients.get(&at).unwrap(),
            want,
            Tolerance::F32_ROUNDING,
        );
    }
}

#[test]
fn gradients_equal_differences() {
    for text in ["color", "translation", "cutout", "color,translation,cutout"] {
        for channels in [1, 3] {
            let shape = ImageShape { channels, ..SMALL };
            let changes = draw(parsed(text), 2, shape, &mut Rng::from_seed(9));
            gradcheck(
                |x| change_images(&x[0], &changes).unwrap().powf(3.0)?.sum_all(),
                &[images(2, shape).to_dtype(DType::F64).unwrap()],
                GRADCHECK_STEP,
                Tolerance::GRADCHECK,
            );
        }
    }
}

#[test]
fn no_augmentation_changes_no_bit_and_draws_no_number() {
    let images = ImageBatch::new(images(2, SMALL)).unwrap();
    let mut rng = Rng::from_seed(1);
    let before = rng.state();
    let changed = DiffAugment::NONE.apply(&images, &mut rng).unwrap();
    assert_eq!(changed.to_values().unwrap(), images.to_values().unwrap());
    assert_eq!(rng.state(), before);
}

#[test]
fn numbers_fill_their_ranges_and_each_image_has_its_own() {
    let shape = ImageShape::square_rgb(64);
    let changes = draw(DiffAugment::ALL, 4000, shape, &mut Rng::from_seed(5));
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::MAX, f64::MIN), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let near = |(low, high): (f64, f64), want: (f64, f64)| {
        let inside = low >= want.0 && high <= want.1;
        assert!(
            inside && low < want.0 + 0.01 && high > want.1 - 0.01,
            "{low} {high}"
        );
    };
    let all = |of: fn(&ImageChange) -> f64, want| near(range(&mut changes.iter().map(of)), want);
    all(|change| change.color.brightness, (-0.5, 0.5));
    all(|change| change.color.saturation, (0.0, 2.0));
    all(|change| change.color.contrast, (0.5, 1.5));
    all(|change| change.moved.rows as f64, (-8.0, 8.0));
    all(|change| change.moved.cols as f64, (-8.0, 8.0));
    all(|change| change.cutout.top as f64, (-16.0, 48.0));
    all(|change| change.cutout.left as f64, (-16.0, 48.0));
    let sides = |change: &ImageChange| (change.cutout.height, change.cutout.width);
    assert!(changes.iter().all(|change| sides(change) == (32, 32)));
}

#[test]
fn a_move_leaves_gray_behind_and_a_hole_is_gray() {
    let shape = ImageShape {
        channels: 1,
        height: 2,
        width: 3,
    };
    let image = Tensor::new(&[[[[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]]], &Device::Cpu).unwrap();
    let rows = |change: ImageChange| -> Vec<f32> {
        let changed = change_images(&image, &[change]).unwrap();
        assert_eq!(ImageBatch::new(changed.clone()).unwrap().shape(), shape);
        changed.flatten_all().unwrap().to_vec1().unwrap()
    };
    let moved = ImageChange {
        moved: Move { rows: 1, cols: -1 },
        ..ImageChange::NONE
    };
    assert_eq!(rows(moved), [0.0, 0.0, 0.0, 2.0, 3.0, 0.0]);
    let cut = ImageChange {
        cutout: Cutout {
            top: -1,
            left: 1,
            height: 2,
            width: 9,
        },
        ..ImageChange::NONE
    };
    assert_eq!(rows(cut), [1.0, 0.0, 0.0, 4.0, 5.0, 6.0]);
}
