"""Copies of the default model with something in them changed, usually for the worse.

Weights are written with nothing but struct and json, so that a file can say what no library would write.
"""

import json
import pathlib
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ROOT / "models" / "limner-tiny"

WEIGHTS = {
    "unet": "unet/diffusion_pytorch_model.safetensors",
    "vae": "vae/diffusion_pytorch_model.safetensors",
    "text_encoder": "text_encoder/model.safetensors",
}


def copy(folder, files):
    """The default model at `folder`, by links; `files` replaces some: name -> bytes, None for no such file."""
    for original in TINY.rglob("*"):
        name = str(original.relative_to(TINY))
        if original.is_dir() or name.startswith(("samples", "reference")):
            continue
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if name not in files:
            place.symlink_to(original)
    for name, data in files.items():
        if data is not None:
            (folder / name).write_bytes(data)
    return folder


def config(name, **changes):
    """The bytes of a JSON file of the model with keys changed; `...` takes one away."""
    keys = json.loads((TINY / name).read_text())
    for key, value in changes.items():
        keys[key] = value
        if value is ...:
            del keys[key]
    return json.dumps(keys).encode()


def safetensors(header, data=b"", size=None):
    """A file of `header` (a dict, or bytes as they are), which claims to have `size` bytes of it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def read(component):
    """(header, data) of a component's weights."""
    content = (TINY / WEIGHTS[component]).read_bytes()
    (size,) = struct.unpack_from("<Q", content)
    return json.loads(content[8 : 8 + size]), bytearray(content[8 + size :])


def tensors(values, dtype="F32"):
    """A file of tensors: name -> (shape, list of floats)."""
    header, data = {}, b""
    for name, (shape, floats) in values.items():
        blob = struct.pack(f"<{len(floats)}f", *floats)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(blob)]}
        data += blob
    return safetensors(header, data)
