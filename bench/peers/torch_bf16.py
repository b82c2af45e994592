"""diffusers on torch, bf16, channels last: torch_bf16.py NET MODEL THREADS"""

import pathlib
import sys
import time

started = time.monotonic()

import torch  # noqa: E402

import random_model  # noqa: E402
import worker  # noqa: E402

net, model, threads = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
module = random_model.module_of(net, model, torch.bfloat16).to(memory_format=torch.channels_last)
inputs = [t.contiguous(memory_format=torch.channels_last) if t.dim() == 4 else t
          for t in random_model.channels_first(random_model.inputs_of(net), torch.bfloat16)]
with torch.inference_mode():
    worker.serve(started, lambda: module(*inputs))
