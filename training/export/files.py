"""Weights and configs as files."""

import json

from safetensors.torch import save_file

from ..checkpoint import SHARD_BYTES, shards


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_weights(folder, stem, state, most=SHARD_BYTES):
    """Weights in f16: STEM.safetensors, or shards of at most `most` bytes with the index that diffusers writes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{stem}*"):
        old.unlink()
    halves = {name: value.detach().half() for name, value in state.items()}
    parts = shards(halves, most)
    if any("@" in name for part in parts for name in part):
        raise ValueError("a tensor is larger than a shard")
    if len(parts) == 1:
        save_file(parts[0], folder / f"{stem}.safetensors", {"format": "pt"})
        return
    names = {}
    for number, part in enumerate(parts, 1):
        file = f"{stem}-{number:05d}-of-{len(parts):05d}.safetensors"
        save_file(part, folder / file, {"format": "pt"})
        names |= {name: file for name in part}
    total = sum(v.numel() * v.element_size() for v in halves.values())
    write_json(folder / f"{stem}.safetensors.index.json", {"metadata": {"total_size": total}, "weight_map": names})
