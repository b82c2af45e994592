"""The noise schedule, v-prediction, and samplers that training itself needs: DDIM and DPM-Solver++ 2M."""

import math

import torch

from ..config import BETA_FIRST, BETA_LAST, NOISE_STEPS


def alphas_bar(device=None):
    """[NOISE_STEPS]: the share of the picture's variance that is left (Ho et al. 2020)."""
    betas = torch.linspace(BETA_FIRST**0.5, BETA_LAST**0.5, NOISE_STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0).float().to(device)


def spread(values, like):
    """[B] -> [B, 1, 1, 1]."""
    return values.view(-1, *[1] * (like.ndim - 1))


def noisy(x, noise, steps, bar):
    """(x at those time steps, the v that a network must predict there) (Salimans & Ho 2022)."""
    signal, spoil = spread(bar[steps].sqrt(), x), spread((1 - bar[steps]).sqrt(), x)
    return signal * x + spoil * noise, signal * noise - spoil * x


def split_v(v, noisy_x, steps, bar):
    """(clean x, noise) that v means."""
    signal, spoil = spread(bar[steps].sqrt(), v), spread((1 - bar[steps]).sqrt(), v)
    return signal * noisy_x - spoil * v, signal * v + spoil * noisy_x


def leading(count):
    """diffusers' "leading" time steps with an offset of 1, from noisy to clean."""
    return [n * (NOISE_STEPS // count) + 1 for n in range(count)][::-1]


def guided(unet, x, step, states, empty, guidance):
    """v with classifier-free guidance (Ho & Salimans 2022). states, empty: text states of the prompts and of no prompt."""
    steps = torch.full((len(x),), step, device=x.device)
    if guidance == 1:
        return unet(x, steps, states)
    without, with_ = unet(torch.cat([x, x]), torch.cat([steps, steps]), torch.cat([empty, states])).chunk(2)
    return without + guidance * (with_ - without)


@torch.no_grad()
def ddim(predict, x, count, bar):
    """Clean latents from noise x. predict(x, step) -> v. diffusers' DDIMScheduler, eta 0, set_alpha_to_one false."""
    steps = leading(count)
    for step in steps:
        before = step - NOISE_STEPS // count
        clean, noise = split_v(predict(x, step).float(), x, torch.full((len(x),), step, device=x.device), bar)
        left = bar[max(before, 0)]
        x = left.sqrt() * clean + (1 - left).sqrt() * noise
    return x


@torch.no_grad()
def dpmpp_2m(predict, x, count, bar):
    """The same by DPM-Solver++ 2M (Lu et al. 2022b) over diffusers' linspace time steps, the last step of first order."""
    grid = torch.linspace(0, NOISE_STEPS - 1, count + 1).round().flip(0).long().tolist()[:-1]
    sigma = ((1 - bar) / bar).sqrt()
    levels = [float(sigma[s]) for s in grid] + [0.0]
    previous = None
    for n, step in enumerate(grid):
        clean, _ = split_v(predict(x, step).float(), x, torch.full((len(x),), step, device=x.device), bar)
        now, after = levels[n], levels[n + 1]
        if after == 0:
            return clean
        a_now, a_after = (1 + now * now) ** -0.5, (1 + after * after) ** -0.5
        h = math.log(now / after)
        estimate = clean
        if previous is not None:
            before = math.log(levels[n - 1] / now)
            estimate = clean + h / before / 2 * (clean - previous)
        x = (after * a_after) / (now * a_now) * x - a_after * math.expm1(-h) * estimate
        previous = clean
    return x
