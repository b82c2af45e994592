"""Pictures of things, redrawn as blueprints: white lines on blue. An example of a style that a LoRA can be taught.

    python -m training blueprint PICTURES STYLE     each PICTURE.txt is copied with ", blueprint style" after it
"""

import pathlib

import numpy as np
from PIL import Image, ImageFilter

PAPER, INK = np.array([24.0, 66.0, 160.0]), np.array([245.0, 248.0, 255.0])
STYLE = ", blueprint style"


def blueprint(image):
    """The edges of a picture, as thick as a small autoencoder can keep them."""
    image = image.convert("RGB").filter(ImageFilter.MedianFilter(5))
    pixels = np.asarray(image, np.float32) / 255
    across, down = (np.abs(np.diff(pixels, axis=axis, append=np.take(pixels, [-1], axis))).max(2) for axis in (1, 0))
    edges = Image.fromarray(((np.maximum(across, down) > 0.10) * 255).astype("uint8"))
    lines = edges.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.GaussianBlur(0.8))
    ink = np.asarray(lines, np.float32)[..., None] / 255
    return Image.fromarray((PAPER * (1 - ink) + INK * ink).round().astype("uint8"))


def redraw(pictures, style):
    """Every PNG of the folder `pictures` that has a caption beside it, redrawn into the folder `style`."""
    style.mkdir(parents=True, exist_ok=True)
    for path in sorted(pathlib.Path(pictures).glob("*.png")):
        caption = path.with_suffix(".txt")
        if not caption.exists():
            continue
        with Image.open(path) as image:
            blueprint(image).save(style / path.name)
        (style / caption.name).write_text(caption.read_text(encoding="utf-8").strip() + STYLE + "\n", encoding="utf-8")
