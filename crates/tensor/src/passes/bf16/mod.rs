//! Products of matrices whose factors are bfloat16 and whose sums are single precision.
//!
//! Left-hand rows hold their inner dimension in order; a panel holds for each pair of inner indices its
//! columns side by side, each with both values: `[inner / 2, column, 2]`. That is what vector
//! instructions ([`native`]) take. Values are the upper halves of single precision numbers, carried in
//! `u16`.
//!
//! This module and its children are the only ones of the passes with unsafe code. All of it stands in
//! [`native`], and [`Unit::multiply`] asserts the bounds that it relies on.

mod convert;
#[cfg(target_arch = "x86_64")]
mod native;
mod product;
#[cfg(test)]
mod software;
#[cfg(test)]
pub(super) mod tests;
#[cfg(any(target_arch = "x86_64", test))]
mod tiles;

use pulp::bytemuck;

use convert::paired;
pub(crate) use convert::round_all;
pub(crate) use product::PairRows;

use super::buffer::Buffer;
use super::instruction_set::InstructionSet;

/// What multiplies bfloat16 matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// The dot products of pairs of AVX512-BF16.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// The tiles of AMX. Its few instructions have not run on hardware yet: the tests run everything
    /// round them, and [`native::amx`] checks a product when it is first asked.
    #[cfg(target_arch = "x86_64")]
    Amx,
    /// The definition, for tests.
    #[cfg(test)]
    Software,
    /// Tiles in software, for tests.
    #[cfg(test)]
    SoftwareTiles,
}

impl Unit {
    /// The fastest unit of this processor that fits these vector instructions.
    pub(crate) fn detect(set: InstructionSet) -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if set.lanes() == native::LANES && native::has_avx512() {
            return Some(native::amx().map_or(Self::Avx512, |_| Self::Amx));
        }
        let _ = set;
        None
    }
}

/// Memory of single precision values as bfloat16 ones, twice as many.
pub(crate) fn halves(values: &[f32]) -> &[u16] {
    bytemuck::cast_slice(values)
}

/// Panels as what multiplies reads them: in pairs of bfloat16 values for a unit, as they are without one.
pub(crate) fn packed_for(unit: Option<Unit>, panels: Buffer, block: usize) -> Buffer {
    match unit {
        None => panels,
        Some(_) => paired(&panels, block),
    }
}

/// [`halves`] to be written.
pub(crate) fn halves_mut(values: &mut [f32]) -> &mut [u16] {
    bytemuck::cast_slice_mut(values)
}

/// From one point's rows to the next point's in bfloat16 values: an odd number of rows, which are
/// cache lines where vectors are widest, so that points do not fall into the same sets of the cache.
pub(crate) fn point_len(rows: usize, block: usize) -> usize {
    (rows | 1) * block
}
