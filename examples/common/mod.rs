//! What the examples on data sets share: arguments, model, images, and lines on how it goes.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use semantic_inpaint::data::{ReadOptions, Split};
use semantic_inpaint::{
    DcganModel, Device, DeviceChoice, EvaluationObserver, ImageSet, ImageSource, MaskShape,
    PretrainedModel, SearchObserver, SearchProgress, load_model,
};

const BETWEEN_LINES: Duration = Duration::from_secs(20);

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Arguments {
    data: PathBuf,
    training_set: Option<PathBuf>,
    model: Option<PathBuf>,
    count: usize,
    skip: usize,
    pub(crate) iterations: Option<usize>,
    pub(crate) device: DeviceChoice,
    pub(crate) out: PathBuf,
}

impl Arguments {
    /// The arguments, by default images of the data set `name` in `archive`.
    pub(crate) fn parse(name: &str, archive: &str, count: usize) -> Result<Self> {
        let mut arguments = Self {
            data: format!("datasets/{name}/{archive}").into(),
            training_set: None,
            model: None,
            count,
            skip: 0,
            iterations: None,
            device: DeviceChoice::Cpu,
            out: format!("out/{name}").into(),
        };
        let usage = format!(
            "arguments:
  --data PATH           a folder, an archive, or a prepared set (default {})
  --training-set PATH   what the model was trained on, where --data holds none of it
  --model PATH          a model file or the folder of a run (default: the embedded model)
  --count N             images to measure on (default {count})
  --skip N              images to pass over first (default 0)
  --iterations N        iterations of the search (default: the paper's)
  --device DEVICE       auto, cpu or cuda:INDEX (default cpu)
  --out DIR             where everything is written (default {})",
            arguments.data.display(),
            arguments.out.display()
        );
        let mut words = std::env::args().skip(1);
        while let Some(name) = words.next() {
            let value = words.next();
            let value = value.with_context(|| format!("{name} lacks a value\n{usage}"))?;
            match name.as_str() {
                "--data" => arguments.data = value.into(),
                "--training-set" => arguments.training_set = Some(value.into()),
                "--model" => arguments.model = Some(value.into()),
                "--count" => arguments.count = number(&name, &value)?,
                "--skip" => arguments.skip = number(&name, &value)?,
                "--iterations" => arguments.iterations = Some(number(&name, &value)?),
                "--device" => arguments.device = value.parse()?,
                "--out" => arguments.out = value.into(),
                _ => bail!("unknown argument {name}\n{usage}"),
            }
        }
        let path = arguments.data.display();
        ensure!(
            arguments.data.exists(),
            "{path}: not there: datasets/{name}/README.md says where it is published; name it with --data"
        );
        Ok(arguments)
    }

    /// The model that was named, or the embedded one.
    pub(crate) fn model(&self, embedded: PretrainedModel, device: &Device) -> Result<DcganModel> {
        match &self.model {
            Some(path) => Ok(load_model(path, device)?),
            None => embedded
                .load(device)
                .context("no model: train one and name its run with --model"),
        }
    }

    /// What the model was trained on: `--training-set`, or else that part of `--data`, if it has one.
    pub(crate) fn training(&self, options: &ReadOptions) -> Result<Option<ImageSet>> {
        let path = match (&self.training_set, options.split) {
            (Some(path), _) => path,
            (None, Split::All) => return Ok(None),
            (None, _) => &self.data,
        };
        read(path, options).map(Some)
    }

    /// The images to measure on, first by name of those that the options ask for.
    pub(crate) fn images(&self, options: &ReadOptions) -> Result<ImageSet> {
        let end = self.skip.saturating_add(self.count);
        let limit = Some(end);
        let set = read(
            &self.data,
            &ReadOptions {
                limit,
                ..options.clone()
            },
        )?;
        let indices: Vec<usize> = (self.skip..end.min(set.count())).collect();
        let chosen = set.select(&indices);
        chosen.with_context(|| format!("--skip {} leaves no image", self.skip))
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T> {
    let number = value.parse().ok();
    number.with_context(|| format!("{name} {value}: give a whole number"))
}

fn read(path: &Path, options: &ReadOptions) -> Result<ImageSet> {
    let set = ImageSet::read(&ImageSource::open(path)?, options, &|_| {})?;
    let (split, unreadable) = (options.split, set.record().unreadable.len());
    eprintln!(
        "{}, {split}: {} images, {unreadable} unreadable",
        path.display(),
        set.count()
    );
    Ok(set)
}

/// Prints a line with the time left every 20 seconds.
pub(crate) struct ProgressLines {
    started: Instant,
    last_line: Instant,
    num_done: usize,
    num_total: usize,
    label: String,
}

impl ProgressLines {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            started: now,
            last_line: now,
            num_done: 0,
            num_total: 0,
            label: String::new(),
        }
    }
}

impl EvaluationObserver for ProgressLines {
    fn begins(&mut self, num_iterations: usize) {
        self.started = Instant::now();
        self.num_total = num_iterations;
    }

    fn searching(&mut self, mask: MaskShape, images: Range<usize>, count: usize) {
        self.label = format!(
            "{mask}: images {} to {} of {count}",
            images.start + 1,
            images.end
        );
    }
}

impl SearchObserver for ProgressLines {
    fn iterated(&mut self, progress: &SearchProgress) {
        self.num_done += 1;
        if self.last_line.elapsed() < BETWEEN_LINES {
            return;
        }
        self.last_line = Instant::now();
        let per_iteration = self.started.elapsed().as_secs_f64() / self.num_done as f64;
        let left = per_iteration * self.num_total.saturating_sub(self.num_done) as f64;
        eprintln!(
            "{}, iteration {} of {}: objective {:.4}; {:.1} min left",
            self.label,
            progress.iteration,
            progress.iterations,
            progress.mean_objective,
            left / 60.0
        );
    }
}
