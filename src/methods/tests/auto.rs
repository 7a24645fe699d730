use semantic_inpaint_metrics::EvaluatedMethod;

use super::*;
use crate::{AutoRule, Choice, PretrainedModel};

/// Side of the largest square that is shallow at the model's size, 1.06 px deep on average; one of 7 is 1.21.
const SHALLOW_SIDE: usize = 6;
/// The same in a photo of eight times the size.
const SHALLOW_SIDE_IN_PHOTO: usize = 57;

fn method(name: MethodName) -> Method {
    let model = model(3);
    let context = MethodContext {
        model: Some(&model),
        search: quick(4),
        ..MethodContext::default()
    };
    Method::build(name, &context).unwrap()
}

fn auto_by(auto_rule: AutoRule) -> Result<Method> {
    let model = model(3);
    let context = MethodContext {
        model: Some(&model),
        search: quick(4),
        auto_rule,
        ..MethodContext::default()
    };
    Method::build(MethodName::Auto, &context)
}

/// A hole of `side` x `side` that touches no border.
fn square(size: usize, side: usize) -> Mask {
    let hole = 5..5 + side;
    Mask::from_missing(size, size, |row, col| {
        hole.contains(&row) && hole.contains(&col)
    })
    .unwrap()
}

/// The largest shallow hole, the smallest deep one, a half and scattered pixels.
fn mixed() -> CorruptedImages {
    let specks = noise(SIZE * SIZE, 9);
    let masks = [
        square(SIZE, SHALLOW_SIDE),
        square(SIZE, SHALLOW_SIDE + 1),
        Mask::from_missing(SIZE, SIZE, |_, col| col < SIZE / 2).unwrap(),
        Mask::from_missing(SIZE, SIZE, |row, col| specks[row * SIZE + col] < 40).unwrap(),
    ];
    let levels = noise(4 * 3 * SIZE * SIZE, 2).into_iter();
    let truth = levels.map(|level| f32::from(level) / 127.5 - 1.0).collect();
    CorruptedImages::new(&batch(truth), &Mask::stack(&masks).unwrap()).unwrap()
}

const EXPECTED: [MethodName; 4] = [
    MethodName::Biharmonic,
    MethodName::Latent,
    MethodName::Latent,
    MethodName::Biharmonic,
];

#[test]
fn each_image_of_a_batch_gets_what_the_method_for_its_hole_gives_alone() {
    let corrupted = mixed();
    let auto = method(MethodName::Auto);
    let completion = auto.complete_observed(&corrupted, &mut Silent).unwrap();
    let chosen: Vec<MethodName> = completion.choices.iter().map(|c| c.method).collect();
    assert_eq!(chosen, EXPECTED);
    for (index, name) in EXPECTED.into_iter().enumerate() {
        let own = corrupted.narrow(index, 1).unwrap();
        let alone = method(name).complete(&own).unwrap();
        let got = completion.completed.narrow(index, 1).unwrap();
        assert_eq!(bits(&got), bits(&alone), "image {index} by {name}");
    }
    let search = completion.search.unwrap();
    let searched = method(MethodName::Latent)
        .complete_observed(&corrupted.narrow(1, 2).unwrap(), &mut Silent)
        .unwrap();
    assert_eq!(search.objective, searched.search.unwrap().objective);
    assert!(searched.choices.is_empty());
}

#[test]
fn the_search_of_auto_is_set_ranked_and_followed_like_any() {
    let corrupted = mixed();
    let search = SearchConfig {
        restarts: 2,
        ..quick(9)
    };
    let [auto, latent] = [MethodName::Auto, MethodName::Latent].map(|name| {
        method(name)
            .with_search(search)
            .with_device(&Device::Cpu)
            .unwrap()
    });
    assert_eq!(auto.search(), Some(&search));
    assert_eq!(auto.working_size(), latent.working_size());
    let deep = corrupted.narrow(1, 2).unwrap();
    let ranks = |method: &Method, corrupted: &CorruptedImages| {
        let completion = method.complete_ranked(corrupted, 2, &mut Silent).unwrap();
        let ranked = completion.ranked.unwrap();
        let images = ranked.ranks.iter().map(|rank| bits(&rank.generated));
        (ranked.result.objective.clone(), images.collect::<Vec<_>>())
    };
    assert_eq!(ranks(&auto, &corrupted), ranks(&latent, &deep));
    assert!(auto.complete_ranked(&corrupted, 3, &mut Silent).is_err());
    let path = |method: &Method, index| {
        let own = corrupted.narrow(index, 1).unwrap();
        method.latent_space(&own, &mut Silent).unwrap()
    };
    assert_eq!(path(&auto, 1), path(&latent, 1));
    assert!(path(&auto, 0).is_none() && path(&latent, 0).is_some());
}

#[test]
fn an_evaluation_measures_auto_as_one_method() {
    let (auto, corrupted) = (method(MethodName::Auto), mixed());
    let measured = EvaluatedMethod::complete(&auto, &corrupted, &mut ()).unwrap();
    let [measured] = measured.as_slice() else {
        panic!("{} results", measured.len());
    };
    assert_eq!(measured.label, "auto");
    let completed = auto.complete(&corrupted).unwrap();
    assert_eq!(bits(&measured.images), bits(&completed));
    for name in [MethodName::Latent, MethodName::Biharmonic] {
        assert!(auto.settings().contains(&method(name).settings()));
    }
}

#[test]
fn a_hole_is_as_deep_as_the_model_would_see_it() {
    // Eight pixels of the photo are one of the model's within the centered square.
    let size = 8 * SIZE;
    let photo = photo(size, size, 1);
    let inpainter = |name, crop| Inpainter::from_method(method(name)).with_crop(crop);
    let auto = inpainter(MethodName::Auto, Crop::CenteredSquare);
    let complete = |inpainter: &Inpainter, mask: &Mask| {
        let completion = inpainter.inpaint_observed(&photo, mask, &mut Silent);
        completion.unwrap()
    };

    // Shallow: filled pixel by pixel, though a model would see 32 x 32.
    let mask = square(size, SHALLOW_SIDE_IN_PHOTO);
    let filled = complete(&auto, &mask);
    let choice = filled.choice.unwrap();
    assert_eq!(
        (choice.method, choice.depth_px, choice.size_px),
        (MethodName::Biharmonic, mask.depth_px(0) / 8.0, SIZE)
    );
    let alone = inpainter(MethodName::Biharmonic, Crop::AroundHole);
    let alone = complete(&alone, &mask);
    assert_eq!(filled.photo, alone.photo);
    assert_eq!(filled.window, alone.window);
    assert_eq!(filled.corrupted.height(), filled.window.side);
    assert!(filled.search.is_none() && alone.choice.is_none());

    // One pixel of the photo wider: searched at the model's size.
    let mask = square(size, SHALLOW_SIDE_IN_PHOTO + 1);
    let searched = complete(&auto, &mask);
    let choice = searched.choice.unwrap();
    assert_eq!(choice.method, MethodName::Latent);
    assert_eq!(choice.depth_px, mask.depth_px(0) / 8.0);
    let alone = inpainter(MethodName::Latent, Crop::CenteredSquare);
    assert_eq!(searched.photo, complete(&alone, &mask).photo);
    assert_eq!(searched.corrupted.height(), SIZE);
    assert_eq!(auto.method_for(&mask).unwrap().name(), MethodName::Latent);

    // A window that is not reduced shows the hole as deep as it is in the photo.
    let near = auto.with_crop(Crop::AroundHole);
    let mask = square(size, SHALLOW_SIDE);
    let choice = complete(&near, &mask).choice.unwrap();
    assert_eq!(choice.depth_px, mask.depth_px(0));
}

#[test]
fn photos_with_holes_of_all_depths_are_completed_as_alone_and_in_order() {
    let photos: Vec<Photo> = (0..4).map(|seed| photo(SIZE, SIZE, seed)).collect();
    let masks = [SHALLOW_SIDE, SHALLOW_SIDE + 3, SHALLOW_SIDE + 5, 2];
    let masks = masks.map(|side| square(SIZE, side));
    let search = SearchConfig {
        restarts: 2,
        ..quick(4)
    };
    let auto = Inpainter::from_method(method(MethodName::Auto))
        .with_search(search)
        .with_completions(2);
    let together = auto.inpaint_batch(&photos, &masks, &mut Silent).unwrap();
    assert_eq!(together.len(), 4);
    for (((completion, photo), mask), name) in
        together.iter().zip(&photos).zip(&masks).zip(EXPECTED)
    {
        assert_eq!(completion.choice.unwrap().method, name);
        assert_eq!(completion.photo, auto.inpaint(photo, mask).unwrap());
        let has_search = name == MethodName::Latent;
        assert_eq!(completion.search.is_some(), has_search);
        assert_eq!(completion.ranked.is_some(), has_search);
    }
}

#[test]
fn a_rule_names_any_two_methods() {
    let corrupted = mixed();
    let rule = AutoRule {
        shallow_px: 1.1,
        shallow: MethodName::Telea,
        deep: MethodName::Harmonic,
    };
    let auto = auto_by(rule).unwrap();
    let completion = auto.complete_observed(&corrupted, &mut Silent).unwrap();
    assert!(completion.search.is_none() && auto.search().is_none());
    let [shallow, deep] = [rule.shallow, rule.deep].map(|name| method(name).complete(&corrupted));
    let (shallow, deep) = (shallow.unwrap(), deep.unwrap());
    for (index, own) in [&shallow, &deep, &deep, &shallow].into_iter().enumerate() {
        let [got, own] = [&completion.completed, own].map(|all| all.narrow(index, 1).unwrap());
        assert_eq!(bits(&got), bits(&own), "image {index}");
    }
    assert_eq!(
        auto.working_size(),
        method(MethodName::Latent).working_size()
    );

    let same = AutoRule {
        deep: MethodName::Telea,
        ..rule
    };
    let completed = auto_by(same).unwrap().complete(&corrupted).unwrap();
    assert_eq!(bits(&completed), bits(&shallow));

    let itself = AutoRule {
        deep: MethodName::Auto,
        ..rule
    };
    assert!(matches!(auto_by(itself), Err(Error::AutoRule)));
}

#[test]
fn the_reason_is_told_in_words_and_the_readme_knows_the_rules() {
    let rule = AutoRule::default();
    let bound = rule.shallow_px;
    let choice = |depth_px| Choice {
        method: rule.method_for_depth(depth_px),
        depth_px,
        shallow_px: bound,
        size_px: 64,
    };
    assert_eq!(
        choice(bound).to_string(),
        format!("hole {bound} px deep at 64 px, at most {bound}: biharmonic")
    );
    assert_eq!(
        choice(bound + 2.3333).to_string(),
        format!(
            "hole {:.2} px deep at 64 px, more than {bound}: latent",
            bound + 2.33
        )
    );
    assert_eq!(AutoRule::of(PretrainedModel::CelebA), rule);
    for model in PretrainedModel::ALL {
        let AutoRule {
            shallow_px,
            shallow,
            deep,
        } = AutoRule::of(*model);
        let row = format!("| `{model}` | {shallow_px} px | `{shallow}` | `{deep}` |");
        assert!(README.contains(&row), "README lacks {row}");
    }
}
