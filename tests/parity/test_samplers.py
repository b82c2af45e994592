"""Every sampler, on every noise schedule diffusers has, against its diffusers scheduler with the same made-up network.

The C++ side is build/tests/tools/run_sampler, which draws all cases of a test in one run. LIMNER_BUILD names another
build folder."""

import functools
import inspect
import itertools
import json
import math
import os
import pathlib
import subprocess
from dataclasses import dataclass, field

import diffusers
import numpy as np
import pytest
import torch
from scipy.stats import beta

BUILD = pathlib.Path(os.environ.get("LIMNER_BUILD", pathlib.Path(__file__).parents[2] / "build"))
TOOL = BUILD / "tests/tools/run_sampler"
SIZE = [4, 4, 5]  # 80 numbers: whole blocks of the generator; ragged sizes are test_noise's
SEED = 7

pytestmark = pytest.mark.filterwarnings("ignore")  # diffusers and numpy 2 have a million to say
torch.set_num_threads(1)

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}
CURVES = {"plain": {}, "karras": {"use_karras_sigmas": True}, "exponential": {"use_exponential_sigmas": True},
          "beta": {"use_beta_sigmas": True}}  # fmt: skip
SPACINGS = ["leading", "trailing", "linspace"]
PREDICTIONS = ["epsilon", "v_prediction", "sample"]
STEPS = [1, 2, 3, 5, 8, 20, 25, 30]


@dataclass
class Subject:
    """A sampler, the diffusers scheduler it is, and what that scheduler can do."""

    sampler: str
    scheduler: str
    curves: list = field(default_factory=lambda: list(CURVES))
    predictions: list = field(default_factory=lambda: PREDICTIONS)
    spacings: list = field(default_factory=lambda: SPACINGS)
    config: dict = field(default_factory=dict)  # beyond BETAS
    etas: list = field(default_factory=lambda: [-1.0])
    tolerance: float = 1e-5  # of the largest number of the drawing
    timestep_tolerance: float = 2e-3

    def __str__(self):
        return self.sampler + "".join(f"-{value}" for value in self.config.values())


TWO = ["epsilon", "v_prediction"]
DPM, UNIPC = "DPMSolverMultistepScheduler", "UniPCMultistepScheduler"
SDE, ODE = {"algorithm_type": "sde-dpmsolver++"}, {"algorithm_type": "dpmsolver"}
MIN = {"final_sigmas_type": "sigma_min"}
PNDM = {"skip_prk_steps": True, "steps_offset": 1}
SUBJECTS = [
    Subject("euler", "EulerDiscreteScheduler"),
    Subject("euler", "EulerDiscreteScheduler", config={"final_sigmas_type": "sigma_min", "steps_offset": 1}),
    Subject("euler", "EulerDiscreteScheduler", predictions=TWO, config={"rescale_betas_zero_snr": True}),
    Subject("euler", "EulerDiscreteScheduler", config={"sigma_min": 0.1, "sigma_max": 10.0}),
    Subject("euler_ancestral", "EulerAncestralDiscreteScheduler", ["plain"], TWO),
    Subject("euler_ancestral", "EulerAncestralDiscreteScheduler", ["plain"], TWO,
            config={"rescale_betas_zero_snr": True}),
    Subject("heun", "HeunDiscreteScheduler"),
    Subject("heun", "HeunDiscreteScheduler", config={"clip_sample": True, "clip_sample_range": 0.7}),
    Subject("lms", "LMSDiscreteScheduler", tolerance=2e-5),
    Subject("dpm2", "KDPM2DiscreteScheduler", predictions=TWO),
    # The square root of a difference of almost equal squares; torch's root is not always the nearest float.
    Subject("dpm2_ancestral", "KDPM2AncestralDiscreteScheduler", predictions=TWO, tolerance=2e-4,
            timestep_tolerance=0.05),
    Subject("ddim", "DDIMScheduler", ["plain"], config={"clip_sample": False}, etas=[-1.0, 0.0, 0.5, 1.0]),
    Subject("ddim", "DDIMScheduler", ["plain"], config={"clip_sample": True, "set_alpha_to_one": False}),
    Subject("ddim", "DDIMScheduler", ["plain"], config={"thresholding": True, "sample_max_value": 1.5}),
    Subject("ddim", "DDIMScheduler", ["plain"], ["v_prediction", "sample"],
            config={"rescale_betas_zero_snr": True, "clip_sample": False}),
    Subject("plms", "PNDMScheduler", ["plain"], TWO, config=PNDM),
    Subject("plms", "PNDMScheduler", ["plain"], TWO, config={**PNDM, "set_alpha_to_one": True}),
    Subject("lcm", "LCMScheduler", ["plain"]),
    Subject("lcm", "LCMScheduler", ["plain"], config={"original_inference_steps": 100, "timestep_scaling": 5.0}),
    Subject("tcd", "TCDScheduler", ["plain"], etas=[-1.0, 0.0, 0.5, 1.0]),
    Subject("ddpm", "DDPMScheduler", ["plain"], config={"clip_sample": False}),
    Subject("ddpm", "DDPMScheduler", ["plain"], config={"variance_type": "fixed_large"}),
    Subject("ddpm", "DDPMScheduler", ["plain"], config={"variance_type": "fixed_small_log", "clip_sample": False}),
    Subject("dpmpp_2m", DPM),
    Subject("dpmpp_2m", DPM, config={"solver_order": 1}),
    Subject("dpmpp_2m", DPM, config={"solver_order": 3}),
    Subject("dpmpp_2m", DPM, config={"solver_type": "heun"}),
    Subject("dpmpp_2m", DPM, config={"solver_order": 3, "euler_at_final": True, "lower_order_final": False, **MIN}),
    Subject("dpmpp_2m", DPM, config={"thresholding": True, "sample_max_value": 1.5}),
    Subject("dpmpp_2m", DPM, ["plain"], config={"lambda_min_clipped": -2.0}),
    Subject("dpmpp_2m", DPM, config={"rescale_betas_zero_snr": True}),
    Subject("dpmpp_2m", DPM, config={**ODE, **MIN}, tolerance=5e-5),
    Subject("dpmpp_2m", DPM, config={**ODE, "solver_order": 3, **MIN}, tolerance=5e-5),
    Subject("dpmpp_2m", DPM, config={**ODE, "solver_type": "heun", "thresholding": True, **MIN}, tolerance=5e-5),
    Subject("dpmpp_2m_sde", DPM, config=SDE),
    Subject("dpmpp_2m_sde", DPM, config={**SDE, "solver_type": "heun"}),
    Subject("dpmpp_2m_sde_heun", DPM, ["karras"], config={**SDE, "solver_type": "heun"}),
    Subject("dpmpp_2m_sde", DPM, config={"algorithm_type": "sde-dpmsolver", **MIN}, tolerance=5e-5),
    # Weights near a cancellation: the last bit of PyTorch's exp() shows.
    Subject("dpmpp_3m_sde", DPM, config={**SDE, "solver_order": 3}, tolerance=1e-4),
    Subject("unipc", UNIPC),
    Subject("unipc", UNIPC, config={"solver_order": 1}),
    Subject("unipc", UNIPC, config={"solver_order": 3}),
    Subject("unipc", UNIPC, config={"solver_type": "bh1", **MIN}),
    Subject("unipc", UNIPC, config={"predict_x0": False, "solver_order": 3, **MIN}, tolerance=1e-4),
    Subject("unipc", UNIPC, config={"lower_order_final": False, "disable_corrector": [0, 2], **MIN}),
    Subject("unipc", UNIPC, config={"thresholding": True}),
    Subject("deis", "DEISMultistepScheduler"),
    Subject("deis", "DEISMultistepScheduler", config={"solver_order": 1}),
    # The integrals of this order are small differences of large numbers.
    Subject("deis", "DEISMultistepScheduler", config={"solver_order": 3, "lower_order_final": False}, tolerance=1e-4),
]


def network(x, timestep):
    """run_sampler's predict()."""
    t = float(np.float32(timestep))
    return x * np.float32(0.3 * math.cos(t / 1000)).item() + x / (x * x + 1) * np.float32(0.2 + 0.0003 * t).item()


def randn(generator):
    return torch.randn([1, *SIZE], generator=generator)


def step_options(scheduler, case, generator):
    """What this scheduler's step() takes beyond prediction, timestep and latent."""
    takes = inspect.signature(scheduler.step).parameters
    options = {}
    if "generator" in takes:
        options["generator"] = generator
    if "eta" in takes and case["eta"] >= 0:
        options["eta"] = case["eta"]
    return options


@functools.lru_cache
def scheduler_of(config):
    config = json.loads(config)
    return getattr(diffusers, config["_class_name"]).from_config(config)


def reference(case):
    """The latents of a drawing by diffusers: before the first step and after every evaluation."""
    scheduler = scheduler_of(json.dumps({**case["config"], **CURVES[case["schedule"]]}))
    scheduler.set_timesteps(case["steps"])
    first = case["skip"] * scheduler.order
    timesteps = scheduler.timesteps[first:]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    generator, clean = torch.Generator().manual_seed(SEED), randn(torch.Generator().manual_seed(SEED + 1))
    noise = randn(generator)
    x = scheduler.add_noise(clean, noise, timesteps[:1]) if case["clean"] else noise * scheduler.init_noise_sigma
    latents = [x]
    for done, timestep in enumerate(timesteps):
        prediction = network(scheduler.scale_model_input(x, timestep), timestep)
        x = scheduler.step(prediction, timestep, x, **step_options(scheduler, case, generator)).prev_sample
        if case["inpaint"]:
            last = done + 1 == len(timesteps)
            kept = clean if last else scheduler.add_noise(clean, noise, timesteps[done + 1 : done + 2])
            x = torch.where(torch.arange(x.numel()).reshape(x.shape) < x.numel() // 2, kept, x)
        latents.append(x)
    return [float(timestep) for timestep in timesteps], torch.stack(latents).reshape(-1).double().numpy()


def case_of(subject, curve, prediction, spacing, **changes):
    config = {"_class_name": subject.scheduler, **BETAS, "prediction_type": prediction, "timestep_spacing": spacing}
    # The seed also feeds DPMSolverSDE's Brownian path.
    return {"config": {**config, **subject.config}, "sampler": subject.sampler, "schedule": curve,
            "skip": 0, "eta": -1.0, "seed": SEED, "size": SIZE, "clean": False, "inpaint": False, **changes}  # fmt: skip


def cases(subject):
    """Every combination of curve, prediction and spacing; step counts, etas and skips take turns, unless
    LIMNER_EXHAUSTIVE is set, which takes minutes."""
    exhaustive = bool(os.environ.get("LIMNER_EXHAUSTIVE"))
    takes = inspect.signature(getattr(diffusers, subject.scheduler)).parameters
    spacings = subject.spacings if "timestep_spacing" in takes else ["linspace"]
    variants = [dict(steps=steps, eta=eta) for steps in STEPS for eta in subject.etas]
    variants += [dict(steps=8, skip=skip, clean=True) for skip in (1, 2, 5)]
    variants += [dict(steps=steps, inpaint=True) for steps in (2, 6)]
    variants += [dict(steps=steps, inpaint=True, clean=True, skip=1) for steps in (2, 6)]
    combinations = list(itertools.product(subject.curves, subject.predictions, spacings))
    turns = itertools.cycle(variants)
    each = len(variants) if exhaustive else max(3, math.ceil(2 * len(variants) / len(combinations)))
    for combination in combinations:
        for variant in itertools.islice(turns, each):
            yield case_of(subject, *combination, **variant)


def draw(all_cases, folder):
    """(timesteps, latents) of each case, or its error, by Limner."""
    (folder / "cases.json").write_text(json.dumps(all_cases))
    command = [TOOL, folder / "cases.json", folder / "latents.f32"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    latents, position = np.fromfile(folder / "latents.f32", np.float32).astype(float), 0
    for line in map(json.loads, lines):
        if "error" in line:
            yield line["error"], None
            continue
        count = math.prod(SIZE) * (len(line["timesteps"]) + 1)
        yield line["timesteps"], latents[position : position + count]
        position += count


@pytest.mark.parametrize("subject", SUBJECTS, ids=str)
def test_draws_what_diffusers_draws(subject, tmp_path):
    all_cases, worst = list(cases(subject)), 0.0
    for case, (timesteps, latents) in zip(all_cases, draw(all_cases, tmp_path), strict=True):
        try:
            expected_timesteps, expected = reference(case)
        except (ValueError, IndexError):  # diffusers has no such drawing
            assert latents is None or not np.isnan(latents).any(), case
            continue
        assert latents is not None, f"{case}: {timesteps}"
        np.testing.assert_allclose(timesteps, expected_timesteps, rtol=0, atol=subject.timestep_tolerance, err_msg=str(case))
        if not np.isfinite(expected).all():
            continue
        error = np.abs(latents - expected).max() / np.abs(expected).max()
        worst = max(worst, error)
        assert error < subject.tolerance, f"{case}: {error}"
    print(f"{subject}: {len(all_cases)} drawings, largest difference {worst:.1e} of the largest number")


def table():
    """The sigma of every training timestep, ascending."""
    alphas = torch.cumprod(1 - diffusers.DDIMScheduler(**BETAS).betas, dim=0)
    return ((1 - alphas) / alphas).sqrt().double().numpy()


def sigmas_at(timesteps):
    return np.exp(np.interp(timesteps, np.arange(1000), np.log(table())))


def comfy_sigmas(schedule, steps):
    """ComfyUI's schedules as comfy/samplers.py defines them, without the final zero."""
    if schedule == "simple":
        return np.array([table()[-(1 + int(i * 1000 / steps))] for i in range(steps)])
    if schedule == "ddim_uniform":
        return table()[1 :: max(1000 // steps, 1)][::-1]
    if schedule == "sgm_uniform":
        return sigmas_at(np.linspace(999, 0, steps + 1)[:-1])
    if schedule == "beta_table":
        places = beta.ppf(1 - np.linspace(0, 1, steps, endpoint=False), 0.6, 0.6) * 999
        return table()[np.rint(places).astype(int)]
    if schedule == "kl_optimal":
        low, high = np.arctan(table()[[0, -1]])
        ramp = np.linspace(0, 1, steps)
        return np.tan(ramp * low + (1 - ramp) * high)
    return sigmas_at(np.linspace(999, 0, steps))


@pytest.mark.parametrize("schedule", ["normal", "simple", "sgm_uniform", "ddim_uniform", "beta_table", "kl_optimal"])
def test_schedules_are_comfyuis(schedule, tmp_path):
    euler = Subject("euler", "EulerDiscreteScheduler")
    all_cases = [case_of(euler, schedule, "epsilon", "trailing", steps=steps) for steps in STEPS]
    for case, (timesteps, latents) in zip(all_cases, draw(all_cases, tmp_path), strict=True):
        scheduler = diffusers.EulerDiscreteScheduler.from_config(case["config"])
        scheduler.set_timesteps(sigmas=[*comfy_sigmas(schedule, case["steps"]), 0])
        np.testing.assert_allclose(timesteps, scheduler.timesteps, rtol=0, atol=2e-3)
        x = randn(torch.Generator().manual_seed(SEED)) * scheduler.init_noise_sigma
        for timestep in scheduler.timesteps:
            x = scheduler.step(network(scheduler.scale_model_input(x, timestep), timestep), timestep, x).prev_sample
        np.testing.assert_allclose(latents[-math.prod(SIZE) :], x.flatten(), rtol=1e-4, atol=1e-4)
