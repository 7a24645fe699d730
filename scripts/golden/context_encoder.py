"""Writes the golden files of crates/context-encoder: forward passes, gradients, training steps.

    pip install -r scripts/golden/requirements.txt
    python scripts/golden/context_encoder.py

Computed in float64 and stored as float32, as dcgan.py says.
"""

from pathlib import Path

import torch
from networks import Discriminator, from_levels, save_golden, smooth_levels
from networks import gradients as discriminator_gradients
from networks import randomize as randomize_discriminator
from networks import weights as discriminator_weights
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, max_pool2d

OUT = Path(__file__).resolve().parents[2] / "crates" / "context-encoder" / "tests" / "golden"
FORWARD_SEED, TRAIN_SEED = 20160425, 20160621
FILL = torch.tensor([0.25, -0.5, 0.125])
STEPS = 10


def save(name, compute, description, seed):
    save_golden(OUT / f"{name}.safetensors", "context_encoder.py", compute, description, seed)


def widths(size_px, base):
    """Between an image of this side and the 4x4 map, the finest first."""
    halvings = (size_px // 4).bit_length() - 1
    return [base << max(level - max(halvings - 4, 0), 0) for level in range(halvings)]


class Block(nn.Module):
    def __init__(self, conv, slope, norm=True):
        super().__init__()
        self.conv = conv
        self.norm = nn.BatchNorm2d(conv.out_channels) if norm else None
        self.slope = slope

    def forward(self, x):
        x = self.conv(x)
        x = x if self.norm is None else self.norm(x)
        return x.tanh() if self.slope is None else nn.functional.leaky_relu(x, self.slope)


class ChannelWise(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 16, 16))

    def forward(self, x):
        return torch.einsum("cij,ncj->nci", self.weight, x.flatten(2)).reshape(x.shape)


class ContextEncoder(nn.Module):
    """Pathak et al. 2016; `length` None is the channel-wise fully-connected layer."""

    def __init__(self, size_px, base, length, output_px, inputs):
        super().__init__()
        down, up = [inputs] + widths(size_px, base), widths(output_px, base)[::-1] + [3]
        conv = lambda i, o: nn.Conv2d(i, o, 4, 2, 1, bias=False)
        transposed = lambda i, o: nn.ConvTranspose2d(i, o, 4, 2, 1, bias=False)
        layers = {
            f"encoder{i}": Block(conv(down[i], down[i + 1]), 0.2, norm=i > 0)
            for i in range(len(down) - 1)
        }
        if length is None:
            layers["channels"] = ChannelWise(down[-1])
            first = nn.Conv2d(down[-1], up[0], 1, bias=False)
        else:
            layers["bottleneck"] = Block(nn.Conv2d(down[-1], length, 4, bias=False), 0.2)
            first = nn.ConvTranspose2d(length, up[0], 4, bias=False)
        layers["decoder0"] = Block(first, 0.0)
        for i in range(1, len(up)):
            last = i == len(up) - 1
            block = Block(transposed(up[i - 1], up[i]), None if last else 0.0, norm=not last)
            layers[f"decoder{i}"] = block
        self.layers = nn.ModuleDict(layers)

    def forward(self, x):
        for layer in self.layers.values():
            x = layer(x)
        return x


@torch.no_grad()
def randomize(network, conv_std, norm_std):
    for name, value in network.state_dict().items():
        if not value.is_floating_point():
            continue
        if name.endswith("running_mean"):
            value.normal_(0.0, 0.3)
        elif name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif name.endswith("norm.weight"):
            value.normal_(1.0, norm_std)
        elif name.endswith("norm.bias"):
            value.normal_(0.0, norm_std)
        else:
            value.normal_(0.0, conv_std)
        value.copy_(value.float())


def weights(prefix, network):
    state = network.state_dict().items()
    named = {name.removeprefix("layers."): value for name, value in state}
    return {
        f"{prefix}.{name}": value.clone()
        for name, value in named.items()
        if not name.endswith("num_batches_tracked")
    }


def gradients(prefix, network):
    named = network.named_parameters()
    return {f"{prefix}.{name.removeprefix('layers.')}": value.grad.clone() for name, value in named}


def square(size_px, hole_px):
    """1 known, 0 missing."""
    mask, start = torch.ones(size_px, size_px, dtype=torch.float64), (size_px - hole_px) // 2
    mask[start : start + hole_px, start : start + hole_px] = 0
    return mask


def filled(images, mask):
    return mask * images + (1 - mask) * FILL.to(images)[:, None, None]


def forward(dtype):
    torch.manual_seed(FORWARD_SEED)
    network = ContextEncoder(64, 1, None, 32, 3)
    randomize(network, 0.3, 0.2)
    levels = smooth_levels(2)
    images = from_levels(levels).to(dtype)
    network.to(dtype)
    out = {**weights("network", network), "image_levels": levels}
    network.eval()
    with torch.no_grad():
        corrupted = filled(images, square(64, 20).to(dtype))
        out["eval.prediction"] = network(corrupted)
    network.train()
    prediction = network(corrupted)
    ((prediction - images[:, :, 16:48, 16:48]) ** 2).mean().backward()
    out["train.prediction"] = prediction.detach()
    for name, value in gradients("gradient", network).items():
        if ".encoder0." in name or ".channels." in name or ".decoder0." in name:
            out[name] = value
    return out


def train(dtype):
    torch.manual_seed(TRAIN_SEED)
    network, discriminator = ContextEncoder(32, 2, 6, 32, 4), Discriminator(2, size_px=32)
    randomize(network, 0.1, 0.02)
    randomize_discriminator(discriminator, 0.05, 0.02)
    levels = smooth_levels(4, 32)
    truth = from_levels(levels).to(dtype)
    network.to(dtype), discriminator.to(dtype)
    mask = square(32, 12).to(dtype)
    near = max_pool2d((1 - mask)[None, None], 7, 1, 3)[0, 0]
    weight = (1 - mask) + 10 * mask * near
    corrupted = torch.cat([filled(truth, mask), mask.expand(4, 1, 32, 32)], 1)
    adam_network = torch.optim.Adam(network.parameters(), lr=2e-3, betas=(0.5, 0.999))
    adam_discriminator = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
    out = {"image_levels": levels}

    def record(prefix):
        out.update(weights(f"{prefix}.generator", network))
        out.update(discriminator_weights(f"{prefix}.discriminator", discriminator))

    def against(logits, target):
        return binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    record("initial")
    losses = {"discriminator": [], "reconstruction": [], "joint": []}
    for step in range(STEPS):
        prediction = network(corrupted)
        squares = weight * (prediction - truth) ** 2
        reconstruction = squares.sum((1, 2, 3)).mean() / (3 * (weight > 0).sum())
        judged = torch.where(weight > 0, prediction, truth)

        adam_discriminator.zero_grad()
        loss_real = against(discriminator(truth), 1.0)
        loss = loss_real + against(discriminator(judged.detach()), 0.0)
        loss.backward()
        if step == 0:
            out.update(discriminator_gradients("gradient.discriminator", discriminator))
        adam_discriminator.step()

        adam_network.zero_grad()
        joint = 0.999 * reconstruction + 0.001 * against(discriminator(judged), 1.0)
        joint.backward()
        if step == 0:
            out.update(gradients("gradient.generator", network))
        adam_network.step()
        for key, value in zip(losses, (loss, reconstruction, joint)):
            losses[key].append(value.detach())
    record("after_10")
    return out | {f"loss.{key}": torch.stack(values) for key, values in losses.items()}


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    save(
        "context_encoder_forward",
        forward,
        """A Context Encoder with the channel-wise fully-connected layer: images of 64, base width 1, patch of
        32, no mask channel, fill (0.25, -0.5, 0.125). image_levels: u8, value = level / 127.5 - 1; mask
        square:20. eval.prediction in eval mode; then train.prediction in train mode and gradients of the mean
        squared error against the centered patch.""",
        FORWARD_SEED,
    )
    save(
        "context_encoder_train",
        train,
        """Ten steps of a Context Encoder (images of 32, base width 2, bottleneck 6, whole output, mask
        channel, fill as above) against a discriminator (base width 2) on the same 4 images (u8 levels) with
        mask square:12. Weights of the reconstruction: 1 in the hole, 10 up to 3 pixels around it, else 0. The
        discriminator sees the truth where the weight is 0. Joint loss 0.999 and 0.001; Adam, rates 2e-3 and
        2e-4, betas 0.5 and 0.999. gradient: those of the first step.""",
        TRAIN_SEED,
    )


if __name__ == "__main__":
    main()
