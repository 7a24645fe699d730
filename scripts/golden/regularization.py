"""Writes the golden file of what keeps a discriminator smooth: R1 and spectral normalization.

    python scripts/golden/regularization.py

R1 (Mescheder et al. 2018) is computed as usual in PyTorch: the gradient of the summed logits with
create_graph=True, its square, and a second backward. Spectral normalization is PyTorch's own
(torch.nn.utils.parametrizations.spectral_norm), one power iteration at every pass in train mode.
"""

from pathlib import Path

import torch
from networks import (
    Discriminator,
    from_levels,
    gradients,
    randomize,
    running_statistics,
    save_golden,
    smooth_levels,
    weights,
)
from torch.nn.functional import softplus

OUT = Path(__file__).resolve().parents[2] / "crates" / "dcgan" / "tests" / "golden"
SEED, SIZE_PX, COUNT = 20180708, 32, 2


def input_gradient(dtype):
    torch.manual_seed(SEED)
    levels = smooth_levels(COUNT, SIZE_PX)
    out = {"image_levels": levels}
    for norm in ("batch", "none", "spectral"):
        torch.manual_seed(SEED)
        discriminator = Discriminator(2, size_px=SIZE_PX, norm=norm)
        randomize(discriminator, 0.3, 0.2)
        discriminator = discriminator.to(dtype).train()
        out |= weights(f"{norm}.initial", discriminator)
        images = from_levels(levels).to(dtype).requires_grad_(True)

        logits = discriminator(images)
        (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
        penalty = gradient.square().sum(dim=(1, 2, 3)).mean() / 2
        out |= {f"{norm}.logits": logits, f"{norm}.input_gradient": gradient}
        out |= {f"{norm}.penalty": penalty, **running_statistics(f"{norm}.after_pass", discriminator)}
        for parameter in discriminator.parameters():
            parameter.grad = torch.zeros_like(parameter)
        penalty.backward()
        out |= gradients(f"{norm}.penalty_gradient", discriminator)

        discriminator.zero_grad()
        softplus(-discriminator(images.detach())).mean().backward()
        out |= gradients(f"{norm}.loss_gradient", discriminator)
        out |= running_statistics(f"{norm}.after_two_passes", discriminator)
        with torch.no_grad():
            out[f"{norm}.eval_logits"] = discriminator.eval()(images)
    return out


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    save_golden(
        OUT / "input_gradient.safetensors",
        "regularization.py",
        input_gradient,
        """A discriminator of 32x32 images (base width 2) with batch norm, with biases only ("none") and with
        spectral normalization, in train mode on 2 images (u8 levels, value = level / 127.5 - 1). NORM.initial:
        its weights. First pass: logits; input_gradient, of the sum of the logits at the images; penalty, half of
        its squared norm, mean over the images; penalty_gradient, by the weights (0 for a bias behind which no
        weight sees the image); after_pass, the running statistics or singular vectors. Second pass:
        loss_gradient, that of the mean of softplus(-logits); after_two_passes. Then eval_logits in eval mode.""",
        SEED,
    )


if __name__ == "__main__":
    main()
