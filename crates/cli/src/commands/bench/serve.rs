use std::collections::HashMap;
use std::io::BufRead;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use semantic_inpaint::tensor::describe_device;
use serde::Serialize;

use super::case::{Case, CaseInfo};
use super::clock::{Clock, Span};
use super::report::WindowReport;
use super::workload::{Setting, Workload};
use crate::output;

/// The first line of the answers.
#[derive(Serialize)]
struct Greeting {
    program: &'static str,
    version: &'static str,
    device: String,
    threads: usize,
    cases: Vec<CaseInfo>,
}

#[derive(Serialize)]
struct Answer<'a> {
    case: &'a str,
    #[serde(flatten)]
    window: WindowReport,
}

/// Runs the windows that lines of `requests` ask for, `CASE SECONDS` each, one after the other.
///
/// A case is prepared by its first window and kept. Every window begins with an iteration that is not
/// timed.
pub(super) fn serve(setting: &Setting, cases: &[Case], requests: impl BufRead) -> Result<()> {
    output::json(&Greeting {
        program: env!("CARGO_BIN_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        device: describe_device(&setting.device),
        threads: rayon::current_num_threads(),
        cases: cases.iter().map(|case| case.info(setting)).collect(),
    })?;
    let mut prepared: HashMap<String, Box<dyn Workload>> = HashMap::new();
    for request in requests.lines() {
        let request = request?;
        let (name, window) = parse(&request)?;
        if !prepared.contains_key(name) {
            let case = cases.iter().find(|case| case.to_string() == name);
            let case = case.with_context(|| format!("{name}: no such case: see the first line"))?;
            prepared.insert(name.to_owned(), setting.prepare(case)?);
        }
        if let Some(workload) = prepared.get_mut(name) {
            answer(name, window, workload.as_mut())?;
        }
    }
    Ok(())
}

fn answer(name: &str, window: Duration, workload: &mut dyn Workload) -> Result<()> {
    let span = Span {
        window,
        total: Duration::ZERO,
    };
    let mut silent = |_| ();
    let mut clock = Clock::new(span, &mut silent);
    workload.run(&mut clock)?;
    match clock.into_windows().first() {
        Some(window) => output::json(&Answer {
            case: name,
            window: window.into(),
        }),
        None => bail!("{name}: stopped before an iteration was timed"),
    }
}

/// The case and the window of a request.
fn parse(request: &str) -> Result<(&str, Duration)> {
    let parts = request.trim().split_once(' ');
    let parsed = parts.and_then(|(name, seconds)| {
        let window = Duration::try_from_secs_f64(seconds.trim().parse().ok()?);
        Some((name, window.ok()?))
    });
    parsed.with_context(|| format!("`{request}`: write CASE SECONDS, such as search/f32/8 0.25"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_a_case_and_seconds() {
        let (name, window) = parse("search/f32/8 0.25\n").unwrap();
        assert_eq!((name, window), ("search/f32/8", Duration::from_millis(250)));
        for request in [
            "",
            "search/f32/8",
            "search/f32/8 x",
            "search/f32/8 -1",
            "a nan",
        ] {
            assert!(parse(request).is_err(), "{request}");
        }
    }
}
