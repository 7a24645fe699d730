use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use semantic_inpaint_nn::weight_file::write_whole;
use serde::{Deserialize, Serialize};

use crate::error::io;
use crate::{Fault, Result, StepReport};

/// One line of `events.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// The run started, or went on from a checkpoint.
    Started {
        /// Steps already made.
        step: u64,
    },
    /// A step was made.
    Step {
        /// What it measured.
        #[serde(flatten)]
        report: StepReport,
        /// Seconds of training since this start, without those of scores.
        seconds: f64,
        /// Images per second since this start.
        images_per_second: f64,
    },
    /// A checkpoint was written.
    Checkpoint {
        /// Its step.
        step: u64,
        /// Its score, lower being better, where the run has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        score: Option<f64>,
    },
    /// A fault was seen, and the run goes on or ends.
    Faulty {
        /// The step.
        step: u64,
        /// What it was.
        #[serde(flatten)]
        fault: Fault,
    },
    /// A fault was seen and the run returned to its last good checkpoint; the lines of the steps in
    /// between are gone.
    Returned {
        /// The checkpoint's step.
        step: u64,
        /// The step at which the fault was seen.
        from: u64,
        /// What it was.
        #[serde(flatten)]
        fault: Fault,
        /// Returns of this run, with this one.
        returns: u64,
        /// What the configured learning rates are multiplied by from here on.
        rate_scale: f64,
    },
    /// The generator of a checkpoint was scored.
    Scored {
        /// The checkpoint's step.
        step: u64,
        /// Scores by name; lower is better.
        scores: BTreeMap<String, f64>,
    },
    /// The run ended.
    Ended {
        /// Steps made.
        step: u64,
    },
}

/// The event log of a run, a JSON object per line.
#[derive(Debug)]
pub(crate) struct EventLog {
    path: PathBuf,
    file: File,
}

impl EventLog {
    /// Opens the log to go on after `step`: lines of later steps, from a run that was cut off after
    /// its last checkpoint, are dropped, and so is a line that was cut off itself.
    pub(crate) fn open(path: &Path, step: u64) -> Result<Self> {
        if path.exists() {
            let reader = BufReader::new(File::open(path).map_err(io(path))?);
            let lines = reader.lines().map_while(std::result::Result::ok);
            let kept: Vec<String> = lines
                .filter(|line| step_of(line).is_some_and(|of_line| of_line <= step))
                .collect();
            let text: String = kept.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
            write_whole(path, text.as_bytes())?;
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(io(path))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    pub(crate) fn write(&mut self, event: &Event) -> Result<()> {
        let line = self.line(event)?;
        self.file.write_all(line.as_bytes()).map_err(io(&self.path))
    }

    /// Writes an event that a run may come by again when it is killed and resumed, unless it is there.
    pub(crate) fn write_once(&mut self, event: &Event) -> Result<()> {
        let line = self.line(event)?;
        let text = std::fs::read_to_string(&self.path).map_err(io(&self.path))?;
        if text.lines().any(|other| other == line.trim_end()) {
            return Ok(());
        }
        self.write(event)
    }

    fn line(&self, event: &Event) -> Result<String> {
        let invalid = |error: serde_json::Error| std::io::Error::other(error);
        let mut line = serde_json::to_string(event)
            .map_err(invalid)
            .map_err(io(&self.path))?;
        line.push('\n');
        Ok(line)
    }
}

fn step_of(line: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(line)
        .ok()?
        .get("step")?
        .as_u64()
}
