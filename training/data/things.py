"""What can be drawn: the table of things, and the geometric shapes."""

import dataclasses
import functools
import pathlib

TABLE = pathlib.Path(__file__).parent / "tables" / "things.txt"
MARKS = {"upright", "keep", "free"}

SHAPES = {"circle": "circles", "square": "squares", "triangle": "triangles", "diamond": "diamonds",
          "hexagon": "hexagons", "ring": "rings", "cross": "crosses", "rectangle": "rectangles", "oval": "ovals"}


@dataclasses.dataclass(frozen=True)
class Thing:
    """One line of the table."""

    name: str  # the noun that captions use
    icon: str  # its name in the packages; of a shape, its own
    plural: str = ""  # empty: never counted
    synonyms: tuple = ()
    marks: frozenset = frozenset()
    shape: bool = False


def plural_of(name):
    """The regular plural."""
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + "s"


def parse(text):
    """The things that a table lists. Raises ValueError for a line that is wrong, and for a name that comes twice."""
    things = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        icon, name, plural, synonyms, marks = ([part.strip() for part in line.split("|")] + [""] * 4)[:5]
        name = name or icon.replace("-", " ")
        marks = frozenset(marks.split())
        if not marks <= MARKS or line.count("|") > 4:
            raise ValueError(f"line {number}: {line!r}")
        if name in things:
            raise ValueError(f"line {number}: {name!r} is there already")
        things[name] = Thing(name, icon, "" if plural == "-" else plural or plural_of(name),
                             tuple(s.strip() for s in synonyms.split(",") if s.strip()), marks)
    return things


@functools.cache
def table():
    """{name: Thing} of the table in this tree."""
    return parse(TABLE.read_text(encoding="utf-8"))


def shapes():
    """{name: Thing} of the geometric shapes."""
    return {name: Thing(name, name, plural, shape=True) for name, plural in SHAPES.items()}
