use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value};

use crate::Result;
use crate::error::io;

/// A number over the steps of a run: pairs of step and value, by rising step.
pub type Series = Vec<(u64, f64)>;

/// The numbers of a run by name, as its event log holds them.
///
/// ```
/// use semantic_inpaint_train::History;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let log = folder.path().join("events.jsonl");
/// std::fs::write(
///     &log,
///     r#"{"event":"step","step":10,"generator_loss":0.7}
///        {"event":"scored","step":10,"scores":{"sliced_wasserstein":31.5}}
///        {"event":"scored","step":20,"scores":{"sliced_wasserstein":29.0}}"#,
/// )?;
/// let history = History::read(&log)?;
/// assert_eq!(history.steps()["generator_loss"], [(10, 0.7)]);
/// assert_eq!(history.lowest("sliced_wasserstein"), Some((20, 29.0)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    steps: BTreeMap<String, Series>,
    scores: BTreeMap<String, Series>,
}

impl History {
    /// The numbers of an event log. Lines that are no events, such as one that was cut off, are passed
    /// over; a log that is not there yet has no numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) naming the file.
    pub fn read(path: &Path) -> Result<Self> {
        let mut history = Self::default();
        if !path.exists() {
            return Ok(history);
        }
        for line in BufReader::new(File::open(path).map_err(io(path))?).lines() {
            let line = line.map_err(io(path))?;
            if let Ok(Value::Object(event)) = serde_json::from_str(&line) {
                history.add(&event);
            }
        }
        Ok(history)
    }

    fn add(&mut self, event: &Map<String, Value>) {
        let Some(step) = event.get("step").and_then(Value::as_u64) else {
            return;
        };
        let (target, numbers) = match event.get("event").and_then(Value::as_str) {
            Some("step") => (&mut self.steps, Some(event)),
            Some("scored") => (
                &mut self.scores,
                event.get("scores").and_then(Value::as_object),
            ),
            _ => return,
        };
        for (name, value) in numbers.into_iter().flat_map(numbers_in) {
            target
                .entry(name.to_owned())
                .or_default()
                .push((step, value));
        }
    }

    /// What steps measured, by the name of the number: losses, logits, speed.
    #[must_use]
    pub fn steps(&self) -> &BTreeMap<String, Series> {
        &self.steps
    }

    /// The scores of checkpoints, by name.
    #[must_use]
    pub fn scores(&self) -> &BTreeMap<String, Series> {
        &self.scores
    }

    /// The lowest value of a score and its step, the first of equal ones; `None` when there is none.
    #[must_use]
    pub fn lowest(&self, score: &str) -> Option<(u64, f64)> {
        let series = self.scores.get(score)?;
        series
            .iter()
            .copied()
            .min_by(|first, second| first.1.total_cmp(&second.1))
    }
}

/// The numbers of an object but its step and time.
pub(crate) fn numbers_in(object: &Map<String, Value>) -> impl Iterator<Item = (&str, f64)> {
    let others = object
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "step" | "seconds"));
    others.filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)))
}
