//! The instructions themselves, and all unsafe code.
#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_set1_epi32, _mm512_setzero_ps, _mm512_storeu_ps,
};

use super::super::product::{PANEL_VECTORS, Target, Write};
use super::PairRows;

/// Single precision values in a vector.
pub(super) const LANES: usize = 16;
/// Columns of a panel, and values of a run of the inner dimension.
const WIDTH: usize = PANEL_VECTORS * LANES;
/// Rows that are computed together.
const ROWS_AT_ONCE: usize = 8;

/// Whether this processor has AVX512-BF16.
pub(super) fn has_avx512() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16")
}

/// A product that [`Unit::multiply`](super::Unit::multiply) has checked: all rows, the panel and the
/// target lie within their slices.
pub(super) fn multiply(rows: PairRows<'_>, panel: &[u16], target: &mut Target<'_>, write: Write) {
    assert!(rows.run_len == WIDTH && has_avx512(), "no such unit");
    let count = rows.offsets.len();
    let mut start = 0;
    let mut blocks = count.div_ceil(ROWS_AT_ONCE);
    while start < count {
        // Blocks of nearly equal height, so that none is left with one row.
        let height = (count - start).div_ceil(blocks);
        let run = match height {
            1 => block::<1>,
            2 => block::<2>,
            3 => block::<3>,
            4 => block::<4>,
            5 => block::<5>,
            6 => block::<6>,
            7 => block::<7>,
            _ => block::<8>,
        };
        // SAFETY: the processor has the instructions, which was asserted above, and the caller has
        // asserted that every row of `rows` and `target`, of which these are `height`, and the panel
        // lie within their slices.
        unsafe { run(rows, panel, target, start, write) };
        start += height;
        blocks -= 1;
    }
}

/// `HEIGHT` rows from `start` on times one panel, all sums in registers.
///
/// # Safety
///
/// The processor has AVX512-BF16. `rows` and `target` have `start + HEIGHT` offsets. For each,
/// `runs` runs of [`WIDTH`] values lie within `rows.values`, and [`WIDTH`] values within
/// `target.values`. The panel has `runs * WIDTH * WIDTH` values.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn block<const HEIGHT: usize>(
    rows: PairRows<'_>,
    panel: &[u16],
    target: &mut Target<'_>,
    start: usize,
    write: Write,
) {
    let (reads, writes) = (
        &rows.offsets[start..][..HEIGHT],
        &target.offsets[start..][..HEIGHT],
    );
    let mut sums = [[_mm512_setzero_ps(); PANEL_VECTORS]; HEIGHT];
    // SAFETY: all pointers stay within what the caller vouches for: row `r` reads from
    // `first + offset + run * run_stride` the pairs of one run, `WIDTH` values; the panel is read from
    // its start, `2 * WIDTH` values for each pair of each run; a target's row is `WIDTH` values.
    // Loads and stores are unaligned ones. A vector of 32 halves has the same size and no invalid bits.
    unsafe {
        let targets: [*mut f32; HEIGHT] = std::array::from_fn(|row| {
            target
                .values
                .as_mut_ptr()
                .add(target.first + writes[row] as usize)
        });
        if write == Write::Add {
            for (sums, &place) in sums.iter_mut().zip(&targets) {
                for (vector, sum) in sums.iter_mut().enumerate() {
                    *sum = _mm512_loadu_ps(place.add(vector * LANES));
                }
            }
        }
        let mut columns = panel.as_ptr();
        for run in 0..rows.runs {
            let left: [*const u16; HEIGHT] = std::array::from_fn(|row| {
                let first = rows.first + reads[row] as usize + run * rows.run_stride;
                rows.values.as_ptr().add(first)
            });
            for pair in 0..WIDTH / 2 {
                let right: [__m512bh; PANEL_VECTORS] = std::array::from_fn(|vector| {
                    halves(_mm512_loadu_si512(columns.add(vector * 2 * LANES).cast()))
                });
                columns = columns.add(2 * WIDTH);
                for row in 0..HEIGHT {
                    let factor = left[row].add(2 * pair).cast::<i32>().read_unaligned();
                    let factor = halves(_mm512_set1_epi32(factor));
                    for vector in 0..PANEL_VECTORS {
                        sums[row][vector] =
                            _mm512_dpbf16_ps(sums[row][vector], factor, right[vector]);
                    }
                }
            }
        }
        for (sums, &place) in sums.iter().zip(&targets) {
            for (vector, &sum) in sums.iter().enumerate() {
                let sum: __m512 = sum;
                _mm512_storeu_ps(place.add(vector * LANES), sum);
            }
        }
    }
}

/// The same bits as halves.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn halves(vector: __m512i) -> __m512bh {
    // SAFETY: both are 64 bytes of which every bit pattern is valid.
    unsafe { std::mem::transmute::<__m512i, __m512bh>(vector) }
}
