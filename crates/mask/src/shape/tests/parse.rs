use super::*;

#[test]
fn malformed_texts_are_refused_with_the_correct_form() {
    for (spec, remedy) in [
        ("square", "square:SIZE"),
        ("square:", "square:SIZE"),
        ("square:-3", "square:SIZE"),
        ("square:0", "square:SIZE"),
        ("circle:2.5", "circle:DIAMETER"),
        ("blocks:2x2", "blocks:2x2:100"),
        ("blocks:2:10", "blocks:2x2:100"),
        ("blocks:0x2:10", "blocks:2x2:100"),
        ("half", "half:left"),
        ("half:up", "half:top"),
        ("pixels:80", "pixels:0.8"),
        ("pixels:nan", "pixels:0.8"),
        ("pattern:1", "pattern:0.25"),
        ("strokes:3", "strokes without parameters"),
        ("", "strokes"),
        ("Square:20", "square:SIZE"),
        ("square:20 ", "square:SIZE"),
        ("file", "pattern:FRACTION"),
    ] {
        let message = spec.parse::<MaskShape>().unwrap_err().to_string();
        assert!(message.contains(remedy), "{message}");
        assert!(message.contains(&format!("`{spec}`")), "{message}");
    }
}

#[test]
fn serde_uses_the_text_form() {
    let shape: MaskShape = serde_json::from_str("\"blocks:2x3:10\"").unwrap();
    assert_eq!(
        shape,
        MaskShape::Blocks {
            height_px: 3,
            width_px: 2,
            count: 10
        }
    );
    assert_eq!(serde_json::to_string(&shape).unwrap(), "\"blocks:2x3:10\"");
    assert!(serde_json::from_str::<MaskShape>("\"square:0\"").is_err());
}

proptest! {
    #[test]
    fn texts_round_trip(shape in any_shape()) {
        prop_assert_eq!(shape.to_string().parse::<MaskShape>().unwrap(), shape);
    }
}
