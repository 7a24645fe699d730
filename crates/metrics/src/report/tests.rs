use std::path::Path;

use semantic_inpaint_data::{Photo, read_photo};

use super::tsne::divergence;
use super::*;
use crate::evaluation::tests::{Behavior, Constant, constant, images, masks};
use crate::{EvaluatedMethod, Evaluation, MethodFamily};

fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn methods() -> [Constant; 3] {
    let two = Constant {
        labels: vec!["net (overlay)", "net (poisson)"],
        family: MethodFamily::Learned,
        ..constant("net", 0.25)
    };
    let bad = Constant {
        behavior: Behavior::FailsOn(1),
        ..constant("bad <&>", -0.9)
    };
    [constant("gray", 0.0), two, bad]
}

fn report(folder: &Path) -> EvaluationReport {
    let [gray, two, bad] = methods();
    let methods: [&dyn EvaluatedMethod; 3] = [&gray, &two, &bad];
    let evaluation = Evaluation::new("Drawn * images")
        .with_note("A note.")
        .with_num_pictures(2);
    evaluation
        .run(&masks(), &methods, &images(5), 1, folder, &mut ())
        .unwrap()
}

#[test]
fn the_report_in_markdown_is_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    report(folder.path()).write(folder.path()).unwrap();
    let found = text(folder.path(), "report.md");
    let expected = include_str!("../../tests/golden/report.md");
    assert_eq!(found, expected, "found:\n{found}");
}

#[test]
fn a_section_of_a_page_holds_the_tables_and_the_words_around_it_stay() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path());
    let page = folder.path().join("results.md");
    let words = [
        "# Results\n\nBefore.\n\n<!-- begin a -->\n",
        "<!-- end a -->\n\nAfter.\n",
    ];
    std::fs::write(&page, words.join("what was there\n")).unwrap();
    let section = PageSection::find(&page, "a").unwrap();
    section.write(&report).unwrap();
    let once = text(folder.path(), "results.md");
    assert!(
        once.starts_with(words[0]) && once.ends_with(words[1]),
        "{once}"
    );
    assert!(!once.contains("what was there") && !once.contains("figures/"));
    for part in [report.table().unwrap(), report.hole_psnr_table().unwrap()] {
        assert!(once.contains(&part), "{once}");
    }
    let headings: Vec<&str> = once.lines().filter(|line| line.starts_with('#')).collect();
    assert!(
        headings[1..].iter().all(|line| line.starts_with("### ")),
        "{headings:?}"
    );
    section.write(&report).unwrap();
    assert_eq!(text(folder.path(), "results.md"), once);
}

#[test]
fn a_page_without_the_section_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("results.md");
    let error = PageSection::find(&page, "a").unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    for words in [
        "",
        "<!-- begin a -->\n",
        "<!-- end a -->\n<!-- begin a -->\n",
        "<!-- begin ab -->\n<!-- end ab -->",
    ] {
        std::fs::write(&page, words).unwrap();
        let error = PageSection::find(&page, "a").unwrap_err().to_string();
        assert!(
            error.contains("results.md") && error.contains("<!-- begin a -->"),
            "{error}"
        );
        assert_eq!(text(folder.path(), "results.md"), words);
    }
}

#[test]
fn the_page_needs_no_other_file_and_holds_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path());
    report.write(folder.path()).unwrap();
    let page = text(folder.path(), "report.html");
    let num_figures = std::fs::read_dir(folder.path().join("figures"))
        .unwrap()
        .count();
    // Images of each mask, all masks, size, time, bars of each mask.
    assert_eq!(num_figures, 2 + 1 + 1 + 1 + 2);
    assert_eq!(
        page.matches("src=\"data:image/png;base64,iVBOR").count(),
        num_figures
    );
    assert_eq!(page.matches("src=").count(), num_figures);
    assert!(!page.contains("http") && !page.contains("<link") && !page.contains("<script"));
    assert!(page.contains("<title>Drawn * images</title>"));
    assert!(page.contains("bad &lt;&amp;&gt;") && !page.contains("bad <&>"));
    assert!(page.contains("prefers-color-scheme: dark"));
    for tag in [
        "figure", "table", "tbody", "tr", "td", "ul", "li", "p", "h2", "h3", "main",
    ] {
        let opened =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    let long = report.long_table().unwrap();
    for cell in long
        .rows
        .iter()
        .flatten()
        .filter(|cell| !cell.text.contains('<'))
    {
        assert!(page.contains(&cell.text), "{cell:?}");
    }
}

#[test]
fn equal_evaluations_give_equal_files_resumed_or_not() {
    let (fresh, resumed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    report(fresh.path()).write(fresh.path()).unwrap();
    report(resumed.path());
    let lost = resumed.path().join("parts/blocks-2x2-9/gray/000003.csv");
    std::fs::remove_file(lost).unwrap();
    report(resumed.path()).write(resumed.path()).unwrap();
    let mut names = vec!["report.md", "report.html", "per_image.csv", "summary.json"];
    names.push("figures/hole-size.png");
    for name in names {
        let bytes = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
        assert_eq!(bytes(fresh.path()), bytes(resumed.path()), "{name}");
    }
}

#[test]
fn the_summary_holds_the_means_of_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path());
    report.write(folder.path()).unwrap();
    let json: serde_json::Value =
        serde_json::from_str(&text(folder.path(), "summary.json")).unwrap();
    let completions = &json["masks"][1]["completions"];
    assert_eq!(json["masks"][1]["mask"], "blocks:2x2:9");
    assert_eq!(completions.as_array().unwrap().len(), 5);
    let found = completions[2]["scores"]["hole_psnr"]["mean"]
        .as_f64()
        .unwrap();
    let rows = report.rows.iter();
    let rows = rows.filter(|row| row.mask == masks()[1] && row.method == "net (poisson)");
    let values: Vec<f64> = rows.map(|row| row.scores.hole_psnr).collect();
    assert!((found - values.iter().sum::<f64>() / 5.0).abs() < 1e-12);
    assert_eq!(completions[4]["label"], "true image");
    assert_eq!(
        completions[4]["scores"]["psnr"]["mean"],
        serde_json::Value::Null
    );
    assert_eq!(json["failures"].as_array().unwrap().len(), 2);
    let csv = text(folder.path(), "per_image.csv");
    assert_eq!(csv.matches("square:6,").count(), 4 * 5 + 4 + 1);
}

#[test]
fn strips_show_the_pictures_in_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path());
    report.write(folder.path()).unwrap();
    let strip = read_photo(folder.path().join("figures/images-square-6.png")).unwrap();
    // Two images, six columns, 16 px seven times as large.
    let (tile, head) = (7 * 16, 3 * 18 + 4);
    assert_eq!(
        (strip.height(), strip.width()),
        (head + 2 * (tile + 4), 6 * (tile + 4))
    );
    let pixel = |photo: &Photo, row: usize, col: usize| {
        photo.rgb()[3 * (row * photo.width() + col)..][..3].to_vec()
    };
    let original = images(5).photo(0).unwrap();
    assert_eq!(
        pixel(&strip, head + 7 * 3 + 2, 7 * 5 + 6),
        pixel(&original, 3, 5)
    );
    // The hole of gray, and that of the constant 0.25.
    let middle = head + tile / 2;
    assert_eq!(pixel(&strip, middle, 2 * (tile + 4) + tile / 2), [128; 3]);
    assert_eq!(pixel(&strip, middle, 3 * (tile + 4) + tile / 2), [159; 3]);
    // The second image of the failing method is crossed out.
    let (top, left) = (head + tile + 4, 5 * (tile + 4));
    assert_eq!(pixel(&strip, top + 8, left + 8), [0; 3]);
    assert_eq!(pixel(&strip, top + 8, left + 30), [255; 3]);
}

#[test]
fn added_figures_stand_behind_the_own_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = report(folder.path());
    for _ in 0..2 {
        report.add_figure("Losses", "Of the run.", Photo::filled(4, 4, [9, 9, 9]));
    }
    report.write(folder.path()).unwrap();
    let page = text(folder.path(), "report.md");
    assert_eq!(page.matches("### Losses").count(), 2);
    let at = |text: &str| page.find(text).unwrap();
    assert!(at("### Losses") > at("### PSNR in the hole with blocks"));
    let files = std::fs::read_dir(folder.path().join("figures")).unwrap();
    let names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in ["losses.png", "losses-2.png"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
        assert!(page.contains(&format!("](figures/{name})")), "{page}");
    }
}

#[test]
fn a_report_where_everything_failed_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let bad = Constant {
        behavior: Behavior::FailsAlways,
        ..constant("bad", 0.0)
    };
    let evaluation = Evaluation::new("None");
    let report = evaluation.run(&masks(), &[&bad], &images(3), 1, folder.path(), &mut ());
    report.unwrap().write(folder.path()).unwrap();
    assert!(
        text(folder.path(), "report.md")
            .contains("| broken | 00.png, a, \"quoted\" name.png, 02.png | 3 |")
    );
}

#[test]
fn the_course_of_a_search_is_drawn_from_its_lowest_to_its_highest_objective() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = report(folder.path());
    let course = |(index, image): (usize, &str)| crate::EvaluationCourse {
        mask: masks()[0],
        method: "net".into(),
        image: image.into(),
        iterations: vec![0, 50, 100],
        objective: [0.9, 0.2, 0.1]
            .map(|value| value + 0.01 * index as f32)
            .into(),
    };
    assert!(super::search_course::methods(&report).is_empty());
    report.courses = ["a", "b", "c"]
        .into_iter()
        .enumerate()
        .map(course)
        .collect();
    report.write(folder.path()).unwrap();
    let page = text(folder.path(), "report.md");
    assert!(page.contains(
        "### Course of the search\n\n![Course of the search](figures/search-course.png)"
    ));
    let drawn = read_photo(folder.path().join("figures/search-course.png")).unwrap();
    // The curve falls from the upper left to the lower right; blue is the first mask's color.
    let is_blue = |pixel: &[u8]| pixel[0] < 40 && pixel[2] > 140;
    let rows_of = |columns: std::ops::Range<usize>| -> Vec<usize> {
        let pixels = drawn.rgb().chunks_exact(3).enumerate();
        let blue = pixels.filter(|(_, pixel)| is_blue(pixel));
        let places = blue.map(|(at, _)| (at / drawn.width(), at % drawn.width()));
        let places = places.filter(|(_, column)| columns.contains(column));
        places.map(|(row, _)| row).collect()
    };
    let (left, right) = (rows_of(70..90), rows_of(600..620));
    assert!(!left.is_empty() && !right.is_empty());
    assert!(left.iter().max() < right.iter().min(), "{left:?} {right:?}");

    report
        .courses
        .extend(report.courses.clone().into_iter().map(|course| {
            let method = "gray".into();
            crate::EvaluationCourse { method, ..course }
        }));
    report.write(folder.path()).unwrap();
    for name in ["search-course-gray.png", "search-course-net.png"] {
        assert!(folder.path().join("figures").join(name).exists(), "{name}");
    }
}

#[test]
fn the_map_of_latents_tells_lengths_that_it_cannot_show() {
    let folder = tempfile::tempdir().unwrap();
    let mut report = report(folder.path());
    let samples: Vec<Vec<f32>> = (0..9).map(|at| vec![f32::from(at as u8), 0.0]).collect();
    let path = [vec![0.0, 0.0], vec![3.0, 4.0], vec![0.0, 8.0]];
    let config = TsneConfig {
        iterations: 20,
        ..TsneConfig::default()
    };
    report
        .add_latent_space("image 7", &samples, &path, &config)
        .unwrap();
    report.write(folder.path()).unwrap();
    let page = text(folder.path(), "report.md");
    assert!(
        page.contains("![Latent space](figures/latent-space.png)"),
        "{page}"
    );
    for told in [
        "9 latents",
        "path of image 7",
        "3 points",
        "end of the path 8.0",
        "is 10.0 long",
        "3.0 apart",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let bytes = || std::fs::read(folder.path().join("figures/latent-space.png")).unwrap();
    let first = bytes();
    report.write(folder.path()).unwrap();
    assert_eq!(first, bytes());
}

fn clusters() -> Vec<Vec<f32>> {
    let mut rng = semantic_inpaint_tensor::Rng::from_seed(4);
    let mut point = |center: usize| -> Vec<f32> {
        let near = |axis| if axis == center { 10.0 } else { 0.0 };
        (0..8)
            .map(|axis| near(axis) + rng.next_unit() as f32)
            .collect()
    };
    (0..90).map(|index| point(index / 30)).collect()
}

#[test]
fn clusters_stay_apart_and_the_divergence_falls() {
    let points = clusters();
    let config = |iterations| TsneConfig {
        perplexity: 10.0,
        iterations,
        seed: 3,
    };
    let places = tsne(&points, &config(600)).unwrap();
    assert_eq!(places, tsne(&points, &config(600)).unwrap());
    let first = tsne(&points, &config(0)).unwrap();
    let (before, after) = (
        divergence(&points, &first, 10.0),
        divergence(&points, &places, 10.0),
    );
    assert!(after < 0.5 && after < 0.4 * before, "{before} {after}");
    let distance = |one: usize, other: usize| {
        let [x, y] = [0, 1].map(|axis| places[one][axis] - places[other][axis]);
        x.hypot(y)
    };
    for one in 0..90 {
        let others = (0..90).filter(|other| *other != one);
        let nearest = others.min_by(|a, b| distance(one, *a).total_cmp(&distance(one, *b)));
        assert_eq!(nearest.unwrap() / 30, one / 30, "{one}");
    }
}

#[test]
fn points_that_cannot_be_laid_out_are_refused() {
    let config = TsneConfig {
        iterations: 20,
        ..TsneConfig::default()
    };
    let refused = |points: &[Vec<f32>]| tsne(points, &config).unwrap_err();
    assert!(matches!(
        refused(&vec![vec![0.0]; 3]),
        Error::TooFewImages { .. }
    ));
    let mut points = clusters();
    points[7][2] = f32::NAN;
    assert!(matches!(
        refused(&points),
        Error::NotFinite { index: 7, .. }
    ));
    points[7].pop();
    assert!(matches!(refused(&points), Error::ShapeMismatch { .. }));
    // Equal points have no neighborhoods, and still have places.
    let places = tsne(&vec![vec![1.0, 2.0]; 9], &config).unwrap();
    assert!(places.iter().flatten().all(|value| value.is_finite()));
}
