"""The torch noise stream against torch.randn, bit for bit. The C++ side is build/tests/tools/run_noise."""

import os
import pathlib
import subprocess

import numpy as np
import pytest
import torch

BUILD = pathlib.Path(os.environ.get("LIMNER_BUILD", pathlib.Path(__file__).parents[2] / "build"))
TOOL = BUILD / "tests/tools/run_noise"
VECTOR = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")


def drawn(seed, sizes):
    run = subprocess.run([TOOL, "torch", str(seed), *map(str, sizes)], check=True, capture_output=True)
    return np.frombuffer(run.stdout, np.float32)


def expected(seed, sizes):
    generator = torch.Generator().manual_seed(seed)
    return np.concatenate([torch.randn(size, generator=generator).numpy() for size in sizes])


@pytest.mark.parametrize("sizes", [range(1, 200), range(200, 5000, 7), [5, 16, 3, 17, 1, 16384, 15, 65536, 2]], ids=str)
@pytest.mark.parametrize("seed", [0, 42, 2**32 + 42, 2**63 - 1])
def test_draws_what_torch_draws(seed, sizes):
    ours, theirs = drawn(seed, sizes), expected(seed, sizes)
    if VECTOR:
        assert np.array_equal(ours, theirs)
    else:  # without AVX2 torch takes the system's logarithm and sine
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-6)
