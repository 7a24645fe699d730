use candle_core::{Device, Shape, Tensor};
use rand::{Rng as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::Result;

/// A seeded source of random numbers, drawn on the host and uploaded.
///
/// The same seed gives the same numbers on every device, machine and number of threads (`ChaCha8`).
/// Its position can be saved and restored exactly with [`Rng::state`] and [`Rng::from_state`].
///
/// ```
/// use semantic_inpaint_tensor::Rng;
/// let mut rng = Rng::from_seed(1);
/// rng.next_u64();
/// let mut again = Rng::from_state(&rng.state());
/// assert_eq!(rng.next_u64(), again.next_u64());
/// ```
#[derive(Debug, Clone)]
pub struct Rng {
    seed: u64,
    inner: ChaCha8Rng,
}

/// The exact position of an [`Rng`], for checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RngState {
    /// The seed that the generator started from.
    pub seed: u64,
    /// The independent stream within the seed.
    pub stream: u64,
    /// Position within the stream in 32-bit words, as decimal text (it may exceed 64 bits).
    pub position: String,
}

impl Rng {
    /// The generator of this seed, stream 0.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self::from_seed_and_stream(seed, 0)
    }

    /// An independent generator of the same seed: streams do not overlap.
    #[must_use]
    pub fn from_seed_and_stream(seed: u64, stream: u64) -> Self {
        let mut inner = ChaCha8Rng::seed_from_u64(seed);
        inner.set_stream(stream);
        Self { seed, inner }
    }

    /// The position, to be restored with [`Rng::from_state`].
    #[must_use]
    pub fn state(&self) -> RngState {
        RngState {
            seed: self.seed,
            stream: self.inner.get_stream(),
            position: self.inner.get_word_pos().to_string(),
        }
    }

    /// The generator at a saved position. A position that is no number counts as 0.
    #[must_use]
    pub fn from_state(state: &RngState) -> Self {
        let mut rng = Self::from_seed_and_stream(state.seed, state.stream);
        rng.inner.set_word_pos(state.position.parse().unwrap_or(0));
        rng
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.inner.random()
    }

    /// A number in `[0, 1)`.
    pub fn next_unit(&mut self) -> f64 {
        self.inner.random()
    }

    /// An index in `0 .. count`; 0 when `count` is 0.
    pub fn next_index(&mut self, count: usize) -> usize {
        if count == 0 {
            0
        } else {
            self.inner.random_range(0..count)
        }
    }

    /// A random order of `0 .. count` (Fisher-Yates).
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.next_index(last + 1));
        }
        order
    }

    /// A tensor of f32 values, uniform on `[low, high)`.
    ///
    /// # Errors
    ///
    /// A candle error when the upload to the device fails.
    pub fn uniform(
        &mut self,
        low: f32,
        high: f32,
        shape: impl Into<Shape>,
        device: &Device,
    ) -> Result<Tensor> {
        self.fill(shape.into(), device, |inner| {
            low + (high - low) * inner.random::<f32>()
        })
    }

    /// A tensor of f32 values, normal with this mean and standard deviation.
    ///
    /// # Errors
    ///
    /// A candle error when the upload to the device fails.
    pub fn normal(
        &mut self,
        mean: f32,
        standard_deviation: f32,
        shape: impl Into<Shape>,
        device: &Device,
    ) -> Result<Tensor> {
        self.fill(shape.into(), device, |inner| {
            let value: f32 = StandardNormal.sample(inner);
            mean + standard_deviation * value
        })
    }

    fn fill(
        &mut self,
        shape: Shape,
        device: &Device,
        mut draw: impl FnMut(&mut ChaCha8Rng) -> f32,
    ) -> Result<Tensor> {
        let values: Vec<f32> = (0..shape.elem_count())
            .map(|_| draw(&mut self.inner))
            .collect();
        Ok(Tensor::from_vec(values, shape, device)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_seed_differ() {
        let mut first = Rng::from_seed_and_stream(5, 0);
        let mut second = Rng::from_seed_and_stream(5, 1);
        assert_ne!(first.next_u64(), second.next_u64());
    }

    #[test]
    fn state_restores_the_sequence_in_the_middle() {
        let mut rng = Rng::from_seed_and_stream(9, 4);
        rng.normal(0.0, 1.0, (7, 3), &Device::Cpu).unwrap();
        let mut restored = Rng::from_state(&rng.state());
        for _ in 0..20 {
            assert_eq!(rng.next_u64(), restored.next_u64());
        }
    }

    #[test]
    fn permutation_holds_every_index_once() {
        let mut order = Rng::from_seed(2).permutation(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
