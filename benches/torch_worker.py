"""The search and the training step as PyTorch users write them, timed one window at a time.

Started by compare.py, which asks for windows on stdin (`CASE SECONDS`) and reads a line of JSON for
each from stdout. The first line lists the cases. A window begins with an iteration that is not timed.
"""

import argparse
import json
import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

LATENT_LEN = 100
PRIOR_WEIGHT = 0.003
WINDOW_PX = 7

# What a mode switches on. `eager` is the naive form, in which weights keep asking for gradients.
SEARCH_MODES = {
    "eager": set(),
    "frozen": {"frozen"},
    "frozen-channels-last": {"frozen", "channels_last"},
    "frozen-bf16": {"frozen", "bf16"},
    "frozen-channels-last-bf16": {"frozen", "channels_last", "bf16"},
    "compiled-channels-last": {"frozen", "channels_last", "compiled"},
    "compiled-channels-last-bf16": {"frozen", "channels_last", "compiled", "bf16"},
    # On a GPU alone: full single precision, and compiled into CUDA graphs.
    "eager-f32": {"f32"},
    "graphs-channels-last": {"frozen", "channels_last", "compiled", "graphs"},
    "graphs-channels-last-bf16": {"frozen", "channels_last", "compiled", "graphs", "bf16"},
}
TRAINING_MODES = {
    "eager": set(),
    "channels-last": {"channels_last"},
    "channels-last-bf16": {"channels_last", "bf16"},
}
# Beside these on a GPU.
CUDA_TRAINING_MODES = {"eager-f32": {"f32"}}


def generator(width, image_size):
    """The DCGAN tutorial's generator, for images of 32, 64 or 128 pixels."""

    def up(inputs, outputs, stride, padding):
        conv = nn.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False)
        return [conv, nn.BatchNorm2d(outputs), nn.ReLU(True)]

    top = width * image_size // 8
    layers = up(LATENT_LEN, top, 1, 0)
    while top > width:
        layers += up(top, top // 2, 2, 1)
        top //= 2
    return nn.Sequential(*layers, nn.ConvTranspose2d(top, 3, 4, 2, 1, bias=False), nn.Tanh())


def discriminator(width, image_size):
    """The DCGAN tutorial's discriminator without its sigmoid."""
    layers = [nn.Conv2d(3, width, 4, 2, 1, bias=False), nn.LeakyReLU(0.2, True)]
    channels = width
    while channels < width * image_size // 8:
        conv = nn.Conv2d(channels, 2 * channels, 4, 2, 1, bias=False)
        channels *= 2
        layers += [conv, nn.BatchNorm2d(channels), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 0, bias=False))


def initialize(module):
    """The tutorial's weights: convolutions N(0, 0.02), scales N(1, 0.02)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def networks(setting, switches):
    nets = [
        make(setting.width, setting.image_size).apply(initialize).to(setting.device)
        for make in (generator, discriminator)
    ]
    if "channels_last" in switches:
        nets = [net.to(memory_format=torch.channels_last) for net in nets]
    return nets


def importance_weights(mask):
    """The share of missing pixels among the neighbors of each known one (Yeh et al. 2017)."""
    box = torch.ones(1, 1, WINDOW_PX, WINDOW_PX, device=mask.device)
    missing, all_pixels = (
        F.conv2d(pixels, box, padding=WINDOW_PX // 2) for pixels in (1 - mask, torch.ones_like(mask))
    )
    return mask * missing / all_pixels


def search(setting, switches, batch):
    """One iteration: loss, gradient to z, Adam, z clipped to [-1, 1]."""
    net_g, net_d = (net.eval() for net in networks(setting, switches))
    if "frozen" in switches:
        for net in (net_g, net_d):
            net.requires_grad_(False)
    size, device = setting.image_size, setting.device
    target = torch.rand(batch, 3, size, size, device=device) * 2 - 1
    hole = 5 * size // 16
    start = (size - hole) // 2
    mask = torch.ones(1, 1, size, size, device=device)
    mask[..., start : start + hole, start : start + hole] = 0
    weights = importance_weights(mask)
    weights = weights / (3 * weights.sum())
    z = (torch.rand(batch, LATENT_LEN, 1, 1, device=device) * 2 - 1).requires_grad_()
    optimizer = torch.optim.Adam([z], lr=0.03)
    kind, bf16 = torch.device(device).type, "bf16" in switches

    def objective(z):
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=bf16):
            generated = net_g(z)
            logits = net_d(generated)
        context = (weights * (generated.float() - target).abs()).sum()
        # log(1 - sigmoid(logit)) = -softplus(logit)
        return context - PRIOR_WEIGHT * F.softplus(logits.float()).sum()

    if "compiled" in switches:
        mode = "reduce-overhead" if "graphs" in switches else "default"
        objective = torch.compile(objective, dynamic=False, mode=mode)

    def iterate():
        optimizer.zero_grad(set_to_none=True)
        loss = objective(z)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            z.clamp_(-1, 1)
        return loss.item()

    return iterate


def training(setting, switches, batch):
    """One step as in the DCGAN tutorial: D on real, D on generated, G."""
    net_g, net_d = networks(setting, switches)
    size, device = setting.image_size, setting.device
    real = torch.rand(batch, 3, size, size, device=device) * 2 - 1
    if "channels_last" in switches:
        real = real.to(memory_format=torch.channels_last)
    adam = {"lr": 2e-4, "betas": (0.5, 0.999)}
    optimizer_g = torch.optim.Adam(net_g.parameters(), **adam)
    optimizer_d = torch.optim.Adam(net_d.parameters(), **adam)
    loss = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(batch, device=device), torch.zeros(batch, device=device)
    kind, bf16 = torch.device(device).type, "bf16" in switches

    def in_precision(net, images):
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=bf16):
            return net(images).float()

    def judged(images, labels):
        return loss(in_precision(net_d, images).view(-1), labels)

    def step():
        net_d.zero_grad()
        of_real = judged(real, ones)
        of_real.backward()
        fake = in_precision(net_g, torch.randn(batch, LATENT_LEN, 1, 1, device=device))
        of_fake = judged(fake.detach(), zeros)
        of_fake.backward()
        optimizer_d.step()
        net_g.zero_grad()
        of_generator = judged(fake, ones)
        of_generator.backward()
        optimizer_g.step()
        return (of_real + of_fake).item(), of_generator.item()

    return step


def is_cuda(setting):
    return setting.device.startswith("cuda")


def precision(setting, switches):
    """What is multiplied. On a GPU, PyTorch's convolutions are in tf32 by default."""
    if "bf16" in switches:
        return "bf16"
    return "tf32" if is_cuda(setting) and "f32" not in switches else "f32"


def exact(iterate, switches):
    """The iteration with tf32 allowed or not, which is one choice for the whole process."""

    def chosen():
        torch.backends.cudnn.allow_tf32 = "f32" not in switches
        return iterate()

    return chosen


def cases(setting):
    """Every case by its name, as a function that sets it up."""
    found = {}

    def add(work, mode, switches, batch, make):
        info = {"work": work, "mode": mode, "precision": precision(setting, switches), "batch": batch}
        found[f"{work}/{mode}/{batch}"] = info, lambda: exact(make(setting, switches, batch), switches)

    for batch in setting.batches:
        for mode in setting.modes:
            add("search", mode, SEARCH_MODES[mode], batch, search)
    if setting.train:
        on_gpu = CUDA_TRAINING_MODES if is_cuda(setting) else {}
        for mode, switches in {**TRAINING_MODES, **on_gpu}.items():
            add("training", mode, switches, max(setting.batches), training)
    return found


def cpu_ticks():
    """Stolen and all processor time so far, or None where the system does not tell."""
    try:
        with open("/proc/stat", encoding="ascii") as file:
            counts = [int(count) for count in file.readline().split()[1:9]]
        return counts[7], sum(counts)
    except (OSError, ValueError, IndexError):
        return None


def steal_share(then, now):
    if then is None or now is None or now[1] <= then[1]:
        return None
    return (now[0] - then[0]) / (now[1] - then[1])


def window(iterate, seconds, synchronize):
    iterate()
    synchronize()
    ticks = cpu_ticks()
    iterations, started = 0, time.perf_counter()
    while True:
        iterate()
        iterations += 1
        synchronize()
        elapsed = time.perf_counter() - started
        if elapsed >= seconds:
            break
    steal = steal_share(ticks, cpu_ticks())
    return {"ms": 1e3 * elapsed / iterations, "iterations": iterations, "steal": steal}


def batches(text):
    return [int(batch) for batch in text.split(",")]


def modes(text):
    chosen = text.split(",")
    unknown = [mode for mode in chosen if mode not in SEARCH_MODES]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown mode {unknown[0]}: use {', '.join(SEARCH_MODES)}")
    return chosen


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=batches, required=True)
    parser.add_argument("--modes", type=modes, required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--image-size", type=int, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--train", action="store_true")
    return parser.parse_args()


def main():
    # Compilers write to stdout; only answers may.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    setting = arguments()
    torch.manual_seed(1)
    if setting.threads:
        torch.set_num_threads(setting.threads)
    synchronize = torch.cuda.synchronize if is_cuda(setting) else lambda: None
    available, prepared = cases(setting), {}
    greeting = {
        "program": "PyTorch",
        "version": torch.__version__,
        "device": setting.device,
        "threads": torch.get_num_threads(),
        "cases": [{"case": case, **info} for case, (info, _) in available.items()],
    }
    print(json.dumps(greeting), file=answers)
    for line in sys.stdin:
        case, seconds = line.split()
        if case not in prepared:
            prepared[case] = available[case][1]()
        measured = window(prepared[case], float(seconds), synchronize)
        print(json.dumps({"case": case, **measured}), file=answers)


if __name__ == "__main__":
    main()
