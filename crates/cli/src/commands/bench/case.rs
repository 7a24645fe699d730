use std::fmt;

use semantic_inpaint::tensor::passes::InstructionSet;
use semantic_inpaint::{DcganConfig, Engine, Favor, Precision, SearchConfig};
use serde::Serialize;

use super::flops;

/// How a search runs; each gets a row for every batch.
const SEARCHES: &[SearchVariant] = &[
    SearchVariant {
        precision: "f32",
        configure: |config| frozen(config, Favor::Latency, Precision::F32),
    },
    SearchVariant {
        precision: "f32-throughput",
        configure: |config| frozen(config, Favor::Throughput, Precision::F32),
    },
    SearchVariant {
        precision: "bf16",
        configure: |config| frozen(config, Favor::Latency, Precision::Bf16),
    },
    SearchVariant {
        precision: "bf16-throughput",
        configure: |config| frozen(config, Favor::Throughput, Precision::Bf16),
    },
];

fn frozen(config: SearchConfig, favor: Favor, precision: Precision) -> SearchConfig {
    SearchConfig {
        engine: Engine::Frozen { favor, precision },
        ..config
    }
}

/// Rows, columns and inner size of the matrix product.
pub(super) const PRODUCT: [usize; 3] = [2048, 1024, 1024];

/// A search with settings that change its speed.
#[derive(Clone, Copy)]
pub(super) struct SearchVariant {
    precision: &'static str,
    pub(super) configure: fn(SearchConfig) -> SearchConfig,
}

impl SearchVariant {
    /// Whether this processor has the precision that the networks are asked for.
    fn runs_here(&self) -> bool {
        match (self.configure)(SearchConfig::paper()).engine {
            Engine::Frozen { precision, .. } => {
                precision.available(InstructionSet::detect()) == precision
            }
            _ => true,
        }
    }
}

/// What is done again and again.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// A product of large f32 matrices: the machine's measured rate.
    Product,
    /// An iteration of a search.
    Search(SearchVariant),
    /// The same iteration by the networks' own graphs of tensors, which the search must equal.
    Graph,
    /// A step of both networks.
    Training,
}

/// A row of the table.
#[derive(Clone, Copy)]
pub(super) struct Case {
    pub(super) work: Work,
    /// Images in an iteration.
    pub(super) batch: usize,
}

/// A case for other programs.
#[derive(Debug, Serialize)]
pub(super) struct CaseInfo {
    pub(super) case: String,
    pub(super) work: &'static str,
    pub(super) precision: &'static str,
    /// `None` for the matrix product.
    pub(super) batch: Option<usize>,
    pub(super) gflop_per_iteration: f64,
}

/// The searches: every variant that this processor has at every batch.
pub(super) fn searches(batches: &[usize]) -> Vec<Case> {
    let variants = SEARCHES.iter().filter(|variant| variant.runs_here());
    let works = variants.copied().map(Work::Search);
    works.flat_map(|work| of_work(work, batches)).collect()
}

/// A kind of work at every batch.
pub(super) fn of_work(work: Work, batches: &[usize]) -> impl Iterator<Item = Case> {
    batches.iter().map(move |&batch| Case { work, batch })
}

impl Case {
    pub(super) const PRODUCT: Self = Self {
        work: Work::Product,
        batch: 1,
    };

    pub(super) fn info(&self, config: &DcganConfig) -> CaseInfo {
        CaseInfo {
            case: self.to_string(),
            work: self.work.name(),
            precision: self.work.precision(),
            batch: (!matches!(self.work, Work::Product)).then_some(self.batch),
            gflop_per_iteration: 1e-9 * self.flops(config),
        }
    }

    /// Floating-point operations that an iteration cannot do without.
    fn flops(&self, config: &DcganConfig) -> f64 {
        let per_image = match self.work {
            Work::Product => 2.0 * PRODUCT.iter().product::<usize>() as f64,
            Work::Search(_) | Work::Graph => flops::search(config),
            Work::Training => flops::training(config),
        };
        per_image * self.batch as f64
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, precision) = (self.work.name(), self.work.precision());
        match self.work {
            Work::Product => write!(f, "{name}/{precision}"),
            _ => write!(f, "{name}/{precision}/{}", self.batch),
        }
    }
}

impl Work {
    fn name(&self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Search(_) => "search",
            Self::Graph => "graph",
            Self::Training => "training",
        }
    }

    fn precision(&self) -> &'static str {
        match self {
            Self::Search(variant) => variant.precision,
            Self::Product | Self::Graph | Self::Training => "f32",
        }
    }
}
