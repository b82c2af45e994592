"""The questions: prompts whose compositions training never saw, and what must be seen in their pictures."""

import dataclasses
import random

from ..data import captions, colours
from ..data.heldout import held_out
from ..data.scene import Item, Scene

# How many of each kind are asked, where there are as many.
COUNTS = {"style": 120, "background": 120, "colour": 100, "shape": 70, "count": 80, "relation": 80, "size": 30}


@dataclasses.dataclass
class Question:
    """A prompt, and the scene that it describes: the composer's picture of it is the right answer."""

    test: str
    prompt: str
    scene: Scene


class Plain(random.Random):
    """Always the first of a choice and never anything rare: the plainest wording of a caption."""

    def choice(self, of):
        return of[0]

    def random(self):
        return 0.5


def asked(words, scene):
    """The scene's plainest caption."""
    return captions.Writer(words).caption(scene, Plain())


def ask(words, counts=None, seed=2024):
    """A list of Questions over a Vocabulary, always the same."""
    rng, counts, made = random.Random(seed), counts or COUNTS, []

    def centred(name, side=0.72, **more):
        return Item(name, 0.5, 0.5, side, **more)

    def pick(pool, number):
        pool = sorted(pool)
        return rng.sample(pool, min(number, len(pool)))

    def add(test, kind, style, ground, items, **more):
        scene = Scene(kind, style, style != "shape", (ground,), ground != "white" or test in ("background", "shape"), False, items,
                      **more)
        made.append(Question(test, asked(words, scene), scene))

    things, styles = words.names, words.styles
    for name, style in pick([(n, s) for n in things for s in styles], counts["style"]):
        add("style", "single", style, "white", [centred(name)])
    singles = [(n, g, s) for n in things for g in colours.NAMES for s in styles if g != "white" and held_out("single", n, g, s)
               and all(words.natural[n] != c or colours.apart(c, g) for c in colours.NAMES)]
    for name, ground, style in pick(singles, counts["background"]):
        add("background", "single", style, ground, [centred(name)])
    painted = [(n, c, s) for n in words.paintable_names for c in colours.PAINTS for s in styles
               if c not in ("white", words.natural[n]) and held_out("colour", n, c, s)]
    for name, colour, style in pick(painted, counts["colour"]):
        add("colour", "single", style, "white", [centred(name, colour=colour, colour_said=True)])
    shaped = [(n, c, g) for n in words.shapes for c in colours.NAMES for g in colours.NAMES
              if colours.apart(c, g) and held_out("shape", n, c, g)]
    for name, colour, ground in pick(shaped, counts["shape"]):
        add("shape", "shape", "shape", ground, [centred(name, colour=colour, colour_said=True)])
    places = {2: ((0.26, 0.5), (0.74, 0.5)), 3: ((0.5, 0.27), (0.27, 0.73), (0.73, 0.73)),
              4: ((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)),
              5: ((0.21, 0.21), (0.79, 0.21), (0.5, 0.5), (0.21, 0.79), (0.79, 0.79))}
    for number in places:
        counted = [(n, s) for n in words.counted for s in styles if held_out("count", n, number)]
        for name, style in pick(counted, counts["count"] // 4):
            side = 0.33 if number == 5 else 0.42
            add("count", "count", style, "white", [Item(name, x, y, side) for x, y in places[number]])
    spots = {"left": ((0.26, 0.5), (0.74, 0.5)), "right": ((0.74, 0.5), (0.26, 0.5)), "above": ((0.5, 0.26), (0.5, 0.74)),
             "below": ((0.5, 0.74), (0.5, 0.26))}
    for relation in spots:
        pairs = set()
        for _ in range(100 * counts["relation"]):  # among few things there may be fewer such pairs
            a, b = rng.sample(things, 2)
            if held_out("relation", a, b, relation) and len(pairs) < counts["relation"] // 4:
                pairs.add((a, b))
        for a, b in sorted(pairs):
            add("relation", "relation", rng.choice(styles), "white",
                [Item(n, x, y, 0.44) for n, (x, y) in zip((a, b), spots[relation])], relation=relation)
    for size, side in (("small", 0.35), ("large", 0.94)):
        for name in pick(things, counts["size"] // 2):
            add("size", "single", styles[0], "white", [centred(name, side)], size=size)
    return made
