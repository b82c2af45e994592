"""What a caption says, as numbers: what the text encoder learns to name before any picture is drawn."""

from . import colours, layout
from .packages import STYLES

RELATIONS = ("", "left", "right", "above", "below")
SIZES = ("", "small", "large")


class Facts:
    """The facts of scenes over a Vocabulary, each one of so many values (`sizes`)."""

    names = ("ground", "gradient", "ground2", "style", "number", "thing", "other thing", "colour", "other colour", "relation",
             "size", "place")

    def __init__(self, words):
        self.things = {name: n for n, name in enumerate([""] + list(words.things) + ["shape " + s for s in words.shapes])}
        self.colours = {name: n for n, name in enumerate(("",) + colours.NAMES)}
        self.styles = {name: n for n, name in enumerate(STYLES + ("shape",))}
        self.places = {name: n for n, name in enumerate(("",) + layout.PLACES)}
        self.sizes = (len(self.colours), 3, len(self.colours), len(self.styles), 5, len(self.things), len(self.things),
                      len(self.colours), len(self.colours), len(RELATIONS), len(SIZES), len(self.places))

    def of(self, scene):
        """One number a name."""
        items = scene.items if scene.kind == "relation" else scene.items[:1]
        prefix = "shape " if scene.style == "shape" else ""
        things = [self.things[prefix + item.thing] for item in items] + [0]
        paints = [self.colours[item.colour] for item in items] + [0]
        return (self.colours[scene.ground[0]], 1 if scene.fading else 2 if len(scene.ground) == 2 else 0,
                self.colours[scene.ground[1]] if len(scene.ground) == 2 else 0, self.styles[scene.style],
                len(scene.items) - 1, things[0], things[1], paints[0], paints[1], RELATIONS.index(scene.relation),
                SIZES.index(scene.size), self.places[scene.place])
