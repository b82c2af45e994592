"""Pictures of scenes: a batch at once, on whatever device the bank lies on. The same code on a CPU and on a GPU."""

import dataclasses
import math

import numpy as np
import torch
import torch.nn.functional as F

from . import colours, recolour
from .bank import SHAPE_STYLE, named_rgb

ITEMS_MAX = 5
NO_PAINT = -1
# How far a named background may be from its colour, in 1/255 a channel. White stays white.
GROUND_JITTER = 5

_PAINT = {name: number for number, name in enumerate(recolour.PAINT_NAMES)}
_FILL = {name: number for number, name in enumerate(colours.NAMES)}


@dataclasses.dataclass
class Layers:
    """A batch of scenes as numbers.

    sprite    int64 [B, ITEMS_MAX]: row of the bank, -1 for nothing
    paint     int64 [B, ITEMS_MAX]: row of the paints, of a shape of the named colours; -1 for its own colour
    geometry  float32 [B, ITEMS_MAX, 5]: x, y, side, angle in radians, 1 if mirrored
    ground    float32 [B, 2, 3]: colour of the first and of the last row
    """

    sprite: torch.Tensor
    paint: torch.Tensor
    geometry: torch.Tensor
    ground: torch.Tensor

    def to(self, device):
        return Layers(*(getattr(self, f.name).to(device, non_blocking=True) for f in dataclasses.fields(self)))

    def __len__(self):
        return len(self.sprite)

    def __getitem__(self, rows):
        return Layers(*(getattr(self, f.name)[rows] for f in dataclasses.fields(self)))


def lighter(rgb):
    """What a fading background ends in."""
    return tuple(0.25 * c + 0.75 for c in rgb)


def pack(scenes, words, rng):
    """Layers of scenes. rng: random.Random, for the backgrounds' jitter."""
    count = len(scenes)
    sprite = np.full((count, ITEMS_MAX), -1, np.int64)
    paint = np.full((count, ITEMS_MAX), NO_PAINT, np.int64)
    geometry = np.zeros((count, ITEMS_MAX, 5), np.float32)
    ground = np.ones((count, 2, 3), np.float32)
    for row, scene in enumerate(scenes):
        for column, item in enumerate(scene.items):
            sprite[row, column] = words.index[item.thing, scene.style]
            if item.colour:
                paint[row, column] = (_FILL if scene.style == SHAPE_STYLE else _PAINT)[item.colour]
            geometry[row, column] = item.x, item.y, item.side, math.radians(item.angle), item.mirrored
        ends = [tuple(min(1, max(0, c + rng.uniform(-GROUND_JITTER, GROUND_JITTER) / 255)) for c in named_rgb(name))
                if name != "white" else (1.0, 1.0, 1.0) for name in scene.ground]
        ground[row] = ends[0], ends[1] if len(ends) == 2 else lighter(ends[0]) if scene.fading else ends[0]
    return Layers(*map(torch.from_numpy, (sprite, paint, geometry, ground)))


def maps(geometry):
    """[n, 2, 3]: from places in the picture to places in the sprite, both in -1..1."""
    x, y, side, angle, mirrored = geometry.unbind(1)
    cos, sin = torch.cos(angle) / side, torch.sin(angle) / side
    x, y, flip = 2 * x - 1, 2 * y - 1, 1 - 2 * mirrored
    rows = (flip * cos, flip * sin, -flip * (cos * x + sin * y), -sin, cos, sin * x - cos * y)
    return torch.stack(rows, 1).view(-1, 2, 3)


def sampled(bank, sprite, geometry, picture, dtype):
    """[n, 4, picture, picture] in 0..1, premultiplied: sprites where they stand, from the smallest level that is large enough."""
    out = torch.zeros(len(sprite), 4, picture, picture, dtype=dtype, device=bank.device)
    wanted = geometry[:, 2] * picture
    level = sum((wanted <= side).long() for side in bank.sides[1:])
    theta = maps(geometry)
    for number, sprites in enumerate(bank.levels):
        rows = (level == number).nonzero().squeeze(1)
        if len(rows):
            grid = F.affine_grid(theta[rows], (len(rows), 4, picture, picture), align_corners=False).to(dtype)
            texture = sprites[sprite[rows]].to(dtype) / 255
            out[rows] = F.grid_sample(texture, grid, "bilinear", "zeros", align_corners=False)
    return out


def painted(bank, layer, sprite, paint):
    """A layer with its paint on."""
    mode, main, saturation, value = (values[sprite] for values in bank.paint)
    alpha = layer[:, 3:]
    rows = ((paint >= 0) & (mode != recolour.FILL)).nonzero().squeeze(1)
    if len(rows):
        straight = (layer[rows, :3] / alpha[rows].clamp_min(1e-3)).clamp(0, 1).float()
        new = recolour.paint(straight, mode[rows], main[rows], saturation[rows], value[rows], bank.paints[paint[rows]])
        layer[rows, :3] = (new * alpha[rows]).to(layer.dtype)
    rows = ((paint >= 0) & (mode == recolour.FILL)).nonzero().squeeze(1)
    if len(rows):
        fills = torch.tensor([named_rgb(name) for name in colours.NAMES], dtype=layer.dtype, device=layer.device)
        layer[rows, :3] = alpha[rows] * fills[paint[rows]][:, :, None, None]
    return layer


def compose(bank, layers, chunk=256, dtype=torch.float32):
    """float32 [B, 3, picture, picture] in -1..1. chunk: how many at once, which bounds the memory."""
    layers = layers.to(bank.device)
    return torch.cat([_compose(bank, layers[slice(at, at + chunk)], dtype) for at in range(0, len(layers), chunk)])


@torch.no_grad()
def _compose(bank, layers, dtype):
    picture = bank.picture
    down = torch.linspace(0, 1, picture, device=bank.device, dtype=dtype)[None, None, :, None]
    top, bottom = (layers.ground[:, k].to(dtype)[:, :, None, None] for k in (0, 1))
    canvas = (top + (bottom - top) * down).expand(-1, -1, -1, picture).clone()
    for column in range(layers.sprite.shape[1]):
        rows = (layers.sprite[:, column] >= 0).nonzero().squeeze(1)
        if not len(rows):
            continue
        sprite = layers.sprite[rows, column]
        layer = sampled(bank, sprite, layers.geometry[rows, column], picture, dtype)
        layer = painted(bank, layer, sprite, layers.paint[rows, column])
        canvas[rows] = canvas[rows] * (1 - layer[:, 3:]) + layer[:, :3]
    return canvas.clamp(0, 1).float() * 2 - 1


def pixels(pictures):
    """uint8 [B, H, W, 3] of pictures in -1..1."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
