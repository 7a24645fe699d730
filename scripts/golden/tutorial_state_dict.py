"""Writes the PyTorch files that the import of crates/dcgan is tested with.

    pip install -r scripts/golden/requirements.txt
    python scripts/golden/tutorial_state_dict.py

One generator (latent 6, base width 2) and one discriminator (base width 2), 64x64 RGB, as people save
them: see FILES in main. All but the first two are the same generator or discriminator again.
`tutorial_samples.safetensors` holds z and what the networks make of it.
"""

import os
import pickle
from collections import OrderedDict
from pathlib import Path

import torch
from networks import Discriminator, Generator, from_levels, name_map, randomize, smooth_levels, versions, weights, write

OUT = Path(__file__).resolve().parents[2] / "crates" / "dcgan" / "tests" / "golden"
SEED = 20180605


def layer_names(network, conv):
    """State dict with one attribute per layer (`conv1`, `bn1`, ...), numbered from 1 by block."""
    state, block, renamed = network.state_dict(), 0, OrderedDict()
    for name, value in state.items():
        _, index, part = name.split(".")
        layer = network.main[int(index)]
        if isinstance(layer, torch.nn.BatchNorm2d):
            renamed[f"bn{block}.{part}"] = value
        else:
            block += 1
            renamed[f"{conv}{block}.{part}"] = value
    return renamed


class TouchesAFile:
    """What a hostile pickle holds: loading it runs a command, here a harmless one."""

    def __reduce__(self):
        return os.system, ("touch executed-by-unpickling",)


def main():
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    generator, discriminator = Generator(6, 2), Discriminator(2)
    randomize(generator, 0.2, 0.2)
    randomize(discriminator, 0.2, 0.2)
    z, levels = torch.randn(1, 6), smooth_levels(1)
    of_generator, of_discriminator = generator.state_dict(), discriminator.state_dict()

    adam = torch.optim.Adam([generator.main[1].weight], lr=2e-4)
    generator.main[1].weight.grad = torch.zeros(16)
    adam.step()

    # FILES: name -> what torch.save is given.
    files = {
        "tutorial_generator": of_generator,
        "tutorial_discriminator": of_discriminator,
        "checkpoint_dict_generator": {"model": of_generator, "epoch": 3},
        "data_parallel_generator": OrderedDict((f"module.{name}", v) for name, v in of_generator.items()),
        # The 21 characters of this name meet a bug of the zip crate, see pth.rs.
        "layer_names_generator": layer_names(generator, "tconv"),
        "layer_names_discriminator": layer_names(discriminator, "conv"),
        "both_networks": {
            "generator": layer_names(generator, "tconv"),
            "discriminator": layer_names(discriminator, "conv"),
            "optimizer": adam.state_dict(),
            "params": {"nz": 6, "lr": 2e-4, "device": "cpu"},
        },
        "whole_module_generator": generator,
        "hostile": {"main.0.weight": torch.zeros(1), "payload": TouchesAFile()},
        "no_tensors": {"epoch": 3},
    }
    OUT.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        torch.save(content, OUT / f"{name}.pth")
    first_norm = {name: value for name, value in of_generator.items() if name.startswith("main.1.")}
    torch.save(first_norm, OUT / "legacy_generator.pth", _use_new_zipfile_serialization=False)
    (OUT / "hostile_plain.pth").write_bytes(pickle.dumps(TouchesAFile(), protocol=2))

    generator.double().eval()
    discriminator.double().eval()
    with torch.no_grad():
        images = generator(z.double())
        samples = {"z": z, "image_levels": levels, "generator_eval.images": images}
        samples["discriminator_eval.logits"] = discriminator(from_levels(levels))
    metadata = {
        "script": "scripts/golden/tutorial_state_dict.py",
        "seed": str(SEED),
        "description": "z [1, 6], G(z) in eval mode, image levels (value = level / 127.5 - 1) and the logits of D "
        "on them in eval mode, for tutorial_generator.pth and tutorial_discriminator.pth; computed in float64",
        **versions(),
    }
    write(OUT / "tutorial_samples.safetensors", samples, metadata)
    write(OUT / "own_names_generator.safetensors", weights("generator", generator), metadata)


if __name__ == "__main__":
    main()
