"""Broader names of things: what people call them who have only one word for all of their kind."""

from ..data.things import Thing, plural_of, table

_ONES = {"spouting whale": "whale", "tropical fish": "fish", "soft ice cream": "ice cream", "steam train": "train",
         "crescent moon": "moon"}

# {name in the table: broader name}
NAMES = {name: _ONES.get(name) or name.removesuffix(" face") for name in table()
         if name in _ONES or (name.endswith(" face") and name.removesuffix(" face") in table())}

# Those of them that the table lacks, as things.
THINGS = {name: Thing(name, "", plural_of(name)) for name in NAMES.values() if name not in table()}
