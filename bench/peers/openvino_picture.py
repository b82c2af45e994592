"""OpenVINO in bf16, its networks in the loop of diffusers' pipeline: openvino_picture.py MODEL TEXT UNET DECODE THREADS STEPS GUIDANCE

TEXT, UNET and DECODE are what openvino_convert.py wrote; their shapes say how many pictures are drawn at once and how large. Only the
scheduler and the tokenizer are diffusers' and transformers'.
"""

import json
import pathlib
import sys
import time

started = time.monotonic()

import numpy  # noqa: E402
import openvino  # noqa: E402
import torch  # noqa: E402
from diffusers import EulerDiscreteScheduler  # noqa: E402
from transformers import CLIPTokenizer  # noqa: E402

import openvino_settings  # noqa: E402
import worker  # noqa: E402

model, irs, threads = pathlib.Path(sys.argv[1]), sys.argv[2:5], int(sys.argv[5])
steps, guidance = int(sys.argv[6]), float(sys.argv[7])
guided = guidance > 1
torch.set_num_threads(threads)
core = openvino.Core()
compiled = [openvino_settings.compile_model(core, ir, threads) for ir in irs]
text, unet, decode = (one.create_infer_request() for one in compiled)
tokens, latent_shape = compiled[0].input(0).shape[1], list(compiled[2].input(0).shape)
pictures = latent_shape[0]
tokenizer = CLIPTokenizer.from_pretrained(model / "tokenizer")
scheduler = EulerDiscreteScheduler.from_pretrained(model / "scheduler")
scaling = json.loads((model / "vae" / "config.json").read_text())["scaling_factor"]


def result(request, *inputs):
    return next(iter(request.infer([numpy.ascontiguousarray(one) for one in inputs]).values()))


def draw():
    prompts = ["", "a red apple on a table"] if guided else ["a red apple on a table"]
    ids = tokenizer(prompts, padding="max_length", max_length=tokens, truncation=True, return_tensors="np").input_ids
    context = result(text, ids.astype(numpy.int64)).repeat(pictures, axis=0)
    scheduler.set_timesteps(steps)
    latents = torch.randn(latent_shape) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        rows = scheduler.scale_model_input(torch.cat([latents] * len(prompts)), timestep).numpy()
        noise = torch.from_numpy(result(unet, rows, numpy.full(len(rows), float(timestep), numpy.float32), context))
        if guided:
            without, with_prompt = noise.chunk(2)
            noise = without + guidance * (with_prompt - without)
        latents = scheduler.step(noise, timestep, latents).prev_sample
    picture = result(decode, (latents / scaling).numpy())
    return ((picture / 2 + 0.5).clip(0, 1) * 255).round().astype(numpy.uint8)


worker.serve(started, draw)
