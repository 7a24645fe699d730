use super::super::float::Float;
use super::change::{Factors, ImageChange, Run};

/// One image's change, for values `[C, H, W]`.
pub(super) struct Planes {
    factors: Factors,
    runs: Vec<Run>,
    channels: usize,
    /// Pixels of a plane.
    pixels: usize,
}

impl Planes {
    pub(super) fn new(change: &ImageChange, channels: usize, height: usize, width: usize) -> Self {
        Self {
            factors: change.color.factors(),
            runs: change.runs(height, width),
            channels,
            pixels: height * width,
        }
    }

    /// Writes the changed image where there were zeros.
    pub(super) fn change<T: Float>(&self, image: &[T], changed: &mut [T]) {
        let Factors {
            of_value,
            of_pixel,
            of_mean,
            brightness,
        } = self.factors;
        let (pixels, total) = self.sums(image);
        let mean = total / image.len() as f64;
        let (of_value, of_sum, shift) = (
            T::from_f64(of_value),
            T::from_f64(of_pixel / self.channels as f64),
            T::from_f64(of_mean * mean + brightness),
        );
        let planes = image.chunks_exact(self.pixels);
        for (image, changed) in planes.zip(changed.chunks_exact_mut(self.pixels)) {
            for &Run { to, from, len } in &self.runs {
                let values = image[from..][..len].iter().zip(&pixels[from..][..len]);
                for (changed, (&value, &sum)) in changed[to..][..len].iter_mut().zip(values) {
                    *changed = of_value * value + of_sum * sum + shift;
                }
            }
        }
    }

    /// Writes the gradient with respect to the image, from that of the changed one, where there were
    /// zeros.
    pub(super) fn gradient<T: Float>(&self, of_changed: &[T], of_image: &mut [T]) {
        let planes = of_changed.chunks_exact(self.pixels);
        for (changed, image) in planes.zip(of_image.chunks_exact_mut(self.pixels)) {
            for &Run { to, from, len } in &self.runs {
                image[from..][..len].copy_from_slice(&changed[to..][..len]);
            }
        }
        let (pixels, total) = self.sums(of_image);
        let (of_value, of_sum, shift) = (
            T::from_f64(self.factors.of_value),
            T::from_f64(self.factors.of_pixel / self.channels as f64),
            T::from_f64(self.factors.of_mean * total / of_image.len() as f64),
        );
        for plane in of_image.chunks_exact_mut(self.pixels) {
            for (value, &sum) in plane.iter_mut().zip(&pixels) {
                *value = of_value * *value + of_sum * sum + shift;
            }
        }
    }

    /// The sum of each pixel over its channels, and that of all values.
    fn sums<T: Float>(&self, image: &[T]) -> (Vec<T>, f64) {
        let mut pixels = vec![T::zero(); self.pixels];
        for plane in image.chunks_exact(self.pixels) {
            for (sum, &value) in pixels.iter_mut().zip(plane) {
                *sum += value;
            }
        }
        let total = pixels.iter().map(|sum| sum.to_f64()).sum();
        (pixels, total)
    }
}
