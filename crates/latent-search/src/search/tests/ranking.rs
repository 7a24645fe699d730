use super::*;
use crate::SearchAnswer;

fn several() -> SearchConfig {
    SearchConfig {
        iterations: 10,
        restarts: 4,
        ..SearchConfig::paper()
    }
}

#[test]
fn completions_are_ranked_and_the_first_is_the_answer_of_the_search() {
    let corrupted = corrupted(&photos(3));
    let search = search(several());
    let ranked = search.completions(&corrupted, &mut Silent).unwrap();
    let best = search.search(&corrupted, &mut Silent).unwrap();
    assert_eq!(ranked.ranks.len(), 4);
    let values = |images: &ImageBatch| images.to_values().unwrap();
    assert_eq!(values(&ranked.ranks[0].generated), values(&best.generated));
    assert_eq!(ranked.ranks[0].objective, best.objective);
    assert_eq!(ranked.result.objective, best.objective);
    assert_eq!(values(&ranked.result.generated), values(&best.generated));
    for pair in ranked.ranks.windows(2) {
        for (better, worse) in pair[0].objective.iter().zip(&pair[1].objective) {
            assert!(better <= worse);
        }
    }
}

#[test]
fn disagreement_is_the_deviation_of_the_ranks_at_each_pixel() {
    let corrupted = corrupted(&photos(2));
    let ranked = search(several())
        .completions(&corrupted, &mut Silent)
        .unwrap();
    assert_eq!(ranked.disagreement.dims(), [2, 1, SIZE, SIZE]);
    let pixels = SIZE * SIZE;
    let images: Vec<Vec<f32>> = ranked
        .ranks
        .iter()
        .map(|rank| rank.generated.to_values().unwrap())
        .collect();
    let found: Vec<f32> = ranked
        .disagreement
        .flatten_all()
        .unwrap()
        .to_vec1()
        .unwrap();
    for (image, pixel) in [(0, 0), (1, 517)] {
        let mut squares = 0.0;
        for channel in 0..3 {
            let place = (image * 3 + channel) * pixels + pixel;
            let mean = images.iter().map(|values| values[place]).sum::<f32>() / 4.0;
            let apart = images.iter().map(|values| (values[place] - mean).powi(2));
            squares += apart.sum::<f32>() / 4.0;
        }
        let expected = (squares / 3.0).sqrt();
        assert!((found[image * pixels + pixel] - expected).abs() < 1e-6);
    }
    let lone = SearchConfig {
        restarts: 1,
        ..several()
    };
    let lone = search(lone).completions(&corrupted, &mut Silent).unwrap();
    let sum = lone.disagreement.sum_all().unwrap().to_scalar::<f32>();
    assert_eq!(sum.unwrap(), 0.0);
}

#[test]
fn a_mean_is_that_of_the_best_restarts_and_survives_halving() {
    let corrupted = corrupted(&photos(3));
    let ranked = search(several())
        .completions(&corrupted, &mut Silent)
        .unwrap();
    let mean = SearchConfig {
        answer: SearchAnswer::Mean { of: 2 },
        ..several()
    };
    let result = search(mean).search(&corrupted, &mut Silent).unwrap();
    let [first, second] = [0, 1].map(|rank: usize| ranked.ranks[rank].generated.to_values());
    let (first, second) = (first.unwrap(), second.unwrap());
    let found = result.generated.to_values().unwrap();
    for ((found, first), second) in found.iter().zip(first).zip(second) {
        assert!((found - (first + second) / 2.0).abs() < 1e-6);
    }
    let halved = SearchConfig {
        halve_every: Some(2),
        ..mean
    };
    let ranked = search(halved).completions(&corrupted, &mut Silent).unwrap();
    assert_eq!(ranked.ranks.len(), 2);
    let alone = corrupted.narrow(1, 1).unwrap();
    let together = search(halved).search(&corrupted, &mut Silent).unwrap();
    let alone = search(halved).search(&alone, &mut Silent).unwrap();
    let values = together.generated.to_values().unwrap();
    assert_eq!(alone.generated.to_values().unwrap(), one(&values, 1));
}
