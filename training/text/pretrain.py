"""The stage `text`: before any picture, the text encoder learns to name what captions say.

Linear heads on the mean token state must name the facts of a caption. Without this a UNet hears nothing of the text for its
first 150,000 samples.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .. import budget
from ..config import RATES
from ..data.facts import Facts
from ..networks.clip import TextEncoder
from ..optimizers import Set, adamw
from ..run import note, train

STAGE = "text"


class Trainer:
    def __init__(self, run):
        self.run, self.batch = run, run.size.text_batch[run.device.type]
        self.sizes = Facts(run.words).sizes
        torch.manual_seed(run.seed)
        self.net = nn.ModuleDict({"text": TextEncoder(run.size), "heads": nn.Linear(run.size.text_width, sum(self.sizes))})
        self.net.to(run.device)
        self.optimizer = Set(adamw(self.net.parameters(), RATES.text))

    def begin(self, step):
        self.feed = self.run.feed(STAGE, self.batch, step)

    def logits(self, tokens):
        with self.run.reduced():
            states = self.net["text"](tokens.to(self.run.device))
        return self.net["heads"](states.float().mean(1)).split(self.sizes, 1)

    def step(self, number, progress):
        batch = self.feed.take()
        facts = batch.facts.to(self.run.device)
        self.optimizer.scale(budget.cosine(progress, number, self.run.size.warmup) * self.run.size.haste)
        loss = sum(F.cross_entropy(l, facts[:, n]) for n, l in enumerate(self.logits(batch.tokens)))
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


@torch.no_grad()
def measure(run, trainer):
    """{fact: share of 1,024 new captions of which it is named rightly}."""
    recipe = run.feed("text test", 128).recipe
    right = torch.zeros(len(trainer.sizes))
    for number in range(8):
        batch = recipe.make(number)
        for n, logits in enumerate(trainer.logits(batch.tokens)):
            right[n] += (logits.argmax(1).cpu() == batch.facts[:, n]).float().mean() / 8
    return {name: round(float(share), 4) for name, share in zip(Facts.names, right)}


def run_stage(run):
    """Trains, then says how many facts are named rightly."""
    trainer = Trainer(run)
    losses = train(run, STAGE, trainer)
    right = measure(run, trainer)
    run.say(f"{STAGE}: named rightly: " + ", ".join(f"{name} {share:.1%}" for name, share in right.items()))
    note(run, STAGE, {"right": right})
    return losses
