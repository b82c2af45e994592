"""The stage `scorer`: a small CLIP that says how well a text fits a picture, from the scenes that the model learns from.

Contrast within a batch teaches it things; hard negatives, captions of the same scene with one fact changed, teach it the rest:
colours, numbers, places, who is left of whom.
"""

import copy
import dataclasses
import random

import torch
import torch.nn.functional as F

from .. import budget
from ..config import RATES
from ..data import captions, colours
from ..data.compose import compose
from ..networks.clip import Scorer
from ..optimizers import Set, adamw
from ..run import note, train

STAGE = "scorer"
MEAN, SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)  # CLIP's
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


def prepared(pictures, size):
    """Pictures in -1..1 as the picture tower sees them."""
    if pictures.shape[-1] != size.scorer_side:
        pictures = F.interpolate(pictures, size=(size.scorer_side,) * 2, mode="bicubic", antialias=True, align_corners=False)
    mean, spread = (torch.tensor(v, device=pictures.device).view(1, 3, 1, 1) for v in (MEAN, SPREAD))
    return ((pictures.clamp(-1, 1) + 1) / 2 - mean) / spread


def changed(scene, words, rng):
    """The scene with one fact that captions say changed: what is not in the picture."""
    other = copy.deepcopy(scene)
    ways = ["thing"]
    if scene.ground_said and not scene.gradient:
        ways.append("ground")
    if scene.items[0].colour:
        ways.append("colour")
    if scene.relation:
        ways += ["relation"] * 2
    if scene.kind == "count":
        ways += ["count"] * 2
    if scene.style_said:
        ways.append("style")
    way = rng.choice(ways)
    first = other.items[0]
    if way == "thing":
        pool = [n for n in (words.shapes if scene.style == "shape" else words.counted if scene.kind == "count" else words.names)
                if n not in {i.thing for i in scene.items}]
        for item in other.items if scene.kind == "count" else [first]:
            item.thing = item.thing if not pool else pool[0] if item is not first else rng.choice(pool)
        for item in other.items if scene.kind == "count" else []:
            item.thing = first.thing
        first.colour_said = bool(first.colour)
    elif way == "ground":
        other.ground = (rng.choice([c for c in colours.NAMES if colours.apart(c, scene.ground[0])]),)
    elif way == "colour":
        new = rng.choice([c for c in colours.PAINTS if c != first.colour])
        for item in other.items if scene.kind == "count" else [first]:
            item.colour = new
    elif way == "relation":
        other.relation = OPPOSITE[scene.relation]
    elif way == "count":
        number = rng.choice([n for n in (2, 3, 4, 5) if n != len(scene.items)])
        other.items = [dataclasses.replace(first) for _ in range(number)]
    else:
        other.style = rng.choice([s for s in words.styles if s != scene.style])
    return other


class Trainer:
    def __init__(self, run):
        self.run, self.batch = run, run.size.scorer_batch[run.device.type]
        torch.manual_seed(run.seed)
        self.net = Scorer(run.size).to(run.device)
        state = {name.removeprefix("text."): value for name, value in run.finished("text")["trainer"]["net"].items()
                 if name.startswith("text.")}
        self.net.load_state_dict(state, strict=False)  # the text tower begins where the text encoder learned to read
        self.optimizer = Set(adamw(self.net.parameters(), RATES.scorer, 0.05))
        self.writer = captions.Writer(run.words)

    def begin(self, step):
        self.feed = self.run.feed(STAGE, self.batch, step, keep=True)

    def step(self, number, progress):
        batch, run = self.feed.take(), self.run
        rng = random.Random(f"{run.seed} negatives {number}")
        wrong = [self.writer.caption(changed(s, run.words, rng), rng) for s in batch.scenes]
        ids = torch.cat([batch.tokens, torch.from_numpy(run.tokenizer.batch(wrong))]).to(run.device)
        pictures = prepared(compose(run.bank, batch.layers), run.size)
        self.optimizer.scale(budget.cosine(progress, number, run.size.warmup) * run.size.haste)
        with run.reduced():
            seen, said = self.net.picture(pictures), self.net.text(ids)
        right, wrong = said.chunk(2)
        scale = self.net.logit_scale.clamp(max=4.6052).exp()
        own = torch.arange(len(seen), device=run.device)
        logits = scale * seen @ right.T
        # Each picture also has its own caption beside the changed one.
        hard = scale * torch.stack([(seen * right).sum(1), (seen * wrong).sum(1)], 1)
        loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2 + F.cross_entropy(hard, torch.zeros_like(own))
        self.optimizer.step(loss)
        return loss.detach()

    def state(self):
        return {"net": self.net.state_dict(), "optimizer": self.optimizer.state()}

    def restore(self, state):
        self.net.load_state_dict(state["net"])
        if "optimizer" in state:  # unpacked weights come without
            self.optimizer.restore(state["optimizer"])

    def close(self):
        if hasattr(self, "feed"):
            self.feed.close()


def network(run):
    """The trained scorer, ready to be used."""
    net = Scorer(run.size)
    net.load_state_dict(run.finished(STAGE)["trainer"]["net"])
    return net.to(run.device).eval().requires_grad_(False)


@torch.no_grad()
def measure(run, count=512):
    """Of new scenes: how often the right caption fits better than the same with one fact changed."""
    net, batch = network(run), run.feed("scorer test", count, keep=True).recipe.make(0)
    rng, writer = random.Random(3), captions.Writer(run.words)
    wrong = run.tokenizer.batch([writer.caption(changed(s, run.words, rng), rng) for s in batch.scenes])
    wins = 0
    for at in range(0, count, 64):
        seen = net.picture(prepared(compose(run.bank, batch.layers[slice(at, at + 64)]), run.size))
        right = net.text(batch.tokens[at : at + 64].to(run.device))
        other = net.text(torch.from_numpy(wrong[at : at + 64]).to(run.device))
        wins += int(((seen * right).sum(1) > (seen * other).sum(1)).sum())
    return wins / count


def run_stage(run):
    """Trains, then measures."""
    losses = train(run, STAGE, Trainer(run))
    share = measure(run)
    run.say(f"{STAGE}: prefers the right caption to one with a fact changed {share:.1%} of the time")
    note(run, STAGE, {"prefers_right": round(share, 4)})
    return losses
