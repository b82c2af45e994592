"""How long a stage lasts: so many steps, or so many minutes. Over it learning rates fall to nothing."""

import math
import time

import torch


class Budget:
    """Counts what has been used, also in earlier runs: `used` is saved in checkpoints.

    With minutes, `now` may be a clock for tests. Exactly resumed runs need steps: no two minutes hold the same number of them.
    """

    def __init__(self, steps=None, minutes=None, used=0.0, now=time.monotonic):
        if (steps is None) == (minutes is None):
            raise ValueError("a budget is of steps or of minutes")
        self.total = float(steps) if minutes is None else minutes * 60
        self.timed, self.now = minutes is not None, now
        self.before, self.began = used, now()

    def used(self, step):
        """Steps, or seconds of all runs together."""
        return self.before + self.now() - self.began if self.timed else float(step)

    def progress(self, step):
        """0 at the start, 1 at the end."""
        return min(1.0, self.used(step) / self.total)

    def over(self, step):
        return self.used(step) >= self.total


def cosine(progress, step, warmup):
    """The share of the first learning rate: up over `warmup` steps, down to 0 along a cosine."""
    return min(1.0, (step + 1) / warmup) * (0.5 + 0.5 * math.cos(math.pi * progress))


def linear(progress, step, warmup):
    """The same down a line."""
    return min(1.0, (step + 1) / warmup) * (1 - progress)


class Average:
    """Exponential averages of a module's weights: what is drawn with in the end."""

    def __init__(self, module, keep):
        self.module, self.keep = module, keep
        self.weights = {name: value.detach().clone() for name, value in module.state_dict().items()}

    def update(self, step):
        """After every step. Early on it forgets faster, so that the start does not stay in it."""
        keep = min(self.keep, (step + 1) / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.weights.values()), list(self.module.state_dict().values()), 1 - keep)
