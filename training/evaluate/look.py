"""What can be seen in a picture without any learned network: its background, what stands on it, how many, what they look like."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage

from ..data import colours, recolour
from ..data.bank import SHAPE_STYLE
from ..data.compose import painted, sampled

SIDE = 40  # of what is compared
ANGLES = (-10, -5, 0, 5, 10)
LIMIT = 26  # a pixel that differs by more from the background, in a channel, belongs to a thing


def ground_of(picture):
    """The background's colour [3]: the median of the border. picture: uint8 [H, W, 3]."""
    edge = np.concatenate([picture[:3].reshape(-1, 3), picture[-3:].reshape(-1, 3), picture[:, :3].reshape(-1, 3),
                           picture[:, -3:].reshape(-1, 3)])
    return np.median(edge, 0)


def mask_of(picture, ground):
    """Where things are: bool [H, W]."""
    return ndimage.binary_opening(np.abs(picture.astype(np.float32) - ground).max(2) > LIMIT)


def cut(picture, ground, mask):
    """What the mask holds, in a square of SIDE: float32 [3, SIDE, SIDE] in 0..255; None if it holds next to nothing."""
    ys, xs = np.where(mask)
    if len(ys) < 40:
        return None
    part = picture[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.float32)
    side = max(part.shape[:2])
    square = np.empty((side, side, 3), np.float32)
    square[:] = ground
    y, x = (side - part.shape[0]) // 2, (side - part.shape[1]) // 2
    square[y : y + part.shape[0], x : x + part.shape[1]] = part
    tensor = torch.from_numpy(square).permute(2, 0, 1)[None]
    return F.interpolate(tensor, size=(SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)[0]


def count_of(mask):
    """Connected regions above a quarter of the largest."""
    labels, number = ndimage.label(mask, np.ones((3, 3)))
    areas = ndimage.sum(mask, labels, range(1, number + 1)) if number else []
    return int(sum(area > 0.25 * max(areas) for area in areas))


def colour_of(picture, mask):
    """The named colour of what the mask holds, away from its edges."""
    inner = ndimage.binary_erosion(mask, iterations=2)
    return colours.nearest(np.median(picture[inner], 0)) if inner.sum() > 30 else ""


class Gallery:
    """Every sprite as it looks after cut(), turned and mirrored, on any background: nearest neighbours in pixels."""

    RENDER = 96  # side at which sprites are drawn to be cut
    KEEP = 3  # tables that are kept: whoever asks sorts by background and paint

    def __init__(self, bank):
        self.bank, self.tables = bank, {}

    def table(self, ground, keys, paint=-1):
        """(row of `keys` of each, float32 [n, 3 * SIDE * SIDE]) of sprites on a named background, in a paint or their own
        colours."""
        asked = (ground, tuple(keys), paint)
        if asked not in self.tables:
            while len(self.tables) >= self.KEEP:
                del self.tables[next(iter(self.tables))]
            self.tables[asked] = self._make(ground, keys, paint)
        return self.tables[asked]

    def _make(self, ground, keys, paint):
        poses = [(0.0, 0)] if all(key[1] == SHAPE_STYLE for key in keys) else [(a, m) for m in (0, 1) for a in ANGLES]
        owner = torch.arange(len(keys)).repeat_interleave(len(poses))
        sprites = torch.tensor([self.bank.index[key] for key in keys])[owner].to(self.bank.device)
        geometry = torch.tensor([[0.5, 0.5, 0.72, np.radians(a), m] for a, m in poses], dtype=torch.float32)
        geometry = geometry.repeat(len(keys), 1).to(self.bank.device)
        colour = torch.tensor(colours.COLOURS[ground], device=self.bank.device).float().view(1, 3, 1, 1)
        cuts, seen = [], []
        for at in range(0, len(owner), 512):
            some = slice(at, at + 512)
            layer = sampled(self.bank, sprites[some], geometry[some], self.RENDER, torch.float32)
            layer = painted(self.bank, layer, sprites[some], torch.full_like(sprites[some], paint))
            made, found = _cut_all(255 * layer[:, :3] + (1 - layer[:, 3:]) * colour, colour)
            cuts.append(made)
            seen.append(found)
        cuts, seen = torch.cat(cuts), torch.cat(seen)
        return owner[seen.cpu()], cuts[seen].flatten(1)

    def nearest(self, part, ground, keys, paint=-1):
        """The key nearest to a cut, ("", "") for none."""
        owner, rows = self.table(ground, keys, paint)
        if part is None or not len(rows):
            return "", ""
        return keys[int(owner[int(_errors(rows, part).argmin())])]

    def nearest_paint(self, part, ground, key, paints):
        """The paint in which the sprite `key` is nearest to a cut."""
        errors = {}
        for name in paints:
            _, rows = self._make(ground, [key], recolour.PAINT_NAMES.index(name))
            if part is not None and len(rows):
                errors[name] = float(_errors(rows, part).min())
        return min(errors, key=errors.get) if errors else ""


def _errors(rows, part):
    return (rows - part.flatten().to(rows)).square().mean(1)


def _cut_all(pictures, colour):
    """cut() of a batch [n, 3, s, s] in 0..255 on one colour: (cuts, where there is anything to be cut)."""
    side = pictures.shape[-1]
    mask = (pictures - colour).abs().amax(1) > LIMIT
    found = mask.flatten(1).sum(1) >= 40
    along = torch.arange(side, device=pictures.device).float()
    spans = []
    for axis in (1, 2):  # which columns, which rows hold anything
        line = mask.any(axis)
        low = torch.where(line, along, side).amin(1)
        high = torch.where(line, along + 1, 0).amax(1)
        spans.append((low, high))
    extent = torch.maximum(spans[0][1] - spans[0][0], spans[1][1] - spans[1][0]).clamp_min(1)
    scale = extent / side
    theta = torch.zeros(len(pictures), 2, 3, device=pictures.device)
    theta[:, 0, 0] = theta[:, 1, 1] = scale
    for row, (low, high) in enumerate(spans):
        theta[:, row, 2] = (low + high) / side - 1
    grid = F.affine_grid(theta, (len(pictures), 3, SIDE, SIDE), align_corners=False)
    return F.grid_sample(pictures - colour, grid, "bilinear", "zeros", align_corners=False) + colour, found
