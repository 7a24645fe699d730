"""Writes the golden file of DiffAugment (Zhao et al. 2020, section 3 and appendix).

    python scripts/golden/diff_augment.py

Written from the paper's words: color is "random brightness within [-0.5, 0.5], contrast within
[0.5, 1.5], and saturation within [0, 2]", translation is "within [-1/8, 1/8] of the image size, padded
with zeros", cutout is "masking with a random square of half image size". Brightness is added; saturation
scales the distance from the mean of a pixel's channels, contrast that from the image's mean. The random
numbers are part of the file.
"""

from pathlib import Path

import torch
from networks import from_levels, save_golden, smooth_levels

OUT = Path(__file__).resolve().parents[2] / "crates" / "train" / "tests" / "golden"
SEED, COUNT, SIZE_PX = 20200618, 4, 16
MOST, HOLE = SIZE_PX // 8, SIZE_PX // 2


def color(images, numbers):
    brightness, saturation, contrast = (
        numbers[name].to(images.dtype)[:, None, None, None] for name in ("brightness", "saturation", "contrast")
    )
    images = images + brightness
    gray = images.mean(dim=1, keepdim=True)
    images = gray + saturation * (images - gray)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return mean + contrast * (images - mean)


def translation(images, numbers):
    padded = torch.nn.functional.pad(images, [MOST] * 4)
    moved = []
    for image, down, right in zip(padded, numbers["move_rows"], numbers["move_cols"]):
        top, left = MOST - int(down), MOST - int(right)
        moved.append(image[:, top : top + SIZE_PX, left : left + SIZE_PX])
    return torch.stack(moved)


def cutout(images, numbers):
    mask = torch.ones_like(images)
    for image, top, left in zip(mask, numbers["hole_top"], numbers["hole_left"]):
        top, left = int(top), int(left)
        image[:, max(top, 0) : top + HOLE, max(left, 0) : left + HOLE] = 0
    return images * mask


def compute(dtype):
    torch.manual_seed(SEED)
    levels = smooth_levels(COUNT, SIZE_PX)
    numbers = {
        "brightness": torch.rand(COUNT) - 0.5,
        "saturation": torch.rand(COUNT) * 2,
        "contrast": torch.rand(COUNT) + 0.5,
        # Extremes of both ends, then whatever comes.
        "move_rows": torch.tensor([-MOST, MOST, 1, 0]),
        "move_cols": torch.tensor([MOST, -MOST, 0, -1]),
        "hole_top": torch.tensor([-HOLE // 2, SIZE_PX - HOLE // 2, 3, 0]),
        "hole_left": torch.tensor([SIZE_PX - HOLE // 2, -HOLE // 2, 4, 1]),
    }
    factors = torch.randn(COUNT, 3, SIZE_PX, SIZE_PX)
    out = {"image_levels": levels, "factors": factors}
    out |= {name: value if value.is_floating_point() else value.float() for name, value in numbers.items()}
    parts = {"color": [color], "translation": [translation], "cutout": [cutout]}
    parts["all"] = [color, translation, cutout]
    for name, changes in parts.items():
        images = from_levels(levels).to(dtype).requires_grad_(True)
        changed = images
        for change in changes:
            changed = change(changed, numbers)
        (gradient,) = torch.autograd.grad((changed * factors.to(dtype)).sum(), images)
        out |= {f"{name}.images": changed, f"{name}.gradient": gradient}
    return out


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    save_golden(
        OUT / "diff_augment.safetensors",
        "diff_augment.py",
        compute,
        """Four images of 16x16 (u8 levels, value = level / 127.5 - 1), the random numbers of each (a move is
        down and to the right where positive; a hole is 8x8 from its top left corner, cut at the borders), and for
        color, translation, cutout and all three in this order: the changed images, and the gradient at the images
        of the sum of changed images times factors.""",
        SEED,
    )


if __name__ == "__main__":
    main()
