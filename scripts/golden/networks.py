"""The DCGAN of the PyTorch tutorial in any width, and the names that this project gives its parameters.

Generator:      ConvT latent -> 8b (4x4, stride 1, padding 0), then 8b -> 4b -> 2b -> b -> channels
                (4x4, stride 2, padding 1); batch norm and ReLU between, tanh last.
Discriminator:  Conv channels -> b -> 2b -> 4b -> 8b (4x4, stride 2, padding 1), then 8b -> 1 (4x4,
                stride 1, padding 0); LeakyReLU 0.2, batch norm except on the first and last; logits out.
No convolution has a bias. Batch norm: eps 1e-5, momentum 0.1, unbiased running variance.
Other sizes have another number of halvings. A discriminator with norm "none" or "spectral" has biases
instead of batch norm, and with "spectral" PyTorch's own spectral normalization of every weight.
"""

import json
import struct
import sys

import numpy
import torch
from safetensors.torch import save
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import is_parametrized


class Generator(nn.Module):
    def __init__(self, latent_len, base_channels, channels=3, size_px=64):
        super().__init__()
        multiples = [2**level for level in range(halvings(size_px))]
        widths = [latent_len] + [base_channels * m for m in reversed(multiples)] + [channels]
        layers, last = [], len(widths) - 2
        for i in range(last + 1):
            stride, padding = (1, 0) if i == 0 else (2, 1)
            layers.append(nn.ConvTranspose2d(widths[i], widths[i + 1], 4, stride, padding, bias=False))
            layers += [nn.BatchNorm2d(widths[i + 1]), nn.ReLU()] if i < last else [nn.Tanh()]
        self.main = nn.Sequential(*layers)

    def forward(self, z):
        return self.main(z[:, :, None, None])


class Discriminator(nn.Module):
    def __init__(self, base_channels, channels=3, size_px=64, norm="batch"):
        super().__init__()
        multiples = [2**level for level in range(halvings(size_px))]
        widths = [channels] + [base_channels * m for m in multiples] + [1]
        layers, last = [], len(widths) - 2
        for i in range(last + 1):
            stride, padding = (1, 0) if i == last else (2, 1)
            bias = norm != "batch"
            conv = nn.Conv2d(widths[i], widths[i + 1], 4, stride, padding, bias=bias)
            layers.append(spectral_norm(conv) if norm == "spectral" else conv)
            if 0 < i < last and norm == "batch":
                layers.append(nn.BatchNorm2d(widths[i + 1]))
            if i < last:
                layers.append(nn.LeakyReLU(0.2))
        self.main = nn.Sequential(*layers)

    def forward(self, images):
        return self.main(images).reshape(-1)


def halvings(size_px):
    """How often a side halves from the image to the 4x4 map."""
    return (size_px // 4).bit_length() - 1


def name_map(network):
    """This project's parameter names -> PyTorch's, in order of depth."""
    names, block = {}, -1
    for index, layer in enumerate(network.main):
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            block += 1
            ours, theirs = f"block{block}.conv", f"main.{index}"
            if is_parametrized(layer):
                names[f"{ours}.weight"] = f"{theirs}.parametrizations.weight.original"
                names[f"{ours}.left_singular"] = f"{theirs}.parametrizations.weight.0._u"
                names[f"{ours}.right_singular"] = f"{theirs}.parametrizations.weight.0._v"
            else:
                names[f"{ours}.weight"] = f"{theirs}.weight"
            if layer.bias is not None:
                names[f"{ours}.bias"] = f"{theirs}.bias"
        elif isinstance(layer, nn.BatchNorm2d):
            for part in ("weight", "bias", "running_mean", "running_var"):
                names[f"block{block}.norm.{part}"] = f"main.{index}.{part}"
    return names


def weights(prefix, network):
    """Parameters and running statistics under this project's names."""
    state = network.state_dict()
    return {f"{prefix}.{ours}": state[theirs].clone() for ours, theirs in name_map(network).items()}


def running_statistics(prefix, network):
    """What passes in train mode change beside the weights."""
    moving = (".running_mean", ".running_var", "_singular")
    return {name: value for name, value in weights(prefix, network).items() if name.endswith(moving)}


def gradients(prefix, network):
    parameters = dict(network.named_parameters())
    return {
        f"{prefix}.{ours}": parameters[theirs].grad.clone()
        for ours, theirs in name_map(network).items()
        if theirs in parameters
    }


@torch.no_grad()
def randomize(network, conv_std, norm_std):
    """Convolutions N(0, conv_std), batch norm N(1, norm_std) and N(0, norm_std), and running
    statistics away from their defaults where norm_std > 0, so that every term is exercised.
    Values are rounded to f32, which is what the golden file holds."""
    for layer in network.main:
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            if is_parametrized(layer):
                layer.parametrizations.weight.original.normal_(0.0, conv_std)
            else:
                layer.weight.normal_(0.0, conv_std)
            if layer.bias is not None:
                layer.bias.normal_(0.0, norm_std)
        elif isinstance(layer, nn.BatchNorm2d):
            layer.weight.normal_(1.0, norm_std)
            layer.bias.normal_(0.0, norm_std)
            if norm_std > 0.1:
                layer.running_mean.normal_(0.0, 0.3)
                layer.running_var.uniform_(0.5, 1.5)
    for value in network.state_dict().values():
        if value.is_floating_point():
            value.copy_(value.float())


def smooth_levels(count, size_px=64):
    """Random smooth images as u8 levels [N, 3, H, W]; a level l stands for l / 127.5 - 1."""
    coarse = torch.randn(count, 3, 8, 8)
    images = nn.functional.interpolate(coarse, size=(size_px, size_px), mode="bicubic").tanh()
    return ((images + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)


def from_levels(levels):
    return levels.double() / 127.5 - 1


def relative_error(got, want):
    """Largest difference over largest reference value, both in f64."""
    got, want = got.detach().double(), want.detach().double()
    return float((got - want).abs().max() / want.abs().max().clamp_min(1e-300))


def save_golden(path, script, compute, description, seed):
    """Runs `compute` in float64 for the file and in float32 for the entry `float32_error`."""
    want = compute(torch.float64)
    errors = {}
    for key, value in compute(torch.float32).items():
        if value.is_floating_point():
            group = ".".join(part for part in key.split(".")[:2] if not part.startswith("block"))
            errors[group] = max(errors.get(group, 0.0), relative_error(value, want[key]))
    errors = {group: float(f"{error:.1e}") for group, error in errors.items() if error > 0}
    metadata = {
        "script": f"scripts/golden/{script}",
        "seed": str(seed),
        "description": " ".join(description.split()),
        "float32_error": json.dumps(errors),
        **versions(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, want, metadata)
    print(f"{path.name}: {path.stat().st_size} bytes")
    for group, error in errors.items():
        print(f"    float32 error of {group}: {error:.1e}")


def versions():
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "torch": torch.__version__.split("+")[0],
        "numpy": numpy.__version__,
    }


def write(path, tensors, metadata):
    """Writes floats as f32 and bytes as they are; the same content gives the same bytes, for which
    the metadata is put in order."""
    tensors = {
        name: (value.detach().float() if value.is_floating_point() else value).contiguous()
        for name, value in tensors.items()
    }
    data = save(tensors, metadata)
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    header = json.dumps(header, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])
