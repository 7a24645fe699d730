use semantic_inpaint_latent_encoder::weighted_error;
use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Tensor, Var};

const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: 4,
    width: 5,
};

fn constant(values: &[f32]) -> ImageBatch {
    let values = values
        .iter()
        .flat_map(|&value| vec![value; SHAPE.num_values()]);
    ImageBatch::from_values(values.collect(), SHAPE, &Device::Cpu).unwrap()
}

fn known() -> Tensor {
    let masks = [2, 3].map(|cols| Mask::from_missing(4, 5, |_, col| col < cols).unwrap());
    Mask::stack(&masks)
        .unwrap()
        .to_tensor(&Device::Cpu)
        .unwrap()
}

#[test]
fn images_of_a_constant_error_have_its_square_whatever_the_weight() {
    let (truth, prediction) = (constant(&[0.0, 0.0]), constant(&[0.5, -0.1]));
    for hole_weight in [0.5, 1.0, 10.0] {
        let error = weighted_error(&prediction, &truth, &known(), hole_weight).unwrap();
        let error: f32 = error.to_scalar().unwrap();
        assert!((error - (0.25 + 0.01) / 2.0).abs() < 1e-6, "{error}");
    }
}

#[test]
fn a_missing_pixel_pulls_as_many_times_as_a_known_one_as_its_weight_says() {
    let truth = constant(&[0.0, 0.0]);
    let prediction = Var::from_tensor(constant(&[0.5, 0.5]).tensor()).unwrap();
    let images = ImageBatch::new(prediction.as_tensor().clone()).unwrap();
    let error = weighted_error(&images, &truth, &known(), 7.0).unwrap();
    let gradient = error.backward().unwrap();
    let gradient = gradient.get(&prediction).unwrap();
    let at = |image, col| -> f32 {
        let pixel = gradient.get(image).unwrap().get(1).unwrap().get(2).unwrap();
        pixel.get(col).unwrap().to_scalar().unwrap()
    };
    for (image, missing) in [(0, 1), (1, 2)] {
        let ratio = at(image, missing) / at(image, 4);
        assert!((ratio - 7.0).abs() < 1e-4, "{ratio}");
    }
    // 2 e w / (C N sum w), with w = 7 and 8 missing, 12 known pixels.
    let expected = 2.0 * 0.5 * 7.0 / (3.0 * 2.0 * (8.0 * 7.0 + 12.0));
    assert!((at(0, 1) - expected).abs() < 1e-6, "{}", at(0, 1));
}
