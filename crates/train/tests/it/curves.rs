use std::path::Path;

use semantic_inpaint_train::{RunDirectory, Silent, draw_curves, train};

use crate::{real, run_in, trainer};

struct Picture {
    height: usize,
    width: usize,
    rgb: Vec<u8>,
}

fn picture(path: &Path) -> Picture {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgb).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    Picture {
        height: info.height as usize,
        width: info.width as usize,
        rgb,
    }
}

impl Picture {
    /// The pixels of a rectangle that a test accepts.
    fn count(
        &self,
        rows: std::ops::Range<usize>,
        cols: std::ops::Range<usize>,
        accepts: impl Fn([u8; 3]) -> bool,
    ) -> usize {
        let pixel = |row: usize, col: usize| {
            let start = 3 * (row * self.width + col);
            [self.rgb[start], self.rgb[start + 1], self.rgb[start + 2]]
        };
        let all = rows.flat_map(|row| cols.clone().map(move |col| (row, col)));
        all.filter(|&(row, col)| accepts(pixel(row, col))).count()
    }
}

fn dark(pixel: [u8; 3]) -> bool {
    pixel.iter().all(|&level| level < 100)
}

fn blue([red, green, blue]: [u8; 3]) -> bool {
    red < 40 && green.abs_diff(114) < 20 && blue.abs_diff(178) < 20
}

fn run_with_log(folder: &tempfile::TempDir, lines: &[String]) -> RunDirectory {
    let run = run_in(folder);
    std::fs::write(run.events(), lines.join("\n")).unwrap();
    run
}

fn step(step: u64, loss: f64) -> String {
    format!("{{\"event\":\"step\",\"step\":{step},\"generator_loss\":{loss}}}")
}

#[test]
fn a_run_has_a_panel_for_each_family_of_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_in(&folder);
    train(&mut trainer(), &real, &run, &mut Silent).unwrap();
    draw_curves(&run).unwrap();
    let drawn = picture(&run.curves().join("training.png"));
    assert_eq!(drawn.width, 960);
    // Losses, logits, images per second, and what else a step may measure.
    assert!(drawn.height >= 3 * 300 && drawn.height.is_multiple_of(300));
    assert!(!run.curves().join("scores.png").exists());

    let first = std::fs::read(run.curves().join("training.png")).unwrap();
    draw_curves(&run).unwrap();
    assert_eq!(
        std::fs::read(run.curves().join("training.png")).unwrap(),
        first
    );
}

#[test]
fn labels_are_drawn_without_a_font_of_the_system() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (1..=50).map(|at| step(at, 1.0 / at as f64)).collect();
    let run = run_with_log(&folder, &lines);
    draw_curves(&run).unwrap();
    let drawn = picture(&run.curves().join("training.png"));
    assert_eq!(drawn.height, 300);
    // Numbers left of the axis and below it, and the name above in the color of its curve.
    assert!(drawn.count(30..268, 0..60, dark) > 100);
    assert!(drawn.count(274..300, 60..960, dark) > 100);
    assert!(drawn.count(0..30, 60..300, blue) > 50);
}

#[test]
fn a_curve_falls_where_its_values_fall() {
    let folder = tempfile::tempdir().unwrap();
    let lines: Vec<String> = (0..=100)
        .map(|at| step(at, 5.0 - at as f64 / 20.0))
        .collect();
    let run = run_with_log(&folder, &lines);
    draw_curves(&run).unwrap();
    let drawn = picture(&run.curves().join("training.png"));
    let (left, right) = (90..300, 700..940);
    let above = drawn.count(40..120, left.clone(), blue);
    assert!(
        above > 100 && drawn.count(180..260, left, blue) == 0,
        "{above}"
    );
    assert!(drawn.count(180..260, right, blue) > 100);
}

#[test]
fn one_spike_does_not_flatten_a_curve() {
    let folder = tempfile::tempdir().unwrap();
    let value = |at: u64| if at == 60 { 1e9 } else { (at % 20) as f64 };
    let lines: Vec<String> = (0..=400).map(|at| step(at, value(at))).collect();
    let run = run_with_log(&folder, &lines);
    draw_curves(&run).unwrap();
    let drawn = picture(&run.curves().join("training.png"));
    assert!(drawn.count(60..110, 90..940, blue) > 300);
    assert!(drawn.count(200..250, 90..940, blue) > 300);
}

#[test]
fn scores_and_those_of_real_images_share_a_panel() {
    let folder = tempfile::tempdir().unwrap();
    let scored = |at: u64| {
        let scores = format!(
            "{{\"near_duplicates\":0.01,\"sliced_wasserstein\":{},\"sliced_wasserstein_of_halves\":4}}",
            100 - at
        );
        format!("{{\"event\":\"scored\",\"step\":{at},\"scores\":{scores}}}")
    };
    let lines: Vec<String> = (1..=4).map(|at| scored(10 * at)).collect();
    let run = run_with_log(&folder, &lines);
    draw_curves(&run).unwrap();
    assert_eq!(picture(&run.curves().join("scores.png")).height, 600);
    assert!(!run.curves().join("training.png").exists());
}

#[test]
fn logs_without_numbers_draw_nothing_and_single_points_something() {
    let folder = tempfile::tempdir().unwrap();
    let run = run_with_log(&folder, &["no event".into(), step(3, f64::NAN)]);
    draw_curves(&run).unwrap();
    assert_eq!(std::fs::read_dir(run.curves()).unwrap().count(), 0);
    std::fs::write(run.events(), step(3, 0.0)).unwrap();
    draw_curves(&run).unwrap();
    let drawn = picture(&run.curves().join("training.png"));
    assert!(drawn.count(40..260, 80..948, blue) > 5);
}
