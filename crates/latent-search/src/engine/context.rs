//! The context loss of generated images on the host, with its gradient.

use crate::ContextDistance;

/// What the context loss compares generated images with.
#[derive(Debug)]
pub(super) struct Context {
    /// `[rows, C, H, W]`
    pub(super) target: Vec<f32>,
    /// `[rows, 1, H, W]`
    pub(super) weights: Vec<f32>,
    pub(super) scales: Vec<f32>,
    pub(super) distance: ContextDistance,
    /// The gradient term, if there is one.
    pub(super) differences: Option<Differences>,
}

impl Context {
    /// Context losses, and their gradient added to the images'.
    pub(super) fn add(&self, images: &[f32], gradient: &mut [f32], losses: &mut [f32]) {
        let pixels = self.weights.len() / self.scales.len();
        let len = self.target.len() / self.scales.len();
        let rows = images
            .chunks_exact(len)
            .zip(self.target.chunks_exact(len))
            .zip(gradient.chunks_exact_mut(len));
        let weights = self.weights.chunks_exact(pixels).zip(&self.scales);
        for ((loss, ((images, target), gradient)), (weights, &scale)) in
            losses.iter_mut().zip(rows).zip(weights)
        {
            let planes = images
                .chunks_exact(pixels)
                .zip(target.chunks_exact(pixels))
                .zip(gradient.chunks_exact_mut(pixels));
            let distances = planes.map(|((x, y), gradient)| match self.distance {
                ContextDistance::Absolute => {
                    weighted_distance(x, y, weights, scale, gradient, absolute)
                }
                ContextDistance::Squared => {
                    weighted_distance(x, y, weights, scale, gradient, squared)
                }
            });
            *loss = scale * distances.sum::<f32>();
        }
        if let Some(differences) = &self.differences {
            let distance = |difference| self.distance.value_and_slope(difference);
            differences.add(images, &self.target, gradient, losses, distance);
        }
    }
}

/// What neighbors count in the gradient term, which compares their differences.
#[derive(Debug)]
pub(super) struct Differences {
    pub(super) width: usize,
    /// `[rows, 1, H, W - 1]`
    pub(super) side_by_side: Vec<f32>,
    /// `[rows, 1, H - 1, W]`
    pub(super) stacked: Vec<f32>,
}

impl Differences {
    /// Gradient terms added to the losses, and their gradient to the images'.
    fn add(
        &self,
        images: &[f32],
        target: &[f32],
        gradient: &mut [f32],
        losses: &mut [f32],
        distance: impl Fn(f32) -> (f32, f32) + Copy,
    ) {
        let (rows, width) = (losses.len(), self.width);
        let side_by_side = self
            .side_by_side
            .chunks_exact(self.side_by_side.len() / rows);
        let stacked = self.stacked.chunks_exact(self.stacked.len() / rows);
        let pixels = self.stacked.len() / rows + width;
        let len = images.len() / rows;
        let weights = side_by_side.zip(stacked).enumerate();
        for (loss, (row, (side_by_side, stacked))) in losses.iter_mut().zip(weights) {
            let mut sum = 0.0;
            for start in (row * len..(row + 1) * len).step_by(pixels) {
                let plane = start..start + pixels;
                let (x, y) = (&images[plane.clone()], &target[plane.clone()]);
                let gradient = &mut gradient[plane];
                sum += weighted_differences(x, y, stacked, width, gradient, distance);
                let lines = (x.chunks_exact(width))
                    .zip(y.chunks_exact(width))
                    .zip(gradient.chunks_exact_mut(width));
                for (((x, y), gradient), weights) in lines.zip(side_by_side.chunks_exact(width - 1))
                {
                    sum += weighted_differences(x, y, weights, 1, gradient, distance);
                }
            }
            *loss += sum as f32;
        }
    }
}

/// `sum w d((x' - x) - (y' - y))` over values x and those that stand `apart` behind them, x', and its
/// derivative added to the gradient.
fn weighted_differences(
    x: &[f32],
    y: &[f32],
    weights: &[f32],
    apart: usize,
    gradient: &mut [f32],
    distance: impl Fn(f32) -> (f32, f32),
) -> f64 {
    let mut sum = 0.0;
    for (place, &weight) in weights.iter().enumerate() {
        let difference = (x[place + apart] - x[place]) - (y[place + apart] - y[place]);
        let (value, slope) = distance(difference);
        sum += f64::from(weight * value);
        gradient[place + apart] += weight * slope;
        gradient[place] -= weight * slope;
    }
    sum
}

/// Partial sums of a row of pixels, enough for the widest vectors.
const LANES: usize = 16;

/// `sum W d(x - y)`, and `scale W d'(x - y)` added to the gradient, where `distance` gives d and d'.
pub(super) fn weighted_distance(
    x: &[f32],
    y: &[f32],
    weights: &[f32],
    scale: f32,
    gradient: &mut [f32],
    distance: impl Fn(f32) -> (f32, f32),
) -> f32 {
    let mut sums = [0.0f32; LANES];
    let (x, x_rest) = x.as_chunks::<LANES>();
    let (y, y_rest) = y.as_chunks::<LANES>();
    let (weights, weights_rest) = weights.as_chunks::<LANES>();
    let (gradient, gradient_rest) = gradient.as_chunks_mut::<LANES>();
    let add = |sum: &mut f32, x: f32, y: f32, weight: f32, gradient: &mut f32| {
        let (value, slope) = distance(x - y);
        *sum += weight * value;
        *gradient += scale * weight * slope;
    };
    for (((x, y), weights), gradient) in x.iter().zip(y).zip(weights).zip(gradient) {
        for lane in 0..LANES {
            add(
                &mut sums[lane],
                x[lane],
                y[lane],
                weights[lane],
                &mut gradient[lane],
            );
        }
    }
    let rest = x_rest
        .iter()
        .zip(y_rest)
        .zip(weights_rest)
        .zip(gradient_rest);
    for (sum, (((&x, &y), &weight), gradient)) in sums.iter_mut().zip(rest) {
        add(sum, x, y, weight, gradient);
    }
    sums.iter().sum()
}

impl ContextDistance {
    /// The distance of a difference and its derivative.
    pub(crate) fn value_and_slope(self, difference: f32) -> (f32, f32) {
        match self {
            Self::Absolute => absolute(difference),
            Self::Squared => squared(difference),
        }
    }
}

/// `|x|` and its derivative, which is 0 at 0.
pub(super) fn absolute(difference: f32) -> (f32, f32) {
    let sign = f32::from(u8::from(difference > 0.0)) - f32::from(u8::from(difference < 0.0));
    (difference.abs(), sign)
}

/// `x^2` and its derivative.
pub(super) fn squared(difference: f32) -> (f32, f32) {
    (difference * difference, 2.0 * difference)
}
