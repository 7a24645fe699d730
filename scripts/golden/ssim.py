"""Writes crates/metrics/tests/golden/ssim.safetensors: PSNR and SSIM as scikit-image computes them.

Run with: python scripts/golden/ssim.py  (numpy, scikit-image, safetensors)
The versions that wrote the file are in its metadata.
"""

import pathlib
import platform

import numpy
import safetensors
import skimage
from safetensors.numpy import save_file
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

SEED = 20170725
OUTPUT = pathlib.Path(__file__).parents[2] / "crates/metrics/tests/golden/ssim.safetensors"


def smooth_images(rng, count, channels, height, width):
    """Images in [-1, 1] of a few low frequencies each, so that SSIM is far from 0 and 1."""
    rows = numpy.linspace(0, 1, height)[:, None]
    cols = numpy.linspace(0, 1, width)[None, :]
    images = numpy.zeros((count, channels, height, width))
    for image in images.reshape(-1, height, width):
        for _ in range(4):
            frequency_y, frequency_x, phase = rng.uniform(0, 3, size=3)
            image += numpy.cos(2 * numpy.pi * (frequency_y * rows + frequency_x * cols + phase))
        image /= abs(image).max()
    return images


def completions(rng, truth):
    """One kind of error per image: noise, a shift in brightness, a flat hole, another image."""
    completed = truth.copy()
    height, width = truth.shape[2:]
    for index, image in enumerate(completed):
        match index % 4:
            case 0:
                image += rng.normal(0, 0.1, size=image.shape)
            case 1:
                image += 0.2
            case 2:
                image[:, height // 4 : -height // 4, width // 4 : -width // 4] = 0
            case 3:
                image[:] = -image
    return completed.clip(-1, 1)


def scores(truth, completed):
    """PSNR on [-1, 1] (peak to peak 2) and SSIM on [0, 1], one of each per image."""
    psnr, ssim = [], []
    for x, y in zip(truth.astype(numpy.float64), completed.astype(numpy.float64)):
        psnr.append(peak_signal_noise_ratio(x, y, data_range=2))
        ssim.append(
            structural_similarity(
                (x + 1) / 2,
                (y + 1) / 2,
                win_size=11,
                gaussian_weights=True,
                sigma=1.5,
                use_sample_covariance=False,
                data_range=1,
                K1=0.01,
                K2=0.03,
                channel_axis=0,
            )
        )
    return numpy.array(psnr), numpy.array(ssim)


def main():
    rng = numpy.random.default_rng(SEED)
    tensors = {}
    for name, shape in {
        "rgb": (4, 3, 24, 20),
        "gray": (4, 1, 16, 33),
        "smallest": (1, 3, 11, 11),
    }.items():
        truth = smooth_images(rng, *shape).astype(numpy.float32)
        completed = completions(rng, truth).astype(numpy.float32)
        psnr, ssim = scores(truth, completed)
        tensors |= {
            f"{name}.truth": truth,
            f"{name}.completed": completed,
            f"{name}.psnr": psnr,
            f"{name}.ssim": ssim,
        }
        print(name, psnr, ssim)
    metadata = {
        "script": "scripts/golden/ssim.py",
        "description": "for rgb, gray and smallest: truth and completed [N, C, H, W] in [-1, 1], "
        "psnr and ssim [N] of scikit-image in f64",
        "seed": str(SEED),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scikit-image": skimage.__version__,
        "safetensors": safetensors.__version__,
    }
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, OUTPUT, metadata=metadata)


if __name__ == "__main__":
    main()
