"""The two DPM++ samplers whose reference takes more than naming a diffusers scheduler. Beside test_samplers.py."""

import json

import numpy as np
import pytest
import test_samplers
import torch
from diffusers import DPMSolverSDEScheduler, EulerDiscreteScheduler
from diffusers.schedulers.scheduling_utils import SchedulerOutput
from test_samplers import TWO, Subject, test_draws_what_diffusers_draws as compare

pytestmark = pytest.mark.filterwarnings("ignore")


class Dpmpp2sAncestral(EulerDiscreteScheduler):
    """Sampling by Algorithm 1 of DPM-Solver++ (arXiv:2211.01095) with k-diffusion's ancestral step, eta 1. Sigmas, their
    timesteps and the network's input are EulerDiscreteScheduler's; evaluations at odd indices stand in a step's middle."""

    order = 2

    def set_timesteps(self, steps):
        super().set_timesteps(steps)
        whole, table = self.timesteps, np.log((((1 - self.alphas_cumprod) / self.alphas_cumprod) ** 0.5).numpy())
        self.index, self.steps = None, [self.step_of(*pair) for pair in zip(self.sigmas, self.sigmas[1:])]
        middles = [float(self._sigma_to_t(step["middle"].double().numpy(), table)) for step in self.steps]
        self.timesteps = torch.tensor([t for pair in zip(whole.tolist(), middles) for t in pair][:-1])

    def step_of(self, sigma, target):
        up = min(target, (target**2 * (sigma**2 - target**2) / sigma**2) ** 0.5)
        down = (target**2 - up**2) ** 0.5
        start, h = -sigma.log(), sigma.log() - down.log()
        return {"sigma": sigma, "up": up, "start": start, "h": h, "middle": (-(start + 0.5 * h)).exp()}

    def set_begin_index(self, index):
        self.index = index

    @property
    def level(self):
        return self.steps[self.index // 2]["middle" if self.index % 2 else "sigma"]

    def scale_model_input(self, x, timestep):
        return x / (self.level**2 + 1) ** 0.5

    def add_noise(self, clean, noise, timesteps):
        return clean + noise * self.level

    def denoised(self, x, prediction):
        if self.config.prediction_type == "epsilon":
            return x - self.level * prediction
        if self.config.prediction_type == "v_prediction":
            return prediction * (-self.level / (self.level**2 + 1) ** 0.5) + x / (self.level**2 + 1)
        return prediction

    def step(self, prediction, timestep, x, generator):
        step, clean = self.steps[self.index // 2], self.denoised(x, prediction)
        at_start, in_middle = (-step["start"]).exp(), self.index % 2
        self.index += 1
        if self.index == len(self.timesteps):
            return SchedulerOutput(x + (x - clean) / step["sigma"] * -step["sigma"])
        if not in_middle:
            self.begun = x
            return SchedulerOutput(step["middle"] / at_start * x - (-step["h"] * 0.5).expm1() * clean)
        end = (-(step["start"] + step["h"])).exp()
        x = end / at_start * self.begun - (-step["h"]).expm1() * clean
        return SchedulerOutput(x + torch.randn(x.shape, generator=generator) * step["up"])


@pytest.fixture
def rounded_math(monkeypatch):
    """PyTorch's f32 log, exp and square root differ in the last bit from CPU to CPU. Here they are what IEEE 754 rounds to."""
    for name in ("log", "exp", "__pow__"):
        function = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda x, *rest, f=function: f(x.double(), *rest).to(x.dtype))


def test_dpmpp_2s_ancestral_is_the_published_algorithm(monkeypatch, rounded_math, tmp_path):
    monkeypatch.setattr(test_samplers, "scheduler_of", lambda text: Dpmpp2sAncestral.from_config(json.loads(text)))
    compare(Subject("dpmpp_2s_ancestral", "EulerDiscreteScheduler"), tmp_path)


def test_dpmpp_sde_walks_torchsdes_path(monkeypatch, rounded_math, tmp_path):
    """The last bit of a sigma decides which of torchsde's intervals a step covers, and so 1e-3 of its noise."""
    seed = {"noise_sampler_seed": test_samplers.SEED}
    monkeypatch.setattr(
        test_samplers, "scheduler_of", lambda text: DPMSolverSDEScheduler.from_config({**json.loads(text), **seed})
    )
    compare(Subject("dpmpp_sde", "DPMSolverSDEScheduler", predictions=TWO), tmp_path)
