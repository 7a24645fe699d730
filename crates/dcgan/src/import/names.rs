use std::collections::BTreeMap;

use semantic_inpaint_tensor::Tensor;

use super::{Network, infer_shape};
use crate::{Error, Result};

/// First parts of names that say nothing: what wraps a network or its state dict.
const WRAPPERS: [&str; 8] = [
    "module",
    "model",
    "state_dict",
    "model_state_dict",
    "net",
    "network",
    "weights",
    "main",
];
const GENERATOR: [&str; 4] = ["generator", "netg", "gen", "g"];
const DISCRIMINATOR: [&str; 5] = ["discriminator", "netd", "disc", "dis", "d"];

/// The parameters of one network under the names of this crate: `block0.conv.weight`,
/// `block0.norm.running_mean` and so on, blocks counted in order of depth from 0.
///
/// Understood are the PyTorch tutorial's `main.N.weight` (any `nn.Sequential`: the convolutions in
/// order, each with the norm that follows it), one name per layer as in `tconv1.weight`,
/// `conv1.weight` and `bn1.bias`, and the names of this crate. Before them `module.` of
/// `DataParallel` and `model.` are dropped, and so are `generator.` and `discriminator.`: of a state
/// with both, the other network's tensors are left out. `num_batches_tracked` is left out always.
///
/// The layouts are PyTorch's and stay: transposed convolutions `[Cin, Cout, 4, 4]`, convolutions
/// `[Cout, Cin, 4, 4]`.
///
/// # Errors
///
/// [`Error::UnknownParameter`] for a name that has no place in the network, such as the bias of a
/// convolution; [`Error::DuplicateParameter`] where two names mean the same place; and those of
/// [`infer_shape`], which checks the result.
///
/// # Example
///
/// ```
/// use semantic_inpaint_dcgan::import::{Network, read_state_dict, to_parameter_names};
///
/// # fn main() -> semantic_inpaint_dcgan::Result<()> {
/// # let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/both_networks.pth");
/// let state = read_state_dict(path)?;
/// assert!(state.contains_key("discriminator.bn2.running_mean"));
/// let parameters = to_parameter_names(state, Network::Discriminator)?;
/// assert_eq!(parameters["block1.norm.running_mean"].dims(), [4]);
/// # Ok(())
/// # }
/// ```
pub fn to_parameter_names(
    state: BTreeMap<String, Tensor>,
    network: Network,
) -> Result<BTreeMap<String, Tensor>> {
    let mut parameters = BTreeMap::new();
    let mut insert = |name: String, tensor| match parameters.insert(name.clone(), tensor) {
        None => Ok(()),
        Some(_) => Err(Error::DuplicateParameter { name, network }),
    };
    let mut sequential = Sequential::new();
    for (full_name, tensor) in state {
        let Some(name) = strip_prefixes(&full_name, network) else {
            continue;
        };
        let unknown = || Error::UnknownParameter {
            name: full_name.clone(),
            network,
        };
        let (layer, part) = name.rsplit_once('.').ok_or_else(unknown)?;
        if part == "num_batches_tracked" {
            continue;
        }
        if let Some(position) = position(layer) {
            let parts = sequential.entry(position).or_default();
            parts.push((part.to_string(), full_name, tensor));
        } else {
            let layer = numbered_layer(layer).ok_or_else(unknown)?;
            insert(layer.parameter(part).ok_or_else(unknown)?, tensor)?;
        }
    }
    for (name, tensor) in place_by_order(sequential, network)? {
        insert(name, tensor)?;
    }
    infer_shape(&parameters, network)?;
    Ok(parameters)
}

/// Whether a state has tensors that are named as this network's, as in `discriminator.conv1.weight`
/// and `netD_state_dict.conv1.weight`; names that fit either network do not count.
#[must_use]
pub fn names_network(state: &BTreeMap<String, Tensor>, network: Network) -> bool {
    state.keys().any(|name| {
        let (owners, _) = split_prefixes(name);
        !owners.is_empty() && owners.iter().all(|owner| *owner == network)
    })
}

/// Positions within nested `nn.Sequential`s -> part, full name and tensor of each parameter there.
type Sequential = BTreeMap<Vec<usize>, Vec<(String, String, Tensor)>>;

#[derive(Debug, Clone, Copy)]
enum Layer {
    Conv(usize),
    Norm(usize),
}

impl Layer {
    /// The name of this crate for one of the layer's parameters, if it has that parameter.
    fn parameter(self, part: &str) -> Option<String> {
        match (self, part) {
            (Self::Conv(block), "weight") => Some(format!("block{block}.conv.weight")),
            (Self::Norm(block), "weight" | "bias" | "running_mean" | "running_var") => {
                Some(format!("block{block}.norm.{part}"))
            }
            _ => None,
        }
    }
}

/// The name without what wraps the network; `None` where it belongs to the other network.
fn strip_prefixes(full_name: &str, network: Network) -> Option<&str> {
    let (owners, name) = split_prefixes(full_name);
    owners.iter().all(|owner| *owner == network).then_some(name)
}

/// The networks that the first parts of a name tell, and the name without these parts.
fn split_prefixes(full_name: &str) -> (Vec<Network>, &str) {
    let (mut owners, mut name) = (Vec::new(), full_name);
    while let Some((first, rest)) = name.split_once('.') {
        let lower = first.to_ascii_lowercase();
        let first = lower.strip_suffix("_state_dict").unwrap_or(&lower);
        if GENERATOR.contains(&first) {
            owners.push(Network::Generator);
        } else if DISCRIMINATOR.contains(&first) {
            owners.push(Network::Discriminator);
        } else if !WRAPPERS.contains(&first) {
            break;
        }
        name = rest;
    }
    (owners, name)
}

/// The position that a name like `3` or `1.0` means.
fn position(layer: &str) -> Option<Vec<usize>> {
    layer.split('.').map(|part| part.parse().ok()).collect()
}

/// The layer that a name like `tconv1`, `bn2` (counted from 1) or `block0.conv` means.
fn numbered_layer(layer: &str) -> Option<Layer> {
    if let Some((block, kind)) = layer.split_once('.') {
        let block = block.strip_prefix("block")?.parse().ok()?;
        return match kind {
            "conv" => Some(Layer::Conv(block)),
            "norm" => Some(Layer::Norm(block)),
            _ => None,
        };
    }
    let digits = layer.find(|c: char| c.is_ascii_digit())?;
    let block = layer[digits..].parse::<usize>().ok()?.checked_sub(1)?;
    match &layer[..digits] {
        "tconv" | "deconv" | "conv" => Some(Layer::Conv(block)),
        "bn" | "norm" => Some(Layer::Norm(block)),
        _ => None,
    }
}

/// Names by order of depth: each convolution opens a block, a norm belongs to the block before it.
fn place_by_order(sequential: Sequential, network: Network) -> Result<Vec<(String, Tensor)>> {
    let mut placed = Vec::new();
    let mut num_blocks = 0_usize;
    for parts in sequential.into_values() {
        let is_conv = parts
            .iter()
            .any(|(part, _, tensor)| part == "weight" && tensor.dims().len() == 4);
        num_blocks += usize::from(is_conv);
        for (part, full_name, tensor) in parts {
            let layer = num_blocks.checked_sub(1).map(|block| {
                if is_conv {
                    Layer::Conv(block)
                } else {
                    Layer::Norm(block)
                }
            });
            let name = layer.and_then(|layer| layer.parameter(&part));
            let unknown = Error::UnknownParameter {
                name: full_name,
                network,
            };
            placed.push((name.ok_or(unknown)?, tensor));
        }
    }
    Ok(placed)
}
