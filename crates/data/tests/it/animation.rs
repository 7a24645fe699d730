use image::AnimationDecoder as _;
use image::codecs::gif::GifDecoder;
use semantic_inpaint_data::{Animation, Error, Photo, Playback};

use crate::textured;

fn frames_of(bytes: &[u8]) -> Vec<image::Frame> {
    GifDecoder::new(std::io::Cursor::new(bytes))
        .unwrap()
        .into_frames()
        .collect_frames()
        .unwrap()
}

#[test]
fn frames_come_back_in_order_with_their_durations() {
    let frames: Vec<Photo> = (0..4)
        .map(|i| Photo::filled(8, 12, [i * 60, 255, 10]))
        .collect();
    let animation = Animation {
        frame_ms: 84,
        last_frame_ms: 1_000,
        playback: Playback::Forever,
    };
    let decoded = frames_of(&animation.encode(&frames).unwrap());
    assert_eq!(decoded.len(), 4);
    for (index, (frame, photo)) in decoded.iter().zip(&frames).enumerate() {
        let rgb: Vec<u8> = frame
            .buffer()
            .pixels()
            .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect();
        assert_eq!(rgb, photo.rgb());
        let expected = if index == 3 { 1_000 } else { 80 };
        assert_eq!(frame.delay().numer_denom_ms(), (expected, 1));
    }
}

#[test]
fn only_endless_animations_carry_the_loop_block() {
    let frames = [Photo::filled(2, 2, [0; 3]), Photo::filled(2, 2, [255; 3])];
    let has_loop = |playback| {
        let bytes = Animation {
            playback,
            ..Animation::default()
        }
        .encode(&frames)
        .unwrap();
        bytes.windows(8).any(|window| window == b"NETSCAPE")
    };
    assert!(has_loop(Playback::Forever));
    assert!(!has_loop(Playback::Once));
}

#[test]
fn saved_animations_are_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search.gif");
    let frames: Vec<Photo> = (0..3).map(|seed| textured(20, 20, seed)).collect();
    Animation::default().save(&frames, &path).unwrap();
    assert_eq!(frames_of(&std::fs::read(&path).unwrap()).len(), 3);
    let error = Animation::default()
        .save(&frames, folder.path().join("no/x.gif"))
        .unwrap_err();
    assert!(error.to_string().contains("x.gif"), "{error}");
}

#[test]
fn empty_and_mixed_animations_are_refused() {
    let animation = Animation::default();
    assert!(matches!(
        animation.encode(&[]),
        Err(Error::TooFewImages { .. })
    ));
    let mixed = [textured(2, 2, 0), textured(3, 2, 0)];
    assert!(matches!(
        animation.encode(&mixed),
        Err(Error::SizeMismatch { .. })
    ));
}
