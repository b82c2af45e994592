"""The stage `scorer`: a small CLIP that says how well a text fits a picture, from the scenes that the model learns from.

Contrast within a batch teaches it things; hard negatives, captions of the same scene with one fact changed, teach it the rest:
colours, numbers, places, who is left of whom. Contrast alone needs large batches to learn from, which a CPU has no time for, so
both towers must also name the facts of the scene through the same heads, which are not part of what is exported.
"""

import dataclasses
import random

import torch
import torch.nn.functional as F
from torch import nn

from .. import budget, machine
from ..config import AVERAGE_SCORER, RATES
from ..data import captions
from ..data.bank import SHAPE_STYLE
from ..data.compose import compose
from ..data.facts import Facts
from ..data.things import table
from ..networks.clip import Scorer
from ..optimizers import Muon, Set, adamw
from ..run import note, train
from . import broader
from .wrong import canonical, changed

STAGE = "scorer"
MEAN, SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # CLIP's
SOFTENED = 0.3  # of the pictures are softened, so that drawn ones, which are softer than sprites, are not strange
NAMING = 0.5  # what naming facts weighs beside telling captions apart


def prepared(pictures, size):
    """Pictures in -1..1 as the picture tower sees them."""
    if pictures.shape[-1] != size.scorer_side:
        pictures = F.interpolate(pictures, size=(size.scorer_side,) * 2, mode="bicubic", antialias=True, align_corners=False)
    mean, spread = (torch.tensor(v, device=pictures.device).view(1, 3, 1, 1) for v in (MEAN, SPREAD))
    return ((pictures.clamp(-1, 1) + 1) / 2 - mean) / spread


def softened(pictures, rng):
    """Some of the pictures shrunk and enlarged again. rng: random.Random."""
    count, side = round(SOFTENED * len(pictures)), pictures.shape[-1]
    small = round(side * rng.uniform(0.35, 0.9))
    some = F.interpolate(pictures[:count], size=(small, small), mode="bilinear", antialias=True, align_corners=False)
    some = F.interpolate(some, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([some, pictures[count:]])


class BroadWriter(captions.Writer):
    """Also calls things by broader names, half of the time: a scorer must not say that a cat's face is no cat."""

    def __init__(self, words):
        super().__init__(words)
        self.things = broader.THINGS | table() | words.things

    def phrase(self, scene, item, rng, number=1):
        name = broader.NAMES.get(item.thing)
        if name and scene.style != SHAPE_STYLE and rng.random() < 0.5 and (number == 1 or self.things[name].plural):
            item = dataclasses.replace(item, thing=name, colour_said=bool(item.colour))
        return super().phrase(scene, item, rng, number)


def is_hidden_matrix(name, parameter):
    """Whether Muon takes it: a linear map between hidden states."""
    return parameter.ndim == 2 and ".layers." in name


class Trainer:
    def __init__(self, run):
        self.run, self.batch = run, run.size.scorer_batch[run.device.type]
        self.facts = Facts(run.words)
        torch.manual_seed(run.seed)
        self.net = nn.ModuleDict({"clip": Scorer(run.size), "heads": nn.Linear(run.size.scorer_projection, sum(self.facts.sizes))})
        self.net.to(run.device)
        state = {name.removeprefix("text."): value for name, value in run.finished("text")["trainer"]["net"].items()
                 if name.startswith("text.")}
        self.net["clip"].load_state_dict(state, strict=False)  # the text tower begins where the text encoder learned to read
        hidden = [p for name, p in self.net.named_parameters() if is_hidden_matrix(name, p)]
        others = [p for name, p in self.net.named_parameters() if not is_hidden_matrix(name, p)]
        kind = torch.bfloat16 if machine.has_bf16(run.device.type) and not run.exact else torch.float32
        self.optimizer = Set(Muon(hidden, RATES.muon, kind=kind), adamw(others, RATES.scorer))
        self.average = budget.Average(self.net["clip"], AVERAGE_SCORER)
        self.writer, self.bank = BroadWriter(run.words), run.bank.sized(run.size.scorer_side)

    def begin(self, step):
        self.feed = self.run.feed(STAGE, self.batch, step, keep=True)

    def naming(self, vectors, facts):
        """How badly vectors of pictures or of texts name the facts of their scenes."""
        logits = self.net["heads"](vectors).split(self.facts.sizes, 1)
        return sum(F.cross_entropy(l, facts[:, n]) for n, l in enumerate(logits))

    def step(self, number, progress):
        batch, run, clip = self.feed.take(), self.run, self.net["clip"]
        rng = random.Random(f"{run.seed} negatives {number}")
        right = [self.writer.caption(s, rng) for s in batch.scenes]
        wrong = [self.writer.caption(changed(s, run.words, rng), rng) for s in batch.scenes]
        ids = clip.trimmed(torch.from_numpy(run.tokenizer.batch(right + wrong))).to(run.device)
        facts = torch.tensor([self.facts.of(canonical(s, run.words.natural)) for s in batch.scenes], device=run.device)
        pictures = prepared(softened(compose(self.bank, batch.layers), rng), run.size)
        self.optimizer.scale(budget.cosine(progress, number, run.size.warmup) * run.size.haste)
        with run.reduced():
            seen, said = clip.picture_vector(pictures), clip.text_vector(ids)
        seen, said = seen.float(), said.float()
        naming = self.naming(seen, facts) + self.naming(said[: len(seen)], facts)
        seen, (right, wrong) = F.normalize(seen, dim=-1), F.normalize(said, dim=-1).chunk(2)
        scale = clip.logit_scale.clamp(max=4.6052).exp()
        own = torch.arange(len(seen), device=run.device)
        logits = scale * seen @ right.T
        # Each picture also has its own caption beside the changed one.
        hard = scale * torch.stack([(seen * right).sum(1), (seen * wrong).sum(1)], 1)
        loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2 + F.cross_entropy(hard, torch.zeros_like(own))
        self.optimizer.step(loss + NAMING * naming)
        self.average.update(number)
        return loss.detach()

    def state(self):
        return {"net": self.net.state_dict(), "average": self.average.weights, "optimizer": self.optimizer.state()}

    def restore(self, state):
        # Unpacked weights come without heads and without an optimizer.
        self.net.load_state_dict(state["net"]) if "optimizer" in state else self.net["clip"].load_state_dict(state["average"])
        self.average.weights = {name: value.to(self.run.device) for name, value in state["average"].items()}
        if "optimizer" in state:
            self.optimizer.restore(state["optimizer"])

    def close(self):
        if hasattr(self, "feed"):
            self.feed.close()


def network(run):
    """The trained scorer, averaged weights, ready to be used."""
    net = Scorer(run.size)
    net.load_state_dict(run.finished(STAGE)["trainer"]["average"])
    return net.to(run.device).eval().requires_grad_(False)


def run_stage(run):
    """Trains, then measures."""
    from .measure import measure

    losses = train(run, STAGE, Trainer(run))
    shares = measure(run)
    run.say(f"{STAGE}: prefers the right caption to one with a fact changed: "
            + ", ".join(f"{fact} {share:.1%}" for fact, share in shares.items()))
    note(run, STAGE, {"prefers_right": shares})
    return losses
