"""The colours that captions name, and how near two of them are to the eye."""

import functools

# Of backgrounds and shapes, sRGB.
COLOURS = {
    "white": (255, 255, 255), "black": (18, 18, 20), "gray": (136, 138, 142), "red": (220, 38, 44),
    "orange": (246, 140, 30), "yellow": (252, 216, 44), "green": (46, 158, 66), "blue": (38, 92, 220),
    "purple": (134, 60, 190), "pink": (250, 150, 196), "brown": (126, 82, 50), "cyan": (60, 206, 220),
    "light blue": (168, 212, 250), "dark blue": (20, 32, 96),
}
NAMES = tuple(COLOURS)

# Other words for them.
SYNONYMS = {"gray": ["grey"], "purple": ["violet"], "cyan": ["turquoise"], "light blue": ["sky blue"],
            "dark blue": ["navy", "navy blue"]}

# What a thing may be recoloured to: hue in degrees, and the saturation and value that its surface has on average.
PAINTS = {
    "red": (357, 0.84, 0.88), "orange": (28, 0.86, 0.96), "yellow": (49, 0.80, 0.98), "green": (128, 0.70, 0.68),
    "blue": (219, 0.78, 0.88), "purple": (276, 0.66, 0.76), "pink": (332, 0.46, 0.98), "brown": (26, 0.60, 0.52),
    "black": (230, 0.08, 0.19), "white": (210, 0.03, 0.95), "gray": (215, 0.04, 0.62),
}


def lab(rgb):
    """CIE L*a*b* of one sRGB colour of 0 to 255."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(a * b for a, b in zip(row, linear)) / white for row, white in zip(rows, (0.95047, 1, 1.08883))]
    f = [c ** (1 / 3) if c > 0.008856 else 7.787 * c + 16 / 116 for c in xyz]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def distance(a, b):
    """Euclidean distance of two sRGB colours in Lab: about 2 can be told apart, 20 differ plainly."""
    return sum((x - y) ** 2 for x, y in zip(lab(a), lab(b))) ** 0.5


def nearest(rgb):
    """The named colour nearest to an sRGB colour."""
    return min(NAMES, key=lambda name: distance(COLOURS[name], rgb))


@functools.cache
def apart(a, b):
    """Whether a thing of colour a is plainly seen on colour b."""
    return distance(COLOURS[a], COLOURS[b]) > 38
