use semantic_inpaint_dcgan::{DcganEncoder, DcganEncoderConfig};
use semantic_inpaint_nn::LatentEncoder as _;

use super::*;
use crate::{ContextDistance, LatentStart, context_loss};

const CANDIDATES: usize = 70;

fn nearest() -> SearchConfig {
    SearchConfig {
        start: LatentStart::Nearest {
            candidates: CANDIDATES,
        },
        iterations: 1,
        restarts: 1,
        prior_weight: 0.0,
        ..SearchConfig::paper()
    }
}

/// Context losses of all candidates for one image, by the public loss.
fn losses(search: &Search, corrupted: &CorruptedImages) -> Vec<f64> {
    let config = search.config();
    let drawn = crate::latent_walk::candidates(config, LatentPrior::Uniform, 12, CANDIDATES);
    let rows: Vec<Vec<f32>> = drawn
        .unwrap()
        .chunks_exact(12)
        .map(<[f32]>::to_vec)
        .collect();
    let weights = config.weigh(corrupted.mask()).unwrap();
    let loss = |row: &Vec<f32>| {
        let image = search.generate(std::slice::from_ref(row)).unwrap();
        let (distance, reduction) = (config.distance, config.reduction);
        let loss = context_loss(&image, corrupted, &weights, distance, reduction).unwrap();
        f64::from(loss.to_vec1::<f32>().unwrap()[0])
    };
    rows.iter().map(loss).collect()
}

#[test]
fn a_nearest_start_is_the_candidate_with_the_lowest_context_loss() {
    for distance in [ContextDistance::Absolute, ContextDistance::Squared] {
        let search = search(SearchConfig {
            distance,
            ..nearest()
        });
        let images = photos(3);
        for index in 0..3 {
            let corrupted = corrupted(&images.narrow(index, 1).unwrap());
            let lowest = losses(&search, &corrupted)
                .into_iter()
                .fold(f64::INFINITY, f64::min);
            let result = search.search(&corrupted, &mut Silent).unwrap();
            let start = result.trace[0].objective[0];
            assert!((start - lowest).abs() < 1e-6, "{start} {lowest}");
        }
    }
}

#[test]
fn restarts_start_from_the_best_candidates_in_their_order() {
    let search = search(nearest());
    let corrupted = corrupted(&photos(1));
    let mut sorted = losses(&search, &corrupted);
    sorted.sort_by(f64::total_cmp);
    let objective = Objective::new(&corrupted, search.config(), &Device::Cpu).unwrap();
    let walks = search.walks(&objective, 5, nothing_known).unwrap();
    for (walk, expected) in walks[0].iter().zip(&sorted) {
        let latent = search.to_latent(std::slice::from_ref(&walk.z)).unwrap();
        let mut value = search.objective(&corrupted).unwrap();
        let found = value.value_and_gradient(&latent).unwrap().context_loss[0];
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }
}

#[test]
fn nearest_starts_and_halving_leave_an_image_alone_and_in_a_batch_the_same() {
    let settings = SearchConfig {
        iterations: 12,
        restarts: 5,
        halve_every: Some(3),
        ..nearest()
    };
    let images = photos(9);
    let (together, result) = complete(search(settings), &corrupted(&images));
    for index in [0, 4, 8] {
        let single = corrupted(&images.narrow(index, 1).unwrap());
        let (alone, lone) = complete(search(settings), &single);
        assert_eq!(alone, one(&together, index));
        assert_eq!(lone.restart[0], result.restart[index]);
    }
}

#[test]
fn the_hidden_content_does_not_choose_the_start() {
    let images = photos(2);
    let other = Rng::from_seed(77)
        .uniform(-1.0, 1.0, (2, 3, SIZE, SIZE), &Device::Cpu)
        .unwrap();
    let other = ImageBatch::new(other).unwrap();
    let disturbed = corrupted(&images).overlay(&other).unwrap();
    let settings = SearchConfig {
        restarts: 3,
        halve_every: Some(1),
        iterations: 4,
        ..nearest()
    };
    let (first, _) = complete(search(settings), &corrupted(&images));
    let (second, _) = complete(search(settings), &corrupted(&disturbed));
    assert_eq!(first, second);
}

#[test]
fn halving_keeps_the_restart_that_leads() {
    let settings = |halve_every| SearchConfig {
        iterations: 8,
        restarts: 6,
        halve_every,
        ..SearchConfig::paper()
    };
    let corrupted = corrupted(&photos(4));
    let all = search(settings(None))
        .search(&corrupted, &mut Silent)
        .unwrap();
    // Halved once, after the last iteration but one: who leads then is not dropped.
    let halved = search(settings(Some(7)))
        .search(&corrupted, &mut Silent)
        .unwrap();
    assert_eq!(all.trace[6], halved.trace[6]);
    let objective = Objective::new(&corrupted, &settings(None), &Device::Cpu).unwrap();
    let halving = search(settings(Some(2)));
    let mut state = state_of(&halving, &objective, 6);
    halving.evaluate(&mut state, 0).unwrap();
    state.note_best();
    let (leaders, best) = (leaders(&state), state.best.clone());
    for left in [3, 2, 1] {
        assert!(state.has_more_than(1));
        state.halve(halving.frozen.as_ref(), 1).unwrap();
        let rows: usize = state.groups.iter().map(|group| group.rows.len()).sum();
        assert_eq!(rows, left * 4);
        assert_eq!(self::leaders(&state), leaders);
    }
    assert!(!state.has_more_than(1));
    halving.evaluate(&mut state, 1).unwrap();
    state.note_best();
    assert_eq!(state.best, best);
}

fn leaders(state: &State) -> Vec<usize> {
    state.best_rows().iter().map(|row| row.restart).collect()
}

/// An encoder for the generator of these tests.
fn encoder(seed: u64) -> DcganEncoder {
    let config = DcganEncoderConfig::of_generator(&config(), 2);
    DcganEncoder::initialize(config, &mut Rng::from_seed(seed), &Device::Cpu).unwrap()
}

fn encoded(restarts: usize, spread: f64) -> SearchConfig {
    SearchConfig {
        start: LatentStart::Encoder { spread },
        restarts,
        ..nearest()
    }
}

#[test]
fn an_encoded_start_is_the_encoders_latent_and_that_with_draws() {
    let search = search(encoded(3, 0.5)).with_encoder(&encoder(8)).unwrap();
    let corrupted = corrupted(&photos(2));
    let objective = Objective::new(&corrupted, search.config(), &Device::Cpu).unwrap();
    let walks = search
        .walks(&objective, 3, || Known::of(&corrupted))
        .unwrap();
    let mask = corrupted.mask().to_tensor(&Device::Cpu).unwrap();
    let guess = encoder(8).encode(corrupted.images(), &mask, Mode::Eval);
    let guess: Vec<Vec<f32>> = guess.unwrap().tensor().to_vec2().unwrap();
    for (walks, guess) in walks.iter().zip(&guess) {
        assert_eq!(&walks[0].z, guess);
        let draw = |restart| {
            let config = search.config();
            crate::latent_walk::drawn(config, LatentPrior::Uniform, 12, restart).unwrap()
        };
        for (restart, walk) in walks.iter().enumerate().skip(1) {
            for ((z, guess), draw) in walk.z.iter().zip(guess).zip(draw(restart)) {
                assert_eq!(*z, (guess + 0.5 * draw).clamp(-1.0, 1.0));
            }
        }
    }
    let first = search.search(&corrupted, &mut Silent).unwrap();
    let alone = corrupted.narrow(1, 1).unwrap();
    let alone = search.search(&alone, &mut Silent).unwrap();
    assert_eq!(alone.objective[0], first.objective[1]);
}

#[test]
fn an_encoded_start_needs_an_encoder_of_this_generator_and_sees_no_hidden_pixel() {
    let corrupted = corrupted(&photos(1));
    let without = search(encoded(1, 0.0)).search(&corrupted, &mut Silent);
    assert!(matches!(without.unwrap_err(), Error::NoEncoder));
    let other = DcganEncoderConfig {
        latent_len: 5,
        ..*encoder(1).config()
    };
    let other = DcganEncoder::initialize(other, &mut Rng::from_seed(1), &Device::Cpu).unwrap();
    let message = search(encoded(1, 0.0))
        .with_encoder(&other)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("train an encoder for this generator"),
        "{message}"
    );
    for spread in [-0.1, f64::NAN] {
        assert!(encoded(1, spread).validate().is_err());
    }
    // A whole image may be asked about, too.
    let search = search(encoded(1, 0.0)).with_encoder(&encoder(8)).unwrap();
    let result = search.reconstruct(&photos(1), &mut Silent).unwrap();
    assert_eq!(result.iterations, 1);
}

#[test]
fn an_answer_with_a_guess_mixes_the_mean_with_the_encoders_image() {
    let corrupted = corrupted(&photos(2));
    let answered = |answer: &str| {
        let settings = SearchConfig {
            answer: answer.parse().unwrap(),
            iterations: 5,
            ..encoded(2, 0.5)
        };
        let search = search(settings).with_encoder(&encoder(8)).unwrap();
        let result = search.search(&corrupted, &mut Silent).unwrap();
        result.generated.to_values().unwrap()
    };
    let mask = corrupted.mask().to_tensor(&Device::Cpu).unwrap();
    let guess = encoder(8).encode(corrupted.images(), &mask, Mode::Eval);
    let guess: Vec<Vec<f32>> = guess.unwrap().tensor().to_vec2().unwrap();
    let guess = search(encoded(1, 0.0)).generate(&guess).unwrap();
    let guess = guess.to_values().unwrap();
    let (mean, mixed) = (answered("mean:2"), answered("mean:2:guess:0.3"));
    for ((mixed, mean), guess) in mixed.iter().zip(&mean).zip(&guess) {
        assert!((mixed - (0.7 * mean + 0.3 * guess)).abs() < 1e-6);
    }
    assert_eq!(answered("mean:2:guess:1"), guess);
    assert_eq!(answered("mean:2:guess:0"), mean);
}
