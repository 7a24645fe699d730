/// Rows and columns of a square that changes places in registers.
pub(super) const SQUARE: usize = 8;

/// Rows as columns. Of this size compilers find the shuffles of the processor; of larger ones they do not.
#[inline(always)]
pub(super) fn transposed<T: Copy>(square: &[[T; SQUARE]; SQUARE]) -> [[T; SQUARE]; SQUARE] {
    std::array::from_fn(|column| std::array::from_fn(|row| square[row][column]))
}
