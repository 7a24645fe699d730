use std::collections::{BTreeMap, BTreeSet};

use semantic_inpaint_tensor::Tensor;

use super::Network;
use crate::{Error, Result};

/// What the shapes of a network's parameters say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InferredShape {
    /// Length of the latent vector; `None` for a discriminator, which does not show it.
    pub latent_len: Option<usize>,
    /// Narrowest feature width: input of the generator's last block, output of the discriminator's
    /// first.
    pub base_channels: usize,
    /// Height and width of the images in pixels: 4 for the first block, doubled by each other.
    pub image_size_px: usize,
    /// Channels of the images, 1 or 3.
    pub channels: usize,
}

/// The sizes of a DCGAN from the shapes of its parameters, all of which are checked.
///
/// # Equation
///
/// With n blocks of 4x4 kernels the image size is `4 * 2^(n - 1)`: the layer at the latent (or at
/// the logit) goes between 1x1 and 4x4, each other one halves or doubles. Widths double towards it,
/// from `base_channels` at the image side (Radford et al. 2016).
///
/// # Errors
///
/// [`Error::MissingParameter`] where a block lacks its convolution or a part of its norm (the
/// generator's last block and the discriminator's first and last have no norm);
/// [`Error::UnknownParameter`] for names outside of that; [`Error::UnexpectedShape`] where kernels
/// are not 4x4, or widths do not fit together or do not double.
pub fn infer_shape(
    parameters: &BTreeMap<String, Tensor>,
    network: Network,
) -> Result<InferredShape> {
    let check = Check {
        parameters,
        network,
    };
    let mut blocks = vec![check.conv(0)?, check.conv(1)?];
    while parameters.contains_key(&conv_name(blocks.len())) {
        blocks.push(check.conv(blocks.len())?);
    }
    check.widths(&blocks)?;
    check.norms(&blocks)?;
    let last = blocks.len() - 1;
    let (latent_len, base_channels, channels) = match network {
        Network::Generator => (
            Some(blocks[0].input),
            blocks[last].input,
            blocks[last].output,
        ),
        Network::Discriminator => (None, blocks[0].output, blocks[0].input),
    };
    Ok(InferredShape {
        latent_len,
        base_channels,
        image_size_px: 4 << last,
        channels,
    })
}

/// Channels into and out of a convolution.
struct Block {
    input: usize,
    output: usize,
}

struct Check<'a> {
    parameters: &'a BTreeMap<String, Tensor>,
    network: Network,
}

impl Check<'_> {
    fn tensor(&self, name: &str) -> Result<&Tensor> {
        self.parameters
            .get(name)
            .ok_or_else(|| Error::MissingParameter {
                name: name.to_string(),
                network: self.network,
            })
    }

    fn mismatch<T>(&self, name: String, expected: String) -> Result<T> {
        let got = self.tensor(&name)?.dims().to_vec();
        Err(Error::UnexpectedShape {
            name,
            network: self.network,
            expected,
            got,
        })
    }

    fn conv(&self, block: usize) -> Result<Block> {
        let name = conv_name(block);
        match (self.network, self.tensor(&name)?.dims()) {
            (Network::Generator, &[input, output, 4, 4])
            | (Network::Discriminator, &[output, input, 4, 4]) => Ok(Block { input, output }),
            _ => self.mismatch(name, "4x4 kernels, rank 4".into()),
        }
    }

    fn widths(&self, blocks: &[Block]) -> Result<()> {
        for (number, pair) in blocks.windows(2).enumerate() {
            if pair[0].output != pair[1].input {
                let expected = format!("{} input channels", pair[0].output);
                return self.mismatch(conv_name(number + 1), expected);
            }
        }
        let last = blocks.len() - 1;
        for (number, pair) in blocks[..last].windows(2).enumerate() {
            let (narrow, wide) = match self.network {
                Network::Generator => (pair[1].output, pair[0].output),
                Network::Discriminator => (pair[0].output, pair[1].output),
            };
            if narrow.checked_mul(2) != Some(wide) {
                let expected = format!("widths that double, {narrow} and {}", narrow * 2);
                return self.mismatch(conv_name(number + 1), expected);
            }
        }
        let (image_side, channels) = match self.network {
            Network::Generator => (last, blocks[last].output),
            Network::Discriminator => (0, blocks[0].input),
        };
        if !matches!(channels, 1 | 3) {
            return self.mismatch(conv_name(image_side), "1 or 3 image channels".into());
        }
        if self.network == Network::Discriminator && blocks[last].output != 1 {
            return self.mismatch(conv_name(last), "1 output channel, the logit".into());
        }
        Ok(())
    }

    /// Every norm is there and fits its convolution, and nothing else is there.
    fn norms(&self, blocks: &[Block]) -> Result<()> {
        let last = blocks.len() - 1;
        let with_norm = match self.network {
            Network::Generator => 0..last,
            Network::Discriminator => 1..last,
        };
        let mut known: BTreeSet<String> = (0..=last).map(conv_name).collect();
        for number in with_norm {
            let width = blocks[number].output;
            for part in ["weight", "bias", "running_mean", "running_var"] {
                let name = format!("block{number}.norm.{part}");
                if self.tensor(&name)?.dims() != [width] {
                    return self.mismatch(name, format!("[{width}]"));
                }
                known.insert(name);
            }
        }
        match self.parameters.keys().find(|name| !known.contains(*name)) {
            Some(name) => Err(Error::UnknownParameter {
                name: name.clone(),
                network: self.network,
            }),
            None => Ok(()),
        }
    }
}

fn conv_name(block: usize) -> String {
    format!("block{block}.conv.weight")
}
