"""Writes the golden files of crates/classical with OpenCV, scikit-image, SciPy, CVXPY and NumPy.

    pip install -r scripts/golden/requirements.txt opencv-python-headless==5.0.0.93 \\
        scikit-image==0.26.0 scipy==1.17.1 cvxpy==1.9.3
    python scripts/golden/classical.py

All pictures are synthetic: ramps, a checkered texture, smooth noise.
"""

import json
import struct
import sys
from pathlib import Path

import cv2
import cvxpy
import numpy as np
import scipy
import skimage
from safetensors.numpy import save
from scipy import sparse
from scipy.ndimage import gaussian_filter
from scipy.sparse.linalg import spsolve
from skimage.restoration import inpaint_biharmonic

OUT = Path(__file__).resolve().parents[2] / "crates" / "classical" / "tests" / "golden"
SEED = 20040101
HEIGHT, WIDTH = 32, 40
MID_GRAY = 128


def pictures(rng):
    """Pictures [H, W, 3] of 8 bits."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    ramp = np.stack([5 * cols, 6 * rows, 255 - 2 * cols - 3 * rows], axis=-1)
    texture = 128 + 90 * np.sin(rows / 2.3)[..., None] * np.cos(cols[..., None] / np.array([1.7, 2.9, 4.1]))
    texture += 25 * rng.standard_normal(texture.shape)
    noise = gaussian_filter(rng.standard_normal((HEIGHT, WIDTH, 3)), (3, 3, 0), mode="wrap")
    noise = 128 + 60 * noise / noise.std() + 4 * rng.standard_normal(noise.shape)
    return {
        name: np.clip(np.round(values), 0, 255).astype(np.uint8)
        for name, values in {"ramp": ramp, "texture": texture, "noise": noise}.items()
    }


def masks(rng):
    """Masks [H, W], true where a pixel is known."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    blobs = gaussian_filter(rng.standard_normal((HEIGHT, WIDTH)), 2.5)
    specks = np.ones((HEIGHT, WIDTH), bool)
    for row, col in zip(rng.integers(0, HEIGHT - 1, 40), rng.integers(0, WIDTH - 1, 40)):
        specks[row : row + 2, col : col + 2] = False
    return {
        "square": ~((rows >= 7) & (rows < 25) & (cols >= 11) & (cols < 29)),
        "circle": (rows - 15.5) ** 2 + (cols - 19.5) ** 2 > 81,
        "specks": specks,
        "corner": ~((rows < 10) & (cols >= 28)),
        "bars": (rows % 16 >= 5) | (cols % 24 >= 15),
        "half": cols >= WIDTH // 2,
        "pixels": rng.random((HEIGHT, WIDTH)) >= 0.8,
        "pattern": blobs < np.quantile(blobs, 0.7),
    }


def difference_matrix(height, width):
    """One row for each pair of neighboring pixels, +1 and -1 at its ends."""
    index = np.arange(height * width).reshape(height, width)
    first = np.concatenate([index[:, :-1].ravel(), index[:-1, :].ravel()])
    second = np.concatenate([index[:, 1:].ravel(), index[1:, :].ravel()])
    edges, ones = np.arange(first.size), np.ones(first.size)
    shape = (first.size, index.size)
    plus = sparse.csr_array((ones, (edges, first)), shape=shape)
    return (plus - sparse.csr_array((ones, (edges, second)), shape=shape)).tocsc()


def harmonic(known, plane):
    """The plane whose missing pixels solve Laplace's equation."""
    differences = difference_matrix(*plane.shape)
    filled = np.where(known, plane, 0.0).ravel()
    free = differences[:, np.flatnonzero(~known.ravel())]
    filled[~known.ravel()] = spsolve((free.T @ free).tocsc(), -(free.T @ (differences @ filled)))
    return filled.reshape(plane.shape)


def to_values(levels):
    return levels / 127.5 - 1.0


def local_fills(rng):
    """Harmonic, biharmonic and Telea fills of all pictures under all masks."""
    tensors = {}
    for mask_name, known in masks(rng).items():
        tensors[f"{mask_name}.known"] = known.astype(np.uint8)
        for name, levels in pictures(np.random.default_rng(SEED)).items():
            tensors[f"{name}.levels"] = levels.transpose(2, 0, 1)
            levels = np.where(known[..., None], levels, MID_GRAY).astype(np.uint8)
            hole, key = (~known).astype(np.uint8), f"{name}.{mask_name}"
            for radius in (3, 5):
                filled = cv2.inpaint(levels, hole, radius, cv2.INPAINT_TELEA)
                tensors[f"{key}.telea{radius}"] = filled.transpose(2, 0, 1)
            gray = cv2.inpaint(np.ascontiguousarray(levels[..., 1]), hole, 3, cv2.INPAINT_TELEA)
            tensors[f"{key}.telea_gray"] = gray
            plate = inpaint_biharmonic(to_values(levels), ~known, channel_axis=-1)
            tensors[f"{key}.biharmonic"] = plate.transpose(2, 0, 1).astype(np.float32)
            if name == "noise":
                tensors[f"{key}.harmonic"] = harmonic(known, to_values(levels[..., 0]))
    return tensors


def total_variation(known, values, coupling):
    """The smallest total variation of [C, H, W] by a second-order cone solver, and its fill."""
    channels, height, width = values.shape
    fill = [cvxpy.Variable((height, width)) for _ in range(channels)]
    fixed = [cvxpy.multiply(known, f) == np.where(known, v, 0) for f, v in zip(fill, values)]
    across, down = [], []
    for plane in fill:
        across.append(cvxpy.hstack([plane[:, 1:] - plane[:, :-1], np.zeros((height, 1))]))
        down.append(cvxpy.vstack([plane[1:, :] - plane[:-1, :], np.zeros((1, width))]))
    groups = [range(channels)] if coupling == "joint" else [[c] for c in range(channels)]
    norms = []
    for group in groups:
        rows = [cvxpy.vec(part[c], order="C") for c in group for part in (across, down)]
        norms.append(cvxpy.sum(cvxpy.norm(cvxpy.vstack(rows), 2, axis=0)))
    problem = cvxpy.Problem(cvxpy.Minimize(sum(norms)), fixed)
    problem.solve(solver=cvxpy.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
    return np.stack([plane.value for plane in fill]), problem.value


def nuclear_norm(known, values):
    """The completion of smallest nuclear norm, by a semidefinite solver."""
    fill = cvxpy.Variable(values.shape)
    fixed = [cvxpy.multiply(known, fill) == np.where(known, values, 0)]
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.norm(fill, "nuc")), fixed)
    problem.solve(solver=cvxpy.CLARABEL, tol_gap_abs=1e-9, tol_gap_rel=1e-9, tol_feas=1e-9)
    return fill.value


def truncated_nuclear_norm(known, values, rank, rounds=60, iterations=4000, penalty=1.0):
    """TNNR-ADMM (Hu et al. 2013) with NumPy's singular values, run until nothing moves."""
    fill = np.where(known, values, 0.0)
    for _ in range(rounds):
        left, _, right = np.linalg.svd(fill, full_matrices=False)
        free = left[:, :rank] @ right[:rank]
        multipliers = np.zeros_like(fill)
        for _ in range(iterations):
            u, s, v = np.linalg.svd(fill - multipliers / penalty, full_matrices=False)
            low = (u * np.maximum(s - 1 / penalty, 0)) @ v
            fill = np.where(known, values, low + (free + multipliers) / penalty)
            multipliers += penalty * (low - fill)
    return fill


def variational_fills(rng):
    """Total variation and low-rank fills of small pictures."""
    height, width = 10, 12
    rows, cols = np.mgrid[:height, :width]
    steps = np.where(rows + 0.7 * cols > 9, 0.6, -0.5) + 0.05 * rng.standard_normal((3, height, width))
    steps[1] *= -0.8
    center = ~((rows >= 3) & (rows < 8) & (cols >= 4) & (cols < 10))
    corner = ~((rows < 4) & (cols >= 7))
    scattered = rng.random((height, width)) >= 0.5
    tensors = {"steps.values": steps}
    for name, known in {"center": center, "corner": corner, "scattered": scattered}.items():
        tensors[f"{name}.known"] = known.astype(np.uint8)
        for coupling in ("joint", "separate"):
            fill, value = total_variation(known, steps, coupling)
            tensors[f"{name}.total_variation_{coupling}"] = fill
            tensors[f"{name}.total_variation_{coupling}.minimum"] = np.array([value])
    low = rng.standard_normal((height, 2)) @ rng.standard_normal((2, width))
    low = 0.8 * low / np.abs(low).max() + 0.02 * rng.standard_normal(low.shape)
    known = rng.random((height, width)) >= 0.25
    mean = low[known].mean()
    tensors["low.values"] = low
    tensors["low.known"] = known.astype(np.uint8)
    tensors["low.rank0"] = nuclear_norm(known, low - mean) + mean
    for rank in (1, 2):
        tensors[f"low.rank{rank}"] = truncated_nuclear_norm(known, low - mean, rank) + mean
    return tensors


def write(name, tensors, description):
    """The same content gives the same bytes, for which the metadata is put in order."""
    metadata = {
        "script": "scripts/golden/classical.py",
        "description": description,
        "seed": str(SEED),
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "skimage": skimage.__version__,
        "opencv": cv2.__version__,
        "cvxpy": cvxpy.__version__,
    }
    data = save({key: np.ascontiguousarray(value) for key, value in tensors.items()}, metadata)
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = dict(sorted(metadata.items()))
    header = json.dumps(header, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])
    print(f"{path.name}: {path.stat().st_size} bytes")


def main():
    rng = np.random.default_rng(SEED)
    write(
        "local_fills",
        local_fills(rng),
        "`PICTURE.levels` [3, H, W] u8; `MASK.known` [H, W] (1 known, 0 missing); of the picture with "
        "its missing pixels at level 128, `PICTURE.MASK.` telea3 and telea5 (OpenCV, radius in the "
        "name), telea_gray (its channel 1 alone, radius 3), biharmonic (scikit-image, values in "
        "[-1, 1]), of `noise` harmonic (SciPy's sparse direct solver, channel 0, f64).",
    )
    write(
        "variational_fills",
        variational_fills(np.random.default_rng(SEED + 1)),
        "f64. `steps.values` [3, H, W] and for each mask NAME its `known` (1 known), `total_variation_joint` "
        "and `_separate` [3, H, W] with their `.minimum` (CVXPY, Clarabel). `low.values` [H, W], `low.known`, "
        "`low.rank0` (nuclear norm by CVXPY), `low.rank1`, `low.rank2` (truncated, NumPy).",
    )


if __name__ == "__main__":
    main()
