"""Writes the golden file of crates/latent-search for Poisson blending: SciPy's sparse direct solver.

    pip install -r scripts/golden/requirements.txt scipy==1.17.1
    python scripts/golden/poisson.py

The least-squares problem is written down edge by edge as a sparse difference matrix; its normal
equations over the missing pixels go to SuperLU. All numbers are stored in float64.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import scipy
from safetensors.numpy import save
from scipy import sparse
from scipy.sparse.linalg import spsolve

OUT = Path(__file__).resolve().parents[2] / "crates" / "latent-search" / "tests" / "golden"
SEED = 20030727
HEIGHT, WIDTH = 40, 48


def masks(rng):
    """Masks [H, W] by name, true where a pixel is known."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    noise = rng.standard_normal((HEIGHT, WIDTH))
    blobs = sum(np.roll(noise, (i, j), (0, 1)) for i in range(-3, 4) for j in range(-3, 4))
    return {
        "center": ~((rows >= 10) & (rows < 30) & (cols >= 14) & (cols < 34)),
        "corner": ~((rows < 15) & (cols >= 30)),
        "half": cols >= WIDTH // 2,
        "pixels": rng.random((HEIGHT, WIDTH)) >= 0.8,
        "pattern": blobs < np.quantile(blobs, 0.6),
        "one_known": (rows == 7) & (cols == 31),
    }


def difference_matrix():
    """One row for each pair of neighboring pixels, +1 and -1 at its ends."""
    index = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    first = np.concatenate([index[:, :-1].ravel(), index[:-1, :].ravel()])
    second = np.concatenate([index[:, 1:].ravel(), index[1:, :].ravel()])
    edges = np.arange(first.size)
    ones = np.ones(first.size)
    shape = (first.size, index.size)
    return (
        sparse.csr_array((ones, (edges, first)), shape=shape)
        - sparse.csr_array((ones, (edges, second)), shape=shape)
    ).tocsc()


def solve(known, values, guide):
    """The completed plane: minimum of |D x - D guide|^2 with x = values where known."""
    differences = difference_matrix()
    known = known.ravel()
    fixed = np.where(known, values.ravel(), 0.0)
    wanted = differences @ guide.ravel() - differences @ fixed
    free = differences[:, np.flatnonzero(~known)]
    fixed[~known] = spsolve((free.T @ free).tocsc(), free.T @ wanted)
    return fixed.reshape(HEIGHT, WIDTH)


def write(path, tensors, metadata):
    """The same content gives the same bytes, for which the metadata is put in order."""
    data = save(tensors, metadata)
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    header = json.dumps(header, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])


def main():
    rng = np.random.default_rng(SEED)
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    values = 0.6 * np.sin(rows / 9) * np.cos(cols / 7) + 0.2 * rng.standard_normal(rows.shape)
    guide = 0.5 * np.cos(rows / 5 - cols / 8) + 0.3 + 0.2 * rng.standard_normal(rows.shape)
    tensors = {"values": values, "guide": guide}
    for name, known in masks(rng).items():
        tensors[f"{name}.known"] = known.astype(np.uint8)
        tensors[f"{name}.completed"] = solve(known, values, guide)
    metadata = {
        "script": "scripts/golden/poisson.py",
        "description": "Poisson blending of one plane [H, W] in float64: `values` (read where "
        "known), `guide`; for each mask NAME its `known` (1 known, 0 missing) and `completed`.",
        "seed": str(SEED),
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / "poisson.safetensors"
    write(path, tensors, metadata)
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
