"""Writes assets/portrait.png: the sample photo, cut out of scikit-image's `astronaut`.

    pip install scikit-image==0.26.0
    python scripts/assets/portrait.py

Source: NASA's portrait of the astronaut Eileen Collins, in the public domain, as scikit-image ships it
(`skimage/data/astronaut.png`, 512x512; original at https://flic.kr/p/r9qvLn). Nothing is resampled: the
box alone brings the face where the face model's training images have it, and its pixels are copied.
"""

import hashlib
from pathlib import Path

import numpy as np
from skimage import data, io

PIXELS_SHA256 = "a8c429c18afa7b0fd5673e598d73a21225d94c864a71bbb3885126fdecb41071"

# Centers of eyes and mouth in the source, column before row, read off by eye.
LEFT_EYE, RIGHT_EYE, MOUTH = (203.2, 101.0), (246.8, 103.0), (224.0, 145.0)

# In the 108x108 box of aligned CelebA images the eyes lie at 0.32 and 0.68 of the width and at 0.53 of
# the height, the mouth at 0.5 and 0.9. A side of 128 px, two pixels for each of the model's 64, puts
# the eyes at 0.33, 0.67 and 0.54 and the mouth at 0.49 and 0.88. Their tilt of 2.6 degrees is left.
SIDE_PX = 128
LEFT = round((LEFT_EYE[0] + RIGHT_EYE[0] - SIDE_PX) / 2)
TOP = round((LEFT_EYE[1] + RIGHT_EYE[1]) / 2 - 0.54 * SIDE_PX)


def main():
    source = data.astronaut()
    found = hashlib.sha256(source.tobytes()).hexdigest()
    if found != PIXELS_SHA256:
        raise SystemExit(f"skimage's astronaut has other pixels than expected: SHA-256 {found}")
    crop = source[TOP : TOP + SIDE_PX, LEFT : LEFT + SIDE_PX]
    path = Path(__file__).parents[2] / "assets" / "portrait.png"
    io.imsave(path, crop, check_contrast=False)
    print(f"{path.name}: {SIDE_PX}x{SIDE_PX} px from row {TOP}, column {LEFT}")
    for name, (column, row) in {"left eye": LEFT_EYE, "right eye": RIGHT_EYE, "mouth": MOUTH}.items():
        print(f"{name} at ({(column - LEFT) / SIDE_PX:.2f}, {(row - TOP) / SIDE_PX:.2f})")


if __name__ == "__main__":
    main()
