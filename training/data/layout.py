"""Where things are put and how large: all in parts of the picture's side. Things never overlap and never leave the picture.

variety goes from 0, narrow, to 1, wide; every range below widens with it.
"""

PLACES = ("left", "right", "top", "bottom", "top left", "top right", "bottom left", "bottom right")


def between(rng, low, high, wide_low, wide_high, variety):
    """Uniform in a range that widens with variety."""
    return rng.uniform(low + (wide_low - low) * variety, high + (wide_high - high) * variety)


def single(rng, size, variety):
    """(side, x, y) of one thing of a size."""
    if size == "small":
        side = between(rng, 0.34, 0.40, 0.28, 0.40, variety)
    elif size == "large":
        side = between(rng, 0.92, 0.96, 0.90, 0.98, variety)
    else:
        side = between(rng, 0.72, 0.84, 0.56, 0.86, variety)
    room = min((1 - side) / 2, 0.03 + 0.3 * variety)
    return side, 0.5 + rng.uniform(-room, room), 0.5 + rng.uniform(-room, room)


def place(rng, where, variety):
    """(x, y, side) at a side or in a corner."""
    side = between(rng, 0.40, 0.44, 0.34, 0.46, variety)
    near, jitter = side / 2 + 0.03, 0.01 + 0.025 * variety
    x = near if "left" in where else 1 - near if "right" in where else 0.5
    y = near if "top" in where else 1 - near if "bottom" in where else 0.5
    return x + rng.uniform(-jitter, jitter), y + rng.uniform(-jitter, jitter), side


# For each number: (weight, weight at variety 0, places, largest side).
PATTERNS = {
    2: ((4, 1, ((0.26, 0.5), (0.74, 0.5)), 0.46), (2, 0, ((0.27, 0.29), (0.73, 0.71)), 0.46),
        (2, 0, ((0.27, 0.71), (0.73, 0.29)), 0.46), (1, 0, ((0.5, 0.26), (0.5, 0.74)), 0.46)),
    3: ((4, 1, ((0.5, 0.27), (0.27, 0.73), (0.73, 0.73)), 0.43), (3, 0, ((0.18, 0.5), (0.5, 0.5), (0.82, 0.5)), 0.30),
        (3, 0, ((0.27, 0.27), (0.73, 0.27), (0.5, 0.73)), 0.43)),
    4: ((6, 1, ((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)), 0.42),
        (1, 0, ((0.5, 0.2), (0.2, 0.5), (0.8, 0.5), (0.5, 0.8)), 0.34)),
    5: ((5, 1, ((0.21, 0.21), (0.79, 0.21), (0.5, 0.5), (0.21, 0.79), (0.79, 0.79)), 0.34),
        (3, 0, ((0.18, 0.29), (0.5, 0.29), (0.82, 0.29), (0.33, 0.72), (0.67, 0.72)), 0.30),
        (2, 0, ((0.33, 0.28), (0.67, 0.28), (0.18, 0.71), (0.5, 0.71), (0.82, 0.71)), 0.30)),
}


def spots(rng, number, variety):
    """([(x, y)], side) for that many equal things."""
    patterns = PATTERNS[number]
    at = rng.random() * sum(narrow + (wide - narrow) * variety for wide, narrow, _, _ in patterns)
    for wide, narrow, places, largest in patterns:
        at -= narrow + (wide - narrow) * variety
        if at < 0:
            break
    side = largest * between(rng, 0.94, 1, 0.84, 1, variety)
    slack = max(0.0, min(min(x, y, 1 - x, 1 - y) for x, y in places) - side / 2)
    drift, jitter = min(slack, 0.03) * variety, 0.012 * variety
    dx, dy = rng.uniform(-drift, drift), rng.uniform(-drift, drift)
    return [(x + dx + rng.uniform(-jitter, jitter), y + dy + rng.uniform(-jitter, jitter)) for x, y in places], side


def pair(rng, relation, variety):
    """([(x, y), (x, y)], side) of two things of which the first is left of, right of, above or below the second."""
    side = between(rng, 0.43, 0.46, 0.38, 0.47, variety)
    near = 0.26 - (0.02 * rng.random() if side < 0.44 else 0) * variety
    along = (near, 1 - near) if relation in ("left", "above") else (1 - near, near)
    drift = 0.02 + 0.10 * variety
    across = 0.5 + rng.uniform(-drift, drift)
    offsets = [across + rng.uniform(-0.03, 0.03) for _ in range(2)]
    if relation in ("left", "right"):
        return list(zip(along, offsets)), side
    return list(zip(offsets, along)), side
