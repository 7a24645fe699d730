use anyhow::Result;
use semantic_inpaint::metrics::{Duplicates, Memorization, Repetition, SlicedWasserstein};
use serde::Serialize;

use super::reconstruction::ReconstructionReport;
use crate::output;

/// Everything that is known of a generator.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) model: String,
    pub(super) data: String,
    /// Images of the data that were chosen from.
    pub(super) images: usize,
    pub(super) samples: usize,
    pub(super) seed: u64,
    pub(super) sliced_wasserstein: SlicedWasserstein,
    pub(super) sliced_wasserstein_of_halves: SlicedWasserstein,
    pub(super) duplicates: Duplicates,
    pub(super) memorization: Option<MemorizationReport>,
    pub(super) reconstruction: Option<ReconstructionReport>,
}

#[derive(Debug, Serialize)]
pub(super) struct MemorizationReport {
    pub(super) training_images: usize,
    pub(super) held_out_images: usize,
    #[serde(flatten)]
    pub(super) found: Memorization,
}

impl Report {
    /// Writes its tables to stdout.
    pub(super) fn print(&self) -> Result<()> {
        let Self {
            model,
            data,
            images,
            samples,
            ..
        } = self;
        output::line(format_args!(
            "{samples} samples of {model}, twice {samples} of {images} images of {data}"
        ))?;
        self.print_distances()?;
        self.print_duplicates()?;
        match &self.memorization {
            Some(memorization) => memorization.print()?,
            None => output::line(
                "\nnearest training image: not looked for, as the data is one part alone; give \
                 --training",
            )?,
        }
        match &self.reconstruction {
            Some(reconstruction) => reconstruction.print(),
            None => Ok(()),
        }
    }

    fn print_distances(&self) -> Result<()> {
        let rows = [
            ("samples", &self.sliced_wasserstein),
            ("two halves of data", &self.sliced_wasserstein_of_halves),
        ];
        let titles = self.sliced_wasserstein.levels.iter();
        let titles = titles.map(|level| format!("{}x{}", level.height, level.width));
        let titles = titles.chain(["mean".into()]);
        output::line(format_args!(
            "\n{:<24}{}",
            "sliced Wasserstein",
            columns(titles)
        ))?;
        for (name, distance) in rows {
            let values = distance.levels.iter().map(|level| level.distance);
            let values = values.chain([distance.mean]);
            let values = values.map(|value| format!("{value:.2}"));
            output::line(format_args!("  {name:<22}{}", columns(values)))?;
        }
        Ok(())
    }

    fn print_duplicates(&self) -> Result<()> {
        let titles = ["share", "pairs", "support", "median"].map(String::from);
        output::line(format_args!(
            "\n{:<24}{}",
            "near-duplicates",
            columns(titles)
        ))?;
        let duplicates = &self.duplicates;
        for (name, found) in [("samples", &duplicates.samples), ("data", &duplicates.real)] {
            output::line(format_args!("  {name:<22}{}", columns(cells(found))))?;
        }
        output::line(format_args!(
            "  within {:.4}, as 1 % of the data; median distance to the nearest other image",
            duplicates.threshold
        ))
    }
}

fn cells(found: &Repetition) -> [String; 4] {
    [
        percent(found.share),
        found.num_pairs.to_string(),
        found
            .support
            .map_or_else(|| "-".into(), |support| format!("{support:.0}")),
        format!("{:.4}", found.nearest_other),
    ]
}

impl MemorizationReport {
    fn print(&self) -> Result<()> {
        let titles = ["median", "nearer", "copies"].map(String::from);
        output::line(format_args!(
            "\n{:<24}{}",
            "nearest training image",
            columns(titles)
        ))?;
        let found = &self.found;
        let samples = [
            format!("{:.4}", found.samples),
            percent(found.nearer_than_held_out),
            percent(found.copies),
        ];
        let held_out = [
            format!("{:.4}", found.held_out),
            percent(0.5),
            percent(0.01),
        ];
        output::line(format_args!("  {:<22}{}", "samples", columns(samples)))?;
        output::line(format_args!(
            "  {:<22}{}",
            "held-out images",
            columns(held_out)
        ))?;
        output::line(format_args!(
            "  ratio {:.3}; {} training and {} held-out images",
            found.ratio, self.training_images, self.held_out_images
        ))
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn columns(cells: impl IntoIterator<Item = String>) -> String {
    cells
        .into_iter()
        .map(|cell| format!("{cell:>10}"))
        .collect()
}
