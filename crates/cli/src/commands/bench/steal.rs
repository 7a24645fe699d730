/// Where Linux counts what its processors did.
const COUNTS: &str = "/proc/stat";
/// Counts up to and with steal: user, nice, system, idle, iowait, irq, softirq, steal. The two that
/// follow are parts of the first two.
const NUM_COUNTS: usize = 8;

/// Processor time since the start or between two readings, of all processors together, in the
/// system's ticks (mostly 10 ms).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct CpuTicks {
    /// What the host of a virtual machine gave to others while a process here was ready to run.
    steal: u64,
    total: u64,
}

impl CpuTicks {
    /// The counts since the start; `None` where the system does not tell.
    pub(super) fn now() -> Option<Self> {
        Self::parse(&std::fs::read_to_string(COUNTS).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let counts = text.lines().next()?.strip_prefix("cpu ")?;
        let counts = counts.split_whitespace().take(NUM_COUNTS);
        let counts: Vec<u64> = counts.map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self {
            steal: *counts.get(NUM_COUNTS - 1)?,
            total: counts.iter().sum(),
        })
    }

    /// What was counted between `earlier` and this reading.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            steal: self.steal.saturating_sub(earlier.steal),
            total: self.total.saturating_sub(earlier.total),
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            steal: self.steal + other.steal,
            total: self.total + other.total,
        }
    }

    /// The share of the time that was stolen, from 0 to 1; `None` when less than a tick passed.
    pub(super) fn steal_share(self) -> Option<f64> {
        (self.total > 0).then(|| self.steal as f64 / self.total as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EARLIER: &str = "cpu  100 0 20 870 5 0 5 0 7 0\ncpu0 50 0 10 435 2 0 3 0 7 0\n";
    const LATER: &str = "cpu  160 0 30 885 5 0 5 15 60 0\ncpu0 80 0 15 440 2 0 3 8 60 0\n";

    #[test]
    fn steal_is_the_eighth_count_as_a_share_of_the_first_eight() {
        let [earlier, later] = [EARLIER, LATER].map(|text| CpuTicks::parse(text).unwrap());
        let between = later.since(earlier);
        assert_eq!(
            between,
            CpuTicks {
                steal: 15,
                total: 100
            }
        );
        assert_eq!(between.steal_share(), Some(0.15));
        assert_eq!(between.plus(between).steal_share(), Some(0.15));
        assert_eq!(earlier.since(earlier).steal_share(), None);
    }

    #[test]
    fn other_texts_are_no_counts() {
        for text in [
            "",
            "cpu0 1 2 3 4 5 6 7 8",
            "cpu  1 2 3",
            "cpu  1 2 3 4 5 6 x 8",
        ] {
            assert_eq!(CpuTicks::parse(text), None, "{text}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells() {
        assert!(CpuTicks::now().unwrap().total > 0);
    }
}
