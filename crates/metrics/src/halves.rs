use semantic_inpaint_tensor::Rng;

/// Two disjoint random selections of `len` among `0..count`, each in random order.
///
/// The distance between two such halves of the real images is what a perfect generator has: the
/// baseline of [`sliced_wasserstein`](crate::sliced_wasserstein). Where `count` is below `2 len`,
/// both have `count / 2`.
///
/// ```
/// use semantic_inpaint_metrics::halves;
/// use semantic_inpaint_tensor::Rng;
///
/// let [first, second] = halves(10, 3, &mut Rng::from_seed(1));
/// assert_eq!((first.len(), second.len()), (3, 3));
/// assert!(first.iter().all(|index| !second.contains(index)));
/// assert_eq!(halves(5, 100, &mut Rng::from_seed(1))[0].len(), 2);
/// ```
#[must_use]
pub fn halves(count: usize, len: usize, rng: &mut Rng) -> [Vec<usize>; 2] {
    let len = len.min(count / 2);
    let order = rng.permutation(count);
    [order[..len].to_vec(), order[len..2 * len].to_vec()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_disjoint_and_of_one_size() {
        for (count, len) in [(0, 3), (1, 3), (2, 1), (11, 5), (11, 6), (100, 20)] {
            let [first, second] = halves(count, len, &mut Rng::from_seed(4));
            assert_eq!(first.len(), len.min(count / 2));
            assert_eq!(first.len(), second.len());
            let mut all = [first, second].concat();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), 2 * len.min(count / 2));
            assert!(all.iter().all(|&index| index < count));
        }
    }

    #[test]
    fn halves_are_a_function_of_the_seed() {
        let draw = |seed| halves(50, 25, &mut Rng::from_seed(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
