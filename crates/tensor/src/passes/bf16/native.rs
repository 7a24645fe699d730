//! The instructions themselves, and all unsafe code.
#![allow(unsafe_code)]

use std::arch::asm;
use std::arch::x86_64::{
    __cpuid, __cpuid_count, __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_ps,
    _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_storeu_ps, _xgetbv,
};

use std::sync::OnceLock;

use super::super::product::{PANEL_VECTORS, Target, Write};
use super::PairRows;
use super::tiles::{LeftTiles, MultiplyTiles, Sums, is_right};

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

/// A product that [`PairUnit::multiply`](super::PairUnit::multiply) has checked: all rows, the panel and the
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

/// The tiles of AMX; only [`amx`] gives one out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Amx(());

/// The tiles of this processor, if it has them, the operating system allows them, and they have
/// multiplied a small matrix without an error.
pub(super) fn amx() -> Option<&'static Amx> {
    static UNIT: OnceLock<Option<Amx>> = OnceLock::new();
    let detect = || (has_tiles() && may_use_tiles()).then_some(Amx(()));
    UNIT.get_or_init(|| detect().filter(is_right)).as_ref()
}

/// Whether processor and operating system know tiles and their bfloat16 products.
fn has_tiles() -> bool {
    /// Of leaf 7: products of bfloat16, tiles.
    const FEATURES: u32 = (1 << 22) | (1 << 24);
    /// Of XCR0: configuration and data of tiles.
    const STATES: u64 = (1 << 17) | (1 << 18);
    if !has_avx512() || !is_x86_feature_detected!("xsave") || __cpuid(0).eax < 7 {
        return false;
    }
    // SAFETY: the processor has AVX-512, which the operating system enabled through this register.
    let states = unsafe { _xgetbv(0) };
    __cpuid_count(7, 0).edx & FEATURES == FEATURES && states & STATES == STATES
}

/// Asks the operating system for the tiles' registers, for all threads of this process.
fn may_use_tiles() -> bool {
    #[cfg(target_os = "linux")]
    {
        /// `arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA)`
        const CALL: [i64; 3] = [158, 0x1023, 18];
        let mut result = CALL[0];
        // SAFETY: the call takes two numbers, reads and writes no memory of ours, and changes only the
        // two registers that every call does.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") result,
                in("rdi") CALL[1],
                in("rsi") CALL[2],
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack)
            );
        }
        result == 0
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// Eight tiles of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct TileShapes([u8; 64]);

static ALL_FULL: TileShapes = {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let mut tile = 0;
    while tile < 8 {
        bytes[16 + 2 * tile] = 64;
        bytes[48 + tile] = 16;
        tile += 1;
    }
    TileShapes(bytes)
};

/// Adds the products of all runs to four tiles of sums that start at zero, and writes these to `$sums`. `$turn` is
/// what happens for every run: `{at}` may be overwritten, tiles 4 to 7 too.
macro_rules! multiply_runs {
    ($left:expr, $panel:expr, $sums:expr, $runs:expr, [$($turn:literal),+ $(,)?]) => {{
        let (first, apart) = $left.pointers();
        asm!(
            "ldtilecfg [{shapes}]",
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            "2:",
            $($turn,)+
            "dec {runs}",
            "jnz 2b",
            "tilestored [{sums} + {wide}*1], tmm0",
            "tilestored [{sums} + {wide}*1 + 64], tmm1",
            "tilestored [{sums} + {wide}*1 + 2048], tmm2",
            "tilestored [{sums} + {wide}*1 + 2112], tmm3",
            "tilerelease",
            shapes = in(reg) &raw const ALL_FULL,
            sums = in(reg) $sums.0.as_mut_ptr(),
            first = in(reg) first,
            apart = in(reg) apart,
            at = out(reg) _,
            offsets = inout(reg) $left.offsets.as_ptr() => _,
            panel = inout(reg) $panel.as_ptr() => _,
            runs = inout(reg) $runs => _,
            narrow = in(reg) 64usize,
            wide = in(reg) 128usize,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack)
        );
    }};
}

impl MultiplyTiles for Amx {
    fn multiply(&self, left: LeftTiles<'_>, panel: &[u16], sums: &mut Sums) {
        assert!(left.fit(panel), "tiles that leave their values");
        // SAFETY: an `Amx` exists only where the processor has tiles and the process may use them. For
        // every offset, 16 rows of 64 bytes are read there from either place of the left, and 16 rows of
        // 128 bytes of the panel, which moves on by as much; the assertion keeps both in their slices.
        // `sums` is written as 32 rows of 128 bytes, its size. Tiles hold nothing before and after. All
        // vector registers stay as they are.
        unsafe {
            multiply_runs!(
                left,
                panel,
                sums,
                left.offsets.len(),
                [
                    "mov {at:e}, dword ptr [{offsets}]",
                    "lea {at}, [{first} + {at}*2]",
                    "tileloadd tmm4, [{at} + {narrow}*1]",
                    "add {at}, {apart}",
                    "tileloadd tmm6, [{panel} + {wide}*1]",
                    "tileloadd tmm7, [{panel} + {wide}*1 + 64]",
                    "tileloadd tmm5, [{at} + {narrow}*1]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7",
                    "add {offsets}, 4",
                    "add {panel}, 2048",
                ]
            );
        }
    }

    fn multiply_split(&self, left: LeftTiles<'_>, panel: &[u16], sums: &mut Sums) {
        assert!(left.fit(panel), "tiles that leave their values");
        assert!(left.offsets.len().is_multiple_of(2), "runs without rests");
        // SAFETY: as in `multiply`, where each turn takes two offsets and as much of the panel as for two:
        // those of the rounded values and those of the rests.
        unsafe {
            multiply_runs!(
                left,
                panel,
                sums,
                left.offsets.len() / 2,
                [
                    // Rests of the left by the panel.
                    "mov {at:e}, dword ptr [{offsets} + 4]",
                    "lea {at}, [{first} + {at}*2]",
                    "tileloadd tmm4, [{at} + {narrow}*1]",
                    "add {at}, {apart}",
                    "tileloadd tmm6, [{panel} + {wide}*1]",
                    "tileloadd tmm7, [{panel} + {wide}*1 + 64]",
                    "tileloadd tmm5, [{at} + {narrow}*1]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7",
                    // The left by the panel.
                    "mov {at:e}, dword ptr [{offsets}]",
                    "lea {at}, [{first} + {at}*2]",
                    "tileloadd tmm4, [{at} + {narrow}*1]",
                    "add {at}, {apart}",
                    "tileloadd tmm5, [{at} + {narrow}*1]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7",
                    // The left by the rests of the panel.
                    "tileloadd tmm6, [{panel} + {wide}*1 + 2048]",
                    "tileloadd tmm7, [{panel} + {wide}*1 + 2112]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "tdpbf16ps tmm2, tmm5, tmm6",
                    "tdpbf16ps tmm3, tmm5, tmm7",
                    "add {offsets}, 8",
                    "add {panel}, 4096",
                ]
            );
        }
    }
}

impl LeftTiles<'_> {
    /// The first place, and how many bytes further the second is.
    fn pointers(&self) -> (*const u16, isize) {
        let [first, second] = self.places.map(|place| self.values[place..].as_ptr());
        (first, second.addr().wrapping_sub(first.addr()) as isize)
    }
}
