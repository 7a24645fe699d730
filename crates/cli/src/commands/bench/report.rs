use anyhow::Result;
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
    /// `gflop_per_s` over that of the matrix product.
    pub(super) share_of_product: f64,
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

/// A report of each case that has windows, the matrix product first.
pub(super) fn reports(setting: &Setting, measured: &[(Case, Vec<Window>)]) -> Vec<Report> {
    let mut reports: Vec<Report> = measured
        .iter()
        .filter_map(|(case, windows)| report(setting, case, windows))
        .collect();
    let product = reports
        .first()
        .map_or(f64::NAN, |product| product.gflop_per_s);
    for report in &mut reports {
        report.share_of_product = report.gflop_per_s / product;
    }
    reports
}

fn report(setting: &Setting, case: &Case, windows: &[Window]) -> Option<Report> {
    let info = case.info(&setting.config);
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
    let row = |cells: [&str; 9]| {
        let [case, precision, batch, rest @ ..] = cells;
        let rest: String = rest.iter().map(|cell| format!("{cell:>11}")).collect();
        output::line(format_args!("{case:<9}{precision:<10}{batch:>5}{rest}"))
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
            &percent(Some(report.share_of_product)),
            &percent(report.steal),
        ])?;
    }
    output::line(
        "An iteration's time is the least and the median of short windows; image-iterations per \
         second\nfollow the median, useful GFLOP/s and their share of the product's rate the least.",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use semantic_inpaint::{DcganConfig, Device};

    use super::super::case;
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
        let search = case::searches(&[8])[0];
        let all = [
            (Case::PRODUCT, windows.clone()),
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
    }
}
