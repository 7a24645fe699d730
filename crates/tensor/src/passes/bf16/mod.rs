//! Products of matrices whose factors are bfloat16 and whose sums are single precision.
//!
//! Left-hand rows hold their inner dimension in order; a panel holds for each pair of inner indices its
//! columns side by side, each with both values: `[inner / 2, column, 2]`. That is what vector
//! instructions ([`native`]) take. Values are the upper halves of single precision numbers, carried in
//! `u16`.
//!
//! This module and its children are the only ones of the passes with unsafe code. All of it stands in
//! [`native`], which asserts the bounds that it relies on, or [`PairUnit::multiply`] does.

mod convert;
#[cfg(target_arch = "x86_64")]
mod native;
mod product;
#[cfg(test)]
mod software;
#[cfg(test)]
pub(super) mod tests;
mod tiles;

use pulp::bytemuck;

use convert::paired;
pub(crate) use convert::{panels_by_tap, round, round_all, split};
pub(crate) use product::PairRows;
#[cfg(any(target_arch = "x86_64", test))]
use tiles::MultiplyTiles;
pub(crate) use tiles::{AREA, Factors, LeftTiles, SIDE, Sums, TILE_ROWS};

use super::buffer::Buffer;
use super::instruction_set::InstructionSet;

/// What multiplies bfloat16 matrices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Rows of any number and place.
    Pairs(PairUnit),
    /// Tiles of 32 rows that lie one after the other.
    Tiles(TileUnit, Factors),
}

/// What multiplies rows of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PairUnit {
    /// The dot products of pairs of AVX512-BF16.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    /// The definition, for tests.
    #[cfg(test)]
    Software,
}

/// What multiplies tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TileUnit {
    /// AMX.
    #[cfg(target_arch = "x86_64")]
    Amx(&'static native::Amx),
    /// The definition, for tests.
    #[cfg(test)]
    Software,
}

impl Unit {
    /// The fastest unit of this processor that fits these vector instructions and multiplies such factors.
    pub(crate) fn detect(set: InstructionSet, factors: Factors) -> Option<Self> {
        #[cfg(target_arch = "x86_64")]
        if set.lanes() == native::LANES && native::has_avx512() {
            let tiles = native::amx().map(|amx| Self::Tiles(TileUnit::Amx(amx), factors));
            let pairs = Self::Pairs(PairUnit::Avx512);
            return tiles.or((factors == Factors::Rounded).then_some(pairs));
        }
        let _ = (set, factors);
        None
    }
}

impl TileUnit {
    /// `sums := left * panel` for such factors, see [`MultiplyTiles`].
    pub(crate) fn multiply(
        self,
        factors: Factors,
        left: LeftTiles<'_>,
        panel: &[u16],
        sums: &mut Sums,
    ) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Amx(amx) => by(amx, factors, left, panel, sums),
            #[cfg(test)]
            Self::Software => by(&software::SoftwareTiles, factors, left, panel, sums),
        }
    }
}

#[cfg(any(target_arch = "x86_64", test))]
fn by(
    unit: &impl MultiplyTiles,
    factors: Factors,
    left: LeftTiles<'_>,
    panel: &[u16],
    sums: &mut Sums,
) {
    match factors {
        Factors::Rounded => unit.multiply(left, panel, sums),
        Factors::Split => unit.multiply_split(left, panel, sums),
    }
}

/// Memory of single precision values as bfloat16 ones, twice as many.
pub(crate) fn halves(values: &[f32]) -> &[u16] {
    bytemuck::cast_slice(values)
}

/// Panels as what multiplies reads them: in pairs of bfloat16 values for a unit, as they are without one.
pub(crate) fn packed_for(unit: Option<PairUnit>, panels: Buffer, block: usize) -> Buffer {
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
