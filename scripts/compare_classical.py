"""OpenCV's and scikit-image's fills of the images that the example `compare_fills` filled.

    pip install numpy==2.4.6 opencv-python-headless==5.0.0.93 scikit-image==0.26.0
    python scripts/compare_classical.py OUT

OUT is the example's folder. Prints the mean hole PSNR of each tool beside ours and the largest difference
of an image, and fails where a difference is above 0.1 dB.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from skimage.restoration import inpaint_biharmonic

SIZE = 64
MASKS = ["square:20", "circle:20", "blocks:2x2:100"]
MID_GRAY = 128
TOLERANCE_DB = 0.1


def hole_psnr(truth, completed, known):
    """PSNR in dB, peak 2, of [H, W, 3] in [-1, 1] over missing pixels."""
    return 10 * np.log10(4 / np.mean((truth - completed)[~known] ** 2))


def fills(levels, known):
    """Completed images [H, W, 3] in [-1, 1] by the name of our method; `None` has no counterpart."""
    corrupted = np.where(known[..., None], levels, MID_GRAY).astype(np.uint8)
    hole = (~known).astype(np.uint8)
    telea = cv2.inpaint(corrupted, hole, 3, cv2.INPAINT_TELEA)
    navier_stokes = cv2.inpaint(corrupted, hole, 3, cv2.INPAINT_NS)
    return {
        "telea": telea / 127.5 - 1,
        "biharmonic": inpaint_biharmonic(corrupted / 127.5 - 1, ~known, channel_axis=-1),
        "navier-stokes": navier_stokes / 127.5 - 1,
    }


def main():
    out = Path(sys.argv[1])
    images = np.fromfile(out / "levels.u8", np.uint8).reshape(-1, SIZE, SIZE, 3)
    ours = defaultdict(dict)
    with open(out / "scores.csv", newline="") as file:
        for row in csv.DictReader(file):
            ours[row["mask"], row["method"]][int(row["image"])] = float(row["hole_psnr_db"])
    worst = 0.0
    for mask in MASKS:
        name = mask.replace(":", "-")
        knowns = np.fromfile(out / f"{name}.known.u8", np.uint8).reshape(-1, SIZE, SIZE) == 1
        scores = defaultdict(list)
        for levels, known in zip(images, knowns):
            for method, completed in fills(levels, known).items():
                scores[method].append(hole_psnr(levels / 127.5 - 1, completed, known))
        for method, values in scores.items():
            line = f"{mask:16} {method:14} {np.mean(values):.3f} dB"
            if (mask, method) in ours:
                own = [ours[mask, method][image] for image in range(len(values))]
                difference = np.max(np.abs(np.subtract(values, own)))
                worst = max(worst, difference)
                line += f", ours {np.mean(own):.3f} dB, largest difference {difference:.1e} dB"
            print(line)
    if worst > TOLERANCE_DB:
        sys.exit(f"a difference of {worst} dB is above {TOLERANCE_DB}")


if __name__ == "__main__":
    main()
