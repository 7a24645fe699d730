use super::super::product::{Target, Write};
use super::PairUnit;

/// Left-hand rows of bfloat16 values, laid out as those of
/// [`Rows`](super::super::product::Rows); `run_len` is even.
#[derive(Clone, Copy)]
pub(crate) struct PairRows<'a> {
    pub(crate) values: &'a [u16],
    pub(crate) first: usize,
    pub(crate) offsets: &'a [u32],
    pub(crate) runs: usize,
    pub(crate) run_stride: usize,
    pub(crate) run_len: usize,
}

impl PairUnit {
    /// `target := rows * panel`, or `+=`, for a panel of as many columns as a run is long.
    ///
    /// Every value is one chain of sums in the order of the inner dimension, so that it has the same
    /// bits whatever rows stand beside it.
    ///
    /// # Panics
    ///
    /// When rows, panel or target leave their slices.
    pub(crate) fn multiply(
        self,
        rows: PairRows<'_>,
        panel: &[u16],
        target: &mut Target<'_>,
        write: Write,
    ) {
        check(&rows, panel, target);
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => super::native::multiply(rows, panel, target, write),
            #[cfg(test)]
            Self::Software => super::software::multiply(rows, panel, target, write),
        }
    }
}

/// Everything that a unit reads and writes lies within its slice.
fn check(rows: &PairRows<'_>, panel: &[u16], target: &Target<'_>) {
    let width = rows.run_len;
    let within = |offsets: &[u32], first: usize, reach: usize, len: usize| {
        let last = offsets.iter().max().map_or(0, |&offset| offset as usize);
        first + last + reach <= len
    };
    let reach = rows.runs.saturating_sub(1) * rows.run_stride + rows.run_len;
    assert!(
        rows.offsets.len() == target.offsets.len()
            && rows.run_len.is_multiple_of(2)
            && panel.len() >= rows.runs * rows.run_len * width
            && within(rows.offsets, rows.first, reach, rows.values.len())
            && within(target.offsets, target.first, width, target.values.len()),
        "a product leaves its slices"
    );
}
