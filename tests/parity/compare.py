"""Runs Limner beside the reference and compares pictures."""

import os
import pathlib
import subprocess

import numpy
import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build"))

torch.set_num_threads(2)


class Limner:
    """The program, in f32."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def generate(self, model, prompt, **options):
        """Draws one picture. Options become flags: cfg=3 is --cfg 3, a list repeats the flag, True is the flag alone."""
        self.count += 1
        out = self.folder / f"{self.count}.png"
        words = [str(BUILD / "limner"), "generate", prompt, "--no-sign", "--model", str(model), "--dtype", "f32", "-q", "-o", str(out)]
        for name, value in options.items():
            flag = "--" + name.replace("_", "-")
            for one in value if isinstance(value, list) else [value]:
                words += [flag] if one is True else [flag, str(one)]
        run = subprocess.run(words, capture_output=True, text=True, timeout=300)
        assert run.returncode == 0, run.stderr
        return Image.open(out).convert("RGB")


def psnr(a, b):
    """Peak signal-to-noise ratio of two 8-bit pictures in decibels; 99 for equal ones."""
    a, b = (numpy.asarray(x, dtype=numpy.float64) for x in (a, b))
    assert a.shape == b.shape, (a.shape, b.shape)
    mean = ((a - b) ** 2).mean()
    return 99.0 if mean == 0 else 10 * numpy.log10(255**2 / mean)


def assert_same_picture(ours, theirs, least=55.0):
    # A flat picture would agree with anything.
    assert numpy.asarray(theirs).std() > 4, "the reference's picture is flat: it proves nothing"
    found = psnr(ours, theirs)
    assert found >= least, f"{found:.1f} dB"


def generator(seed=7):
    return torch.Generator("cpu").manual_seed(seed)


def make_picture(width, height, seed=3):
    """Smooth colours with some edges: what a photograph is to a resampler."""
    random = numpy.random.default_rng(seed)
    small = random.integers(0, 256, (max(2, height // 8), max(2, width // 8), 3), dtype=numpy.uint8)
    return Image.fromarray(small).resize((width, height), Image.BICUBIC)
