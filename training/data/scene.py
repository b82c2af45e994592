"""Scenes: a short description from which both the picture and the caption are made, and how one is drawn by lot.

Words that are left out have one meaning: no background is white, no style is 3D, "X and Y" has X on the left.
"""

import dataclasses

from . import colours, layout
from .bank import SHAPE_STYLE
from .heldout import scene_is_held_out

KINDS = (("single", 48), ("count", 18), ("relation", 18), ("shape", 9), ("place", 7))
UPRIGHT_TURN = {"single": 12, "count": 7, "relation": 8, "shape": 4, "place": 10}  # degrees, at most
SIZES = ("", "small", "large")


@dataclasses.dataclass(slots=True)
class Item:
    """One thing in a scene. Places and sides are in parts of the picture's side; the angle in degrees."""

    thing: str
    x: float
    y: float
    side: float
    angle: float = 0.0
    mirrored: bool = False
    colour: str = ""  # painted so; a shape always has one. Empty: its own colour
    colour_said: bool = False


@dataclasses.dataclass(slots=True)
class Scene:
    """All that is seen and said."""

    kind: str  # one of KINDS
    style: str  # of packages.STYLES, or "shape"
    style_said: bool
    ground: tuple  # one named colour, or two for a gradient between them
    ground_said: bool
    fading: bool  # a gradient from ground[0] to a lighter shade of it
    items: list
    size: str = ""  # one of SIZES
    relation: str = ""  # of the first item to the second: left, right, above, below
    place: str = ""  # "top left", "bottom" ...

    @property
    def gradient(self):
        return self.fading or len(self.ground) == 2


def weighted(rng, pairs):
    """One of [(value, weight)]."""
    at = rng.random() * sum(weight for _, weight in pairs)
    for value, weight in pairs:
        at -= weight
        if at < 0:
            return value
    return pairs[-1][0]


class Composer:
    """Draws scenes by lot from a Vocabulary. variety: 0 narrow poses, 1 wide ones."""

    def __init__(self, words, variety=1.0, keep_out=True):
        self.words, self.variety, self.keep_out = words, variety, keep_out
        self.colours = list(colours.COLOURS)
        self.paints = list(colours.PAINTS)

    def scene(self, rng):
        """A scene that training may see. rng: random.Random."""
        while True:
            made = self._draw(rng)
            if made is not None and not (self.keep_out and scene_is_held_out(made)):
                return made

    def _ground(self, rng):
        if rng.random() > 0.6:
            return ("white",), False, False
        first, lot = rng.choice(self.colours), rng.random()
        if lot < 0.07 and first != "white":
            return (first,), True, True
        if lot < 0.12:
            return (first, rng.choice([c for c in self.colours if colours.apart(c, first)])), True, False
        return (first,), True, False

    def _draw(self, rng):
        kind = weighted(rng, KINDS)
        ground, ground_said, fading = self._ground(rng)
        style = rng.choice(self.words.styles)
        style_said = style != self.words.styles[0] or rng.random() < 0.5
        shape_share = {"single": 0, "place": 0.1, "count": 0.14, "relation": 0.1, "shape": 1}[kind]
        if rng.random() < shape_share:
            style, style_said = SHAPE_STYLE, False
            if len(ground) == 2:
                return None
        scene = Scene(kind, style, style_said, ground, ground_said, fading, [])
        return getattr(self, "_" + kind)(rng, scene)

    def _thing(self, rng, scene, counted=False):
        """(name, colour, whether the colour is said)."""
        words = self.words
        if scene.style == SHAPE_STYLE:
            fitting = [c for c in self.colours if all(colours.apart(c, g) for g in scene.ground)]
            return rng.choice(list(words.shapes)), rng.choice(fitting), True
        lot = rng.random()
        if lot < 0.36 and words.paintable_names:  # things that can be painted come a little more often, as there is more to learn of them
            name = rng.choice(words.paintable_names)
            if counted and not words.things[name].plural:
                return None
            paint = rng.choice(self.paints)
            # A thing painted as it is anyway would be the same word for two pictures; one of the background's colour is not seen.
            if paint != words.natural[name] and all(colours.apart(paint, g) for g in scene.ground):
                return name, paint, True
        else:
            name = rng.choice(words.counted if counted else words.names)
        own = words.natural[name]
        return name, "", bool(own) and rng.random() < 0.25

    def _pose(self, rng, scene, name):
        most = UPRIGHT_TURN[scene.kind] * self.variety
        thing = self.words.things.get(name)
        if scene.style == SHAPE_STYLE:
            most *= 0.4
        angle = max(-most, min(most, rng.gauss(0, most / 2))) if rng.random() < 0.75 else 0.0
        mirrored = thing is not None and "upright" not in thing.marks and rng.random() < 0.5 * self.variety
        return angle, mirrored

    def _put(self, rng, scene, found, x, y, side, mirrored=None):
        angle, own = self._pose(rng, scene, found[0])
        scene.items.append(Item(found[0], x, y, side, angle, own if mirrored is None else mirrored, found[1], found[2]))

    def _single(self, rng, scene):
        found = self._thing(rng, scene)
        lot = rng.random()
        scene.size = "small" if lot < 0.09 else "large" if lot < 0.17 else ""
        side, x, y = layout.single(rng, scene.size, self.variety)
        self._put(rng, scene, found, x, y, side)
        return scene

    _shape = _single

    def _place(self, rng, scene):
        scene.place = rng.choice(layout.PLACES)
        x, y, side = layout.place(rng, scene.place, self.variety)
        self._put(rng, scene, self._thing(rng, scene), x, y, side)
        return scene

    def _count(self, rng, scene):
        found = self._thing(rng, scene, counted=True)
        if found is None:
            return None
        number = weighted(rng, ((2, 24), (3, 26), (4, 25), (5, 25)))
        spots, side = layout.spots(rng, number, self.variety)
        mirrored = self._pose(rng, scene, found[0])[1]
        for x, y in spots:
            self._put(rng, scene, found, x, y, side, mirrored)
        return scene

    def _relation(self, rng, scene):
        first, second = self._thing(rng, scene), self._thing(rng, scene)
        if first[0] == second[0] or (first[1] and first[1] == second[1] and scene.style == SHAPE_STYLE):
            return None
        scene.relation = weighted(rng, (("left", 3), ("right", 2), ("above", 2.5), ("below", 2.5)))
        places, side = layout.pair(rng, scene.relation, self.variety)
        for found, (x, y) in zip((first, second), places):
            self._put(rng, scene, found, x, y, side * rng.uniform(0.92, 1))
        return scene
