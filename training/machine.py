"""The machine: which device, which precision, how politely."""

import contextlib
import functools
import os
import pathlib

import torch


def device(name=None):
    """torch.device: what is asked for, else CUDA where there is one."""
    return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))


def be_polite(threads, nice):
    """Lets others work: at most so many threads, at so low a priority."""
    torch.set_num_threads(threads)
    if nice > os.nice(0):
        os.nice(nice - os.nice(0))


def quicken(on):
    """What is worth switching on where it exists."""
    if on.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True


@functools.cache
def has_bf16(kind):
    """Whether bf16 products pay on a kind of device: a CPU without instructions for them emulates them."""
    if kind != "cpu":
        return True
    flags = pathlib.Path("/proc/cpuinfo")
    return flags.exists() and any(name in flags.read_text() for name in ("avx512_bf16", "amx_bf16"))


def reduced(on, exact=False):
    """The context in which networks compute: bf16 products where they pay. exact: f32, for tests and measurements."""
    return contextlib.nullcontext() if exact or not has_bf16(on.type) else torch.autocast(on.type, torch.bfloat16)


def layout(module, on):
    """Convolutions like channels last on a GPU. On a CPU a UNet does not (42 against 50 samples/s), an autoencoder does."""
    return module.to(memory_format=torch.channels_last) if on.type == "cuda" else module


def like(tensor, on):
    """A batch in the layout that layout() gave the weights."""
    return tensor.contiguous(memory_format=torch.channels_last) if on.type == "cuda" else tensor
