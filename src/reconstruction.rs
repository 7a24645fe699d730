use semantic_inpaint_data::ImageSet;
use semantic_inpaint_dcgan::DcganDiscriminator;
use semantic_inpaint_latent_search::{LatentSearch, SearchConfig, SearchObserver};
use semantic_inpaint_metrics::psnr;
use semantic_inpaint_nn::Generator;
use semantic_inpaint_tensor::Device;

use crate::Result;

/// Starts that share a search: enough for wide matrix products, few enough for small memories.
const ROWS_PER_SEARCH: usize = 64;

/// How near a generator comes to images: the PSNR of `G(z)`, an entry per image in dB.
///
/// No pixel is missing and nothing is blended; z is the best of all restarts and iterations by the
/// objective that was searched. Over images that the generator never saw, the mean is its representation
/// ceiling: an inpainting by latent search can hardly be nearer to the truth. **Equation**:
/// `10 log10(2^2 / MSE(G(z), x))`, over all pixels and channels; higher is better.
///
/// [`SearchConfig::reconstruction`] has the settings that the project's own numbers are made with. An
/// image's result depends on the images beside it no more than by rounding. The observer sees one
/// search after another, each of as many images as [`num_reconstruction_searches`] spreads them over.
///
/// ```
/// use semantic_inpaint::dcgan::{DcganConfig, DcganGenerator};
/// use semantic_inpaint::latent_search::Silent;
/// use semantic_inpaint::{
///     Device, Framing, ImageSet, Photo, Rng, SearchConfig, reconstruction_psnr,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let networks = DcganConfig { generator_channels: 4, image_size_px: 32, ..DcganConfig::default() };
/// let generator = DcganGenerator::initialize(networks, &mut Rng::from_seed(1), &Device::Cpu)?;
/// let gray = vec![("gray".to_owned(), Photo::filled(32, 32, [128; 3]))];
/// let images = ImageSet::from_photos("drawn", Framing::CenterCrop, 32, gray)?;
///
/// let config = SearchConfig { iterations: 2, ..SearchConfig::reconstruction() };
/// let found = reconstruction_psnr(&generator, &images, config, &Device::Cpu, &mut Silent)?;
/// // A generator that has learned nothing makes images that are nearly gray.
/// assert!(found[0] > 20.0);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`Error::Search`](crate::Error::Search) for settings out of range, a prior weight above 0 among them,
/// and images that are not of the generator's size; [`Error::Metrics`](crate::Error::Metrics).
pub fn reconstruction_psnr<G: Generator + Sync>(
    generator: &G,
    images: &ImageSet,
    config: SearchConfig,
    device: &Device,
    observer: &mut dyn SearchObserver,
) -> Result<Vec<f64>> {
    let search = LatentSearch::new(generator, None::<&DcganDiscriminator>, config)?;
    let indices: Vec<usize> = (0..images.count()).collect();
    let mut found = Vec::with_capacity(images.count());
    for indices in indices.chunks(images_per_search(&config)) {
        let truth = images.batch(indices, device)?;
        let result = search.reconstruct(&truth, observer)?;
        found.extend(psnr(&truth, &result.generated)?);
    }
    Ok(found)
}

/// The number of searches that [`reconstruction_psnr`] makes for so many images.
#[must_use]
pub fn num_reconstruction_searches(num_images: usize, config: &SearchConfig) -> usize {
    num_images.div_ceil(images_per_search(config))
}

fn images_per_search(config: &SearchConfig) -> usize {
    (ROWS_PER_SEARCH / config.restarts.max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use semantic_inpaint_data::{Framing, Photo};
    use semantic_inpaint_dcgan::{DcganConfig, DcganGenerator};
    use semantic_inpaint_latent_search::{SearchProgress, Silent};
    use semantic_inpaint_tensor::Rng;

    use super::*;
    use crate::Error;

    fn generator() -> DcganGenerator {
        let config = DcganConfig {
            latent_len: 8,
            generator_channels: 4,
            image_size_px: 32,
            ..DcganConfig::default()
        };
        DcganGenerator::initialize(config, &mut Rng::from_seed(1), &Device::Cpu).unwrap()
    }

    fn images(count: usize, size_px: usize) -> ImageSet {
        let photo = |seed: usize| {
            let value = |index: usize| ((index + seed) * 37 % 251) as u8;
            let rgb = (0..3 * size_px * size_px).map(value).collect();
            (
                format!("{seed:02}"),
                Photo::from_rgb(size_px, size_px, rgb).unwrap(),
            )
        };
        let photos = (0..count).map(photo).collect();
        ImageSet::from_photos("drawn", Framing::CenterCrop, size_px, photos).unwrap()
    }

    fn quick(restarts: usize) -> SearchConfig {
        SearchConfig {
            iterations: 3,
            restarts,
            ..SearchConfig::reconstruction()
        }
    }

    struct Count(usize);

    impl SearchObserver for Count {
        fn iterated(&mut self, _progress: &SearchProgress) {
            self.0 += 1;
        }
    }

    #[test]
    fn every_image_is_scored_in_searches_of_as_many_starts() {
        let (generator, images) = (generator(), images(9, 32));
        for (restarts, searches) in [(4, 1), (16, 3), (200, 9)] {
            let (config, mut seen) = (quick(restarts), Count(0));
            let found =
                reconstruction_psnr(&generator, &images, config, &Device::Cpu, &mut seen).unwrap();
            assert_eq!((found.len(), seen.0), (9, 3 * searches));
            assert_eq!(num_reconstruction_searches(9, &config), searches);
            let first = images.first(1).unwrap();
            let alone =
                reconstruction_psnr(&generator, &first, config, &Device::Cpu, &mut Silent).unwrap();
            assert!((alone[0] - found[0]).abs() < 1e-3, "{alone:?} {found:?}");
        }
    }

    #[test]
    fn more_restarts_are_never_worse() {
        let (generator, images) = (generator(), images(3, 32));
        let found = |config: SearchConfig| {
            reconstruction_psnr(&generator, &images, config, &Device::Cpu, &mut Silent).unwrap()
        };
        let few = found(quick(1));
        for (few, many) in few.iter().zip(found(quick(5))) {
            assert!(many >= few - 1e-6, "{many} {few}");
        }
    }

    #[test]
    fn a_prior_weight_and_other_sizes_are_refused() {
        let generator = generator();
        let refused = |images: &ImageSet, config: SearchConfig| {
            reconstruction_psnr(&generator, images, config, &Device::Cpu, &mut Silent).unwrap_err()
        };
        let judged = SearchConfig {
            prior_weight: 0.1,
            ..quick(1)
        };
        assert!(matches!(refused(&images(1, 32), judged), Error::Search(_)));
        assert!(matches!(
            refused(&images(1, 16), quick(1)),
            Error::Search(_)
        ));
    }
}
