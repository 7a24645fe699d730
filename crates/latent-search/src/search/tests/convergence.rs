use super::*;
use crate::{Convergence, LatentSchedule};

fn impatient() -> SearchConfig {
    SearchConfig {
        iterations: 120,
        restarts: 4,
        schedule: LatentSchedule::Cosine,
        stop_when: Some(Convergence {
            iterations: 7,
            improvement: 0.05,
        }),
        ..SearchConfig::paper()
    }
}

fn lively(settings: SearchConfig) -> Search {
    LatentSearch::new(&lively_generator(), Some(&networks().1), settings).unwrap()
}

/// The iterations after which the image of a course of lowest objectives is done.
fn expected(course: &[f64], convergence: Convergence) -> Option<usize> {
    let ends = (0..course.len()).step_by(convergence.iterations).skip(1);
    let mut ends = ends.filter(|&end| end + 1 < course.len());
    ends.find(|&end| {
        let (before, now) = (course[end - convergence.iterations], course[end]);
        before - now <= convergence.improvement * before
    })
}

#[test]
fn each_image_is_done_after_its_first_window_in_vain() {
    let images = corrupted(&planted(&lively_generator(), 6));
    let found = lively(impatient()).search(&images, &mut Silent).unwrap();
    let patient = SearchConfig {
        stop_when: None,
        ..impatient()
    };
    let whole = lively(patient).search(&images, &mut Silent).unwrap();
    assert_eq!(whole.converged, [None; 6]);
    for image in 0..6 {
        let course: Vec<f64> = whole
            .trace
            .iter()
            .map(|point| point.objective[image])
            .collect();
        let end = expected(&course, impatient().stop_when.unwrap());
        assert_eq!(found.converged[image], end, "image {image}");
        assert_eq!(found.objective[image], course[end.unwrap_or(120)]);
    }
    let ends: Vec<usize> = found.converged.iter().flatten().copied().collect();
    let (first, last) = (ends.iter().min().unwrap(), ends.iter().max().unwrap());
    assert!(first < last, "{ends:?}");
    if ends.len() == 6 {
        assert_eq!((found.iterations, found.stopped), (*last, false));
    }
}

#[test]
fn an_image_is_done_at_the_same_time_alone_and_in_company_with_every_option() {
    let images = planted(&lively_generator(), 6);
    let bf16 = Engine::Frozen {
        favor: Favor::Throughput,
        precision: Precision::Bf16,
    };
    let halved = SearchConfig {
        halve_every: Some(30),
        ..impatient()
    };
    let lbfgs = SearchConfig {
        optimizer: "lbfgs:5".parse().unwrap(),
        latent_weight: 0.01,
        ..impatient()
    };
    let rough = SearchConfig {
        engine: bf16,
        ..impatient()
    };
    for settings in [impatient(), halved, lbfgs, rough] {
        let completions = |images: &ImageBatch| {
            let ranked = lively(settings).completions(&corrupted(images), &mut Silent);
            ranked.unwrap()
        };
        let together = complete(lively(settings), &corrupted(&images)).1;
        let ranked = completions(&images);
        assert_eq!(ranked.ranks.len(), settings.restarts_left());
        for index in 0..6 {
            let image = images.narrow(index, 1).unwrap();
            let alone = complete(lively(settings), &corrupted(&image)).1;
            assert_eq!(alone.converged[0], together.converged[index]);
            assert_eq!(
                alone.objective[0], together.objective[index],
                "{settings:?}"
            );
            assert_eq!(alone.restart[0], together.restart[index]);
            assert_eq!(
                alone.generated.to_values().unwrap(),
                one(&together.generated.to_values().unwrap(), index)
            );
            let map = |ranked: &Tensor, index| -> Vec<f32> {
                let image = ranked.narrow(0, index, 1).unwrap();
                image.flatten_all().unwrap().to_vec1().unwrap()
            };
            let lone = completions(&image).disagreement;
            assert_eq!(map(&lone, 0), map(&ranked.disagreement, index));
        }
    }
}

#[test]
fn losses_of_images_that_were_done_early_are_in_single_precision() {
    let images = corrupted(&planted(&lively_generator(), 4));
    let settings = SearchConfig {
        engine: Engine::Frozen {
            favor: Favor::Latency,
            precision: Precision::Bf16,
        },
        ..impatient()
    };
    let search = lively(settings);
    let found = search.search(&images, &mut Silent).unwrap();
    assert!(found.converged.iter().any(Option::is_some));
    let single = SearchConfig {
        engine: Engine::default(),
        ..settings
    };
    let single = lively(single);
    let mut objective = single.objective(&images).unwrap();
    let value = objective.value_and_gradient(&found.latent).unwrap();
    assert_eq!(found.objective, value.objective);
}

#[test]
fn restarts_left_are_those_that_halving_does_not_drop() {
    let left = |restarts, halve_every, iterations| {
        let settings = SearchConfig {
            restarts,
            halve_every,
            iterations,
            ..SearchConfig::paper()
        };
        settings.restarts_left()
    };
    assert_eq!(left(6, None, 100), 6);
    let halved = [9, 10, 20, 29, 30, 1000].map(|iterations| left(6, Some(10), iterations));
    assert_eq!(halved, [6, 3, 2, 2, 1, 1]);
}
