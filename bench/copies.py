#!/usr/bin/env python3
"""Whether copies are found and other pictures are not, and how long a look takes.

    bench/copies.py [COUNT]     COUNT distinct pictures (10,000): pairs taken for copies, copies missed; then times over 10^5 to 10^7 hashes

Distinct pictures are drawn by number: patches of photographs of scikit-image's package that do not overlap, and scenes of random
shapes. Needs the build target `similarity_tool`. Exit status 1 if two distinct pictures match or a copy is missed.
"""

import io
import os
import pathlib
import random
import subprocess
import sys

import numpy
import skimage
from PIL import Image, ImageDraw

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOOL = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")).resolve() / "tests" / "tools" / "similarity_tool"
PHOTOGRAPHS = pathlib.Path(skimage.__file__).parent / "data"
NAMES = ["astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "ihc.png", "motorcycle_left.png", "retina.jpg",
         "rocket.jpg"]  # fmt: skip
QUALITY_MIN = 50
SIDE = 160
COPY_SIDE = 400  # a PDQ hash samples 64 x 64 points: of much smaller pictures, resized ones are missed by some


class Hasher:
    """The hashing program, kept running."""

    def __init__(self):
        self.program = subprocess.Popen([TOOL, "hash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def line(self, image):
        image = image.convert("RGB")
        self.program.stdin.write(f"{image.width}x{image.height}\n".encode() + numpy.asarray(image).tobytes())
        self.program.stdin.flush()
        return self.program.stdout.readline().decode()


def patches(side):
    for name in NAMES:
        with Image.open(PHOTOGRAPHS / name) as image:
            image = image.convert("RGB")
        for top in range(0, image.height - side + 1, side):
            for left in range(0, image.width - side + 1, side):
                yield image.crop((left, top, left + side, top + side))


def shapes(seed):
    dice = random.Random(seed)
    image = Image.new("RGB", (SIDE, SIDE), tuple(dice.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(dice.randint(8, 60)):
        x, y, w, h = (dice.uniform(-0.2, 1) * SIDE, dice.uniform(-0.2, 1) * SIDE, dice.uniform(0.03, 0.6) * SIDE,
                      dice.uniform(0.03, 0.6) * SIDE)  # fmt: skip
        shape = dice.choice([draw.ellipse, draw.rectangle, draw.line])
        shape([x, y, x + w, y + h], fill=tuple(dice.randrange(256) for _ in range(3)))
    return image


def distinct(count):
    made = 0
    for image in patches(SIDE):
        if made == count:
            return
        yield image
        made += 1
    for seed in range(count - made):
        yield shapes(seed)


def distance(a, b):
    return (int(a, 16) ^ int(b, 16)).bit_count()


def recoded(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    with Image.open(file) as again:
        return again.convert("RGB")


COPIES = {
    "JPEG 50": lambda image: recoded(image, 50),
    "resize 0.5": lambda image: image.resize((image.width // 2, image.height // 2), Image.LANCZOS),
    "resize 1.5": lambda image: image.resize((image.width * 3 // 2, image.height * 3 // 2), Image.BICUBIC),
} | {method.name.lower(): (lambda image, method=method: image.transpose(method)) for method in Image.Transpose}


def copies_missed(hasher, images):
    missed = 0
    for name, change in COPIES.items():
        far, worst = 0, 0
        for image in images:
            original = hasher.line(image).split()[1]
            nearest = min(distance(original, word) for word in hasher.line(change(image)).split()[1:])
            far += nearest > 31
            worst = max(worst, nearest)
        print(f"{name:16} {len(images) - far} of {len(images)} found, at most {worst} bits away", flush=True)
        missed += far
    return missed


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    hasher = Hasher()
    lines, flat = [], 0
    for image in distinct(count):
        line = hasher.line(image)
        if int(line.split()[0]) >= QUALITY_MIN:
            lines.append(line)
        else:
            flat += 1
    pairs = subprocess.run([TOOL, "pairs"], input="".join(lines).encode(), capture_output=True, check=True)
    compared, nearest, matches = (int(word) for word in pairs.stdout.split())
    print(f"{count} distinct pictures, {flat} of them too flat: {compared} comparisons in 8 orientations,")
    print(f"nearest {nearest} bits apart, {matches} taken for copies\n", flush=True)
    with_detail = [image for image in patches(COPY_SIDE) if int(hasher.line(image).split()[0]) >= QUALITY_MIN][:100]
    missed = copies_missed(hasher, with_detail)
    print("\nhashes      scan, ms   in plain C++   multi-index   its making")
    for size in (100_000, 1_000_000, 10_000_000):
        times = subprocess.run([TOOL, "time", str(size)], capture_output=True, check=True, text=True).stdout.split()
        print(f"{size:<10,} {times[0]:>9} {times[1]:>14} {times[2]:>13} {times[3]:>12}", flush=True)
    sys.exit(1 if matches or missed else 0)


if __name__ == "__main__":
    main()
