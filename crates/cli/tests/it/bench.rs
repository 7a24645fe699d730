use serde_json::Value;

use crate::program::{Ran, run, run_with_input};

const TINY: &str = "--batches 1,3 --width 4 --image-size 32";

fn bench(arguments: &str) -> Ran {
    run(&std::env::temp_dir(), &format!("bench {arguments}"))
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn the_table_has_a_row_for_every_case() {
    let ran = bench(&format!(
        "{TINY} --seconds 0.05 --graph --train --threads 1"
    ))
    .expect(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "DCGAN 32x32, base width 4, random weights; cpu, 1 thread"
    );
    let cells = |line: &str| {
        line.split_whitespace()
            .take(3)
            .collect::<Vec<_>>()
            .join(" ")
    };
    // Rows in bfloat16 depend on the processor.
    let rows: Vec<String> = (lines[1..].iter().copied().map(cells))
        .filter(|row| !row.contains("bf16"))
        .take(9)
        .collect();
    let expected = [
        "case precision batch",
        "product f32 -",
        "search f32 1",
        "search f32 3",
        "search f32-throughput 1",
        "search f32-throughput 3",
        "graph f32 1",
        "graph f32 3",
        "training f32 3",
    ];
    assert_eq!(rows, expected);
    assert!(ran.stderr.contains("timing search/f32/3, about"), "{ran:?}");
}

#[test]
fn json_holds_every_window_and_numbers_that_agree() {
    let ran = bench(&format!("{TINY} --seconds 0.05 --json")).expect(0);
    let reports = json_lines(&ran.stdout);
    let names: Vec<&str> = reports
        .iter()
        .map(|report| report["case"].as_str().unwrap())
        .filter(|name| !name.contains("bf16"))
        .collect();
    let expected = [
        "product/f32",
        "search/f32/1",
        "search/f32/3",
        "search/f32-throughput/1",
        "search/f32-throughput/3",
    ];
    assert_eq!(names, expected);
    for report in &reports {
        let number = |name: &str| report[name].as_f64().unwrap();
        let windows = report["windows"].as_array().unwrap();
        let ms = windows.iter().map(|window| window["ms"].as_f64().unwrap());
        assert_eq!(ms.reduce(f64::min), Some(number("min_ms")));
        assert!(number("min_ms") <= number("median_ms"), "{report}");
        let rate = 1e3 * number("gflop_per_iteration") / number("min_ms");
        assert!(
            (number("gflop_per_s") / rate - 1.0).abs() < 1e-9,
            "{report}"
        );
        let product = reports[0]["gflop_per_s"].as_f64().unwrap();
        assert!(
            (number("share_of_product") * product / rate - 1.0).abs() < 1e-9,
            "{report}"
        );
        assert_eq!(
            (&report["width"], &report["image_size_px"]),
            (&4.into(), &32.into())
        );
    }
    let rate = 3e3 / reports[2]["median_ms"].as_f64().unwrap();
    assert!((reports[2]["image_iterations_per_s"].as_f64().unwrap() / rate - 1.0).abs() < 1e-9);
}

#[test]
fn windows_are_run_on_demand() {
    let requests = "search/f32/3 0.01\nproduct/f32 0\nsearch/f32/3 0\ntraining/f32/3 0\n";
    let ran = run_with_input(
        &std::env::temp_dir(),
        &format!("bench --serve {TINY} --train"),
        requests,
    );
    let lines = json_lines(&ran.expect(0).stdout);
    let cases = lines[0]["cases"].as_array().unwrap();
    let case = |name: &str| cases.iter().find(|case| case["case"] == name).unwrap();
    assert_eq!(
        (
            &case("search/f32/3")["work"],
            &case("search/f32/3")["batch"]
        ),
        (&"search".into(), &3.into())
    );
    let asked: Vec<&str> = lines[1..]
        .iter()
        .map(|line| line["case"].as_str().unwrap())
        .collect();
    let expected: Vec<&str> = requests
        .lines()
        .filter_map(|l| Some(l.split_once(' ')?.0))
        .collect();
    assert_eq!(asked, expected);
    for line in &lines[1..] {
        assert!(line["ms"].as_f64().unwrap() > 0.0, "{line}");
        assert!(line["iterations"].as_u64().unwrap() >= 1, "{line}");
    }
    assert_eq!(lines[2]["iterations"], 1);
}

#[test]
fn requests_that_cannot_be_understood_end_the_program() {
    for (request, text) in [
        ("search/f32/2 0.1\n", "no such case"),
        ("search/f32/3\n", "write CASE SECONDS"),
    ] {
        let arguments = format!("bench --serve {TINY}");
        run_with_input(&std::env::temp_dir(), &arguments, request).expect_error(&[text]);
    }
}

#[test]
fn sizes_and_times_out_of_range_are_refused() {
    bench("--image-size 48").expect_error(&["32, 64 or 128", "48"]);
    for (arguments, text) in [
        ("--batches 0", "1..=1024"),
        ("--batches 1,x", "invalid digit"),
        ("--width 0", "1..=512"),
        ("--threads 0", "1..=1024"),
        ("--seconds 0", "above 0"),
        ("--seconds nan", "above 0"),
        ("--seconds 1e9", "at most 3600"),
        ("--serve --json", "cannot be used with"),
    ] {
        let ran = bench(arguments).expect(2);
        assert!(ran.stderr.contains(text), "{ran:?}");
    }
}

#[test]
#[cfg(unix)]
fn an_interrupted_run_prints_what_it_has() {
    use crate::program::{signal, start_until};

    let arguments = format!("bench {TINY} --seconds 5 --json");
    let text = "timing search/f32/1";
    let child = start_until(&std::env::temp_dir(), &arguments, text);
    std::thread::sleep(std::time::Duration::from_millis(300));
    signal(&child, "INT");
    let ran: Ran = child.wait_with_output().unwrap().into();
    let reports = json_lines(&ran.expect(130).stdout);
    assert_eq!(reports[0]["case"], "product/f32");
}
