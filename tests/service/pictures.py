"""What pictures hold: their pixels, and what Limner wrote beside them."""

import hashlib
import io
import json
import math

from PIL import Image, ImageChops, ImageStat


def opened(data):
    return Image.open(io.BytesIO(data))


def limner_text(data):
    """The JSON in a PNG."""
    return json.loads(opened(data).text["limner"])


def pixels_sha256(data):
    """The digest of a file's pixels, as `marks.pixels_sha256` has it."""
    picture = opened(data)
    head = f"{picture.width}x{picture.height}x{len(picture.getbands())}\n"
    return hashlib.sha256(head.encode() + picture.tobytes()).hexdigest()


def beneath(data):
    """That of the pixels before they were marked."""
    return limner_text(data)["marks"]["pixels_sha256"]


def psnr(a, b):
    """In dB; endless for equal pixels."""
    difference = ImageStat.Stat(ImageChops.difference(opened(a), opened(b)))
    mean = sum(difference.sum2) / (difference.count[0] * len(difference.sum2))
    return 10 * math.log10(255**2 / mean) if mean else math.inf
