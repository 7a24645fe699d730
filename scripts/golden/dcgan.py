"""Writes the golden files of crates/dcgan: forward passes, the search's objective, training steps.

    pip install -r scripts/golden/requirements.txt
    python scripts/golden/dcgan.py

Everything is computed in float64 from inputs that float32 holds exactly, and stored as float32: a
test's tolerance is then about our rounding only. The metadata entry `float32_error` says how far
PyTorch's own float32 run is from the stored numbers (largest difference over largest value, the worst
tensor of each group), which is what the tolerances of the tests are set by.
"""

from pathlib import Path

import torch
from networks import (
    Discriminator,
    Generator,
    from_levels,
    gradients,
    randomize,
    running_statistics,
    save_golden,
    smooth_levels,
    weights,
)
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

OUT = Path(__file__).resolve().parents[2] / "crates" / "dcgan" / "tests" / "golden"
NETWORK_SEED, TRAIN_SEED = 20170721, 20160107
STEPS = 10


def save(name, compute, description, seed):
    save_golden(OUT / f"{name}.safetensors", "dcgan.py", compute, description, seed)


def forward_networks(dtype):
    torch.manual_seed(NETWORK_SEED)
    generator, discriminator = Generator(8, 4), Discriminator(4)
    randomize(generator, 0.2, 0.2)
    randomize(discriminator, 0.2, 0.2)
    z = torch.randn(3, 8)
    levels = smooth_levels(3)
    return generator.to(dtype), discriminator.to(dtype), z.to(dtype), levels


def forward(dtype):
    generator, discriminator, z, levels = forward_networks(dtype)
    images = from_levels(levels).to(dtype)
    out = {**weights("generator", generator), **weights("discriminator", discriminator)}
    out |= {"z": z, "image_levels": levels}
    with torch.no_grad():
        generator.eval(), discriminator.eval()
        out["generator_eval.images"] = generator(z)
        out["discriminator_eval.logits"] = discriminator(images)
        generator.train(), discriminator.train()
        out["generator_train.images"] = generator(z)
        out["discriminator_train.logits"] = discriminator(images)
    out |= running_statistics("generator_train", generator)
    out |= running_statistics("discriminator_train", discriminator)
    return out


def importance_weights(mask, window=7):
    """Yeh et al. 2017, eq. (4): the share of missing pixels among a known pixel's neighbors."""
    height, width = mask.shape
    radius, out = window // 2, torch.zeros(height, width, dtype=torch.float64)
    for row in range(height):
        for col in range(width):
            rows = slice(max(row - radius, 0), row + radius + 1)
            cols = slice(max(col - radius, 0), col + radius + 1)
            if mask[row, col] == 1:
                out[row, col] = (1 - mask[rows, cols]).mean()
    return out


def objective(dtype):
    generator, discriminator, z, levels = forward_networks(dtype)
    generator.eval(), discriminator.eval()
    y = from_levels(levels).to(dtype)
    mask = torch.ones(64, 64, dtype=torch.float64)
    mask[22:42, 22:42] = 0
    w = importance_weights(mask).float().to(dtype)
    out = {"mask": mask[None, None], "importance_weights": w[None, None]}

    def terms(z):
        images = generator(z)
        summed = (w * (images - y).abs()).sum(dim=(1, 2, 3))
        return summed, summed / (3 * w.sum()), discriminator(images)

    cases = {
        "normalized_0.003": lambda s, m, logits: m - 0.003 * softplus(logits),
        "normalized_0.5": lambda s, m, logits: m - 0.5 * softplus(logits),
        "summed_0.2": lambda s, m, logits: s + 0.2 * softplus(-logits),
    }
    for name, combine in cases.items():
        point = z.clone().requires_grad_(True)
        summed, mean, logits = terms(point)
        loss = combine(summed, mean, logits)
        out[f"{name}.objective"] = loss
        (out[f"{name}.z_gradient"],) = torch.autograd.grad(loss.sum(), point)
    out |= {"logits": logits, "context.summed": summed, "context.normalized": mean}
    out |= {"prior.log_one_minus_d": -softplus(logits), "prior.minus_log_d": softplus(-logits)}
    return out


def train(dtype):
    torch.manual_seed(TRAIN_SEED)
    generator, discriminator = Generator(8, 2), Discriminator(2)
    randomize(generator, 0.05, 0.02)
    randomize(discriminator, 0.05, 0.02)
    z = (torch.rand(STEPS, 4, 8) * 2 - 1).to(dtype)
    levels = smooth_levels(4)
    real = from_levels(levels).to(dtype)
    networks = {"generator": generator.to(dtype), "discriminator": discriminator.to(dtype)}
    adam = {
        name: torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.5, 0.999), eps=1e-8)
        for name, network in networks.items()
    }
    out = {"z": z, "real_levels": levels}

    def record(prefix):
        for name, network in networks.items():
            out.update(weights(f"{prefix}.{name}", network))

    def against(logits, target):
        return binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))

    record("initial")
    losses = {"discriminator_real": [], "discriminator_fake": [], "generator": []}
    for step in range(STEPS):
        adam["discriminator"].zero_grad()
        loss_real = against(discriminator(real), 1.0)
        fake = generator(z[step])
        loss_fake = against(discriminator(fake.detach()), 0.0)
        (loss_real + loss_fake).backward()
        if step == 0:
            out |= gradients("gradient.discriminator", discriminator)
        adam["discriminator"].step()

        adam["generator"].zero_grad()
        loss_generator = against(discriminator(fake), 1.0)
        loss_generator.backward()
        if step == 0:
            out |= gradients("gradient.generator", generator)
        adam["generator"].step()

        for key, loss in zip(losses, (loss_real, loss_fake, loss_generator)):
            losses[key].append(loss.detach())
        if step in (0, STEPS - 1):
            record(f"after_{step + 1}")
    return out | {f"loss.{key}": torch.stack(values) for key, values in losses.items()}


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    save(
        "dcgan_forward",
        forward,
        """Weights of a generator (latent 8, base width 4) and a discriminator (base width 4), z [3, 8] and
        images as u8 levels [3, 3, 64, 64] (value = level / 127.5 - 1); outputs in eval mode, then outputs and
        updated running statistics after one forward pass in train mode.""",
        NETWORK_SEED,
    )
    save(
        "objective",
        objective,
        """The search's objective with the weights, z and images (as y) of dcgan_forward, in eval mode. mask:
        square:20 (rows and columns 22..42 missing). importance_weights W: window 7. Per image:
        context.summed = sum over c, i of W |G(z) - y|; context.normalized = that / (3 sum of W);
        prior.log_one_minus_d = log(1 - D(G(z))) = -softplus(logits); prior.minus_log_d = softplus(-logits).
        normalized_L: context.normalized + L prior.log_one_minus_d; summed_L: context.summed + L prior.minus_log_d.
        z_gradient: gradient of the sum over images.""",
        NETWORK_SEED,
    )
    save(
        "train_step",
        train,
        """Ten training steps of a generator (latent 8, base width 2) and a discriminator (base width 2) in
        train mode on the same 4 real images (u8 levels, value = level / 127.5 - 1) and z [step, 4, 8]. One step:
        D(real), G(z), D(G(z) detached), loss BCE(real, 1) + BCE(fake, 0), Adam step of D; D(G(z)) on the same
        G(z), loss BCE(fake, 1), Adam step of G. Adam: rate 2e-4, betas 0.5 and 0.999, eps 1e-8. D's running
        statistics are updated three times a step: real, fake, fake. gradient: those of the first step.
        after_N: weights and running statistics after N steps. loss.*: one value per step.""",
        TRAIN_SEED,
    )


if __name__ == "__main__":
    main()
