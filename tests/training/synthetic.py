"""Sprites made by program: three styles of a few of the table's things, so that no test needs a network or a package."""

import math

import numpy as np
from PIL import Image, ImageDraw

# Name in the table -> (colour, corners of its outline). Clouds are grey: they are tinted and not turned.
THINGS = {"fox": ((240, 130, 30), 3), "frog": ((60, 170, 70), 5), "apple": ((215, 40, 45), 7), "whale": ((40, 100, 220), 4),
          "cloud": ((190, 192, 196), 9), "star": ((250, 210, 50), 10), "key": ((230, 180, 60), 6), "cherries": ((190, 20, 60), 8)}
STYLES = ("3d", "flat", "cartoon")


def sprite(name, style, side=256):
    """An outline of the thing's corners with two dark eyes; shaded in 3D, with a dark rim in cartoons."""
    colour, corners = THINGS[name]
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    middle = side / 2
    radii = [0.48 if n % 2 or corners < 6 else 0.30 for n in range(corners)]
    points = [(middle + r * side * math.sin(2 * math.pi * n / corners), middle - r * side * math.cos(2 * math.pi * n / corners))
              for n, r in enumerate(radii)]
    pen.polygon(points, fill=(*colour, 255), outline=(20, 20, 20, 255) if style == "cartoon" else None, width=6)
    for x in (0.42, 0.58):
        pen.ellipse((side * (x - 0.03), side * 0.45, side * (x + 0.03), side * 0.51), fill=(15, 15, 15, 255))
    if style == "3d":
        pixels = np.asarray(image).astype(np.float32)
        pixels[..., :3] *= np.linspace(1.0, 0.7, side)[:, None, None]
        image = Image.fromarray(pixels.round().astype(np.uint8))
    return image


def sprites():
    return {(name, style): sprite(name, style) for name in THINGS for style in STYLES}
