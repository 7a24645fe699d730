use semantic_inpaint_mask::MaskShape;

use super::*;

#[test]
fn a_hole_goes_to_the_context_encoder_that_was_trained_on_it() {
    let encoders = [
        encoder(Output::Whole, "square:8"),
        encoder(Output::Whole, "circle:12"),
    ];
    let truth = batch(truth()[..3 * SIZE * SIZE].to_vec());
    let complete = |encoders: &[ContextEncoderModel], mask: &str| {
        let context = MethodContext {
            context_encoders: encoders,
            ..MethodContext::default()
        };
        let method = Method::build(MethodName::ContextEncoder, &context).unwrap();
        let shape: MaskShape = mask.parse().unwrap();
        let mask = shape.build(SIZE, SIZE, &mut Rng::from_seed(5)).unwrap();
        let corrupted = CorruptedImages::new(&truth, &mask).unwrap();
        bits(&method.complete(&corrupted).unwrap())
    };
    for (mask, place) in [("square:8", 0), ("circle:12", 1), ("square:10", 0)] {
        let own = &encoders[place..=place];
        assert_eq!(complete(&encoders, mask), complete(own, mask), "{mask}");
    }
    assert_ne!(
        complete(&encoders[..1], "circle:12"),
        complete(&encoders, "circle:12")
    );
}
