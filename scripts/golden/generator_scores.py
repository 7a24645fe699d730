"""Writes crates/metrics/tests/golden/generator_scores.safetensors: sliced Wasserstein distances on
Laplacian pyramids, near-duplicates and memorization, written down a second time in NumPy and f64.

Run with: python scripts/golden/generator_scores.py  (numpy, safetensors)
The versions that wrote the file are in its metadata.
"""

import pathlib
import platform

import numpy
import safetensors
from safetensors.numpy import save_file

SEED = 20180226
OUTPUT = pathlib.Path(__file__).parents[2] / "crates/metrics/tests/golden/generator_scores.safetensors"
PATCH_PX = 7
FILTER = numpy.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def images_of(levels):
    return levels / 127.5 - 1


def smooth_levels(rng, count, channels, size_px, num_waves, noise):
    """Images of a few waves and some noise, as levels 0 to 255."""
    rows = numpy.linspace(0, 1, size_px)[:, None]
    cols = numpy.linspace(0, 1, size_px)[None, :]
    images = rng.normal(0, noise, size=(count, channels, size_px, size_px))
    for image in images.reshape(-1, size_px, size_px):
        for _ in range(num_waves):
            frequency_y, frequency_x, phase = rng.uniform(0, 4, size=3)
            image += numpy.cos(2 * numpy.pi * (frequency_y * rows + frequency_x * cols + phase))
    images /= abs(images).max(axis=(1, 2, 3), keepdims=True)
    return numpy.rint((images + 1) * 127.5).astype(numpy.uint8)


def convolve(images, weights):
    """Each pixel's neighborhood of 5 x 5, the edges mirrored without being repeated."""
    height, width = images.shape[2:]
    padded = numpy.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)), mode="reflect")
    result = numpy.zeros_like(images)
    for row in range(5):
        for col in range(5):
            result += weights[row, col] * padded[:, :, row : row + height, col : col + width]
    return result


def pyramid_down(images):
    return convolve(images, FILTER)[:, :, ::2, ::2]


def pyramid_up(images):
    count, channels, height, width = images.shape
    spread = numpy.zeros((count, channels, 2 * height, 2 * width))
    spread[:, :, ::2, ::2] = images
    return convolve(spread, 4 * FILTER)


def laplacian_pyramid(images, num_levels):
    pyramid = [images]
    for _ in range(num_levels - 1):
        smaller = pyramid_down(pyramid[-1])
        pyramid[-1] = pyramid[-1] - pyramid_up(smaller)
        pyramid.append(smaller)
    return pyramid


def descriptors(images, corners):
    """All patches `[patches, C, 7, 7]`, each channel with mean 0 and deviation 1, as vectors."""
    patches = [
        image[:, row : row + PATCH_PX, col : col + PATCH_PX]
        for image, places in zip(images, corners)
        for row, col in places
    ]
    patches = numpy.array(patches)
    patches -= patches.mean(axis=(0, 2, 3), keepdims=True)
    patches /= patches.std(axis=(0, 2, 3), keepdims=True)
    return patches.reshape(len(patches), -1)


def sliced_wasserstein(first, second, directions):
    distances = []
    for direction in directions:
        a, b = numpy.sort(first @ direction), numpy.sort(second @ direction)
        distances.append(abs(a - b).mean())
    return 1e3 * numpy.mean(distances)


def write_sliced_wasserstein(rng, tensors):
    levels = {
        "first": smooth_levels(rng, 3, 3, 64, 5, 0.3),
        "second": smooth_levels(rng, 3, 3, 64, 3, 0.1),
    }
    pyramids = {name: laplacian_pyramid(images_of(of), 3) for name, of in levels.items()}
    tensors |= {f"swd.{name}": of for name, of in levels.items()}
    distances = []
    for level in range(3):
        size_px = 64 >> level
        corners = rng.integers(0, size_px - PATCH_PX + 1, size=(3, 16, 2))
        # Both corners of the image, so that the outermost patches are looked at.
        corners[0, 0], corners[0, 1] = 0, size_px - PATCH_PX
        directions = rng.normal(size=(40, 3 * PATCH_PX**2))
        directions /= numpy.sqrt((directions**2).sum(axis=1, keepdims=True))
        directions = directions.astype(numpy.float32)
        first, second = (descriptors(pyramids[name][level], corners) for name in ("first", "second"))
        distances.append(sliced_wasserstein(first, second, directions.astype(numpy.float64)))
        tensors[f"swd.level{level}"] = pyramids["first"][level][0].astype(numpy.float32)
        tensors[f"swd.corners{level}"] = corners.astype(numpy.uint32)
        tensors[f"swd.directions{level}"] = directions
    tensors["swd.distances"] = numpy.array(distances)
    print("sliced Wasserstein", distances)


def thumbnails(images, block_px):
    count, channels, height, width = images.shape
    blocks = images.reshape(
        count, channels, height // block_px, block_px, width // block_px, block_px
    )
    return blocks.mean(axis=(3, 5))


def distance_matrix(first, second):
    differences = first[:, None] - second[None, :]
    return numpy.sqrt((differences**2).mean(axis=(2, 3, 4)))


def repetition(images, threshold):
    distances = distance_matrix(images, images)
    numpy.fill_diagonal(distances, numpy.inf)
    nearest = distances.min(axis=1)
    return {
        "indices": distances.argmin(axis=1).astype(numpy.uint32),
        "distances": nearest,
        "median": numpy.median(nearest),
        "share": (nearest <= threshold).mean(),
        "pairs": (distances <= threshold).sum() / 2,
    }


def write_neighbors(rng, tensors):
    levels = {
        "real": smooth_levels(rng, 12, 1, 32, 3, 0.2),
        "samples": smooth_levels(rng, 12, 1, 32, 3, 0.2),
        "training": smooth_levels(rng, 20, 1, 32, 3, 0.2),
    }
    # Near-duplicates among the samples, and a mirrored copy of a training image.
    noise = rng.integers(-6, 7, size=(3, 1, 32, 32))
    samples = levels["samples"]
    samples[3:6] = numpy.clip(samples[0:1].astype(int) + noise, 0, 255)
    levels["real"][7] = numpy.clip(levels["real"][2].astype(int) + 2 * noise[0], 0, 255)
    samples[9] = levels["training"][4][:, :, ::-1]
    tensors |= {f"neighbors.{name}": of for name, of in levels.items()}
    real, samples, training = (
        thumbnails(images_of(levels[name]), 2) for name in ("real", "samples", "training")
    )
    of_real = repetition(real, 0)["distances"]
    threshold = numpy.quantile(of_real, 0.01)
    tensors["neighbors.threshold"] = numpy.array([threshold])
    for name, images in {"real": real, "samples": samples}.items():
        found = repetition(images, threshold)
        print(name, found)
        tensors[f"neighbors.{name}.indices"] = found.pop("indices")
        tensors[f"neighbors.{name}.distances"] = found.pop("distances")
        tensors[f"neighbors.{name}.repetition"] = numpy.array(list(found.values()))

    def nearest_training(images):
        both = [distance_matrix(images, of) for of in (training, training[:, :, :, ::-1])]
        return numpy.minimum(*both).min(axis=1)

    of_samples, of_held_out = nearest_training(samples), nearest_training(real)
    less = of_samples[:, None] < of_held_out[None, :]
    equal = of_samples[:, None] == of_held_out[None, :]
    tensors["neighbors.memorization"] = numpy.array(
        [
            numpy.median(of_samples),
            numpy.median(of_held_out),
            numpy.median(of_samples) / numpy.median(of_held_out),
            (less + 0.5 * equal).mean(),
            (of_samples <= numpy.quantile(of_held_out, 0.01)).mean(),
        ]
    )
    print("memorization", tensors["neighbors.memorization"])


def main():
    rng = numpy.random.default_rng(SEED)
    tensors = {}
    write_sliced_wasserstein(rng, tensors)
    write_neighbors(rng, tensors)
    metadata = {
        "script": "scripts/golden/generator_scores.py",
        "description": "swd: levels 0 to 255 of two sets [N, 3, 64, 64]; for each pyramid level that "
        "of the first image, rows and columns of patch corners [N, P, 2] and unit directions [D, 147]; "
        "the distance of each level times 1000. neighbors: levels of real, samples and training "
        "images [N, 1, 32, 32]; the nearest other image and its distance; threshold; median, share "
        "and pairs; samples, held_out, ratio, nearer_than_held_out and copies of memorization",
        "seed": str(SEED),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "safetensors": safetensors.__version__,
    }
    tensors = {name: numpy.ascontiguousarray(of) for name, of in tensors.items()}
    save_file(tensors, OUTPUT, metadata=metadata)


if __name__ == "__main__":
    main()
