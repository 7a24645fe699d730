use std::collections::HashMap;

use semantic_inpaint_tensor::{DType, Device, ImageBatch, ImageShape, Rng, Tensor};
use testkit::{GRADCHECK_STEP, Tolerance, assert_close, golden, gradcheck, images_from_levels};

use super::DiffAugment;
use super::draw::{Color, Draw, Hole, Move};

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
fn draw_of(file: &HashMap<String, Tensor>) -> Draw {
    let column = |name: &str| -> Vec<f64> {
        let values = file[name].to_dtype(DType::F64).unwrap();
        values.to_vec1().unwrap()
    };
    let [brightness, saturation, contrast] = ["brightness", "saturation", "contrast"].map(column);
    let whole = |name| column(name).into_iter().map(|value| value as isize);
    let color = |index: usize| Color {
        brightness: brightness[index],
        saturation: saturation[index],
        contrast: contrast[index],
    };
    let moves = whole("move_rows").zip(whole("move_cols"));
    let holes = whole("hole_top").zip(whole("hole_left"));
    let hole = |(top, left)| Hole {
        top,
        left,
        height: 8,
        width: 8,
    };
    Draw {
        colors: (0..brightness.len()).map(color).collect(),
        moves: moves.map(|(rows, cols)| Move { rows, cols }).collect(),
        holes: holes.map(hole).collect(),
    }
}

#[test]
fn changed_images_and_gradients_equal_pytorch() {
    let file = golden(MANIFEST, "diff_augment");
    let all = draw_of(&file);
    let nothing = Draw::default;
    let images = images_from_levels(&file["image_levels"]);
    for (name, draw) in [
        (
            "color",
            Draw {
                colors: all.colors.clone(),
                ..nothing()
            },
        ),
        (
            "translation",
            Draw {
                moves: all.moves.clone(),
                ..nothing()
            },
        ),
        (
            "cutout",
            Draw {
                holes: all.holes.clone(),
                ..nothing()
            },
        ),
        ("all", all),
    ] {
        let at = semantic_inpaint_tensor::Var::from_tensor(&images).unwrap();
        let changed = draw.apply(&at).unwrap();
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
            let draw = Draw::new(parsed(text), 2, shape, &mut Rng::from_seed(9));
            gradcheck(
                |x| draw.apply(&x[0]).unwrap().powf(3.0)?.sum_all(),
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
    let draw = Draw::new(DiffAugment::ALL, 4000, shape, &mut Rng::from_seed(5));
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
    near(
        range(&mut draw.colors.iter().map(|color| color.brightness)),
        (-0.5, 0.5),
    );
    near(
        range(&mut draw.colors.iter().map(|color| color.saturation)),
        (0.0, 2.0),
    );
    near(
        range(&mut draw.colors.iter().map(|color| color.contrast)),
        (0.5, 1.5),
    );
    near(
        range(&mut draw.moves.iter().map(|moved| moved.rows as f64)),
        (-8.0, 8.0),
    );
    near(
        range(&mut draw.moves.iter().map(|moved| moved.cols as f64)),
        (-8.0, 8.0),
    );
    near(
        range(&mut draw.holes.iter().map(|hole| hole.top as f64)),
        (-16.0, 48.0),
    );
    near(
        range(&mut draw.holes.iter().map(|hole| hole.left as f64)),
        (-16.0, 48.0),
    );
    assert!(
        draw.holes
            .iter()
            .all(|hole| (hole.height, hole.width) == (32, 32))
    );
}

#[test]
fn a_move_leaves_gray_behind_and_a_hole_is_gray() {
    let shape = ImageShape {
        channels: 1,
        height: 2,
        width: 3,
    };
    let image = Tensor::new(&[[[[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]]]], &Device::Cpu).unwrap();
    let rows = |draw: &Draw| -> Vec<f32> {
        let changed = draw.apply(&image).unwrap();
        assert_eq!(ImageBatch::new(changed.clone()).unwrap().shape(), shape);
        changed.flatten_all().unwrap().to_vec1().unwrap()
    };
    let moved = Draw {
        moves: vec![Move { rows: 1, cols: -1 }],
        ..Draw::default()
    };
    assert_eq!(rows(&moved), [0.0, 0.0, 0.0, 2.0, 3.0, 0.0]);
    let cut = Draw {
        holes: vec![Hole {
            top: -1,
            left: 1,
            height: 2,
            width: 9,
        }],
        ..Draw::default()
    };
    assert_eq!(rows(&cut), [1.0, 0.0, 0.0, 4.0, 5.0, 6.0]);
}
