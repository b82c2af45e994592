"""A picture against its question."""

import numpy as np

from ..data import colours
from ..data.bank import SHAPE_STYLE
from ..data.recolour import PAINT_NAMES
from . import look


def judge(question, picture, gallery, words):
    """{what: whether it is right}. picture: uint8 [H, W, 3]."""
    scene, first = question.scene, question.scene.items[0]
    ground = look.ground_of(picture)
    name = scene.ground[0]
    mask = look.mask_of(picture, ground)
    verdict = {"ground": colours.nearest(ground) == name}
    natural = [key for key in gallery.bank.keys if key[1] != SHAPE_STYLE and key[0] in words.things]
    if question.test in ("style", "background"):
        key = gallery.nearest(look.cut(picture, ground, mask), name, natural)
        verdict |= {"object": key[0] == first.thing, "style": key[1] == scene.style}
    elif question.test == "colour":
        part = look.cut(picture, ground, mask)
        paint = PAINT_NAMES.index(first.colour)
        same = [key for key in natural if key[0] in words.paintable_names]
        key = gallery.nearest(part, name, same, paint)
        verdict |= {"object": key[0] == first.thing,
                    "colour": gallery.nearest_paint(part, name, (first.thing, scene.style), paints_of(words, first.thing))
                    == first.colour}
    elif question.test == "shape":
        shapes = [key for key in gallery.bank.keys if key[1] == SHAPE_STYLE]
        fill = colours.NAMES.index(first.colour)
        verdict |= {"shape": gallery.nearest(look.cut(picture, ground, mask), name, shapes, fill)[0] == first.thing,
                    "colour": look.colour_of(picture, mask) == first.colour}
    elif question.test == "count":
        verdict |= {"count": look.count_of(mask) == len(scene.items)}
    elif question.test == "relation":
        halves = _halves(mask, scene.relation)
        keys = [gallery.nearest(look.cut(picture, ground, half), name, natural)[0] for half in halves]
        verdict |= {"relation": keys == [item.thing for item in scene.items]}
    elif question.test == "size":
        ys, xs = np.where(mask)
        side = max(np.ptp(ys), np.ptp(xs)) / len(mask) if len(ys) else 0
        verdict |= {"size": side < 0.5 if scene.size == "small" else side > 0.82}
    return verdict


def paints_of(words, thing):
    """The paints that a thing is asked in: all but its own colour."""
    return [name for name in colours.PAINTS if name != words.natural[thing]]


def _halves(mask, relation):
    """(where the first thing must be, where the second)."""
    half, a, b = len(mask) // 2, np.zeros_like(mask), np.zeros_like(mask)
    if relation in ("left", "right"):
        a[:, :half], b[:, half:] = mask[:, :half], mask[:, half:]
    else:
        a[:half], b[half:] = mask[:half], mask[half:]
    return (a, b) if relation in ("left", "above") else (b, a)
