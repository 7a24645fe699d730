use super::*;

#[test]
fn a_whole_image_of_the_generator_is_found_again() {
    let (generator, images) = (lively_generator(), planted(&lively_generator(), 2));
    let config = SearchConfig {
        iterations: 60,
        ..SearchConfig::reconstruction()
    };
    let errors = |engine: Engine| {
        let config = SearchConfig { engine, ..config };
        let search = LatentSearch::new(&generator, None::<&DcganDiscriminator>, config).unwrap();
        let result = search.reconstruct(&images, &mut Silent).unwrap();
        let (generated, truth) = (result.generated.to_values(), images.to_values());
        let (generated, truth) = (generated.unwrap(), truth.unwrap());
        let squares = generated
            .iter()
            .zip(&truth)
            .map(|(x, y)| f64::from(x - y).powi(2));
        let squares: Vec<f64> = squares.collect();
        for (image, &objective) in squares.chunks(3 * SIZE * SIZE).zip(&result.objective) {
            let mean = image.iter().sum::<f64>() / image.len() as f64;
            assert!((mean - objective).abs() < 1e-4 * mean, "{mean} {objective}");
        }
        result.objective
    };
    let (frozen, plain) = (errors(config.engine), errors(Engine::Plain));
    for (frozen, plain) in frozen.iter().zip(plain) {
        // The images are the generator's own but for noise of this mean square.
        assert!(*frozen < 2.0 * 0.01 / 3.0, "{frozen}");
        assert!((frozen - plain).abs() < 0.01 * plain, "{frozen} {plain}");
    }
    let small = images
        .narrow(0, 1)
        .unwrap()
        .tensor()
        .narrow(2, 0, 16)
        .unwrap();
    let search = LatentSearch::new(&generator, None::<&DcganDiscriminator>, config).unwrap();
    let refused = search.reconstruct(&ImageBatch::new(small).unwrap(), &mut Silent);
    assert!(matches!(refused, Err(Error::ImageShape { .. })));
}
