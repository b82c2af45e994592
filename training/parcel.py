"""A run as a few files below 16 MiB, to be carried between machines: `pack` and `unpack`.

Sprites, tokenizer and report travel whole; of each stage its averaged weights, in f16. Optimizers do not: a stage that goes on
from unpacked weights starts its optimizer anew, and with it its count of steps and minutes.
"""

import io
import pathlib
import tarfile

import torch

from . import checkpoint

PART_BYTES = 15 << 20
WHOLE = ("bank", "tokenizer", "report.json", "evaluation.json", "sheets")
STAGES = ("autoencoder", "text", "unet", "scorer", "distil")


def _halved(state):
    """What a stage needs to be used or gone on with, in f16."""
    weights = state["trainer"].get("average", state["trainer"]["net"])
    return {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}


def pack(out, parts):
    """Writes PARTS/part-NN.tar from the run OUT."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name in WHOLE:
            if (out / name).exists():
                archive.add((out / name).resolve(), name)
        for stage in STAGES:
            state = checkpoint.load(out / stage)
            if state is not None:
                made = io.BytesIO()
                torch.save({"weights": _halved(state), "size": state["size"]}, made)
                entry = tarfile.TarInfo(f"{stage}.pt")
                entry.size = made.tell()
                made.seek(0)
                archive.addfile(entry, made)
    data = data.getvalue()
    parts.mkdir(parents=True, exist_ok=True)
    for old in parts.glob("part-*.tar"):
        old.unlink()
    for number, at in enumerate(range(0, len(data), PART_BYTES)):
        (parts / f"part-{number:02d}.tar").write_bytes(data[at : at + PART_BYTES])


def _extract(archive, out):
    """Files and folders, none outside `out`. tarfile's own filter that sees to it is not in every Python 3.11."""
    for member in archive:
        name = pathlib.PurePosixPath(member.name)
        if name.is_absolute() or ".." in name.parts or not (member.isfile() or member.isdir()):
            raise SystemExit(f"training: the packed run holds {member.name!r}, which is no file or folder of a run")
        path = out / name
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())


def unpack(out, parts):
    """The inverse: OUT becomes a run whose stages have the packed weights and no optimizer."""
    found = sorted(parts.glob("part-*.tar"))
    if not found:
        raise SystemExit(f"training: {parts} holds no part-00.tar")
    out.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(b"".join(path.read_bytes() for path in found))) as archive:
        _extract(archive, out)
    for stage in STAGES:
        path = out / f"{stage}.pt"
        if path.exists():
            packed = torch.load(path, weights_only=True)
            weights = {name: value.float() if value.is_floating_point() else value for name, value in packed["weights"].items()}
            checkpoint.save(out / stage, {"step": 0, "used": 0.0, "size": packed["size"],
                                          "trainer": {"net": weights, "average": weights}})
            path.unlink()
