//! One channel of a batch at a time, small enough to stay in cache between its statistics and their use.

use rayon::prelude::*;

use crate::ops::float::Float;
use crate::ops::leaky_relu::choose;
use crate::passes::InstructionSet;

/// Running sums that the compiler keeps in registers.
const SUMS: usize = 16;

/// What normalizes a channel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) variance: f64,
    /// `1 / sqrt(variance + epsilon)`
    pub(super) inverse_deviation: f64,
}

/// A channel's map, then the rectifier: `v = (x - mean) factor + shift`, `v` or `slope v`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChannelMap<T> {
    mean: T,
    factor: T,
    shift: T,
    slope: T,
}

impl<T: Float> ChannelMap<T> {
    pub(super) fn new(moments: Moments, scale: T, shift: T, slope: f64) -> Self {
        Self {
            mean: T::from_f64(moments.mean),
            factor: T::from_f64(moments.inverse_deviation) * scale,
            shift,
            slope: T::from_f64(slope),
        }
    }

    #[inline(always)]
    pub(super) fn apply(&self, x: T) -> T {
        let value = (x - self.mean) * self.factor + self.shift;
        choose(value, value, self.slope)
    }

    /// The gradient before the rectifier from the one behind it.
    #[inline(always)]
    fn gate(&self, x: T, gradient: T) -> T {
        let value = (x - self.mean) * self.factor + self.shift;
        choose(value, gradient, self.slope)
    }
}

/// Runs `work` on every channel's planes of `[N, C, plane]`, channels in parallel.
pub(super) fn each_channel<T: Float, R: Send>(
    out: &mut [T],
    channels: usize,
    plane: usize,
    work: impl Fn(usize, Vec<&mut [T]>) -> R + Sync,
) -> Vec<R> {
    let mut planes: Vec<Vec<&mut [T]>> = (0..channels).map(|_| Vec::new()).collect();
    for (index, values) in out.chunks_exact_mut(plane.max(1)).enumerate() {
        planes[index % channels].push(values);
    }
    let set = InstructionSet::detect();
    planes
        .into_par_iter()
        .enumerate()
        .map(|(channel, planes)| {
            set.run(
                #[inline(always)]
                || work(channel, planes),
            )
        })
        .collect()
}

/// The planes of one channel of `[N, C, plane]`.
#[inline(always)]
pub(super) fn planes_of<T>(
    x: &[T],
    channels: usize,
    plane: usize,
    channel: usize,
) -> impl Iterator<Item = &[T]> + Clone {
    x.chunks_exact(plane).skip(channel).step_by(channels)
}

/// Mean and biased variance of a channel, summed in f64.
#[inline(always)]
#[allow(clippy::needless_pass_by_value)]
pub(super) fn moments<'a, T: Float>(
    planes: &(impl Iterator<Item = &'a [T]> + Clone),
    epsilon: f64,
) -> Moments {
    let count = planes.clone().map(<[T]>::len).sum::<usize>() as f64;
    let total = |term: &dyn Fn() -> f64| term() / count;
    let mean = total(&|| planes.clone().map(|plane| sum(plane, |x| x)).sum());
    let center = T::from_f64(mean);
    let squares = total(&|| {
        let squares = |plane| sum(plane, |x: T| (x - center) * (x - center));
        planes.clone().map(squares).sum()
    });
    // The mean was rounded to T; its error is taken out of the variance.
    let error = mean - center.to_f64();
    let variance = (squares - error * error).max(0.0);
    Moments {
        mean,
        variance,
        inverse_deviation: 1.0 / (variance + epsilon).sqrt(),
    }
}

#[inline(always)]
fn sum<T: Float>(values: &[T], term: impl Fn(T) -> T) -> f64 {
    let mut sums = [T::zero(); SUMS];
    let (chunks, rest) = values.as_chunks::<SUMS>();
    for chunk in chunks {
        for (sum, &value) in sums.iter_mut().zip(chunk) {
            *sum += term(value);
        }
    }
    for (sum, &value) in sums.iter_mut().zip(rest) {
        *sum += term(value);
    }
    total(sums)
}

#[inline(always)]
fn total<T: Float>(sums: [T; SUMS]) -> f64 {
    sums.iter().map(|sum| sum.to_f64()).sum()
}

/// Sums over a plane of the gradient before the rectifier, and of its product with `x - mean`.
#[inline(always)]
pub(super) fn gradient_sums<T: Float>(map: &ChannelMap<T>, gradient: &[T], x: &[T]) -> [f64; 2] {
    let mut sums = [[T::zero(); SUMS]; 2];
    let mut add = |lane: usize, gradient: T, x: T| {
        let gradient = map.gate(x, gradient);
        sums[0][lane] += gradient;
        sums[1][lane] += gradient * (x - map.mean);
    };
    let (gradients, rest) = gradient.as_chunks::<SUMS>();
    let (values, values_rest) = x.as_chunks::<SUMS>();
    for (gradient, x) in gradients.iter().zip(values) {
        for lane in 0..SUMS {
            add(lane, gradient[lane], x[lane]);
        }
    }
    for (lane, (&gradient, &x)) in rest.iter().zip(values_rest).enumerate() {
        add(lane, gradient, x);
    }
    sums.map(total)
}

/// The gradient with respect to x, through the statistics:
/// `scale / deviation (g - sum(g)/m - x_normalized sum(g x_normalized)/m)`, g before the rectifier.
#[inline(always)]
pub(super) fn input_gradient<T: Float>(
    map: &ChannelMap<T>,
    [mean, slope]: [T; 2],
    gradient: &[T],
    x: &[T],
    out: &mut [T],
) {
    for ((out, &gradient), &x) in out.iter_mut().zip(gradient).zip(x) {
        let gradient = map.gate(x, gradient);
        *out = (gradient - mean) * map.factor - (x - map.mean) * slope;
    }
}
