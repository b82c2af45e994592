"""Checkpoints: everything a stage needs to go on as if it had never stopped, in files below 16 MiB.

A checkpoint is a folder that is replaced whole: what is interrupted while writing leaves the one before.
"""

import json
import os
import pathlib
import shutil

import torch
from safetensors.torch import load_file, save_file

SHARD_BYTES = 15 << 20


def _flatten(tree, path=()):
    """(tensors by path, everything else with tensors replaced by where they are)."""
    if torch.is_tensor(tree):
        name = "/".join(path)
        return {name: tree}, {"$": name}
    if isinstance(tree, dict):
        tensors, rest = {}, []
        for key, value in tree.items():
            found, left = _flatten(value, (*path, str(key)))
            tensors |= found
            rest.append([key, left])
        return tensors, {"{}": rest}
    if isinstance(tree, (list, tuple)):
        tensors, rest = {}, []
        for number, value in enumerate(tree):
            found, left = _flatten(value, (*path, str(number)))
            tensors |= found
            rest.append(left)
        return tensors, rest
    return {}, tree


def _restore(rest, tensors):
    if isinstance(rest, dict):
        return tensors[rest["$"]] if "$" in rest else {key: _restore(value, tensors) for key, value in rest["{}"]}
    return [_restore(value, tensors) for value in rest] if isinstance(rest, list) else rest


def shards(tensors, most=SHARD_BYTES):
    """Splits {name: tensor} into dicts of at most `most` bytes; a larger tensor is split by rows, its parts named name@first."""
    parts, used = [{}], 0
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu().contiguous()
        bytes_ = tensor.numel() * tensor.element_size()
        pieces = [(name, tensor)]
        if bytes_ > most:
            rows = max(1, int(most // (bytes_ / len(tensor))))
            pieces = [(f"{name}@{at}", tensor[at : at + rows].contiguous()) for at in range(0, len(tensor), rows)]
        for piece, value in pieces:
            size = value.numel() * value.element_size()
            if parts[-1] and used + size > most:
                parts.append({})
                used = 0
            parts[-1][piece] = value.clone()
            used += size
    return parts


def join(parts):
    """The inverse."""
    tensors, split = {}, {}
    for part in parts:
        for name, value in part.items():
            whole, at, first = name.rpartition("@")
            if at:
                split.setdefault(whole, []).append((int(first), value))
            else:
                tensors[name] = value
    return tensors | {name: torch.cat([v for _, v in sorted(found, key=lambda f: f[0])]) for name, found in split.items()}


def save(folder, state):
    """Writes a tree of dicts, lists, tensors and plain values."""
    folder = pathlib.Path(folder)
    partial, old = folder.with_name(folder.name + ".partial"), folder.with_name(folder.name + ".old")
    for leftover in (partial, old):
        shutil.rmtree(leftover, ignore_errors=True)
    partial.mkdir(parents=True)
    tensors, rest = _flatten(state)
    for number, part in enumerate(shards(tensors)):
        save_file(part, partial / f"state-{number:03d}.safetensors")
    (partial / "state.json").write_text(json.dumps(rest))
    if folder.exists():
        os.replace(folder, old)
    os.replace(partial, folder)
    shutil.rmtree(old, ignore_errors=True)


def load(folder):
    """What save() wrote, on the CPU; None if there is none."""
    folder = pathlib.Path(folder)
    old = folder.with_name(folder.name + ".old")
    if not folder.exists() and old.exists():  # stopped between the two renamings
        os.replace(old, folder)
    if not folder.exists():
        return None
    tensors = join([load_file(path) for path in sorted(folder.glob("state-*.safetensors"))])
    return _restore(json.loads((folder / "state.json").read_text()), tensors)
