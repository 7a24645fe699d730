//! What the examples on data sets share: arguments, model, images, and lines on how it goes.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use semantic_inpaint::context_encoder::ContextEncoderModel;
use semantic_inpaint::data::{ReadOptions, Split};
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::latent_search::Silent;
use semantic_inpaint::metrics::TsneConfig;
use semantic_inpaint::{
    DcganModel, Device, DeviceChoice, EvaluatedMethod, Evaluation, EvaluationObserver, ImageSet,
    ImageSource, MaskShape, Method, MethodContext, MethodName, Preset, PretrainedModel,
    Requirement, SearchConfig, embedded_latent_encoder, load_context_encoder, load_latent_encoder,
    load_model,
};

const BETWEEN_LINES: Duration = Duration::from_secs(20);

/// What the command line says.
#[derive(Debug)]
pub(crate) struct Arguments {
    data: PathBuf,
    training_set: Option<PathBuf>,
    model: Option<PathBuf>,
    context_encoders: Vec<PathBuf>,
    latent_encoder: Option<PathBuf>,
    preset: Preset,
    count: usize,
    skip: usize,
    iterations: Option<usize>,
    device: DeviceChoice,
    out: PathBuf,
}

impl Arguments {
    /// The arguments, by default images of the data set `name` in `archive`.
    pub(crate) fn parse(name: &str, archive: &str, count: usize) -> Result<Self> {
        let mut arguments = Self {
            data: format!("datasets/{name}/{archive}").into(),
            training_set: None,
            model: None,
            context_encoders: Vec::new(),
            latent_encoder: None,
            preset: Preset::Paper,
            count,
            skip: 0,
            iterations: None,
            device: DeviceChoice::Cpu,
            out: format!("out/{name}").into(),
        };
        let usage = arguments.usage();
        let mut words = std::env::args().skip(1);
        while let Some(name) = words.next() {
            let value = words.next();
            let value = value.with_context(|| format!("{name} lacks a value\n{usage}"))?;
            match name.as_str() {
                "--data" => arguments.data = value.into(),
                "--training-set" => arguments.training_set = Some(value.into()),
                "--model" => arguments.model = Some(value.into()),
                "--context-encoder" => arguments.context_encoders.push(value.into()),
                "--latent-encoder" => arguments.latent_encoder = Some(value.into()),
                "--preset" => arguments.preset = value.parse()?,
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

    fn usage(&self) -> String {
        format!(
            "arguments:
  --data PATH             a folder, an archive, or a prepared set (default {})
  --training-set PATH     what the model was trained on, where --data holds none of it
  --model PATH            a model file or the folder of a run (default: the embedded model)
  --context-encoder PATH  a Context Encoder, a file or the folder of a run; once or several times
  --latent-encoder PATH   an encoder of the model's latents (default: that of the embedded model, for
                          the presets fast and best)
  --preset NAME           settings of the search: paper, authors, fast or best (default {})
  --iterations N          iterations of the search (default: the preset's)
  --count N               images to measure on (default {})
  --skip N                images to pass over first (default {})
  --device DEVICE         auto, cpu or cuda:INDEX (default cpu)
  --out DIR               where everything is written (default {})",
            self.data.display(),
            self.preset,
            self.count,
            self.skip,
            self.out.display()
        )
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

    /// The encoder that was named, or else that of the embedded model where the preset makes use of one.
    fn guess(&self, model_name: &str) -> Result<Option<LatentEncoderModel>> {
        let is_embedded = self.model.is_none() && self.preset.is_for_an_encoder();
        match &self.latent_encoder {
            Some(path) => Ok(Some(load_latent_encoder(path, &Device::Cpu)?)),
            None if is_embedded => Ok(embedded_latent_encoder(model_name.parse()?, &Device::Cpu)?),
            None => Ok(None),
        }
    }

    /// All methods whose needs are met, but the one that chooses among two of them.
    fn methods(
        &self,
        (model_name, seed): (&str, u64),
        model: &DcganModel,
        training_set: Option<&ImageSet>,
    ) -> Result<Vec<Method>> {
        let device = self.device.open()?;
        let encoders = self.context_encoders.iter();
        let encoders = encoders.map(|path| load_context_encoder(path, &device));
        let encoders: Vec<ContextEncoderModel> = encoders.collect::<Result<_, _>>()?;
        let guess = self.guess(model_name)?;
        let preset = match guess {
            Some(_) => self.preset.config_with_encoder(),
            None => self.preset.config(),
        };
        let context = MethodContext {
            model: Some(model),
            model_name,
            latent_encoder: guess.as_ref(),
            search: SearchConfig {
                iterations: self.iterations.unwrap_or(preset.iterations),
                seed,
                ..preset
            },
            context_encoders: &encoders,
            training_set,
            device,
            ..MethodContext::default()
        };
        let is_met = |method: &&MethodName| match method.requirement() {
            Requirement::TrainingSet => training_set.is_some(),
            Requirement::ContextEncoder => !encoders.is_empty(),
            _ => **method != MethodName::Auto,
        };
        let names = MethodName::all().iter().filter(is_met);
        let methods = names.map(|&name| Method::build(name, &context));
        Ok(methods.collect::<Result<_, _>>()?)
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

/// Measures every method with every mask on the images, prints the table, and writes the report.
pub(crate) fn evaluate(
    arguments: &Arguments,
    (title, masks, seed): (&str, &[&str], u64),
    model: &DcganModel,
    (images, training): (&ImageSet, Option<&ImageSet>),
) -> Result<()> {
    let masks = masks.iter().map(|mask| mask.parse::<MaskShape>());
    let masks = masks.collect::<Result<Vec<_>, _>>()?;
    let methods = arguments.methods((title, seed), model, training)?;
    let measured: Vec<&dyn EvaluatedMethod> = methods.iter().map(|method| method as _).collect();
    let (folder, mut lines) = (&arguments.out, ProgressLines::new());
    let evaluation = Evaluation::new(title);
    let mut report = evaluation.run(&masks, &measured, images, seed, folder, &mut lines)?;
    let first = Evaluation::corrupted_images(masks[0], images, seed, 0..1)?;
    let search = methods.iter().find(|method| method.search().is_some());
    let space = search.map(|method| method.latent_space(&first, &mut Silent));
    if let Some(space) = space.transpose()?.flatten() {
        let of = format!("the search for {} with {}", images.names()[0], masks[0]);
        report.add_latent_space(&of, &space.samples, &space.path, &TsneConfig::default())?;
    }
    report.write(folder)?;
    println!("{}", report.hole_psnr_table()?);
    println!("{}", folder.join("report.html").display());
    Ok(())
}

/// Prints a line with the time left every 20 seconds.
struct ProgressLines {
    started: Instant,
    last_line: Instant,
    /// Images of the batches before this one, and of this one.
    done: f64,
    batch_len: f64,
    total: f64,
    label: String,
}

impl ProgressLines {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            started: now,
            last_line: now,
            done: 0.0,
            batch_len: 0.0,
            total: 0.0,
            label: String::new(),
        }
    }
}

impl EvaluationObserver for ProgressLines {
    fn begins(&mut self, num_images: usize) {
        self.started = Instant::now();
        self.total = num_images as f64;
    }

    fn starting(&mut self, method: &str, mask: MaskShape, images: Range<usize>, count: usize) {
        self.done += self.batch_len;
        self.batch_len = images.len() as f64;
        let (first, last) = (images.start + 1, images.end);
        self.label = format!("{mask}, {method}: images {first} to {last} of {count}");
        self.progressed(0.0);
    }

    fn progressed(&mut self, share: f64) {
        if self.last_line.elapsed() < BETWEEN_LINES {
            return;
        }
        self.last_line = Instant::now();
        let done = self.done + share * self.batch_len;
        let left = self.started.elapsed().as_secs_f64() * (self.total / done.max(1.0) - 1.0);
        let (percent, minutes) = (100.0 * done / self.total, left / 60.0);
        eprintln!(
            "{}; {percent:.0} % done, about {minutes:.0} min left",
            self.label
        );
    }

    fn failed(&mut self, method: &str, mask: MaskShape, image: &str, reason: &str) {
        eprintln!("{mask}, {method}, {image}: {reason}");
    }
}
