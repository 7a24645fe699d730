//! Times DCGAN's training step by candle's own layers and optimizer: what the project's step is compared
//! with in `docs/experiments`.
//!
//! ```sh
//! cargo run --release --package semantic-inpaint-nn --example stock_candle_step -- 64 64 5
//! ```
//!
//! Arguments: batch, base width, steps after the first.

use std::time::Instant;

use candle_core::{DType, Device, Module, ModuleT, Result, Tensor};
use candle_nn::loss::binary_cross_entropy_with_logit;
use candle_nn::{
    AdamW, BatchNorm, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Optimizer,
    ParamsAdamW, VarBuilder, VarMap, batch_norm, conv_transpose2d_no_bias, conv2d_no_bias,
};

const LATENT: usize = 100;
const KERNEL: usize = 4;
const SLOPE: f64 = 0.2;

struct Generator(Vec<(ConvTranspose2d, Option<BatchNorm>)>);

impl Generator {
    fn new(width: usize, parameters: &VarBuilder<'_>) -> Result<Self> {
        let channels = [LATENT, 8 * width, 4 * width, 2 * width, width, 3];
        let layer = |index: usize| {
            let config = ConvTranspose2dConfig {
                stride: if index == 0 { 1 } else { 2 },
                padding: usize::from(index > 0),
                ..ConvTranspose2dConfig::default()
            };
            let (from, to) = (channels[index], channels[index + 1]);
            let name = parameters.pp(format!("conv{index}"));
            let conv = conv_transpose2d_no_bias(from, to, KERNEL, config, name)?;
            let norm =
                (index < 4).then(|| batch_norm(to, 1e-5, parameters.pp(format!("norm{index}"))));
            Ok((conv, norm.transpose()?))
        };
        Ok(Self((0..5).map(layer).collect::<Result<_>>()?))
    }

    fn forward(&self, z: &Tensor) -> Result<Tensor> {
        self.0.iter().try_fold(z.clone(), |x, (conv, norm)| {
            let x = conv.forward(&x)?;
            match norm {
                Some(norm) => norm.forward_t(&x, true)?.relu(),
                None => x.tanh(),
            }
        })
    }
}

struct Discriminator(Vec<(Conv2d, Option<BatchNorm>)>);

impl Discriminator {
    fn new(width: usize, parameters: &VarBuilder<'_>) -> Result<Self> {
        let channels = [3, width, 2 * width, 4 * width, 8 * width, 1];
        let layer = |index: usize| {
            let config = Conv2dConfig {
                stride: if index == 4 { 1 } else { 2 },
                padding: usize::from(index < 4),
                ..Conv2dConfig::default()
            };
            let (from, to) = (channels[index], channels[index + 1]);
            let name = parameters.pp(format!("conv{index}"));
            let conv = conv2d_no_bias(from, to, KERNEL, config, name)?;
            let normed = (1..4).contains(&index);
            let norm = normed.then(|| batch_norm(to, 1e-5, parameters.pp(format!("norm{index}"))));
            Ok((conv, norm.transpose()?))
        };
        Ok(Self((0..5).map(layer).collect::<Result<_>>()?))
    }

    fn forward(&self, images: &Tensor) -> Result<Tensor> {
        let last = self.0.len() - 1;
        let layers = self.0.iter().enumerate();
        let logits = layers
            .into_iter()
            .try_fold(images.clone(), |x, (index, (conv, norm))| {
                let x = conv.forward(&x)?;
                let x = match norm {
                    Some(norm) => norm.forward_t(&x, true)?,
                    None => x,
                };
                if index == last {
                    return Ok(x);
                }
                candle_nn::ops::leaky_relu(&x, SLOPE)
            })?;
        logits.flatten_all()
    }
}

fn main() -> Result<()> {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .flat_map(|text| text.parse())
        .collect();
    let [batch, width, steps] = arguments[..] else {
        candle_core::bail!(
            "give the batch, the base width and the number of steps, such as 64 64 5"
        );
    };
    let (device, dtype) = (Device::Cpu, DType::F32);
    let (of_g, of_d) = (VarMap::new(), VarMap::new());
    let generator = Generator::new(width, &VarBuilder::from_varmap(&of_g, dtype, &device))?;
    let discriminator = Discriminator::new(width, &VarBuilder::from_varmap(&of_d, dtype, &device))?;
    let adam = ParamsAdamW {
        lr: 2e-4,
        beta1: 0.5,
        weight_decay: 0.0,
        ..ParamsAdamW::default()
    };
    let mut g_step = AdamW::new(of_g.all_vars(), adam.clone())?;
    let mut d_step = AdamW::new(of_d.all_vars(), adam)?;
    let real = Tensor::rand(-1f32, 1f32, (batch, 3, 64, 64), &device)?;
    let (ones, zeros) = (real.ones_like()?, real.zeros_like()?);
    let label = |tensor: &Tensor| tensor.flatten_all()?.narrow(0, 0, batch);
    let (ones, zeros) = (label(&ones)?, label(&zeros)?);
    for step in 0..=steps {
        let started = Instant::now();
        let z = Tensor::rand(-1f32, 1f32, (batch, LATENT, 1, 1), &device)?;
        let fake = generator.forward(&z)?;
        let on_real = binary_cross_entropy_with_logit(&discriminator.forward(&real)?, &ones)?;
        let judged = discriminator.forward(&fake.detach())?;
        let on_fake = binary_cross_entropy_with_logit(&judged, &zeros)?;
        d_step.backward_step(&(on_real + on_fake)?)?;
        let judged = discriminator.forward(&fake)?;
        g_step.backward_step(&binary_cross_entropy_with_logit(&judged, &ones)?)?;
        println!(
            "step {step}: {:.0} ms",
            1e3 * started.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
