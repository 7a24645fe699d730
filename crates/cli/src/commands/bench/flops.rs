use semantic_inpaint::DcganConfig;
use semantic_inpaint::dcgan::{DcganDiscriminator, DcganGenerator};
use semantic_inpaint::nn::ParamSpec;

/// Side of the smallest map of both networks in pixels.
const SMALLEST_PX: usize = 4;
/// A multiplication and an addition.
const PER_MULTIPLY_ADD: f64 = 2.0;

/// Floating-point operations for one image of an iteration of the search: forward and gradient to
/// the input, through both networks.
///
/// Every position of a kernel counts, those over the border too. Only convolutions are counted.
pub(super) fn search(config: &DcganConfig) -> f64 {
    let all: f64 = generator(config).iter().chain(&discriminator(config)).sum();
    2.0 * PER_MULTIPLY_ADD * all
}

/// Floating-point operations for one image of a training step that computes no gradient in vain.
///
/// The generator runs forward, to its weights and to the inputs of all layers but the first; so does
/// the discriminator, on a real and on a generated image; and once more the discriminator, forward
/// and to its input, for the generator's step.
pub(super) fn training(config: &DcganConfig) -> f64 {
    let (generator, discriminator) = (generator(config), discriminator(config));
    let learned = |layers: &[f64]| 3.0 * layers.iter().sum::<f64>() - layers[0];
    let judged = 2.0 * discriminator.iter().sum::<f64>();
    PER_MULTIPLY_ADD * (learned(&generator) + 2.0 * learned(&discriminator) + judged)
}

/// Multiply-adds of each layer of the generator: each weight meets every pixel of the layer's input.
fn generator(config: &DcganConfig) -> Vec<f64> {
    let input_px = |layer: usize| match layer {
        0 => 1,
        _ => SMALLEST_PX << (layer - 1),
    };
    multiply_adds(&DcganGenerator::specs(config), input_px)
}

/// Multiply-adds of each layer of the discriminator: each weight meets every pixel of the layer's
/// output.
fn discriminator(config: &DcganConfig) -> Vec<f64> {
    let output_px = |layer: usize| match config.image_size_px >> (layer + 1) {
        side if side < SMALLEST_PX => 1,
        side => side,
    };
    multiply_adds(&DcganDiscriminator::specs(config), output_px)
}

fn multiply_adds(specs: &[ParamSpec], side_px: impl Fn(usize) -> usize) -> Vec<f64> {
    let kernels = specs
        .iter()
        .map(ParamSpec::shape)
        .filter(|shape| shape.len() == 4);
    let layer = |(layer, shape): (usize, &[usize])| {
        let num_weights: usize = shape.iter().product();
        (num_weights * side_px(layer).pow(2)) as f64
    };
    kernels.enumerate().map(layer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(width: usize, image_size_px: usize) -> DcganConfig {
        DcganConfig {
            generator_channels: width,
            discriminator_channels: width,
            image_size_px,
            ..DcganConfig::default()
        }
    }

    #[test]
    fn an_image_of_the_usual_dcgan_takes_834_million_operations() {
        let config = config(64, 64);
        let inner = 16.0 * 512.0 * 256.0 * 16.0;
        let outer = 16.0 * 64.0 * 3.0 * 1024.0;
        let projection = 16.0 * 100.0 * 512.0;
        assert_eq!(generator(&config), [projection, inner, inner, inner, outer]);
        assert_eq!(
            discriminator(&config),
            [outer, inner, inner, inner, 16.0 * 512.0]
        );
        assert!((search(&config) / 1e9 - 0.834).abs() < 5e-4);
    }

    #[test]
    fn an_image_of_a_training_step_takes_2275_million_operations() {
        let (all_generator, projection) = (104_628_224.0, 819_200.0);
        let (all_discriminator, outer) = (103_817_216.0, 3_145_728.0);
        // Three passes of the generator, twice three and once two of the discriminator.
        let multiply_adds =
            3.0 * all_generator - projection + 8.0 * all_discriminator - 2.0 * outer;
        assert_eq!(training(&config(64, 64)), 2.0 * multiply_adds);
        assert_eq!(2.0 * multiply_adds, 2_274_623_488.0);
    }

    #[test]
    fn every_size_has_a_layer_for_each_halving_and_one_more() {
        for (image_size_px, layers) in [(32, 4), (64, 5), (128, 6)] {
            let config = config(8, image_size_px);
            assert_eq!(generator(&config).len(), layers);
            assert_eq!(discriminator(&config).len(), layers);
            assert_eq!(
                discriminator(&config).last(),
                Some(&(16.0 * 8.0 * (image_size_px / 8) as f64))
            );
        }
    }
}
