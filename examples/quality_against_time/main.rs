//! How good fills are after 1, 5, 20, 100 and 500 ms, 2 and 10 s an image: our presets, and the settings of published
//! programs on the same engine, with the same model.
//!
//! ```sh
//! cargo run --release --example quality_against_time -- --data img_align_celeba.zip --framing crop108 --count 50
//! ```
//!
//! It writes `time.csv` and two charts. All images are searched together, and a time is that of the batch divided by
//! its images: freezing the networks is not in it, a start from many samples is. Each search is cut where its time
//! is over and answers with what it has; a schedule still falls over all its iterations. The objective is that of the
//! preset `paper` at the best latent, whatever was searched, so that it can be compared.

mod settings;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use semantic_inpaint::data::{ReadOptions, encode_png, write_atomically};
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::latent_encoder::LatentEncoderModel;
use semantic_inpaint::latent_search::Orientation;
use semantic_inpaint::metrics::{
    Region, TimeCurve, TimePoint, draw_time_curves, region_psnr, time_curves_csv,
};
use semantic_inpaint::{
    CorruptedImages, DcganModel, Device, Engine, Evaluation, Favor, Framing, ImageBatch, ImageSet,
    ImageSource, LatentSearch, Mask, MaskShape, Precision, PretrainedModel, SearchConfig,
    SearchObserver, SearchResult, embedded_latent_encoder, load_latent_encoder, load_model,
};

type Search = LatentSearch<DcganGenerator, DcganDiscriminator>;

/// Seconds per image.
const BUDGETS: [f64; 7] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0];

struct Arguments {
    data: PathBuf,
    framing: Framing,
    count: usize,
    mask: MaskShape,
    model: Option<PathBuf>,
    latent_encoder: Option<PathBuf>,
    precision: Precision,
    settings: Vec<String>,
    longest: f64,
    out: PathBuf,
}

const USAGE: &str = "arguments:
  --data PATH            images that the model has not seen: a folder, an archive or a prepared set
  --framing NAME         crop108, squash or center-crop (default crop108)
  --count N              images (default 50)
  --mask SPEC            the hole (default square:20)
  --model PATH           a model file or the folder of a run (default: the embedded faces)
  --latent-encoder PATH  an encoder of its latents, for the presets fast and best (default: that of the
                         embedded model)
  --precision NAME       f32 or bf16 (default f32)
  --settings NAME,..     some of the settings (default: all)
  --longest SECONDS      leave out longer times (default 10)
  --out DIR              where everything is written (default out/quality_against_time)";

impl Arguments {
    fn parse() -> Result<Self> {
        let mut arguments = Self {
            data: PathBuf::new(),
            framing: Framing::Crop108,
            count: 50,
            mask: "square:20".parse()?,
            model: None,
            latent_encoder: None,
            precision: Precision::F32,
            settings: Vec::new(),
            longest: 10.0,
            out: "out/quality_against_time".into(),
        };
        let mut words = std::env::args().skip(1);
        while let Some(name) = words.next() {
            let value = words.next();
            let value = value.with_context(|| format!("{name} lacks a value\n{USAGE}"))?;
            match name.as_str() {
                "--data" => arguments.data = value.into(),
                "--framing" => arguments.framing = value.parse()?,
                "--count" => arguments.count = value.parse()?,
                "--mask" => arguments.mask = value.parse()?,
                "--model" => arguments.model = Some(value.into()),
                "--latent-encoder" => arguments.latent_encoder = Some(value.into()),
                "--precision" => arguments.precision = value.parse()?,
                "--settings" => {
                    arguments.settings = value.split(',').map(str::to_owned).collect();
                }
                "--longest" => arguments.longest = value.parse()?,
                "--out" => arguments.out = value.into(),
                _ => bail!("unknown argument {name}\n{USAGE}"),
            }
        }
        let path = arguments.data.display();
        ensure!(arguments.data.exists(), "--data {path}: not there\n{USAGE}");
        Ok(arguments)
    }

    /// The encoder of the model's latents: that of the file, else the embedded model's own.
    fn encoder(&self) -> Result<Option<LatentEncoderModel>> {
        let cpu = &Device::Cpu;
        Ok(match (&self.latent_encoder, &self.model) {
            (Some(path), _) => Some(load_latent_encoder(path, cpu)?),
            (None, None) => embedded_latent_encoder(PretrainedModel::CelebA, cpu)?,
            (None, Some(_)) => None,
        })
    }

    /// The settings that were asked for, with or without an encoder, for the engine that was asked for.
    fn settings(
        &self,
        encoder: Option<&LatentEncoderModel>,
    ) -> Result<Vec<(&'static str, SearchConfig)>> {
        let all = settings::all(encoder.is_some());
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        if let Some(name) = self
            .settings
            .iter()
            .find(|name| !names.contains(&name.as_str()))
        {
            bail!("no settings {name}: there are {}", names.join(", "));
        }
        let is_wanted = |name: &str| {
            self.settings.is_empty() || self.settings.iter().any(|wanted| wanted == name)
        };
        let wanted = all.into_iter().filter(|(name, _)| is_wanted(name));
        Ok(wanted
            .map(|(name, search)| (name, self.on_engine(search)))
            .collect())
    }

    fn on_engine(&self, search: SearchConfig) -> SearchConfig {
        SearchConfig {
            engine: Engine::Frozen {
                favor: Favor::Throughput,
                precision: self.precision,
            },
            ..search
        }
    }
}

/// What everything is measured on.
struct Bench {
    truth: ImageBatch,
    corrupted: CorruptedImages,
    model: DcganModel,
    encoder: Option<LatentEncoderModel>,
    /// By the settings of the paper, upright and mirrored images.
    judges: [(Search, CorruptedImages); 2],
}

impl Bench {
    fn new(arguments: &Arguments, encoder: Option<LatentEncoderModel>) -> Result<Self> {
        let cpu = &Device::Cpu;
        let model = match &arguments.model {
            Some(path) => load_model(path, cpu)?,
            None => PretrainedModel::CelebA.load(cpu)?,
        };
        let options = ReadOptions {
            limit: Some(arguments.count),
            ..ReadOptions::new(arguments.framing, model.generator.config().image_size_px)
        };
        let images = ImageSet::read(&ImageSource::open(&arguments.data)?, &options, &|_| {})?;
        let range = 0..images.count();
        let truth = images.batch(&range.clone().collect::<Vec<_>>(), cpu)?;
        let corrupted = Evaluation::corrupted_images(arguments.mask, &images, 1, range)?;
        let judge = || -> Result<Search> {
            let paper = arguments.on_engine(SearchConfig::paper());
            let discriminator = model.discriminator.as_ref();
            Ok(LatentSearch::new(&model.generator, discriminator, paper)?)
        };
        let mirrored = mirrored(&corrupted)?;
        Ok(Self {
            judges: [(judge()?, corrupted.clone()), (judge()?, mirrored)],
            truth,
            corrupted,
            model,
            encoder,
        })
    }

    fn search(&self, settings: SearchConfig) -> Result<Search> {
        let discriminator = self.model.discriminator.as_ref();
        let search = LatentSearch::new(&self.model.generator, discriminator, settings)?;
        Ok(match &self.encoder {
            Some(model) => search.with_encoder(&model.encoder)?,
            None => search,
        })
    }

    /// The point of a search that is cut after so many seconds for each image, and whether it was.
    fn point(&self, name: &str, search: &Search, budget_seconds: f64) -> Result<(TimePoint, bool)> {
        let num_images = self.truth.count();
        let mut watch = Deadline::after(budget_seconds * num_images as f64);
        let result = search.search(&self.corrupted, &mut watch)?;
        let seconds = watch.started.elapsed().as_secs_f64() / num_images as f64;
        let config = search.config();
        let completed = config.merge(&self.corrupted, &result.generated, config.blend)?;
        let hole = region_psnr(&self.truth, &completed, self.corrupted.mask(), Region::Hole)?;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let point = TimePoint {
            label: name.into(),
            budget_seconds,
            seconds,
            iterations: result.iterations,
            num_images,
            hole_psnr_db: mean(&hole),
            objective: mean(&self.objective(&result)?),
        };
        Ok((point, result.stopped))
    }

    /// The objective of the paper's settings at what was found.
    fn objective(&self, result: &SearchResult) -> Result<Vec<f64>> {
        let mut found = Vec::new();
        for (judge, corrupted) in &self.judges {
            let mut objective = judge.objective(corrupted)?;
            found.push(objective.value_and_gradient(&result.latent)?.objective);
        }
        let orientations = result.orientation.iter().enumerate();
        Ok(orientations
            .map(|(index, orientation)| match orientation {
                Orientation::Upright => found[0][index],
                Orientation::Mirrored => found[1][index],
            })
            .collect())
    }
}

/// The same images and holes with left and right exchanged.
fn mirrored(corrupted: &CorruptedImages) -> Result<CorruptedImages> {
    let (mask, images) = (corrupted.mask(), corrupted.images());
    let width = mask.width();
    let masks = (0..mask.count()).map(|index| {
        let known = |row, col| mask.is_known(index, row, width - 1 - col);
        Mask::from_known(mask.height(), width, known)
    });
    let masks = Mask::stack(&masks.collect::<Result<Vec<_>, _>>()?)?;
    let images = ImageBatch::new(images.tensor().flip(&[3])?)?;
    Ok(CorruptedImages::new(&images, &masks)?)
}

/// Ends a search when its time is over.
struct Deadline {
    started: Instant,
    time: Duration,
}

impl Deadline {
    fn after(seconds: f64) -> Self {
        Self {
            started: Instant::now(),
            time: Duration::from_secs_f64(seconds),
        }
    }
}

impl SearchObserver for Deadline {
    fn wants_stop(&mut self) -> bool {
        self.started.elapsed() >= self.time
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse()?;
    let encoder = arguments.encoder()?;
    let settings = arguments.settings(encoder.as_ref())?;
    let bench = Bench::new(&arguments, encoder)?;
    let mut points = Vec::new();
    println!(
        "settings, time given, time taken (s an image), iterations, hole PSNR (dB), objective"
    );
    for (name, settings) in settings {
        let search = bench.search(settings)?;
        // The first run touches memory that later ones find warm.
        search.search(&bench.corrupted, &mut Deadline::after(0.0))?;
        for budget in BUDGETS
            .into_iter()
            .filter(|budget| *budget <= arguments.longest)
        {
            let (point, was_cut) = bench.point(name, &search, budget)?;
            println!(
                "{name}, {budget}, {:.4}, {}, {:.2}, {:.4}",
                point.seconds, point.iterations, point.hole_psnr_db, point.objective
            );
            points.push(point);
            if !was_cut {
                break;
            }
        }
    }
    let out = &arguments.out;
    std::fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    write_atomically(out.join("time.csv"), &time_curves_csv(&points)?)?;
    for (file, curve) in [
        ("psnr-against-time.png", TimeCurve::HolePsnr),
        ("objective-against-time.png", TimeCurve::Objective),
    ] {
        if let Some(photo) = draw_time_curves(&points, curve)? {
            write_atomically(out.join(file), &encode_png(&photo)?)?;
        }
    }
    println!("wrote {}", out.display());
    Ok(())
}
