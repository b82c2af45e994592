"""OpenVINO in bf16, its networks in the loop of diffusers' pipeline: openvino_picture.py MODEL IRS THREADS STEPS GUIDANCE

IRS is a folder of what openvino_convert.py wrote: clip_text, unet and vae_decode, or, without guidance and with a small autoencoder,
clip_text_one, unet_one and tiny_decode. Only the scheduler and the tokenizer are diffusers' and transformers'.
"""

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

model, irs = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
threads, steps, guidance = int(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
guided = guidance > 1
torch.set_num_threads(threads)
core = openvino.Core()
text, unet, decode = (openvino_settings.compile_model(core, irs / f"{net}.xml", threads).create_infer_request() for net in
                      (("clip_text", "unet", "vae_decode") if guided else ("clip_text_one", "unet_one", "tiny_decode")))
tokenizer = CLIPTokenizer.from_pretrained(model / "tokenizer")
scheduler = EulerDiscreteScheduler.from_pretrained(model / "scheduler")
scaling = 0.18215 if guided else 1.0


def result(request, *inputs):
    return next(iter(request.infer([numpy.ascontiguousarray(one) for one in inputs]).values()))


def draw():
    prompts = ["", "a red apple on a table"] if guided else ["a red apple on a table"]
    ids = tokenizer(prompts, padding="max_length", max_length=77, truncation=True, return_tensors="np").input_ids
    context = result(text, ids.astype(numpy.int64))
    scheduler.set_timesteps(steps)
    latents = torch.randn(1, 4, 64, 64) * scheduler.init_noise_sigma
    for timestep in scheduler.timesteps:
        rows = scheduler.scale_model_input(torch.cat([latents] * len(prompts)), timestep).numpy()
        noise = torch.from_numpy(result(unet, rows, numpy.full(len(prompts), float(timestep), numpy.float32), context))
        if guided:
            without, with_prompt = noise.chunk(2)
            noise = without + guidance * (with_prompt - without)
        latents = scheduler.step(noise, timestep, latents).prev_sample
    picture = result(decode, (latents / scaling).numpy())
    return ((picture / 2 + 0.5).clip(0, 1) * 255).round().astype(numpy.uint8)


worker.serve(started, draw)
