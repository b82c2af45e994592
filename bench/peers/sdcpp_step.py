"""A guided step of stable-diffusion.cpp, by its Python package: sdcpp_step.py NET MODEL THREADS, where NET can but be unet.

The package draws whole pictures alone. So one picture of very many steps is begun, and its progress callback waits until another step
is asked for. It computes both rows of a guided step one after the other, in f16, which is quickest there.
"""

import os
import sys
import threading
import time

started = time.monotonic()
out = os.fdopen(os.dup(1), "w")  # the package sends what a process prints nowhere while it draws

from stable_diffusion_cpp import StableDiffusion  # noqa: E402

import worker  # noqa: E402

net, model, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
if net != "unet":
    sys.exit(f"sdcpp: {net} cannot be run alone; of its networks a step of unet can")

asked, done = threading.Semaphore(0), threading.Semaphore(0)


def progress(step, steps, seconds):
    done.release()
    asked.acquire()


def draw():
    pipeline.generate_image(prompt="a red apple on a table", width=512, height=512, cfg_scale=7.5, sample_method="euler",
                            sample_steps=1000, seed=1, progress_callback=progress)


def step():
    asked.release()
    done.acquire()


pipeline = StableDiffusion(model_path=model, n_threads=threads, wtype="f16", vae_decode_only=True, verbose=False)
threading.Thread(target=draw, daemon=True).start()
done.acquire()  # it tells that it begins, or has done its first step: none of them is measured
worker.serve(started, step, out=out)
os._exit(0)  # in the middle of its picture
