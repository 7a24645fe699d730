//! Products by a unit that multiplies tiles, as AMX does.

/// Rows, columns and values of the inner dimension that are multiplied at once.
pub(crate) const SIDE: usize = 32;
/// Values of 32 rows, of the panel of one run, or sums.
pub(crate) const AREA: usize = SIDE * SIDE;

/// Rows of a tile.
pub(crate) const TILE_ROWS: usize = 16;

/// Two tiles of left-hand rows for every run of the inner dimension.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeftTiles<'a> {
    pub(crate) values: &'a [u16],
    /// Where each run starts, counted from a place; where factors are split, that of the rounded values and
    /// then that of the rests.
    pub(crate) offsets: &'a [u32],
    /// Where each of the two has its rows of 32 values, one after the other.
    pub(crate) places: [usize; 2],
}

impl LeftTiles<'_> {
    /// Whether all tiles lie within the values, and there is a panel of 32 values for each row of a run.
    pub(super) fn fit(&self, panel: &[u16]) -> bool {
        let last = self
            .offsets
            .iter()
            .max()
            .map_or(0, |&offset| offset as usize);
        let last = last + self.places[0].max(self.places[1]);
        !self.offsets.is_empty()
            && panel.len() == self.offsets.len() * AREA
            && last + TILE_ROWS * SIDE <= self.values.len()
    }
}

/// Sums of a product, at the start of a cache line.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(crate) struct Sums(pub(crate) [f32; AREA]);

impl Sums {
    pub(crate) fn zeros() -> Self {
        Self([0.0; AREA])
    }
}

/// Multiplies 32 rows and 32 columns: four tiles of sums.
pub(crate) trait MultiplyTiles {
    /// `sums := left * panel` over all runs of the inner dimension; a run of the panel is `[inner / 2, column,
    /// 2]`, and the sums are those of the first tile and then of the second.
    ///
    /// A sum depends on its row and column only, so that it has the same bits whatever rows stand beside
    /// it.
    ///
    /// # Panics
    ///
    /// When there is no run, a tile leaves its values, or the panel is longer or shorter than the runs.
    fn multiply(&self, left: LeftTiles<'_>, panel: &[u16], sums: &mut Sums);

    /// The same for factors that are [split](Factors::Split): a run of the panel is followed by that of the
    /// rests. `sums := high * high + high * rest + rest * high`.
    ///
    /// # Panics
    ///
    /// As [`MultiplyTiles::multiply`], or when a run has no rests.
    fn multiply_split(&self, left: LeftTiles<'_>, panel: &[u16], sums: &mut Sums);
}

/// What becomes of single precision factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Factors {
    /// They are rounded to bfloat16.
    Rounded,
    /// They are the sum of a bfloat16 number and the rest, rounded to another: 16 significant bits. Three
    /// products of the four (all but that of the rests) err by a few millionths of the sum of sizes, as
    /// transforms of tiles of 4 do. After Henry et al. 2019 (arXiv 1904.06376).
    Split,
}

impl Factors {
    /// bfloat16 numbers for each.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Rounded => 1,
            Self::Split => 2,
        }
    }
}

/// Whether a unit multiplies small integers without an error, rounded and split.
pub(super) fn is_right(unit: &impl MultiplyTiles) -> bool {
    const RUNS: usize = 3;
    let left_at = |row: usize, inner: usize| (row + 3 * inner) as i32 % 7 - 3;
    let right_at = |inner: usize, column: usize| (5 * inner + column) as i32 % 5 - 2;
    let half = |value: i32| ((value as f32).to_bits() >> 16) as u16;
    let mut left = vec![0; RUNS * AREA];
    let mut panel = vec![0; RUNS * AREA];
    for (inner, other) in (0..RUNS * SIDE).flat_map(|i| (0..SIDE).map(move |other| (i, other))) {
        left[(inner / SIDE * SIDE + other) * SIDE + inner % SIDE] = half(left_at(other, inner));
        panel[(inner / 2 * SIDE + other) * 2 + inner % 2] = half(right_at(inner, other));
    }
    let expected = |row, column| -> i32 {
        let terms = (0..RUNS * SIDE).map(|inner| left_at(row, inner) * right_at(inner, column));
        terms.sum()
    };
    let equal = |sums: &Sums, times: i32| {
        (sums.0.iter().enumerate())
            .all(|(place, &sum)| sum == (times * expected(place / SIDE, place % SIDE)) as f32)
    };
    let tiles = |offsets| LeftTiles {
        values: &left,
        offsets,
        places: [0, TILE_ROWS * SIDE],
    };
    let mut sums = Sums([f32::NAN; AREA]);
    let offsets: [u32; RUNS] = std::array::from_fn(|run| (run * AREA) as u32);
    unit.multiply(tiles(&offsets), &panel, &mut sums);
    let rounded_is_right = equal(&sums, 1);
    // With each run as its own rest all three products are the same.
    let offsets: Vec<u32> = offsets.iter().flat_map(|&offset| [offset; 2]).collect();
    let runs = panel.chunks_exact(AREA);
    let panel: Vec<u16> = runs.flat_map(|run| [run, run].concat()).collect();
    unit.multiply_split(tiles(&offsets), &panel, &mut sums);
    rounded_is_right && equal(&sums, 3)
}
