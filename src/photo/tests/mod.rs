mod any_size;
mod resampling;
mod windows;

use semantic_inpaint_data::{Photo, batch_to_photos, level_to_value, photos_to_batch};
use semantic_inpaint_latent_search::Blend;
use semantic_inpaint_mask::Mask;
use semantic_inpaint_tensor::{Device, ImageBatch, ImageShape, Rng};

use super::window::Bounds;
use super::{Crop, PhotoError, PhotoFrame, Window};

const CROPS: [Crop; 3] = [Crop::AroundHole, Crop::LargestSquare, Crop::CenteredSquare];
const BLENDS: [Blend; 2] = [Blend::Overlay, Blend::Poisson];

fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut rng = Rng::from_seed(seed);
    (0..len).map(|_| rng.next_index(256) as u8).collect()
}

fn noisy_photo(height: usize, width: usize, seed: u64) -> Photo {
    Photo::from_rgb(height, width, noise(3 * height * width, seed)).unwrap()
}

fn smooth_photo(height: usize, width: usize) -> Photo {
    let level = |index: usize| {
        let (pixel, channel) = (index / 3, index % 3);
        let (row, col) = ((pixel / width) as f64, (pixel % width) as f64);
        let phase = channel as f64 + row / height as f64 * 5.0;
        (127.5 + 90.0 * (phase + (col / width as f64 * 4.0).sin()).cos()).round() as u8
    };
    Photo::from_rgb(height, width, (0..3 * height * width).map(level).collect()).unwrap()
}

fn rectangle(size: (usize, usize), origin: (usize, usize), hole: (usize, usize)) -> Mask {
    Mask::from_missing(size.0, size.1, |row, col| {
        (origin.0..origin.0 + hole.0).contains(&row) && (origin.1..origin.1 + hole.1).contains(&col)
    })
    .unwrap()
}

/// Photos and holes of every kind: size, first row and column of the hole, its height and width.
fn cases() -> Vec<Mask> {
    let rectangles = [
        ((64, 64), (20, 20), (24, 24)),
        ((218, 178), (90, 70), (30, 40)),
        ((218, 178), (0, 0), (218, 89)),
        ((178, 218), (100, 0), (20, 218)),
        ((100, 200), (0, 0), (100, 100)),
        ((40, 31), (39, 30), (1, 1)),
        ((300, 70), (130, 0), (1, 70)),
        ((70, 300), (0, 299), (70, 1)),
        ((1, 9), (0, 2), (1, 5)),
        ((2, 9), (1, 5), (1, 1)),
        ((90, 90), (0, 0), (89, 90)),
        ((60, 160), (2, 3), (56, 156)),
    ];
    let mut masks: Vec<Mask> = rectangles
        .into_iter()
        .map(|(size, origin, hole)| rectangle(size, origin, hole))
        .collect();
    let specks = noise(100 * 130, 4);
    for kept in [3, 50, 250] {
        let known = |row: usize, col: usize| specks[row * 130 + col] < kept;
        masks.push(Mask::from_known(100, 130, known).unwrap());
    }
    masks.push(Mask::from_known(120, 80, |row, col| (row, col) == (119, 0)).unwrap());
    masks
}

fn gray(size_px: usize) -> ImageBatch {
    let shape = ImageShape::square_rgb(size_px);
    ImageBatch::from_values(vec![0.25; shape.num_values()], shape, &Device::Cpu).unwrap()
}

fn bits(images: &ImageBatch) -> Vec<u32> {
    images
        .to_values()
        .unwrap()
        .into_iter()
        .map(f32::to_bits)
        .collect()
}

#[test]
fn known_bytes_stay_and_the_hole_is_filled() {
    for mask in cases() {
        let (height, width) = (mask.height(), mask.width());
        let photo = noisy_photo(height, width, 9)
            .with_alpha(noise(height * width, 10))
            .unwrap();
        for (crop, blend) in CROPS
            .into_iter()
            .flat_map(|crop| BLENDS.map(|blend| (crop, blend)))
        {
            let frame = PhotoFrame::new(&mask, 16, crop).unwrap();
            let corrupted = frame.corrupted(&photo, &Device::Cpu).unwrap();
            corrupted.images().check_range().unwrap();
            let result = frame.stitch(&photo, &gray(16), blend).unwrap();
            let pixels = photo.to_rgba().into_iter().zip(result.to_rgba());
            for ((before, after), &is_known) in pixels.zip(&mask.known(0)) {
                if is_known {
                    assert_eq!(before, after);
                } else if blend == Blend::Overlay {
                    assert_eq!(after, [159, 159, 159, 255]);
                } else {
                    assert_eq!(after[3], 255);
                }
            }
        }
    }
}

#[test]
fn what_the_hole_hides_has_no_influence() {
    for mask in cases() {
        let (height, width) = (mask.height(), mask.width());
        let photo = noisy_photo(height, width, 1);
        let mut other = photo.clone();
        let hidden = noise(3 * height * width, 2);
        for (pixel, _) in mask
            .known(0)
            .iter()
            .enumerate()
            .filter(|&(_, &is_known)| !is_known)
        {
            let values = 3 * pixel..3 * pixel + 3;
            other.rgb_mut()[values.clone()].copy_from_slice(&hidden[values]);
        }
        for crop in CROPS {
            let frame = PhotoFrame::new(&mask, 16, crop).unwrap();
            let seen = |photo| frame.corrupted(photo, &Device::Cpu).unwrap();
            let (first, second) = (seen(&photo), seen(&other));
            assert_eq!(first.mask(), second.mask());
            assert_eq!(bits(first.images()), bits(second.images()));
            for blend in BLENDS {
                let stitched = |photo| frame.stitch(photo, first.images(), blend).unwrap();
                assert_eq!(stitched(&photo), stitched(&other));
            }
        }
    }
}

#[test]
fn photos_of_the_models_size_pass_through_unchanged() {
    let mask = rectangle((64, 64), (10, 40), (30, 24));
    let photo = noisy_photo(64, 64, 3);
    for crop in CROPS {
        let frame = PhotoFrame::new(&mask, 64, crop).unwrap();
        assert_eq!(frame.scale(), 1.0);
        let corrupted = frame.corrupted(&photo, &Device::Cpu).unwrap();
        assert_eq!(corrupted.mask(), &mask);
        let batch = photos_to_batch(std::slice::from_ref(&photo), &Device::Cpu).unwrap();
        assert_eq!(bits(&corrupted.overlay(&batch).unwrap()), bits(&batch));

        let generated = photos_to_batch(&[noisy_photo(64, 64, 5)], &Device::Cpu).unwrap();
        let completed = corrupted.overlay(&generated).unwrap();
        let expected = batch_to_photos(&completed).unwrap().remove(0);
        for blend in BLENDS {
            assert_eq!(frame.stitch(&photo, &completed, blend).unwrap(), expected);
        }
    }
}

#[test]
fn small_holes_in_large_photos_are_not_resampled() {
    let mask = rectangle((500, 700), (333, 555), (20, 28));
    let photo = noisy_photo(500, 700, 6);
    let frame = PhotoFrame::new(&mask, 64, Crop::AroundHole).unwrap();
    let (window, corrupted) = (
        frame.window(),
        frame.corrupted(&photo, &Device::Cpu).unwrap(),
    );
    assert_eq!(
        (window, corrupted.mask().num_missing(0)),
        (
            Window {
                top: 311,
                left: 537,
                side: 64
            },
            560
        )
    );
    let values = corrupted.images().to_values().unwrap();
    assert_eq!(
        values[64],
        level_to_value(photo.rgb()[3 * (312 * 700 + 537)])
    );
}

#[test]
fn masks_photos_and_windows_that_do_not_fit_are_refused() {
    let mask = rectangle((20, 30), (5, 5), (4, 4));
    let frame = PhotoFrame::new(&mask, 16, Crop::AroundHole).unwrap();
    let two = PhotoFrame::new(&mask.repeat(2).unwrap(), 16, Crop::AroundHole);
    assert!(matches!(two, Err(PhotoError::NotOneMask { got: 2 })));
    for got in [0, 1, 5000] {
        let refused = PhotoFrame::new(&mask, got, Crop::AroundHole);
        assert!(matches!(refused, Err(PhotoError::ModelSize { .. })));
    }
    let turned = noisy_photo(30, 20, 1);
    assert!(matches!(
        frame.corrupted(&turned, &Device::Cpu),
        Err(PhotoError::MaskSize {
            height: 30,
            width: 20,
            mask_height: 20,
            mask_width: 30
        })
    ));
    let photo = noisy_photo(20, 30, 1);
    assert!(frame.stitch(&turned, &gray(16), Blend::Poisson).is_err());
    assert!(matches!(
        frame.stitch(&photo, &gray(32), Blend::Poisson),
        Err(PhotoError::CompletedShape {
            expected: [1, 3, 16, 16],
            ..
        })
    ));
}
