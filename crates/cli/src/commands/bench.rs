//! `bench`: what an iteration of the search costs on this machine.

mod case;
mod clock;
mod flops;
mod report;
mod serve;
mod steal;
mod traffic;
mod workload;

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::ProgressBar;
use semantic_inpaint::tensor::describe_device;
use semantic_inpaint::{DcganConfig, Device, DeviceChoice};

use crate::progress::{self, Display};
use crate::status::Status;
use crate::{interrupt, output};
use case::{Case, Work};
use clock::{Clock, Span, Window};
use workload::Setting;

const BATCHES: [u16; 3] = [1, 8, 64];
const DEVICE_BATCHES: [u16; 5] = [1, 8, 64, 256, 1024];
/// The longest window.
const WINDOW: Duration = Duration::from_millis(250);
/// At least as many windows fit into a case's time, where iterations are short enough.
const NUM_WINDOWS: u32 = 20;
/// What cases are measured by is measured before every case and at the end, each time for this part of
/// a case's time.
const CEILING_PART: u32 = 5;
/// Steps of the progress bar in a second.
const STEPS_PER_S: f64 = 10.0;
const MOST_SECONDS: f64 = 3600.0;

/// Time the search on this machine, beside its matrix products
///
/// For each batch: milliseconds of an iteration (forward and backward through both networks, update
/// of z), image-iterations per second, useful GFLOP/s, their share of the rate at which this machine
/// multiplies large f32 matrices in the same run, and the share of the processors' time that the host
/// gave to others (steal, on Linux). The weights are random and untrained: speed does not depend on
/// them. The share passes 100 % where convolutions take fewer multiplications than their definition,
/// or lower precision. On a CUDA device it is the share of products in the same precision, and memory is
/// measured by a copy.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Images that are searched together; a row for each [default: 1,8,64, on a CUDA device also
    /// 256,1024]
    #[arg(long, value_name = "N,N..", value_delimiter = ',',
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    batches: Vec<u16>,
    /// Base width of both networks in channels
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=512))]
    width: u16,
    /// Height and width of an image in pixels: 32, 64 or 128
    #[arg(long, default_value_t = 64)]
    image_size: usize,
    /// Time for each row
    #[arg(long, default_value_t = 5.0, value_parser = seconds)]
    seconds: f64,
    /// Also time the search as a plain graph of tensors with automatic gradients
    #[arg(long)]
    graph: bool,
    /// Also time a training step (both networks), at the largest batch
    #[arg(long)]
    train: bool,
    /// Threads to compute with [default: one for each logical processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// auto, cpu, cuda or cuda:INDEX
    #[arg(long, default_value_t)]
    device: DeviceChoice,
    /// Print one JSON object for each row, with all its windows
    #[arg(long)]
    json: bool,
    /// For programs that alternate with others: print the cases, then run a window for each line
    /// `CASE SECONDS` of stdin and print it, all in JSON
    #[arg(long, conflicts_with_all = ["json", "seconds"])]
    serve: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: Option<f64> = text.parse().ok();
    let valid = seconds.filter(|seconds| *seconds > 0.0 && *seconds <= MOST_SECONDS);
    valid.ok_or_else(|| format!("give seconds above 0, at most {MOST_SECONDS}"))
}

pub(crate) fn run(arguments: &Arguments) -> Result<Status> {
    let config = DcganConfig {
        generator_channels: arguments.width.into(),
        discriminator_channels: arguments.width.into(),
        image_size_px: arguments.image_size,
        ..DcganConfig::default()
    };
    config.validate()?;
    if let Some(threads) = arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into());
        pool.build_global()
            .context("the threads cannot be started")?;
    }
    let device = arguments.device.open()?;
    let setting = Setting { config, device };
    let cases = cases(arguments, &setting.device);
    if arguments.serve {
        let cases = [case::ceilings(&setting.device), cases].concat();
        serve::serve(&setting, &cases, std::io::stdin().lock())?;
        return Ok(Status::Done);
    }
    interrupt::listen()?;
    let total = Duration::from_secs_f64(arguments.seconds);
    let measured = measure_all(&setting, &cases, total)?;
    let reports = report::reports(&setting, &measured);
    if arguments.json {
        reports.iter().try_for_each(output::json)?;
    } else {
        report::print_table(&title(&setting), &reports)?;
    }
    Ok(match interrupt::requested() {
        true => Status::Interrupted,
        false => Status::Done,
    })
}

/// The cases that were asked for, beside what they are measured by.
fn cases(arguments: &Arguments, device: &Device) -> Vec<Case> {
    let asked = match (&arguments.batches[..], device.is_cuda()) {
        ([], true) => &DEVICE_BATCHES[..],
        ([], false) => &BATCHES[..],
        (batches, _) => batches,
    };
    let batches: Vec<usize> = asked.iter().map(|&batch| batch.into()).collect();
    let mut cases = case::searches(device, &batches);
    if arguments.graph {
        cases.extend(case::of_work(Work::Graph, &batches));
    }
    if arguments.train {
        let largest: Vec<usize> = batches.iter().copied().max().into_iter().collect();
        cases.extend(case::trainings(device, &largest));
    }
    cases
}

fn title(setting: &Setting) -> String {
    let size_px = setting.config.image_size_px;
    let threads = match rayon::current_num_threads() {
        1 => "1 thread".into(),
        threads => format!("{threads} threads"),
    };
    format!(
        "DCGAN {size_px}x{size_px}, base width {}, random weights; {}, {threads}",
        setting.config.generator_channels,
        describe_device(&setting.device),
    )
}

/// The windows of what cases are measured by, then those of each case.
fn measure_all(
    setting: &Setting,
    cases: &[Case],
    total: Duration,
) -> Result<Vec<(Case, Vec<Window>)>> {
    let of_ceiling = total / CEILING_PART;
    let mut measured: Vec<(Case, Vec<Window>)> = case::ceilings(&setting.device)
        .into_iter()
        .map(|case| (case, Vec::new()))
        .collect();
    let (num_ceilings, num_cases) = (measured.len(), cases.len() as u32);
    let ceilings = of_ceiling * (num_ceilings as u32) * (num_cases + 1);
    let mut progress = Progress::new(total * num_cases + ceilings);
    for case in cases.iter().copied().map(Some).chain([None]) {
        for (ceiling, windows) in &mut measured[..num_ceilings] {
            windows.extend(measure(setting, *ceiling, of_ceiling, &mut progress)?);
        }
        if let Some(case) = case {
            measured.push((case, measure(setting, case, total, &mut progress)?));
        }
    }
    progress.finish();
    Ok(measured)
}

fn measure(
    setting: &Setting,
    case: Case,
    total: Duration,
    progress: &mut Progress,
) -> Result<Vec<Window>> {
    if interrupt::requested() {
        return Ok(Vec::new());
    }
    progress.begin(case, total);
    let span = Span {
        window: WINDOW.min(total / NUM_WINDOWS),
        total,
    };
    let mut workload = setting.prepare(&case)?;
    let mut advance = |elapsed| progress.advance(elapsed);
    let mut clock = Clock::new(span, &mut advance);
    workload.run(&mut clock)?;
    Ok(clock.into_windows())
}

/// Shows how much of the planned time is over.
struct Progress {
    bar: ProgressBar,
    planned: Duration,
    /// Planned time of the measurements before the present one.
    before: Duration,
    present: Duration,
}

impl Progress {
    fn new(planned: Duration) -> Self {
        Self {
            bar: progress::bar("timing", steps(planned), Display::Terminal),
            planned,
            before: Duration::ZERO,
            present: Duration::ZERO,
        }
    }

    fn begin(&mut self, case: Case, time: Duration) {
        self.before += self.present;
        self.present = time;
        if !self.bar.is_hidden() {
            self.bar.set_message(case.to_string());
            self.bar.set_position(steps(self.before));
        } else if !case.work.is_ceiling() {
            let left = self.planned.saturating_sub(self.before).as_secs_f64();
            output::note(format_args!("timing {case}, about {left:.0} s left"));
        }
    }

    fn advance(&self, elapsed: Duration) {
        self.bar
            .set_position(steps(self.before + elapsed.min(self.present)));
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn steps(time: Duration) -> u64 {
    (STEPS_PER_S * time.as_secs_f64()) as u64
}
