"""A run: a folder that stages fill one after another, and the loop that all of them share.

    OUT/bank/          sprites and manifest.json        OUT/autoencoder/  checkpoint, and so on for each stage
    OUT/tokenizer/     vocab.json, merges.txt           OUT/model/        what export makes
"""

import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import time

import torch

from . import budget, checkpoint, machine
from .config import Size
from .data import bank
from .data.feed import Feed, Recipe
from .text.tokenizer import Tokenizer

SAVE_EVERY = 120  # seconds


@dataclasses.dataclass
class Run:
    """Where, what size, on what. exact: f32 and steps, so that an interrupted run gives the same weights as another."""

    out: pathlib.Path
    size: Size
    device: torch.device
    seed: int = 1
    minutes: float | None = None  # of a stage; None: its number of steps
    steps: int | None = None
    processes: int = 0
    exact: bool = False
    variety: float = 1.0
    things: frozenset | None = None  # only these are learned; None: all
    say: object = print

    @functools.cached_property
    def bank(self):
        return bank.load(self.out / "bank", self.size.picture).to(self.device)

    @functools.cached_property
    def words(self):
        return bank.Vocabulary(self.bank, (lambda name: True) if self.things is None else self.things.__contains__)

    @functools.cached_property
    def tokenizer(self):
        """Made from captions the first time it is asked for."""
        folder = self.out / "tokenizer"
        if not (folder / "vocab.json").exists():
            recipe = Recipe(self.words, None, "tokenizer", self.seed, 500, self.variety, keep=True)
            lines = [line for number in range(24) for line in recipe.make(number).captions]
            Tokenizer.train(lines, self.size.vocabulary, self.size.length).save(folder)
        return Tokenizer.load(folder)

    def feed(self, stage, batch, first=0, keep=False, variety=None):
        """The batches of a stage from number `first` on."""
        recipe = Recipe(self.words, self.tokenizer, stage, self.seed, batch, self.variety if variety is None else variety, keep)
        return Feed(recipe, first, self.processes)

    def budget(self, stage, used):
        if self.minutes is not None:
            return budget.Budget(minutes=self.minutes, used=used)
        return budget.Budget(steps=self.steps if self.steps is not None else self.size.steps[stage])

    def generator(self, stage, step):
        """Randomness of one step, on the run's device."""
        return torch.Generator(self.device).manual_seed(hash_of(f"{self.seed} {stage} {step}"))

    def reduced(self):
        return machine.reduced(self.device, self.exact)

    def noted(self, stage):
        """What a stage wrote into OUT/report.json."""
        self.finished(stage)
        return json.loads((self.out / "report.json").read_text())[stage]

    def finished(self, stage):
        """The state that a stage ended with. Raises if it has not been run."""
        state = checkpoint.load(self.out / stage)
        if state is None:
            raise SystemExit(f"training: run the stage {stage} first: there is no {self.out / stage}")
        return state


def hash_of(text):
    """A seed from a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")


def train(run, stage, trainer, stop_at=None):
    """Runs a stage from its checkpoint to the end of its budget; returns its losses.

    trainer: step(number, progress) -> loss, state(), restore(state), close(), and begin(number) before the first step.
    stop_at: stop and save before this step, as an interruption would.
    """
    folder = run.out / stage
    saved = checkpoint.load(folder)
    step, used = 0, 0.0
    if saved:
        trainer.restore(saved["trainer"])
        step, used = saved["step"], saved["used"]
    counted = run.budget(stage, used)
    losses, shown, began, first, last_save = [], time.monotonic(), time.monotonic(), step, time.monotonic()

    def save():
        checkpoint.save(folder, {"step": step, "used": counted.used(step), "trainer": trainer.state(), "size": run.size.name})

    try:
        if not counted.over(step):
            trainer.begin(step)
        while not counted.over(step) and step != stop_at:
            loss = trainer.step(step, counted.progress(step))
            step += 1
            # Reading a loss waits for the device, so it is not done every step there.
            if run.device.type == "cpu" or step % 50 == 0 or step == first + 1:
                losses.append(float(loss))
                if losses[-1] != losses[-1]:
                    raise SystemExit(f"training: {stage}: the loss is no number any more, at step {step}")
            now = time.monotonic()
            if now - shown > 15:
                shown = now
                rate = (step - first) * trainer.batch / (now - began)
                recent = losses[-20:]
                run.say(f"{stage}: {100 * counted.progress(step):.0f} %, step {step}, loss {sum(recent) / len(recent):.4f}, "
                        f"{rate:.0f} samples/s")
            if now - last_save > SAVE_EVERY:
                last_save = now
                save()
        if step > first or not saved:
            save()
    finally:
        trainer.close()
    if step > first:
        seconds = time.monotonic() - began
        note(run, stage, {"steps": step, "samples": step * trainer.batch, "seconds": round(seconds, 1),
                          "samples_per_second": round((step - first) * trainer.batch / max(seconds, 1e-9), 1),
                          "loss": losses[-1] if losses else None})
    return losses


def note(run, stage, facts):
    """Writes what a stage did into OUT/report.json."""
    path = run.out / "report.json"
    report = json.loads(path.read_text()) if path.exists() else {}
    report[stage] = report.get(stage, {}) | facts
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(report, indent=2) + "\n")
    os.replace(partial, path)
