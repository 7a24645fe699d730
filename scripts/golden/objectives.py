"""Writes the golden file of the trainer's objectives: steps of small networks in PyTorch.

    python scripts/golden/objectives.py

Hinge (Lim and Ye 2017) with spectral normalization (Miyato et al. 2018), Wasserstein (Arjovsky et al.
2017) with R1 (Mescheder et al. 2018) at every step and two learning rates (Heusel et al. 2017), and the
non-saturating loss with batch norm, smoothed labels and R1 at every second step, counted twice
(Karras et al. 2020).
"""

from pathlib import Path

import torch
from networks import Discriminator, Generator, from_levels, randomize, save_golden, smooth_levels, weights
from torch.nn.functional import relu, softplus

OUT = Path(__file__).resolve().parents[2] / "crates" / "train" / "tests" / "golden"
# With some seeds rounding to float32 moves an activation across the rectifier's kink; not with this one.
SEED, SIZE_PX, COUNT, STEPS = 20170518, 32, 4, 4


def non_saturating(real, fake):
    return (softplus(real) - 0.9 * real).mean() + softplus(fake).mean()


CASES = {
    # Discriminator's loss, generator's loss, norm, weight and interval of R1, both rates.
    "hinge": (
        lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(),
        lambda fake: -fake.mean(),
        ("spectral", 0.0, 1, 2e-4, 2e-4),
    ),
    "wasserstein": (
        lambda real, fake: fake.mean() - real.mean(),
        lambda fake: -fake.mean(),
        ("none", 5.0, 1, 1e-4, 4e-4),
    ),
    "non_saturating": (
        non_saturating,
        lambda fake: softplus(-fake).mean(),
        ("batch", 2.0, 2, 2e-4, 2e-4),
    ),
}


def penalty(logits, images):
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean() / 2


def run(dtype, name, real, z):
    of_discriminator, of_generator, (norm, weight, every, *rates) = CASES[name]
    torch.manual_seed(SEED)
    generator = Generator(4, 2, size_px=SIZE_PX)
    discriminator = Discriminator(2, size_px=SIZE_PX, norm=norm)
    randomize(generator, 0.1, 0.05)
    randomize(discriminator, 0.1, 0.05)
    networks = [generator.to(dtype), discriminator.to(dtype)]
    adam = [
        torch.optim.Adam(network.parameters(), lr=rate, betas=(0.5, 0.999), eps=1e-8)
        for network, rate in zip(networks, rates)
    ]
    out = weights(f"{name}.initial.generator", generator)
    out |= weights(f"{name}.initial.discriminator", discriminator)
    losses = {"discriminator": [], "generator": [], "penalty": []}
    for step in range(STEPS):
        adam[1].zero_grad()
        images = real.clone().requires_grad_(True)
        logits = discriminator(images)
        fake = generator(z[step])
        loss = of_discriminator(logits, discriminator(fake.detach()))
        total = loss
        if weight > 0 and step % every == 0:
            r1 = weight * penalty(logits, images)
            losses["penalty"].append(r1.detach())
            total = loss + every * r1
        total.backward()
        adam[1].step()

        adam[0].zero_grad()
        loss_generator = of_generator(discriminator(fake))
        loss_generator.backward()
        adam[0].step()
        losses["discriminator"].append(loss.detach())
        losses["generator"].append(loss_generator.detach())
    out |= weights(f"{name}.after.generator", generator)
    out |= weights(f"{name}.after.discriminator", discriminator)
    return out | {f"{name}.loss.{key}": torch.stack(values) for key, values in losses.items() if values}


def objectives(dtype):
    torch.manual_seed(SEED)
    levels = smooth_levels(COUNT, SIZE_PX)
    z = (torch.rand(STEPS, COUNT, 4) * 2 - 1).to(dtype)
    out = {"real_levels": levels, "z": z}
    for name in CASES:
        out |= run(dtype, name, from_levels(levels).to(dtype), z)
    return out


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    save_golden(
        OUT / "objectives.safetensors",
        "objectives.py",
        objectives,
        """Four training steps of a generator (latent 4, base width 2) and a discriminator (base width 2) of 32x32
        images in train mode on the same 4 real images (u8 levels, value = level / 127.5 - 1) and z [step, 4, 4]; the
        order of passes is that of train_step. hinge: spectral normalization, both rates 2e-4. wasserstein: no norm,
        R1 of weight 5 at every step, rates 1e-4 of the generator and 4e-4. non_saturating: batch norm, labels of 0.9,
        R1 of weight 2 at the first and third step, counted twice, both rates 2e-4. CASE.initial and CASE.after:
        weights, running statistics and singular vectors. CASE.loss: one value per step; penalty: one per step that
        has it, with its weight, counted once.""",
        SEED,
    )


if __name__ == "__main__":
    main()
