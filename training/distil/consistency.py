"""Latent consistency (Luo et al. 2023): from any point of a path to its clean end in one evaluation, and drawing in a few."""

import torch

from ..config import NOISE_STEPS
from ..unet.noise import split_v, spread

SOLVER_STEPS = 50  # of the teacher's path: what diffusers calls original_inference_steps
TIMESTEP_SCALING, SIGMA_DATA = 10.0, 0.5


def boundary(steps):
    """(weight of the input, weight of the prediction): at step 0 the input itself comes back."""
    scaled = steps.float() * TIMESTEP_SCALING
    skip = SIGMA_DATA**2 / (scaled**2 + SIGMA_DATA**2)
    return skip, scaled / (scaled**2 + SIGMA_DATA**2) ** 0.5


def clean(v, x, steps, bar):
    """The consistency function's value, from a network's v."""
    skip, out = boundary(steps)
    found, _ = split_v(v, x, steps, bar)
    return spread(skip, x) * x + spread(out, x) * found


def grid():
    """The teacher's time steps, ascending, [SOLVER_STEPS]."""
    stride = NOISE_STEPS // SOLVER_STEPS
    return torch.arange(1, SOLVER_STEPS + 1) * stride - 1


def sampling_steps(count):
    """diffusers' LCMScheduler.set_timesteps(), noisy to clean."""
    origin = grid().flip(0)
    return [int(origin[int(n * len(origin) / count)]) for n in range(count)]


@torch.no_grad()
def sample(predict, x, count, bar, generator):
    """Clean latents from noise x in `count` evaluations. predict(x, step) -> v."""
    steps = sampling_steps(count)
    for number, step in enumerate(steps):
        at = torch.full((len(x),), step, device=x.device)
        found = clean(predict(x, step).float(), x, at, bar)
        if number + 1 == count:
            return found
        left = bar[steps[number + 1]]
        noise = torch.randn(x.shape, generator=generator, device=x.device)
        x = left.sqrt() * found + (1 - left).sqrt() * noise
    return x
