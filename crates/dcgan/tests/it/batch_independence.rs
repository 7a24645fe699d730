use semantic_inpaint_dcgan::DcganConfig;
use semantic_inpaint_nn::loss::softplus;
use semantic_inpaint_nn::{Discriminator, Generator, Mode, Network};
use semantic_inpaint_tensor::{Device, ImageBatch, Latent, Rng, Tensor, Var};

use crate::lively_networks;

const BATCHES: [usize; 4] = [1, 63, 64, 65];
const MOST: usize = 65;

/// From the smallest to the usual size: narrow and wide layers take different paths in a product.
fn configs() -> [DcganConfig; 4] {
    let small = DcganConfig {
        latent_len: 7,
        generator_channels: 4,
        discriminator_channels: 4,
        image_size_px: 32,
        ..DcganConfig::default()
    };
    let gray = DcganConfig {
        latent_len: 1,
        generator_channels: 1,
        discriminator_channels: 1,
        image_channels: 1,
        ..small
    };
    let uneven = DcganConfig {
        generator_channels: 13,
        discriminator_channels: 9,
        image_size_px: 64,
        ..small
    };
    [small, gray, uneven, DcganConfig::default()]
}

fn latents(config: &DcganConfig) -> Tensor {
    let prior = config.latent_prior;
    let z = prior.sample(
        MOST,
        config.latent_len,
        &mut Rng::from_seed(3),
        &Device::Cpu,
    );
    z.unwrap().into_tensor()
}

fn images(config: &DcganConfig) -> Tensor {
    let shape = config.image_shape();
    let dims = (MOST, shape.channels, shape.height, shape.width);
    Rng::from_seed(5)
        .uniform(-1.0, 1.0, dims, &Device::Cpu)
        .unwrap()
}

/// The bits of each row of a tensor whose first axis is the batch.
fn rows(tensor: &Tensor) -> Vec<Vec<u32>> {
    let count = tensor.dims()[0];
    let rows: Vec<Vec<f32>> = tensor.reshape((count, ())).unwrap().to_vec2().unwrap();
    let bits = |row: Vec<f32>| row.into_iter().map(f32::to_bits).collect();
    rows.into_iter().map(bits).collect()
}

fn select(tensor: &Tensor, order: &[usize]) -> Tensor {
    let order: Vec<u32> = order.iter().map(|&index| index as u32).collect();
    let order = Tensor::new(order.as_slice(), &Device::Cpu).unwrap();
    tensor.index_select(&order, 0).unwrap()
}

/// `map` gives a row the same bits in batches of every size and in another order.
fn assert_rows_are_independent(what: &str, inputs: &Tensor, map: impl Fn(&Tensor) -> Tensor) {
    let alone: Vec<Vec<u32>> = (0..MOST)
        .map(|index| rows(&map(&inputs.narrow(0, index, 1).unwrap())).remove(0))
        .collect();
    for count in BATCHES {
        let together = rows(&map(&inputs.narrow(0, MOST - count, count).unwrap()));
        for (index, row) in together.iter().enumerate() {
            let index = MOST - count + index;
            assert!(*row == alone[index], "{what}: image {index} among {count}");
        }
    }
    let order = Rng::from_seed(7).permutation(MOST);
    let permuted = rows(&map(&select(inputs, &order)));
    for (place, &index) in order.iter().enumerate() {
        let row = &permuted[place];
        assert!(*row == alone[index], "{what}: image {index} at {place}");
    }
}

#[test]
fn a_generated_image_has_the_same_bits_in_any_company() {
    for config in configs() {
        let generator = lively_networks(config).0.frozen().unwrap();
        assert_rows_are_independent(&format!("{config:?}"), &latents(&config), |z| {
            let latent = Latent::new(z.clone()).unwrap();
            let images = generator.forward(&latent, Mode::Eval).unwrap();
            images.into_tensor()
        });
    }
}

#[test]
fn a_logit_has_the_same_bits_in_any_company() {
    for config in configs() {
        let discriminator = lively_networks(config).1.frozen().unwrap();
        assert_rows_are_independent(&format!("{config:?}"), &images(&config), |images| {
            let images = ImageBatch::new(images.clone()).unwrap();
            let logits = discriminator.forward(&images, Mode::Eval).unwrap();
            logits.tensor().clone()
        });
    }
}

#[test]
fn the_gradient_at_a_latent_has_the_same_bits_in_any_company() {
    for config in &configs()[..3] {
        let (generator, discriminator) = lively_networks(*config);
        let (generator, discriminator) =
            (generator.frozen().unwrap(), discriminator.frozen().unwrap());
        assert_rows_are_independent(&format!("{config:?}"), &latents(config), |z| {
            let z = Var::from_tensor(&z.copy().unwrap()).unwrap();
            let latent = Latent::new(z.as_tensor().clone()).unwrap();
            let images = generator.forward(&latent, Mode::Eval).unwrap();
            let logits = discriminator.forward(&images, Mode::Eval).unwrap();
            let context = images.tensor().abs().unwrap().sum_all().unwrap();
            let prior = softplus(logits.tensor()).unwrap().sum_all().unwrap();
            let gradients = (context + prior).unwrap().backward().unwrap();
            gradients.get(&z).unwrap().clone()
        });
    }
}
