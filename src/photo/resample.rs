/// How the samples of one axis are weighted when it is rescaled.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kernel {
    /// The share of each sample that an output cell covers.
    Area,
    /// Bilinear, widened by the scale when shrinking: the filter of the training images.
    Triangle,
    /// Bicubic with a = -1/2 (Keys 1981, "Cubic convolution interpolation"), which passes through
    /// the samples; widened when shrinking.
    CatmullRom,
}

/// The weights of an output sample: `weights[i]` is that of input sample `first + i`.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    pub(super) first: usize,
    pub(super) weights: Vec<f64>,
}

impl Taps {
    /// The taps of these outputs, each below `to`, when `from` samples become `to`.
    ///
    /// Samples are cell centers, so output `o` lies at `(o + 1/2) * from / to` on the input's axis.
    /// The weights sum to 1; beyond the ends there are no samples. With `from == to` every output is
    /// its own input exactly.
    pub(super) fn new(
        kernel: Kernel,
        from: usize,
        to: usize,
        outputs: impl IntoIterator<Item = usize>,
    ) -> Vec<Self> {
        let scale = from as f64 / to as f64;
        outputs
            .into_iter()
            .map(|output| Self::one(kernel, from, scale, output))
            .collect()
    }

    fn one(kernel: Kernel, from: usize, scale: f64, output: usize) -> Self {
        let stretch = scale.max(1.0);
        let reach = match kernel {
            Kernel::Area => 0.5 * scale,
            Kernel::Triangle => stretch,
            Kernel::CatmullRom => 2.0 * stretch,
        };
        let center = (output as f64 + 0.5) * scale;
        let first = ((center - reach - 0.5).floor().max(0.0) as usize).min(from - 1);
        let end = ((center + reach + 0.5).ceil() as usize).clamp(first + 1, from);
        let mut weights: Vec<f64> = (first..end)
            .map(|input| {
                let distance = (input as f64 + 0.5 - center).abs();
                match kernel {
                    Kernel::Area => (reach + 0.5 - distance).clamp(0.0, scale.min(1.0)),
                    Kernel::Triangle => (1.0 - distance / stretch).max(0.0),
                    Kernel::CatmullRom => catmull_rom(distance / stretch),
                }
            })
            .collect();
        let total: f64 = weights.iter().sum();
        weights.iter_mut().for_each(|weight| *weight /= total);
        Self { first, weights }
    }

    /// The weight of input sample `input`, 0 outside the taps.
    pub(super) fn weight_of(&self, input: usize) -> f64 {
        let weight = input
            .checked_sub(self.first)
            .and_then(|offset| self.weights.get(offset));
        weight.copied().unwrap_or(0.0)
    }

    /// The weighted sum over an axis whose sample `i` is `at(i)`.
    pub(super) fn sum(&self, at: impl Fn(usize) -> f64) -> f64 {
        self.weights
            .iter()
            .enumerate()
            .map(|(offset, w)| w * at(self.first + offset))
            .sum()
    }
}

fn catmull_rom(distance: f64) -> f64 {
    match distance {
        d if d < 1.0 => (1.5 * d - 2.5) * d * d + 1.0,
        d if d < 2.0 => ((2.5 - 0.5 * d) * d - 4.0) * d + 2.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KERNELS: [Kernel; 3] = [Kernel::Area, Kernel::Triangle, Kernel::CatmullRom];

    #[test]
    fn the_same_size_copies_every_sample() {
        for kernel in KERNELS {
            for (output, taps) in Taps::new(kernel, 7, 7, 0..7).iter().enumerate() {
                assert_eq!(taps.weight_of(output), 1.0);
                assert_eq!(taps.weights.iter().filter(|&&w| w != 0.0).count(), 1);
            }
        }
    }

    #[test]
    fn weights_sum_to_one_and_stay_inside() {
        for kernel in KERNELS {
            for (from, to) in [
                (1, 5),
                (5, 1),
                (13, 64),
                (64, 13),
                (100, 64),
                (65, 64),
                (64, 64),
            ] {
                for taps in Taps::new(kernel, from, to, 0..to) {
                    assert!((taps.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                    assert!(taps.first + taps.weights.len() <= from);
                }
            }
        }
    }

    #[test]
    fn area_weights_are_the_overlap_of_cells() {
        // Output 1 of 3 -> 2 covers the input's interval 1.5 .. 3.
        let taps = &Taps::new(Kernel::Area, 3, 2, 1..2)[0];
        assert!((taps.weight_of(1) - 1.0 / 3.0).abs() < 1e-15);
        assert!((taps.weight_of(2) - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!(taps.weight_of(0), 0.0);
    }

    #[test]
    fn straight_lines_stay_straight_when_enlarged() {
        for kernel in [Kernel::Triangle, Kernel::CatmullRom] {
            // Away from the ends, where no sample is missing.
            for (output, taps) in (24..40).zip(Taps::new(kernel, 16, 64, 24..40)) {
                let expected = (output as f64 + 0.5) / 4.0 - 0.5;
                assert!((taps.sum(|input| input as f64) - expected).abs() < 1e-12);
            }
        }
    }
}
