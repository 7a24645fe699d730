//! Searches with the objectives and merges beyond the paper's.

use super::*;
use crate::{BorderMatch, ContextDistance, ContextWeights};

fn settings() -> Vec<SearchConfig> {
    let gradient = SearchConfig {
        gradient_weight: 0.5,
        ..quick()
    };
    vec![
        gradient,
        SearchConfig {
            weights: ContextWeights::Windows("3,7,15".parse().unwrap()),
            border: BorderMatch::GainOffset,
            blend: Blend::Overlay,
            ..quick()
        },
        SearchConfig {
            engine: Engine::Plain,
            distance: ContextDistance::Squared,
            border: BorderMatch::Offset,
            mirror: crate::Mirroring::Alternate,
            ..gradient
        },
    ]
}

#[test]
fn no_objective_reads_a_hidden_pixel_or_another_image_or_changes_a_known_one() {
    let images = photos(5);
    let noise = Rng::from_seed(70).uniform(-9.0, 9.0, images.tensor().shape(), &Device::Cpu);
    let noise = ImageBatch::new(noise.unwrap()).unwrap();
    for settings in settings() {
        let whole = corrupted(&images);
        let (together, _) = complete(search(settings), &whole);
        let disturbed = corrupted(&whole.overlay(&noise).unwrap());
        let (poisoned, _) = complete(search(settings), &disturbed);
        assert_eq!(poisoned, together, "{settings:?}");
        for index in [0, 4] {
            let single = whole.narrow(index, 1).unwrap();
            let (alone, _) = complete(search(settings), &single);
            assert_eq!(alone, one(&together, index), "{settings:?}");
        }
        for (place, (completed, truth)) in
            together.iter().zip(images.to_values().unwrap()).enumerate()
        {
            let pixel = place % (SIZE * SIZE);
            if mask().is_known(0, pixel / SIZE, pixel % SIZE) {
                assert_eq!(completed.to_bits(), truth.to_bits());
            }
        }
    }
}

#[test]
fn each_objective_is_lowered_and_ends_elsewhere_than_the_papers() {
    let corrupted = corrupted(&planted(&lively_generator(), 2));
    let found = |settings: SearchConfig| {
        let settings = SearchConfig {
            iterations: 40,
            ..settings
        };
        let search = LatentSearch::new(&lively_generator(), Some(&networks().1), settings);
        search.unwrap().search(&corrupted, &mut Silent).unwrap()
    };
    let latents = |result: &SearchResult| result.latent.tensor().to_vec2::<f32>().unwrap();
    let paper = latents(&found(quick()));
    for settings in settings() {
        let result = found(settings);
        for (start, end) in result.trace[0].objective.iter().zip(&result.objective) {
            assert!(*end < 0.9 * start, "{end} of {start}");
        }
        assert_ne!(latents(&result), paper, "{settings:?}");
    }
}
