use super::pass::Direction;

/// A stride-2 convolution with a 4x4 kernel and padding 1, along one axis, between a coarse map and
/// one parity of a fine map, pixel `2 i + parity`: the taps that meet there, and how far from coarse
/// pixel i the coarse pixel of each tap lies.
///
/// Coarse pixel k and tap t meet in fine pixel `2 k - 1 + t`, whichever of the two is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tap {
    pub(crate) tap: usize,
    pub(crate) shift: isize,
}

/// Side of every kernel in pixels.
pub(crate) const KERNEL: usize = 4;
pub(crate) const KERNEL_AREA: usize = KERNEL * KERNEL;

/// The two taps of each parity, the one inside the map at every pixel first.
pub(crate) const TAPS: [[Tap; 2]; 2] = [
    [Tap { tap: 1, shift: 0 }, Tap { tap: 3, shift: -1 }],
    [Tap { tap: 2, shift: 0 }, Tap { tap: 0, shift: 1 }],
];

/// All pairs of taps of rows and columns, each with the parity of the fine pixel that it meets: those of
/// each fine phase together, the pair that meets every pixel first.
pub(crate) fn tap_pairs() -> impl Iterator<Item = ((usize, Tap), (usize, Tap))> {
    let along = |parity: usize, tap: usize| (parity, TAPS[parity][tap]);
    (0..4).flat_map(move |phase| {
        (0..4).map(move |tap| (along(phase / 2, tap / 2), along(phase % 2, tap % 2)))
    })
}

/// The two taps of each parity as a polynomial in the coarse pixel: coefficients of degree 0 and 1.
/// The product with a run of coarse pixels has its lowest coefficient in fine pixel `2 i + parity`
/// with i = the run's start + [`FIRST`].
pub(crate) const COEFFICIENTS: [[usize; 2]; 2] = [[1, 3], [0, 2]];
pub(crate) const FIRST: [isize; 2] = [0, -1];

/// `index + shift` if that lies within `0..side`.
pub(crate) fn moved(index: usize, shift: isize, side: usize) -> Option<usize> {
    index
        .checked_add_signed(shift)
        .filter(|&index| index < side)
}

/// Weights `[coarse, fine, 4, 4]` between two maps: those of a transposed convolution from coarse to
/// fine, and of a convolution from fine to coarse.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) coarse: usize,
    pub(crate) fine: usize,
}

impl Weights<'_> {
    /// One weight, or 0 beyond the last channel.
    pub(crate) fn at(&self, coarse: usize, fine: usize, row: usize, column: usize) -> f32 {
        if coarse >= self.coarse || fine >= self.fine {
            return 0.0;
        }
        self.values[((coarse * self.fine + fine) * KERNEL + row) * KERNEL + column]
    }
}

/// Channels in a block at most: two of the widest vectors.
pub(crate) const MOST_IN_BLOCK: usize = 32;

/// For every tap the weights from one input to the channels of a block, those beyond the last 0.
pub(crate) type BlockTaps = [[f32; MOST_IN_BLOCK]; KERNEL_AREA];

/// Weights as one direction of a pass reads them: by output and input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DirectedWeights<'a> {
    values: &'a [f32],
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// From the 16 taps of one output to those of the next, and of one input to those of the next.
    output_stride: usize,
    input_stride: usize,
}

impl<'a> DirectedWeights<'a> {
    pub(crate) fn new(weights: &Weights<'a>, direction: Direction) -> Self {
        let Weights {
            values,
            coarse,
            fine,
        } = *weights;
        let (of_coarse, of_fine) = (fine * KERNEL_AREA, KERNEL_AREA);
        let (inputs, outputs, input_stride, output_stride) = match direction {
            Direction::Up => (coarse, fine, of_coarse, of_fine),
            Direction::Down => (fine, coarse, of_fine, of_coarse),
        };
        Self {
            values,
            inputs,
            outputs,
            output_stride,
            input_stride,
        }
    }

    /// The taps from an input, which may lie beyond the last, to the outputs `first .. first + block`.
    pub(crate) fn of_block(&self, input: usize, first: usize, block: usize) -> BlockTaps {
        let mut taps = [[0.0; MOST_IN_BLOCK]; KERNEL_AREA];
        if input >= self.inputs {
            return taps;
        }
        for (lane, output) in (first..self.outputs.min(first + block)).enumerate() {
            let start = output * self.output_stride + input * self.input_stride;
            let values = &self.values[start..][..KERNEL_AREA];
            for (tap, &value) in taps.iter_mut().zip(values) {
                tap[lane] = value;
            }
        }
        taps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_say_where_a_tap_meets_a_pixel() {
        for parity in 0..2 {
            for Tap { tap, shift } in TAPS[parity] {
                // Fine pixel 2 i + parity, coarse pixel i + shift, for i = 5.
                assert_eq!(2 * (5 + shift) - 1 + tap as isize, 10 + parity as isize);
            }
            for (degree, tap) in COEFFICIENTS[parity].into_iter().enumerate() {
                // A coarse pixel k and degree d give coefficient k + d, in fine pixel 2 i + parity.
                let fine = 2 * (5 + degree as isize + FIRST[parity]) + parity as isize;
                assert_eq!(2 * 5 - 1 + tap as isize, fine);
            }
        }
    }
}
