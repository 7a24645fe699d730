use std::fmt;

use semantic_inpaint::{DcganConfig, Device, Engine, Favor, Precision, SearchConfig};
use serde::Serialize;

use super::workload::Setting;
use super::{flops, traffic};

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
        precision: "tf32",
        configure: |config| frozen(config, Favor::Latency, Precision::Tf32),
    },
    SearchVariant {
        precision: "tf32-throughput",
        configure: |config| frozen(config, Favor::Throughput, Precision::Tf32),
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
const PRODUCT: [usize; 3] = [2048, 1024, 1024];
/// The same on a CUDA device, which smaller ones do not fill.
const LARGE_PRODUCT: [usize; 3] = [8192, 8192, 8192];
/// Numbers of 4 bytes that are copied to see how fast memory is: more than caches hold.
pub(super) const COPIED: usize = 1 << 27;

/// A search with settings that change its speed.
#[derive(Clone, Copy)]
pub(super) struct SearchVariant {
    precision: &'static str,
    pub(super) configure: fn(SearchConfig) -> SearchConfig,
}

impl SearchVariant {
    /// Whether the device has the precision that the networks are asked for.
    fn runs_on(&self, device: &Device) -> bool {
        self.multiplied().is_available_on(device)
    }

    /// What the networks multiply.
    fn multiplied(&self) -> Precision {
        match (self.configure)(SearchConfig::paper()).engine {
            Engine::Frozen { precision, .. } => precision,
            _ => Precision::F32,
        }
    }
}

/// What is done again and again.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// A product of large matrices: the measured rate of the machine or the device.
    Product(Precision),
    /// A copy within the device's memory: the measured bandwidth, counting bytes read and written.
    Copy,
    /// An iteration of a search.
    Search(SearchVariant),
    /// The same iteration by the networks' own graphs of tensors, which the search must equal.
    Graph,
    /// A step of both networks whose convolutions multiply these numbers.
    Training(Precision),
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
    /// Bytes that an iteration of a search or a copy moves at least; `None` for other work.
    pub(super) gbyte_per_iteration: Option<f64>,
}

/// What the searches on this device are measured by.
pub(super) fn ceilings(device: &Device) -> Vec<Case> {
    let works: &[Work] = if device.is_cuda() {
        &[
            Work::Product(Precision::F32),
            Work::Product(Precision::Tf32),
            Work::Product(Precision::Bf16),
            Work::Copy,
        ]
    } else {
        &[Work::Product(Precision::F32)]
    };
    works.iter().map(|&work| Case { work, batch: 1 }).collect()
}

/// Rows, columns and inner size of a device's matrix product.
pub(super) fn product_size(device: &Device) -> [usize; 3] {
    if device.is_cuda() {
        LARGE_PRODUCT
    } else {
        PRODUCT
    }
}

/// The searches: every variant that this device has at every batch.
pub(super) fn searches(device: &Device, batches: &[usize]) -> Vec<Case> {
    let variants = SEARCHES.iter().filter(|variant| variant.runs_on(device));
    let works = variants.copied().map(Work::Search);
    works.flat_map(|work| of_work(work, batches)).collect()
}

/// Training steps in every precision that this device has.
pub(super) fn trainings(device: &Device, batches: &[usize]) -> Vec<Case> {
    let precisions = Precision::ALL.into_iter();
    let available = precisions.filter(|precision| precision.is_available_on(device));
    let works = available.map(Work::Training);
    works.flat_map(|work| of_work(work, batches)).collect()
}

/// A kind of work at every batch.
pub(super) fn of_work(work: Work, batches: &[usize]) -> impl Iterator<Item = Case> {
    batches.iter().map(move |&batch| Case { work, batch })
}

impl Case {
    pub(super) fn info(&self, setting: &Setting) -> CaseInfo {
        let gbyte = self.bytes(&setting.config).map(|bytes| 1e-9 * bytes);
        CaseInfo {
            case: self.to_string(),
            work: self.work.name(),
            precision: self.work.precision(),
            batch: (!self.work.is_ceiling()).then_some(self.batch),
            gflop_per_iteration: 1e-9 * self.flops(setting),
            gbyte_per_iteration: gbyte,
        }
    }

    /// Floating-point operations that an iteration cannot do without.
    fn flops(&self, setting: &Setting) -> f64 {
        let per_image = match self.work {
            Work::Product(_) => {
                2.0 * product_size(&setting.device).iter().product::<usize>() as f64
            }
            Work::Copy => 0.0,
            Work::Search(_) | Work::Graph => flops::search(&setting.config),
            Work::Training(_) => flops::training(&setting.config),
        };
        per_image * self.batch as f64
    }

    /// Bytes that an iteration moves at least, where they are counted.
    fn bytes(&self, config: &DcganConfig) -> Option<f64> {
        let per_number = match self.work.multiplied() {
            Precision::Bf16 => 2.0,
            Precision::F32 | Precision::Tf32 => 4.0,
        };
        match self.work {
            Work::Copy => Some(2.0 * 4.0 * COPIED as f64),
            Work::Search(_) => Some(per_number * traffic::search(config, self.batch)),
            Work::Product(_) | Work::Graph | Work::Training(_) => None,
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, precision) = (self.work.name(), self.work.precision());
        match self.work {
            Work::Product(_) | Work::Copy => write!(f, "{name}/{precision}"),
            _ => write!(f, "{name}/{precision}/{}", self.batch),
        }
    }
}

impl Work {
    fn name(&self) -> &'static str {
        match self {
            Self::Product(_) => "product",
            Self::Copy => "copy",
            Self::Search(_) => "search",
            Self::Graph => "graph",
            Self::Training(_) => "training",
        }
    }

    fn precision(&self) -> &'static str {
        match self {
            Self::Search(variant) => variant.precision,
            _ => self.multiplied().name(),
        }
    }

    /// Whether it is what other work is measured by.
    pub(super) fn is_ceiling(&self) -> bool {
        matches!(self, Self::Product(_) | Self::Copy)
    }

    /// What is multiplied.
    pub(super) fn multiplied(&self) -> Precision {
        match self {
            Self::Search(variant) => variant.multiplied(),
            Self::Product(precision) | Self::Training(precision) => *precision,
            Self::Copy | Self::Graph => Precision::F32,
        }
    }
}
