#!/usr/bin/env python3
"""How far a faster precision's pictures are from f32's: 50 prompts of the default model, each drawn both ways.

    ./dev bench precision [--dtype bf16] [--least 30]
    ./dev bench precision --model FOLDER [--dtype f32] [--least 25]

With --model, the default model as `limner model quantize` wrote it to FOLDER draws in that precision beside the default model in
f32.

Prints PSNR in dB for every prompt, the worst and the median; exit status 1 if one is below --least. Pictures are drawn with the
same seed and 20 steps, so that differences grow along the whole trajectory.
"""

import argparse
import itertools
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
LIMNER = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")) / "limner"

SUBJECTS = ["fox", "castle", "snowman", "purple octopus", "green car", "red apple", "yellow star", "blue fish", "brown bear",
            "pink flower", "white rabbit", "wooden house", "red balloon", "black cat", "orange pumpkin", "silver key", "small boat",
            "rainbow", "grey elephant", "green frog", "loaf of bread", "steam train", "penguin", "tall tree", "hot air balloon"]
STYLES = ["a 3d render of a {} on a blue background", "a flat drawing of a {} on a white background"]
PROMPTS = [style.format(subject) for subject, style in itertools.product(SUBJECTS, STYLES)]


def draw(prompt, model, dtype, folder):
    out = folder / "drawn.png"
    subprocess.run([LIMNER, "generate", prompt, "-m", model, "--no-sign", "--dtype", dtype, "--sampler", "dpmpp_2m", "--steps", "20", "--cfg", "3",
                    "--seed", "1", "-q", "-o", out], check=True, stdout=subprocess.DEVNULL)
    return numpy.asarray(Image.open(out).convert("RGB"), dtype=numpy.float64)


def psnr(a, b):
    error = numpy.mean((a - b) ** 2)
    return float("inf") if error == 0 else 10 * numpy.log10(255**2 / error)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dtype", default="bf16")
    parser.add_argument("--model", default="limner-tiny")
    parser.add_argument("--least", type=float, default=30)
    options = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for prompt in PROMPTS:
            ways = [("limner-tiny", "f32"), (options.model, options.dtype)]
            pictures = [draw(prompt, *way, pathlib.Path(folder)) for way in ways]
            found.append(psnr(*pictures))
            print(f"{found[-1]:6.1f} dB  {prompt}", flush=True)
    below = sum(value < options.least for value in found)
    print(f"{options.model} in {options.dtype} against f32, {len(found)} prompts: worst {min(found):.1f} dB, median {statistics.median(found):.1f} dB, "
          f"{below} below {options.least:g} dB")
    sys.exit(1 if below else 0)


if __name__ == "__main__":
    main()
