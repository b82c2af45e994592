"""diffusers on torch, bf16, channels last: torch_picture.py MODEL THREADS STEPS GUIDANCE SIDE PICTURES"""

import sys
import time

started = time.monotonic()

import torch  # noqa: E402
from diffusers import EulerDiscreteScheduler, StableDiffusionPipeline  # noqa: E402

import worker  # noqa: E402

model, threads, steps, guidance = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
side, pictures = int(sys.argv[5]), int(sys.argv[6])
torch.set_num_threads(threads)
pipeline = StableDiffusionPipeline.from_pretrained(model, torch_dtype=torch.bfloat16, safety_checker=None,
                                                   requires_safety_checker=False)
pipeline.tokenizer.model_max_length = pipeline.text_encoder.config.max_position_embeddings  # its files do not say
pipeline.scheduler = EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
for net in (pipeline.unet, pipeline.vae):
    net.to(memory_format=torch.channels_last)
pipeline.set_progress_bar_config(disable=True)
worker.serve(started, lambda: pipeline("a red apple on a table", height=side, width=side, num_inference_steps=steps,
                                       guidance_scale=guidance, num_images_per_prompt=pictures))
