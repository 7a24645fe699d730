use proptest::prelude::*;
use semantic_inpaint_data::{Error, Flip, Framing, ImageSet, ShuffledBatches, batch_to_photos};
use semantic_inpaint_tensor::{Device, Rng};

use crate::textured;

fn set(count: usize) -> ImageSet {
    let photos = (0..count)
        .map(|i| (format!("{i:03}.png"), textured(4, 4, i)))
        .collect();
    ImageSet::from_photos("drawn", Framing::Squash, 4, photos).unwrap()
}

fn batches(count: usize, batch_size: usize, seed: u64, flip: Flip) -> ShuffledBatches {
    ShuffledBatches::new(set(count), batch_size, seed, flip).unwrap()
}

#[test]
fn an_epoch_shows_every_image_once_and_drops_the_rest() {
    let batches = batches(23, 5, 1, Flip::None);
    assert_eq!(batches.batches_per_epoch(), 4);
    for epoch in 0..5 {
        let mut seen: Vec<usize> = (0..4)
            .flat_map(|batch| batches.indices(epoch * 4 + batch))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 20);
    }
}

#[test]
fn the_order_is_the_permutation_of_the_stream_of_the_epoch() {
    let batches = batches(12, 4, 9, Flip::Horizontal);
    let order = Rng::from_seed_and_stream(9, 2).permutation(12);
    assert_eq!(batches.epoch(7), 2);
    assert_eq!(batches.indices(7), order[4..8]);
    assert_ne!(batches.indices(7), batches.indices(1));
}

#[test]
fn batches_hold_the_images_of_their_indices_flipped_or_not() {
    for flip in [Flip::None, Flip::Horizontal] {
        let batches = batches(40, 8, 3, flip);
        let mut num_flipped = 0;
        for step in 0..20 {
            let photos = batch_to_photos(&batches.batch(step, &Device::Cpu).unwrap()).unwrap();
            for (photo, index) in photos.into_iter().zip(batches.indices(step)) {
                let straight = textured(4, 4, index);
                if photo == straight {
                    continue;
                }
                let mirrored: Vec<u8> = straight
                    .rgb()
                    .chunks(12)
                    .flat_map(|row| row.chunks(3).rev().flatten().copied().collect::<Vec<_>>())
                    .collect();
                assert_eq!(photo.rgb(), mirrored);
                num_flipped += 1;
            }
        }
        match flip {
            Flip::None => assert_eq!(num_flipped, 0),
            Flip::Horizontal => assert!((55..=105).contains(&num_flipped), "{num_flipped} of 160"),
        }
    }
}

#[test]
fn sets_smaller_than_the_batch_and_empty_batches_are_refused() {
    let small = ShuffledBatches::new(set(3), 4, 0, Flip::None);
    assert!(matches!(
        small,
        Err(Error::SetSmallerThanBatch {
            batch_size: 4,
            count: 3
        })
    ));
    let empty = ShuffledBatches::new(set(3), 0, 0, Flip::None);
    assert!(matches!(empty, Err(Error::OutOfRange { .. })));
    assert_eq!(batches(3, 3, 0, Flip::None).batches_per_epoch(), 1);
}

#[test]
fn threads_that_share_the_batches_see_the_same_content() {
    let shared = batches(30, 4, 8, Flip::Horizontal);
    let values = |step| {
        shared
            .batch(step, &Device::Cpu)
            .unwrap()
            .to_values()
            .unwrap()
    };
    let alone: Vec<_> = (0..20).map(values).collect();
    std::thread::scope(|scope| {
        for start in 0..4 {
            let (alone, values) = (&alone, &values);
            scope.spawn(move || {
                for step in (0..20).map(|i| (i * 7 + start) % 20) {
                    assert_eq!(values(step), alone[step as usize]);
                }
            });
        }
    });
}

#[test]
fn flip_names_parse_back() {
    for flip in [Flip::None, Flip::Horizontal] {
        assert_eq!(flip.to_string().parse::<Flip>().unwrap(), flip);
    }
    assert!("both".parse::<Flip>().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn content_depends_on_seed_and_step_alone(seed: u64, step in 0_u64..200, before in 0_u64..200) {
        let fresh = batches(11, 3, seed, Flip::Horizontal);
        let used = batches(11, 3, seed, Flip::Horizontal);
        used.batch(before, &Device::Cpu).unwrap();
        let values = |batches: &ShuffledBatches| batches.batch(step, &Device::Cpu).unwrap().to_values().unwrap();
        prop_assert_eq!(values(&fresh), values(&used));
    }
}
