#!/usr/bin/env python3
"""What leaving out work costs in likeness: pictures of the default model beside those with all of it.

    ./dev bench savings [--prompts 50] [--steps 20]

For each way: PSNR in dB against the same seed without it (worst, median), and the steps' time beside its, prompt by prompt (median; times are
only worth something on an idle machine).
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

import numpy
from PIL import Image

from precision import LIMNER, PROMPTS, psnr

WAYS = {
    "step_cache 2": ["--step-cache", "2"],
    "step_cache 3": ["--step-cache", "3"],
    "step_cache 5": ["--step-cache", "5"],
    "guidance until 0.8": ["--guidance-end", "0.8"],
    "guidance until 0.5": ["--guidance-end", "0.5"],
    "guidance from 0.2": ["--guidance-start", "0.2"],
    "half the steps": None,
}


def draw(prompt, flags, steps, folder):
    """The picture, and the milliseconds of its steps."""
    out = folder / "picture.png"
    run = subprocess.run([LIMNER, "generate", prompt, "--no-sign", "--sampler", "dpmpp_2m", "--steps", str(steps), "--cfg", "3", "--seed", "1",
                          "-q", "-o", out, "--json", *flags], check=True, stdout=subprocess.PIPE)
    return numpy.asarray(Image.open(out).convert("RGB"), dtype=numpy.float64), json.loads(run.stdout)["times_ms"]["steps"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=len(PROMPTS))
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    likeness, shares = {way: [] for way in WAYS}, {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for prompt in PROMPTS[:options.prompts]:
            whole, whole_ms = draw(prompt, [], options.steps, folder)
            for way, flags in WAYS.items():
                steps = options.steps if flags is not None else options.steps // 2
                picture, ms = draw(prompt, flags or [], steps, folder)
                likeness[way].append(psnr(whole, picture))
                shares[way].append(ms / whole_ms)
    for way in WAYS:
        print(f"{way:20} worst {min(likeness[way]):5.1f} dB   median {statistics.median(likeness[way]):5.1f} dB   "
              f"steps' time {100 * statistics.median(shares[way]):4.0f} %")


if __name__ == "__main__":
    main()
