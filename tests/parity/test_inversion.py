"""From pictures back to noise, beside diffusers' DDIMInverseScheduler."""

import math
import subprocess

import diffusers
import numpy
import pytest
import torch
from PIL import Image

import test_samplers as samplers
from compare import BUILD, ROOT

TOOL = BUILD / "tests" / "tools" / "noise_tool"
TINY = ROOT / "models" / "limner-tiny"


def reference(config, steps, network, clean):
    scheduler = diffusers.DDIMInverseScheduler(**config)
    scheduler.set_timesteps(steps)
    latents = [clean]
    for timestep in scheduler.timesteps:
        latents.append(scheduler.step(network(latents[-1], timestep), timestep, latents[-1]).prev_sample)
    return [float(timestep) for timestep in scheduler.timesteps], latents


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("spacing", ["leading", "trailing"])
def test_steps_are_those_of_diffusers(prediction, spacing, tmp_path):
    cases, configs = [], []
    for steps, to_one, offset in [(1, False, 0), (7, False, 1), (20, True, 1), (50, False, 0)]:
        # At alpha 1 diffusers divides a sample prediction by zero.
        to_one = to_one and prediction != "sample"
        config = dict(samplers.BETAS, prediction_type=prediction, timestep_spacing=spacing, set_alpha_to_one=to_one,
                      steps_offset=offset, clip_sample=False)  # fmt: skip
        configs.append(config)
        cases.append({"config": {"_class_name": "DDIMScheduler", **config}, "sampler": "ddim_inversion", "schedule": "",
                      "steps": steps, "skip": 0, "eta": -1.0, "seed": samplers.SEED, "size": samplers.SIZE, "clean": True,
                      "inpaint": False})  # fmt: skip
    clean = samplers.randn(torch.Generator().manual_seed(samplers.SEED + 1))
    for case, config, (timesteps, latents) in zip(cases, configs, samplers.draw(cases, tmp_path), strict=True):
        assert latents is not None, timesteps
        expected_timesteps, expected = reference(config, case["steps"], samplers.network, clean)
        assert timesteps == expected_timesteps
        expected = torch.stack(expected).reshape(-1).double().numpy()
        assert numpy.abs(latents - expected).max() <= 2e-5 * numpy.abs(expected).max()


def test_a_picture_of_the_default_model_comes_back_as_diffusers_has_it(tmp_path):
    picture = Image.open(TINY / "samples" / "seeds.png").convert("RGB").crop((0, 0, 128, 128))
    picture.save(tmp_path / "picture.png")
    run = subprocess.run([TOOL, "invert", TINY, "128x128", "12", "0", tmp_path / "picture.png"], capture_output=True, check=True)
    ours = numpy.frombuffer(run.stdout, numpy.float32).astype(float)

    pipeline = diffusers.StableDiffusionPipeline.from_pretrained(TINY).to(torch.float32)
    words = pipeline.tokenizer("", padding="max_length", max_length=pipeline.tokenizer.model_max_length, return_tensors="pt")
    states = pipeline.text_encoder(words.input_ids)[0]
    pixels = torch.from_numpy(numpy.asarray(picture).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    clean = pipeline.vae.encode(pixels).latents * pipeline.vae.config.scaling_factor
    config = {key: value for key, value in pipeline.scheduler.config.items() if not key.startswith("_")}
    config = {key: config[key] for key in ("beta_start", "beta_end", "beta_schedule", "prediction_type", "timestep_spacing",
                                           "set_alpha_to_one", "steps_offset", "clip_sample")}  # fmt: skip
    network = lambda x, timestep: pipeline.unet(x, timestep, states).sample  # noqa: E731
    _, latents = reference(config, 12, network, clean)
    theirs = latents[-1].flatten().double().numpy()
    assert ours.size == math.prod(clean.shape)
    assert 0.5 < theirs.std() < 2, "the reference's noise is none: it proves nothing"
    assert numpy.abs(ours - theirs).max() < 2e-3 * numpy.abs(theirs).max()
