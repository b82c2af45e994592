"""Batches of scenes, numbered: batch n of a stage is the same in every run, on every machine, with any number of processes.

So training resumes exactly without saving any random state.
"""

import atexit
import collections
import concurrent.futures
import dataclasses
import functools
import multiprocessing
import pathlib
import pickle
import random
import tempfile

import numpy as np
import torch

from . import captions, compose, facts, scene


@dataclasses.dataclass
class Batch:
    """layers, token ids int64 [B, length], what is said int64 [B, facts]; captions and scenes where they were asked for."""

    layers: compose.Layers
    tokens: torch.Tensor
    facts: torch.Tensor
    captions: list
    scenes: list


@dataclasses.dataclass(frozen=True)
class Recipe:
    """What a batch is made by; it travels to the processes that make them."""

    words: object  # bank.Vocabulary
    tokenizer: object
    stage: str
    seed: int
    batch: int
    variety: float
    keep: bool = False  # captions and scenes too

    def make(self, number):
        """Batch `number`."""
        rng = random.Random(f"{self.seed} {self.stage} {number}")
        composer, writer = scene.Composer(self.words, self.variety), captions.Writer(self.words)
        scenes = [composer.scene(rng) for _ in range(self.batch)]
        lines = [writer.caption(s, rng) for s in scenes]
        targets = facts.Facts(self.words)
        return Batch(compose.pack(scenes, self.words, rng),
                     torch.from_numpy(self.tokenizer.batch(lines)) if self.tokenizer else torch.zeros(self.batch, 0),
                     torch.from_numpy(np.array([targets.of(s) for s in scenes], np.int64)),
                     lines if self.keep else [], scenes if self.keep else [])


@functools.lru_cache(1)
def _pool(processes):
    """Processes that make batches, started once: each needs seconds to import torch."""
    return concurrent.futures.ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), torch.set_num_threads, (1,))


atexit.register(_pool.cache_clear)  # while the modules that it needs to end are still there


@functools.lru_cache(2)
def _read(path):
    return pickle.loads(pathlib.Path(path).read_bytes())


def _make(path, number):
    # As bytes: multiprocessing would pass each tensor through a file descriptor of its own.
    return pickle.dumps(_read(path).make(number))


class Feed:
    """Batches in order from some number on. With processes they are made ahead; close() calls off what was asked of them."""

    def __init__(self, recipe, first=0, processes=0, ahead=4):
        self.recipe, self.next, self.processes = recipe, first, processes
        self.ahead, self.waiting, self.folder = ahead * processes, collections.deque(), None
        if processes:
            self.folder = tempfile.TemporaryDirectory()
            self.path = pathlib.Path(self.folder.name) / "recipe.pickle"
            self.path.write_bytes(pickle.dumps(recipe))

    def take(self):
        """The next batch."""
        if not self.processes:
            self.next += 1
            return self.recipe.make(self.next - 1)
        while len(self.waiting) < self.ahead:
            self.waiting.append(_pool(self.processes).submit(_make, str(self.path), self.next))
            self.next += 1
        return pickle.loads(self.waiting.popleft().result())

    def close(self):
        for future in self.waiting:
            future.cancel()
        concurrent.futures.wait(self.waiting)
        self.waiting.clear()
        if self.folder:
            self.folder.cleanup()
