"""Captions that are wrong in one fact: what a scorer must not take for the right one."""

import copy
import dataclasses

from ..data import colours, layout
from ..data.bank import SHAPE_STYLE

OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
FACTS = ("thing", "ground", "colour", "number", "relation", "style", "size", "place")
TWICE = {"relation", "number"}  # harder than the others, hence asked twice as often


def facts_of(scene):
    """The facts that any caption of the scene says, hence those that can be changed so that all captions are wrong."""
    told = {"thing": True, "ground": scene.ground_said and not scene.gradient, "colour": any(i.colour for i in scene.items),
            "number": scene.kind == "count", "relation": bool(scene.relation), "style": scene.style_said,
            "size": bool(scene.size), "place": bool(scene.place)}
    return [fact for fact in FACTS if told[fact]]


def _thing(scene, other, words, rng):
    present = {item.thing for item in scene.items}
    pool = words.shapes if scene.style == SHAPE_STYLE else words.counted if scene.kind == "count" else words.names
    # A cat's face is a cat: not wrong enough.
    pool = [name for name in pool if name not in present and not any(set(name.split()) & set(p.split()) for p in present)]
    if not pool:
        return
    new, old = rng.choice(pool), rng.choice(scene.items).thing
    for item in other.items:
        if item.thing == old:
            item.thing, item.colour_said = new, bool(item.colour)


def _ground(scene, other, words, rng):
    other.ground = (rng.choice([c for c in colours.NAMES if colours.apart(c, scene.ground[0])]),)


def _colour(scene, other, words, rng):
    old = rng.choice([item for item in scene.items if item.colour])
    new = rng.choice([c for c in colours.PAINTS if c != old.colour])
    for item in other.items:
        if item.thing == old.thing:
            item.colour = new


def _number(scene, other, words, rng):
    number = rng.choice([n for n in (2, 3, 4, 5) if n != len(scene.items)])
    other.items = [dataclasses.replace(scene.items[0]) for _ in range(number)]


def _relation(scene, other, words, rng):
    other.relation = OPPOSITE[scene.relation]


def _style(scene, other, words, rng):
    other.style = rng.choice([s for s in words.styles if s != scene.style])


def _size(scene, other, words, rng):
    other.size = "small" if scene.size == "large" else "large"


def _place(scene, other, words, rng):
    other.place = rng.choice([p for p in layout.PLACES if p != scene.place])


_CHANGES = dict(zip(FACTS, (_thing, _ground, _colour, _number, _relation, _style, _size, _place)))


def changed(scene, words, rng, fact=None):
    """The scene with one fact changed that its captions say: `fact`, one of facts_of(scene), or one by lot."""
    fact = fact or rng.choice([f for f in facts_of(scene) for _ in range(2 if f in TWICE else 1)])
    other = copy.deepcopy(scene)
    _CHANGES[fact](scene, other, words, rng)
    return other


def canonical(scene, natural):
    """The scene as facts are taken from it here: what captions mean alike gets the same ones. "A right of B" is "B left of A",
    and a thing that is red by nature is as red as one that was painted."""
    items = [dataclasses.replace(item, colour=item.colour or natural.get(item.thing) or "") for item in scene.items]
    if scene.relation in ("right", "below"):
        return dataclasses.replace(scene, items=items[::-1], relation=OPPOSITE[scene.relation])
    return dataclasses.replace(scene, items=items)
