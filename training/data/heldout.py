"""Which compositions training never sees, so that evaluation can ask for them."""

import functools
import hashlib

# One composition in so many is kept out.
ONE_IN = {"single": 12, "colour": 12, "count": 12, "shape": 12, "relation": 8}


@functools.lru_cache(1 << 18)
def held_out(kind, *parts):
    """Whether the composition is kept out: decided by a hash of its parts, hence the same in every run and process.

    single: thing, background, style. colour: thing, colour, style. count: thing, number. shape: shape, colour, background.
    relation: thing, other thing, relation.
    """
    digest = hashlib.md5("|".join(map(str, (kind, *parts))).encode()).hexdigest()
    return int(digest[:8], 16) % ONE_IN[kind] == 0


def scene_is_held_out(scene):
    """Whether any composition in the scene is kept out."""
    if len(scene.items) > 1 and scene.kind == "relation":
        return held_out("relation", scene.items[0].thing, scene.items[1].thing, scene.relation)
    first = scene.items[0]
    if scene.style == "shape":
        return scene.kind == "shape" and held_out("shape", first.thing, first.colour, scene.ground[0])
    if first.colour and held_out("colour", first.thing, first.colour, scene.style):
        return True
    if scene.kind == "count":
        return held_out("count", first.thing, len(scene.items))
    return scene.ground_said and held_out("single", first.thing, scene.ground[0], scene.style)


def kept_from_autoencoder(thing):
    """Whether the autoencoder never sees the thing, so that it can be measured on it: one in 40. All else does see it."""
    return int(hashlib.md5(f"autoencoder|{thing}".encode()).hexdigest()[:8], 16) % 40 == 0
