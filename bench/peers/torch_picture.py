"""diffusers on torch, bf16, channels last: torch_picture.py MODEL THREADS STEPS GUIDANCE"""

import sys
import time

started = time.monotonic()

import torch  # noqa: E402
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline  # noqa: E402

import worker  # noqa: E402

model, threads, steps, guidance = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
torch.set_num_threads(threads)
pipeline = StableDiffusionPipeline.from_pretrained(model, torch_dtype=torch.bfloat16, safety_checker=None,
                                                   requires_safety_checker=False)
pipeline.tokenizer.model_max_length = 77  # its files do not say
pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
for net in (pipeline.unet, pipeline.vae):
    net.to(memory_format=torch.channels_last)
pipeline.set_progress_bar_config(disable=True)
worker.serve(started, lambda: pipeline("a red apple on a table", height=512, width=512, num_inference_steps=steps,
                                       guidance_scale=guidance))
