use semantic_inpaint::DcganConfig;

/// How often each number of a map is moved: written and read forward, read as a gate, and its gradient
/// written and read backward.
const MOVES_OF_MAPS: usize = 5;
/// Weights are read once in each direction.
const MOVES_OF_WEIGHTS: usize = 2;
/// A convolution's kernel, 4x4.
const TAPS: usize = 16;

/// Numbers that an iteration of the search moves to and from memory at least, when every map and every
/// weight is moved as seldom as possible and nothing stays in a cache.
pub(super) fn search(config: &DcganConfig, batch: usize) -> f64 {
    let (mut maps, mut weights) = (0, 0);
    for widths in [generator(config), discriminator(config)] {
        for (layer, &[channels, side]) in widths.iter().enumerate() {
            maps += channels * side * side;
            if let Some(&[before, _]) = layer.checked_sub(1).map(|before| &widths[before]) {
                weights += before * channels * TAPS;
            }
        }
    }
    (MOVES_OF_MAPS * maps * batch + MOVES_OF_WEIGHTS * weights) as f64
}

/// Channels and side of the generator's maps, from the latent to the image.
fn generator(config: &DcganConfig) -> Vec<[usize; 2]> {
    let mut maps = vec![[config.latent_len, 1]];
    maps.extend(between(config, config.generator_channels).into_iter().rev());
    maps.push([config.image_shape().channels, config.image_size_px]);
    maps
}

/// Channels and side of the discriminator's maps from behind the image to the logit.
fn discriminator(config: &DcganConfig) -> Vec<[usize; 2]> {
    let mut maps = vec![[config.image_shape().channels, config.image_size_px]];
    maps.extend(between(config, config.discriminator_channels));
    maps.push([1, 1]);
    maps
}

/// The maps of 4 pixels and more that lie between image and vector, the finest first.
fn between(config: &DcganConfig, channels: usize) -> Vec<[usize; 2]> {
    let halvings = (1..).take_while(|&halving| config.image_size_px >> halving >= 4);
    halvings
        .map(|halving| [channels << (halving - 1), config.image_size_px >> halving])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_dcgan_moves_its_maps_and_weights() {
        let config = DcganConfig::default();
        let (g, d) = (config.generator_channels, config.discriminator_channels);
        let inner = |c: usize| c * 1024 + 2 * c * 256 + 4 * c * 64 + 8 * c * 16;
        let image = 3 * 4096;
        let maps = config.latent_len + inner(g) + image + image + inner(d) + 1;
        let chain = |c: usize| c * 2 * c + 2 * c * 4 * c + 4 * c * 8 * c;
        let weights =
            16 * (config.latent_len * 8 * g + chain(g) + g * 3 + 3 * d + chain(d) + 8 * d);
        for batch in [1, 64] {
            let want = 5 * maps * batch + 2 * weights;
            assert_eq!(search(&config, batch), want as f64);
        }
    }
}
