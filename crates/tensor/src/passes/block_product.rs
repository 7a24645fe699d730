use pulp::{Simd, WithSimd};

use super::instruction_set::{InstructionSet, multiply_add};
use super::product::PANEL_VECTORS;

/// Left-hand rows in blocks as wide as a panel, one row after the other: the values of row r in run i
/// start at `first + i * run_stride + r * width`.
#[derive(Clone, Copy)]
pub(crate) struct BlockRows<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) first: usize,
    pub(crate) rows: usize,
    pub(crate) runs: usize,
    pub(crate) run_stride: usize,
}

/// `target := rows * panel`, where the rows of the product follow each other too.
///
/// As [`multiply`](super::product::multiply), for rows whose places the compiler knows: more of them
/// fit into the registers.
pub(crate) fn multiply_block(
    set: InstructionSet,
    rows: BlockRows<'_>,
    panel: &[f32],
    target: &mut [f32],
) {
    let width = PANEL_VECTORS * set.lanes();
    let most = set.block_rows_at_once();
    let (mut start, mut blocks) = (0, rows.rows.div_ceil(most));
    while start < rows.rows {
        let height = (rows.rows - start).div_ceil(blocks);
        let left = BlockRows {
            first: rows.first + start * width,
            rows: height,
            ..rows
        };
        let target = &mut target[start * width..][..height * width];
        match height {
            1 => set.run(Block::<1> {
                left,
                panel,
                target,
            }),
            2 => set.run(Block::<2> {
                left,
                panel,
                target,
            }),
            3 => set.run(Block::<3> {
                left,
                panel,
                target,
            }),
            4 => set.run(Block::<4> {
                left,
                panel,
                target,
            }),
            5 => set.run(Block::<5> {
                left,
                panel,
                target,
            }),
            6 => set.run(Block::<6> {
                left,
                panel,
                target,
            }),
            7 => set.run(Block::<7> {
                left,
                panel,
                target,
            }),
            8 => set.run(Block::<8> {
                left,
                panel,
                target,
            }),
            9 => set.run(Block::<9> {
                left,
                panel,
                target,
            }),
            10 => set.run(Block::<10> {
                left,
                panel,
                target,
            }),
            11 => set.run(Block::<11> {
                left,
                panel,
                target,
            }),
            12 => set.run(Block::<12> {
                left,
                panel,
                target,
            }),
            13 => set.run(Block::<13> {
                left,
                panel,
                target,
            }),
            _ => set.run(Block::<14> {
                left,
                panel,
                target,
            }),
        }
        start += height;
        blocks -= 1;
    }
}

/// `HEIGHT` rows times one panel, all sums in registers.
struct Block<'a, 'b, const HEIGHT: usize> {
    left: BlockRows<'a>,
    panel: &'a [f32],
    target: &'b mut [f32],
}

impl<const HEIGHT: usize> WithSimd for Block<'_, '_, HEIGHT> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self {
            left,
            panel,
            target,
        } = self;
        let width = PANEL_VECTORS * S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); PANEL_VECTORS]; HEIGHT];
        for (run, panel) in panel
            .chunks_exact(width * width)
            .take(left.runs)
            .enumerate()
        {
            let values = &left.values[left.first + run * left.run_stride..][..HEIGHT * width];
            let columns = &S::as_simd_f32s(panel).0[..width * PANEL_VECTORS];
            for inner in 0..width {
                let columns: [S::f32s; PANEL_VECTORS] =
                    std::array::from_fn(|vector| columns[inner * PANEL_VECTORS + vector]);
                for (row, sums) in sums.iter_mut().enumerate() {
                    let factor = simd.splat_f32s(values[row * width + inner]);
                    for (sum, &column) in sums.iter_mut().zip(&columns) {
                        *sum = multiply_add(simd, factor, column, *sum);
                    }
                }
            }
        }
        let target = S::as_mut_simd_f32s(target)
            .0
            .chunks_exact_mut(PANEL_VECTORS);
        for (row, sums) in target.zip(&sums) {
            row.copy_from_slice(sums);
        }
    }
}
