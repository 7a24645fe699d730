use super::*;

#[test]
fn the_path_of_a_search_leads_from_its_start_to_its_result() {
    let corrupted = CorruptedImages::new(&batch(truth()), &masks()).unwrap();
    let model = model(3);
    let search = SearchConfig {
        iterations: 130,
        ..quick(4)
    };
    let context = MethodContext {
        model: Some(&model),
        search,
        ..MethodContext::default()
    };
    let method = Method::build(MethodName::Latent, &context).unwrap();
    let space = method
        .latent_space(&corrupted, &mut Silent)
        .unwrap()
        .unwrap();
    // Every third iteration, the last one among them or not.
    assert_eq!(space.path.len(), 130 / 3 + 1 + 1);
    let found = method
        .complete_observed(&corrupted, &mut Silent)
        .unwrap()
        .search
        .unwrap();
    let end = found.latent.tensor().to_vec2::<f32>().unwrap().remove(0);
    assert_eq!(*space.path.last().unwrap(), end);
    assert_ne!(space.path[0], end);
    assert!(space.samples.len() == 300 && space.samples.iter().all(|sample| sample.len() == 8));
    assert_ne!(space.samples[0], space.samples[1]);

    // More starting points do not change the first one's path.
    let more = method.clone().with_search(SearchConfig {
        restarts: 3,
        ..search
    });
    let again = more.latent_space(&corrupted, &mut Silent).unwrap().unwrap();
    assert_eq!(again, space);
}

#[test]
fn methods_without_a_search_have_no_path_and_a_search_may_be_stopped() {
    #[derive(Default)]
    struct Impatient(usize);
    impl SearchObserver for Impatient {
        fn iterated(&mut self, _progress: &SearchProgress) {
            self.0 += 1;
        }
        fn wants_stop(&mut self) -> bool {
            self.0 == 2
        }
    }
    let corrupted = CorruptedImages::new(&batch(truth()), &masks()).unwrap();
    for method in methods() {
        let mut observer = Impatient::default();
        let space = method.latent_space(&corrupted, &mut observer).unwrap();
        assert_eq!(space.is_some(), method.search().is_some());
        // The start and two iterations.
        assert_eq!(space.map_or(3, |space| space.path.len()), 3);
    }
}
