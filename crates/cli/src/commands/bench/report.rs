use anyhow::Result;
use semantic_inpaint::Precision;
use semantic_inpaint::tensor::describe_device;
use serde::Serialize;

use super::case::{Case, CaseInfo};
use super::clock::Window;
use super::steal::CpuTicks;
use super::workload::Setting;
use crate::output;

/// What was measured of a case.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    #[serde(flatten)]
    pub(super) info: CaseInfo,
    width: usize,
    image_size_px: usize,
    device: String,
    threads: usize,
    /// Milliseconds per iteration: of the fastest window, and the median of the windows.
    pub(super) min_ms: f64,
    pub(super) median_ms: f64,
    /// At the median; `None` for the matrix product.
    pub(super) image_iterations_per_s: Option<f64>,
    /// Useful work at the fastest window.
    pub(super) gflop_per_s: f64,
    /// `gflop_per_s` over that of the matrix product in the same precision, or else in f32.
    pub(super) share_of_product: f64,
    /// Bytes that have to be moved, at the fastest window, over those that a copy moves; `None` where
    /// they are not counted.
    pub(super) share_of_bandwidth: Option<f64>,
    #[serde(skip)]
    multiplied: Precision,
    /// Of the processor time of all windows, from 0 to 1; `None` where the system does not tell.
    pub(super) steal: Option<f64>,
    pub(super) windows: Vec<WindowReport>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct WindowReport {
    pub(super) ms: f64,
    pub(super) iterations: u64,
    pub(super) steal: Option<f64>,
}

impl From<&Window> for WindowReport {
    fn from(window: &Window) -> Self {
        Self {
            ms: window.ms(),
            iterations: window.iterations,
            steal: window.steal(),
        }
    }
}

/// A report of each case that has windows, what others are measured by first.
pub(super) fn reports(setting: &Setting, measured: &[(Case, Vec<Window>)]) -> Vec<Report> {
    let mut reports: Vec<Report> = measured
        .iter()
        .filter_map(|(case, windows)| report(setting, case, windows))
        .collect();
    let products: Vec<(Precision, f64)> = (reports.iter())
        .filter(|report| report.info.work == "product")
        .map(|report| (report.multiplied, report.gflop_per_s))
        .collect();
    let copied = reports.iter().find(|report| report.info.work == "copy");
    let bandwidth = copied.and_then(Report::gbyte_per_s);
    for report in &mut reports {
        let same = products
            .iter()
            .find(|(precision, _)| *precision == report.multiplied);
        let product = same
            .or(products.first())
            .map_or(f64::NAN, |(_, rate)| *rate);
        report.share_of_product = report.gflop_per_s / product;
        let rates = report.gbyte_per_s().zip(bandwidth);
        report.share_of_bandwidth = rates.map(|(rate, bandwidth)| rate / bandwidth);
    }
    reports
}

impl Report {
    /// At the fastest window.
    fn gbyte_per_s(&self) -> Option<f64> {
        self.info
            .gbyte_per_iteration
            .map(|gbyte| 1e3 * gbyte / self.min_ms)
    }
}

fn report(setting: &Setting, case: &Case, windows: &[Window]) -> Option<Report> {
    let info = case.info(setting);
    let mut ms: Vec<f64> = windows.iter().map(Window::ms).collect();
    ms.sort_by(f64::total_cmp);
    let (&min_ms, median_ms) = (ms.first()?, median(&ms));
    let cpu = windows.iter().filter_map(|window| window.cpu);
    Some(Report {
        width: setting.config.generator_channels,
        image_size_px: setting.config.image_size_px,
        device: describe_device(&setting.device),
        threads: rayon::current_num_threads(),
        min_ms,
        median_ms,
        image_iterations_per_s: info.batch.map(|batch| 1e3 * batch as f64 / median_ms),
        gflop_per_s: 1e3 * info.gflop_per_iteration / min_ms,
        share_of_product: 1.0,
        share_of_bandwidth: None,
        multiplied: case.work.multiplied(),
        steal: cpu.reduce(CpuTicks::plus).and_then(CpuTicks::steal_share),
        windows: windows.iter().map(WindowReport::from).collect(),
        info,
    })
}

/// The middle of sorted values, of which there is at least one.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => 0.5 * (sorted[middle - 1] + sorted[middle]),
        _ => sorted[middle],
    }
}

pub(super) fn print_table(title: &str, reports: &[Report]) -> Result<()> {
    output::line(title)?;
    // Only devices have their memory measured.
    let has_bandwidth = reports.iter().any(|it| it.share_of_bandwidth.is_some());
    let row = |cells: [&str; 10]| {
        let [case, precision, batch, rest @ .., bandwidth, steal] = cells;
        let bandwidth = has_bandwidth.then_some(bandwidth);
        let rest = rest.into_iter().chain(bandwidth).chain([steal]);
        let rest: String = rest.map(|cell| format!("{cell:>11}")).collect();
        output::line(format_args!("{case:<9}{precision:<16}{batch:>5}{rest}"))
    };
    row([
        "case",
        "precision",
        "batch",
        "min ms",
        "median ms",
        "image-it/s",
        "GFLOP/s",
        "share",
        "bandwidth",
        "steal",
    ])?;
    for report in reports {
        let percent =
            |share: Option<f64>| share.map_or("-".into(), |it| format!("{:.0} %", 1e2 * it));
        let images = report.image_iterations_per_s;
        row([
            report.info.work,
            report.info.precision,
            &report
                .info
                .batch
                .map_or("-".into(), |batch| batch.to_string()),
            &format!("{:.2}", report.min_ms),
            &format!("{:.2}", report.median_ms),
            &images.map_or("-".into(), |images| format!("{images:.1}")),
            &format!("{:.1}", report.gflop_per_s),
            &percent((report.info.gflop_per_iteration > 0.0).then_some(report.share_of_product)),
            &percent(report.share_of_bandwidth),
            &percent(report.steal),
        ])?;
    }
    output::line(
        "An iteration's time is the least and the median of short windows; image-iterations per \
         second\nfollow the median, useful GFLOP/s and their share of the product's rate the least.",
    )?;
    if has_bandwidth {
        output::line(
            "Products are of the same precision; `bandwidth` is the share of a copy's rate that \
             maps and\nweights take when each is moved as seldom as possible.",
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use semantic_inpaint::{DcganConfig, Device};

    use super::super::case::{self, Work};
    use super::*;

    #[test]
    fn numbers_follow_from_the_windows() {
        let windows: Vec<Window> = [30, 20, 60, 40]
            .map(|ms| Window {
                iterations: 2,
                elapsed: Duration::from_millis(ms),
                cpu: None,
            })
            .to_vec();
        let setting = Setting {
            config: DcganConfig::default(),
            device: Device::Cpu,
        };
        let search = case::searches(&setting.device, &[8])[0];
        let product = case::ceilings(&setting.device)[0];
        let all = [
            (product, windows.clone()),
            (search, windows),
            (search, Vec::new()),
        ];
        let [product, search] = &reports(&setting, &all)[..] else {
            panic!("a case without windows has no report");
        };
        assert_eq!((product.min_ms, product.median_ms), (10.0, 17.5));
        assert!((product.gflop_per_s - 429.5).abs() < 0.1, "{product:?}");
        assert_eq!(
            (product.share_of_product, product.image_iterations_per_s),
            (1.0, None)
        );
        assert_eq!(search.image_iterations_per_s, Some(8000.0 / 17.5));
        assert!(
            (search.share_of_product - 8.0 * 0.8338 / 4.295).abs() < 1e-3,
            "{search:?}"
        );
        assert_eq!(search.steal, None);
        assert_eq!(search.share_of_bandwidth, None);
    }

    #[test]
    fn shares_are_of_the_same_precision_and_of_a_copy() {
        let setting = Setting {
            config: DcganConfig::default(),
            device: Device::Cpu,
        };
        let windows = |ms| {
            vec![Window {
                iterations: 1,
                elapsed: Duration::from_millis(ms),
                cpu: None,
            }]
        };
        let of = |work| Case { work, batch: 1 };
        let search = case::searches(&setting.device, &[8])[0];
        let measured = [
            (of(Work::Product(Precision::F32)), windows(40)),
            (of(Work::Product(Precision::Bf16)), windows(10)),
            (of(Work::Copy), windows(4)),
            (search, windows(20)),
        ];
        let reports = reports(&setting, &measured);
        let shares: Vec<f64> = reports
            .iter()
            .map(|report| report.share_of_product)
            .collect();
        assert_eq!(shares[..2], [1.0, 1.0]);
        // The search multiplies f32, so the faster product is not its own.
        let gflop = reports[3].info.gflop_per_iteration;
        let product = reports[0].info.gflop_per_iteration;
        assert!((shares[3] - (gflop / 20.0) / (product / 40.0)).abs() < 1e-12);
        assert_eq!(reports[2].share_of_bandwidth, Some(1.0));
        let copied = reports[2].info.gbyte_per_iteration.unwrap();
        let moved = reports[3].info.gbyte_per_iteration.unwrap();
        let share = reports[3].share_of_bandwidth.unwrap();
        assert!((share - (moved / 20.0) / (copied / 4.0)).abs() < 1e-12);
    }
}
