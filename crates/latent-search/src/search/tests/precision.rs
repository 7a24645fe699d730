use super::*;
use crate::engine::{FrozenNetworks, FrozenObjective};
use crate::objective::Evaluation;

fn in_precision(settings: SearchConfig, precision: Precision) -> SearchConfig {
    SearchConfig {
        engine: Engine::Frozen {
            favor: Favor::Latency,
            precision,
        },
        ..settings
    }
}

#[test]
fn a_search_in_bfloat16_ends_where_one_in_single_precision_does() {
    let (generator, discriminator) = (lively_generator(), networks().1);
    let images = corrupted(&planted(&generator, 2));
    let settings = SearchConfig {
        iterations: 400,
        ..quick()
    };
    let [single, rough] = [Precision::F32, Precision::Bf16].map(|precision| {
        let settings = in_precision(settings, precision);
        let search = LatentSearch::new(&generator, Some(&discriminator), settings).unwrap();
        assert_eq!(
            search.precision(),
            precision.available(InstructionSet::detect())
        );
        search.search(&images, &mut Silent).unwrap()
    });
    for image in 0..2 {
        let (got, want) = (rough.objective[image], single.objective[image]);
        assert!((got - want).abs() < 0.01 * want, "{got} {want}");
        let start = rough.trace[0].objective[image];
        assert!(got < 0.5 * start, "{start} {got}");
    }
}

#[test]
fn what_a_search_in_bfloat16_reports_is_in_single_precision() {
    let images = corrupted(&photos(2));
    for stop_after in [4, usize::MAX] {
        let mut observer = Counting {
            stop_after,
            ..Counting::default()
        };
        let settings = in_precision(quick(), Precision::Bf16);
        let result = search(settings).search(&images, &mut observer).unwrap();
        assert_eq!(result.stopped, stop_after == 4);
        let pair = FrozenNetworks::new(&networks().0, Some(&networks().1), Engine::default());
        let pair = pair.unwrap().unwrap();
        let pair = pair.pair(Precision::F32);
        let objective = Objective::new(&images, &settings, &Device::Cpu).unwrap();
        let mut evaluation = Evaluation {
            context: vec![0.0; 2],
            prior: vec![0.0; 2],
            gradient: vec![0.0; 24],
        };
        let latents: Vec<f32> = result
            .latent
            .tensor()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        let mut frozen = FrozenObjective::new(pair, &objective).unwrap();
        frozen.evaluate(pair, &latents, &mut evaluation);
        for image in 0..2 {
            assert_eq!(
                f64::from(evaluation.context[image]),
                result.context_loss[image]
            );
            assert_eq!(f64::from(evaluation.prior[image]), result.prior_loss[image]);
        }
    }
}

#[test]
fn the_last_tenth_of_a_search_has_at_least_one_iteration() {
    let starts = [1, 9, 10, 11, 1500].map(polish::start);
    assert_eq!(starts, [0, 8, 9, 9, 1350]);
}
