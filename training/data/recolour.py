"""Which colour a sprite has, whether it can be given another, and giving it one.

A sprite has a paint mode: `turn` moves the pixels around its main hue to another hue, `tint` colours its greys, `fill` gives
every pixel the colour. The other hues, and the darkest pixels, stay: eyes, outlines, wheels.
"""

import torch

from . import colours

NONE, TURN, TINT, FILL = range(4)

# Degrees to both sides of the main hue that are turned, and over how many of them this fades out.
WIDTH, FADE = 46, 14
# How much of the spread of hues around the main one is kept.
SPREAD = 0.35
# How far mean saturation and value go to the paint's: not wholly, so that light and shade stay those of the thing.
PULL = 0.85

# How far (colours.distance) a thing may be from a named colour and still be said to have it: gold is not orange.
OWN_DISTANCE = 30

PAINT_NAMES = tuple(colours.PAINTS)


def hsv(rgb):
    """[..., 3, H, W] in 0..1 -> hue in degrees, saturation, value, each [..., H, W]."""
    r, g, b = rgb.unbind(-3)
    high, low = rgb.amax(-3), rgb.amin(-3)
    spread = (high - low).clamp_min(1e-5)
    hue = torch.where(high == r, ((g - b) / spread) % 6, torch.where(high == g, (b - r) / spread + 2, (r - g) / spread + 4))
    return hue * 60, (high - low) / high.clamp_min(1e-5), high


def rgb_of(hue, saturation, value):
    """The inverse of hsv()."""
    def channel(n):
        k = (n + hue / 60) % 6
        return value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1)

    return torch.stack([channel(5), channel(3), channel(1)], -3)


def turned(hue, saturation, main):
    """How much of each pixel belongs to the main hue, 0..1, and its distance from it in degrees."""
    away = (hue - main + 180) % 360 - 180
    return ((WIDTH - away.abs()) / FADE).clamp(0, 1) * ((saturation - 0.10) / 0.12).clamp(0, 1), away


def tinted(saturation, value):
    """How much of each pixel is a grey that is not an outline."""
    return ((0.26 - saturation) / 0.10).clamp(0, 1) * ((value - 0.28) / 0.14).clamp(0, 1)


def measure(rgba):
    """The paint of one sprite of uint8 [4, H, W], not premultiplied: (mode, main hue, mean saturation, mean value, name of its
    own colour or None)."""
    rgb, alpha = rgba[:3].float() / 255, rgba[3] > 128
    hue, saturation, value = hsv(rgb)
    area = alpha.sum().clamp_min(1)
    vivid = alpha & (saturation > 0.2) & (value > 0.12)
    weight = (saturation * value)[vivid]
    histogram = torch.histc(hue[vivid], 72, 0, 360) if weight.numel() == 0 else torch.bincount(
        (hue[vivid] / 5).long().clamp(0, 71), weights=weight, minlength=72)
    smooth = sum(histogram.roll(k) for k in range(-4, 5))
    main = (int(smooth.argmax()) + 0.5) * 5
    part, _ = turned(hue, saturation, main)
    of_hue = (part > 0.5) & alpha
    grey = (tinted(saturation, value) > 0.5) & alpha
    hue_share, grey_share = float(of_hue.sum() / area), float(grey.sum() / area)
    mode, pixels = (TURN, of_hue) if hue_share >= grey_share else (TINT, grey)
    share = max(hue_share, grey_share)
    if share < 0.42:
        return NONE, main, 1.0, 1.0, None
    mean = (rgb * pixels).sum((1, 2)) / pixels.sum() * 255
    own = colours.nearest([float(c) for c in mean])
    if share < 0.55 or colours.distance(colours.COLOURS[own], [float(c) for c in mean]) > OWN_DISTANCE:
        own = None
    return (mode, main, float(saturation[pixels].mean().clamp_min(0.02)), float(value[pixels].mean().clamp_min(0.05)), own)


def paint(rgb, mode, main, mean_saturation, mean_value, target):
    """Paints a batch: rgb [B, 3, H, W] in 0..1, the others [B]; target: rows of PAINT_TABLE, [B, 3]."""
    shape = (-1, 1, 1)
    mode, main = mode.view(shape), main.view(shape)
    mean_saturation, mean_value = mean_saturation.view(shape), mean_value.view(shape)
    to_hue, to_saturation, to_value = (t.view(shape) for t in target.unbind(-1))
    hue, saturation, value = hsv(rgb)
    part, away = turned(hue, saturation, main)
    new_value = (value * (1 + PULL * (to_value / mean_value - 1))).clamp(0, 1)
    new_saturation = (saturation * (1 + PULL * (to_saturation / mean_saturation - 1))).clamp(0, 1)
    vivid = rgb_of((to_hue + away.clamp(-45, 45) * SPREAD) % 360, new_saturation, new_value)
    # A grey has no hue to keep. Its light parts get less colour, as highlights do.
    grey_saturation = (to_saturation * (1.25 - 0.35 * value / mean_value)).clamp(0, 1)
    grey = rgb_of(to_hue.expand_as(value), grey_saturation, new_value)
    part = torch.where(mode == TINT, tinted(saturation, value), part)
    painted = torch.where((mode == TINT).unsqueeze(1), grey, vivid)
    return rgb + (painted - rgb) * part.unsqueeze(1)


def paint_table(device=None):
    """[paints, 3]: hue, saturation and value of each of PAINT_NAMES."""
    return torch.tensor([colours.PAINTS[name] for name in PAINT_NAMES], dtype=torch.float32, device=device)
