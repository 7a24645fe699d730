use semantic_inpaint_mask::{CorruptedImages, ImportanceWeights, Mask, MaskShape};
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};

use crate::blend::border::Tone;
use crate::{BorderMatch, match_border};

const SIZE: usize = 24;
const SHAPE: ImageShape = ImageShape {
    channels: 3,
    height: SIZE,
    width: SIZE,
};
/// Gain and offset of each channel.
const TONES: [[f32; 2]; 3] = [[1.3, 0.1], [0.8, -0.2], [1.0, 0.05]];

fn mask() -> Mask {
    let shape: MaskShape = "square:8".parse().unwrap();
    shape.build(SIZE, SIZE, &mut Rng::from_seed(0)).unwrap()
}

fn batch(values: Vec<f32>) -> ImageBatch {
    ImageBatch::from_values(values, SHAPE, &Device::Cpu).unwrap()
}

fn drawn(count: usize, seed: u64) -> Vec<f32> {
    let dims = (count, 3, SIZE, SIZE);
    let drawn = Rng::from_seed(seed).uniform(-0.6, 0.6, dims, &Device::Cpu);
    drawn.unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// The same images in another tone.
fn toned(generated: &[f32]) -> Vec<f32> {
    let places = generated.iter().enumerate();
    let toned = places.map(|(place, value)| {
        let [gain, offset] = TONES[place / (SIZE * SIZE) % 3];
        gain * value + offset
    });
    toned.collect()
}

fn matched(photos: &ImageBatch, generated: &ImageBatch, border: BorderMatch) -> Vec<f32> {
    let corrupted = CorruptedImages::new(photos, &mask()).unwrap();
    let weights = ImportanceWeights::new(corrupted.mask(), 9).unwrap();
    let matched = match_border(&corrupted, generated, &weights, border).unwrap();
    matched.to_values().unwrap()
}

#[track_caller]
fn assert_near(got: &[f32], want: &[f32], tolerance: f32) {
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() < tolerance, "{got} for {want}");
    }
}

#[test]
fn a_planted_gain_and_offset_are_found_in_spite_of_pixels_that_fit_nothing() {
    let generated = drawn(2, 1);
    let (tone, exact) = (toned(&generated), batch(generated));
    let found = matched(&batch(tone.clone()), &exact, BorderMatch::GainOffset);
    assert_near(&found, &tone, 1e-5);
    let mut disturbed = tone.clone();
    for value in disturbed.iter_mut().step_by(7) {
        *value = -1.0;
    }
    let found = matched(&batch(disturbed), &exact, BorderMatch::GainOffset);
    assert_near(&found, &tone, 1e-3);
}

#[test]
fn an_offset_leaves_differences_as_they_are() {
    let generated = drawn(1, 2);
    let photos: Vec<f32> = generated.iter().map(|value| value - 0.25).collect();
    let found = matched(
        &batch(photos.clone()),
        &batch(generated),
        BorderMatch::Offset,
    );
    assert_near(&found, &photos, 1e-5);
}

#[test]
fn flat_images_take_an_offset_and_gains_have_bounds() {
    let flat = batch(vec![0.1; SHAPE.num_values()]);
    let found = matched(
        &batch(vec![0.4; SHAPE.num_values()]),
        &flat,
        BorderMatch::GainOffset,
    );
    assert_near(&found, &vec![0.4; found.len()], 1e-6);
    // A gain of -1 would fit.
    let generated = drawn(1, 3);
    let photos: Vec<f32> = generated.iter().map(|value| -value).collect();
    let found = matched(
        &batch(photos),
        &batch(generated.clone()),
        BorderMatch::GainOffset,
    );
    let rise = (found[1] - found[0]) / (generated[1] - generated[0]);
    assert!((rise - 0.5).abs() < 1e-4, "{rise}");
}

#[test]
fn without_a_match_or_a_ring_images_keep_their_bits() {
    let (photos, generated) = (batch(drawn(1, 4)), batch(drawn(1, 5)));
    let values = generated.to_values().unwrap();
    assert_eq!(matched(&photos, &generated, BorderMatch::None), values);
    assert!(Tone::fit(&[], BorderMatch::GainOffset).is_none());
    let corrupted = CorruptedImages::new(&photos, &mask()).unwrap();
    let weights = ImportanceWeights::new(&mask(), 9).unwrap();
    let two = batch(drawn(2, 6));
    assert!(match_border(&corrupted, &two, &weights, BorderMatch::Offset).is_err());
    let weights = ImportanceWeights::new(&Mask::from_missing(8, 8, |row, _| row == 0).unwrap(), 3);
    let refused = match_border(
        &corrupted,
        &generated,
        &weights.unwrap(),
        BorderMatch::Offset,
    );
    assert!(refused.is_err());
}

#[test]
fn neither_hidden_pixels_nor_other_images_change_a_match() {
    let (photos, generated) = (drawn(3, 7), batch(drawn(3, 8)));
    let together = matched(&batch(photos.clone()), &generated, BorderMatch::GainOffset);
    let mut poisoned = photos.clone();
    for (place, value) in poisoned.iter_mut().enumerate() {
        let pixel = place % (SIZE * SIZE);
        if !mask().is_known(0, pixel / SIZE, pixel % SIZE) {
            *value = f32::NAN;
        }
    }
    let poisoned = matched(&batch(poisoned), &generated, BorderMatch::GainOffset);
    assert_eq!(poisoned, together);
    let len = SHAPE.num_values();
    for index in 0..3 {
        let photo = batch(photos[index * len..][..len].to_vec());
        let alone = generated.narrow(index, 1).unwrap();
        let alone = matched(&photo, &alone, BorderMatch::GainOffset);
        assert_eq!(alone, together[index * len..][..len]);
    }
    let mut broken = generated.to_values().unwrap();
    broken[0] = f32::NAN;
    let corrupted = CorruptedImages::new(&batch(photos), &mask()).unwrap();
    let uniform = ImportanceWeights::uniform(corrupted.mask());
    let refused = match_border(&corrupted, &batch(broken), &uniform, BorderMatch::Offset);
    assert!(refused.unwrap_err().to_string().contains("not finite"));
}

#[test]
fn names_round_trip() {
    for border in [
        BorderMatch::None,
        BorderMatch::Offset,
        BorderMatch::GainOffset,
    ] {
        assert_eq!(border.to_string().parse::<BorderMatch>().unwrap(), border);
    }
    let message = "gain".parse::<BorderMatch>().unwrap_err().to_string();
    assert!(message.contains("gain-offset"), "{message}");
}
