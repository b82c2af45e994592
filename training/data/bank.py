"""The bank of sprites: every thing in every style, cropped alike, with what is known of its colour.

On disk: zip files of WebP pictures, each below 15 MiB, and `index.json`. In memory: uint8 tensors at several sizes, so that a
sprite is never shrunk to less than 0.7 of what it is taken from.
"""

import concurrent.futures
import copy
import hashlib
import io
import json
import pathlib
import zipfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from . import colours, recolour
from .packages import STYLES
from .things import SHAPES, shapes, table

SPRITE = 256  # side of a stored sprite
FILL = 0.97  # of it is filled by the sprite's longer side
SHARD_BYTES = 14 << 20
SHAPE_STYLE = "shape"


def tidy(image, side=SPRITE):
    """Crops to what is visible and centres it in a square of `side`: without that, styles differ in size."""
    alpha = np.asarray(image)[:, :, 3]
    ys, xs = np.where(alpha > 12)
    if not len(ys):
        raise ValueError("a sprite without a visible pixel")
    image = image.crop((int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1))
    scale = side * FILL / max(image.size)
    size = [max(1, round(s * scale)) for s in image.size]
    # Premultiplied, so that what lies under transparent pixels does not bleed into the edges.
    image = image.convert("RGBa").resize(size, Image.LANCZOS).convert("RGBA")
    square = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    square.paste(image, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square


def write(folder, sprites, about):
    """Writes a bank. sprites: {(thing, style): RGBA picture of SPRITE x SPRITE}; about: what goes into the index beside."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    entries, shard, used, digest = [], 0, 0, hashlib.sha256()
    archive = None
    for (name, style), image in sorted(sprites.items()):
        data = io.BytesIO()
        # Renders come from lossy files; drawings are small without loss.
        image.save(data, "WEBP", lossless=style != "3d", quality=93, alpha_quality=100, method=3)
        data = data.getvalue()
        if archive is None or used + len(data) > SHARD_BYTES:
            if archive:
                archive.close()
            archive = zipfile.ZipFile(folder / f"sprites-{shard:02d}.zip", "w", zipfile.ZIP_STORED)
            shard, used = shard + 1, 0
        file = f"{len(entries):05d}.webp"
        archive.writestr(zipfile.ZipInfo(file), data)
        used += len(data) + 128
        digest.update(f"{name}|{style}|{hashlib.sha256(data).hexdigest()}\n".encode())
        entries.append({"thing": name, "style": style, "shard": shard - 1, "file": file, "paint": measure(image)})
    if archive:
        archive.close()
    index = about | {"sprites_sha256": digest.hexdigest(), "sprites": entries}
    (folder / "index.json").write_text(json.dumps(index, indent=0) + "\n")


def read(folder):
    """(sprites as write() took them, {key: paint as recolour.measure() found it})."""
    folder = pathlib.Path(folder)
    index = json.loads((folder / "index.json").read_text())
    archives = {shard: zipfile.ZipFile(folder / f"sprites-{shard:02d}.zip") for shard in {e["shard"] for e in index["sprites"]}}

    def decoded(entry):
        with Image.open(io.BytesIO(archives[entry["shard"]].read(entry["file"]))) as image:
            return image.convert("RGBA")

    keys = [(entry["thing"], entry["style"]) for entry in index["sprites"]]
    sprites = dict(zip(keys, in_threads(decoded, index["sprites"])))
    return sprites, dict(zip(keys, (entry["paint"] for entry in index["sprites"])))


def in_threads(function, values):
    """[function(value)], by as many threads as torch may use: Pillow decodes and resizes without holding Python's lock."""
    with concurrent.futures.ThreadPoolExecutor(torch.get_num_threads()) as pool:
        return list(pool.map(function, values))


def measure(image):
    """recolour.measure() of an RGBA picture."""
    return list(recolour.measure(torch.from_numpy(np.array(image)).permute(2, 0, 1)))


def shape_sprite(shape, side=SPRITE):
    """A geometric shape as a white sprite."""
    axis = (np.arange(side * 4) + 0.5) / (side * 2) - 1
    x, y = np.meshgrid(axis, axis)
    radius = np.hypot(x, y)
    inside = {
        "circle": radius < 0.97,
        "square": np.maximum(abs(x), abs(y)) < 0.88,
        "triangle": (y < 0.86) & (abs(x) < (y + 0.9) * 0.55),
        "diamond": abs(x) / 0.76 + abs(y) / 0.97 < 1,
        "hexagon": np.maximum(abs(y), abs(x) * 0.866 + abs(y) / 2) < 0.84,
        "ring": (radius < 0.97) & (radius > 0.55),
        "cross": np.minimum(abs(x), abs(y)) < 0.29,
        "rectangle": (abs(x) < 0.97) & (abs(y) < 0.58),
        "oval": np.hypot(x / 0.97, y / 0.6) < 1,
    }[shape] & (np.maximum(abs(x), abs(y)) < 0.97)
    alpha = inside.reshape(side, 4, side, 4).mean((1, 3))
    rgba = np.full((side, side, 4), 255, np.uint8)
    rgba[..., 3] = np.round(alpha * 255)
    return Image.fromarray(rgba)


def _level(image, side):
    """uint8 [4, side, side], premultiplied."""
    image = image.convert("RGBa")
    if image.width != side:
        image = image.resize((side, side), Image.LANCZOS, reducing_gap=3.0)
    return np.asarray(image).transpose(2, 0, 1)


class Bank:
    """Sprites ready to be composed.

    levels   a list of uint8 tensors [N, 4, s, s], premultiplied, the largest s first
    sides    the s of each
    keys     [(thing, style)] of the N; `index` is its inverse
    paint    mode, main hue, mean saturation, mean value: float [N] each (recolour.measure)
    """

    def __init__(self, sprites, things, side=SPRITE, picture=None, paints=None):
        """sprites: {(thing, style): RGBA picture}; things: {name: Thing} of them. side: of the largest level; picture: of the
        pictures that will be made. paints: what measure() says of each, where that is known."""
        shaped = {(name, SHAPE_STYLE): shape_sprite(name) for name in SHAPES}
        self.keys = sorted(sprites) + sorted(shaped)
        self.index = {key: number for number, key in enumerate(self.keys)}
        self.picture = picture or side  # side of the pictures that it is made for
        self.sides = [round(side * 2 ** (-k / 2)) for k in range(5)]
        every = sprites | shaped
        self.levels = [torch.from_numpy(np.stack(in_threads(lambda key: _level(every[key], s), self.keys))) for s in self.sides]
        measured = [(recolour.FILL, 0.0, 1.0, 1.0, None) if key[1] == SHAPE_STYLE else (paints or {}).get(key) or measure(every[key])
                    for key in self.keys]
        self.paint = [torch.tensor([m[k] for m in measured], dtype=torch.float32) for k in range(4)]
        self.paints = recolour.paint_table()
        self._describe(things, measured)

    def _describe(self, things, measured):
        self.styles = tuple(style for style in STYLES if any(key[1] == style for key in self.keys))
        names = {name for name, style in self.keys if style != SHAPE_STYLE}
        if not names <= set(things):
            raise ValueError(f"the bank has {sorted(names - set(things))[0]!r}, which the table of things has not; make it anew")
        self.things = {name: things[name] for name in sorted(names)
                       if all((name, style) in self.index for style in self.styles)}
        self.shapes = shapes()
        self.natural, self.paintable = {}, set()
        for name, thing in self.things.items():
            of = [measured[self.index[name, style]] for style in self.styles]
            own = {m[4] for m in of}
            self.natural[name] = own.pop() if len(own) == 1 else None
            if "keep" not in thing.marks and ("free" in thing.marks or all(m[0] != recolour.NONE for m in of)):
                self.paintable.add(name)
        self.counted = [name for name, thing in self.things.items() if thing.plural]

    def to(self, device):
        """Moves the tensors; returns self."""
        self.levels = [level.to(device) for level in self.levels]
        self.paint = [values.to(device) for values in self.paint]
        self.paints = self.paints.to(device)
        return self

    @property
    def device(self):
        return self.levels[0].device

    def sized(self, picture):
        """The same sprites for pictures of another, smaller side, with what levels they have in common not made again."""
        if picture == self.picture:
            return self
        made = copy.copy(self)
        made.picture = picture
        made.sides = [round(min(self.sides[0], picture) * 2 ** (-k / 2)) for k in range(5)]
        made.levels = []
        for side in made.sides:
            source = min((level for level in self.levels if level.shape[-1] >= side), key=lambda level: level.shape[-1])
            made.levels.append(source if source.shape[-1] == side else torch.cat(
                [F.interpolate(part.float(), size=(side, side), mode="bilinear", antialias=True, align_corners=False)
                 .round().to(torch.uint8) for part in source.split(128)]))
        return made


class Vocabulary:
    """What a scene or a caption needs to know of a bank, without its pictures: small, for processes that only write."""

    def __init__(self, bank, wanted=lambda name: True):
        """wanted(name): only such things occur; if that leaves too few to choose from, all do."""
        if sum(map(wanted, bank.counted)) < 4:
            wanted = lambda name: True  # noqa: E731
        self.index, self.styles, self.shapes, self.natural, self.picture = (
            bank.index, bank.styles, bank.shapes, bank.natural, bank.picture)
        self.things = {name: thing for name, thing in bank.things.items() if wanted(name)}
        self.names = list(self.things)
        self.counted = [name for name in bank.counted if wanted(name)]
        self.paintable_names = sorted(filter(wanted, bank.paintable))


def load(folder, picture=SPRITE):
    """The bank that `python -m training data` made in `folder`, for pictures of that side."""
    sprites, paints = read(folder)
    return Bank(sprites, table(), min(SPRITE, picture), picture, paints)


def named_rgb(name):
    """A colour of colours.COLOURS as three floats in 0..1."""
    return tuple(c / 255 for c in colours.COLOURS[name])
