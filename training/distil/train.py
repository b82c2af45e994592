"""The stage `distil`: a UNet that draws in 1 to 4 evaluations what the model draws in 20 with guidance.

Latent consistency distillation: from a noisy latent the teacher, guided, takes one DDIM step down its path; the student must say
the same clean end from both points. The text encoder is the model's.
"""

import torch
import torch.nn.functional as F
from torch import nn

from .. import budget, machine
from ..autoencoder import train as autoencoder_stage
from ..config import AVERAGE, GUIDANCE, RATES
from ..networks.clip import TextEncoder
from ..networks.unet import Unet
from ..optimizers import Set, adamw
from ..run import train
from ..unet import noise
from ..unet.pool import Pool
from ..unet.train import PREFILL, empty_tokens, networks
from . import consistency

STAGE = "distil"
TARGET_KEEP = 0.95  # of the averaged student that gives the answers


class Trainer:
    def __init__(self, run):
        self.run, self.batch = run, max(4, run.size.batch[run.device.type] // 2)
        self.text, self.teacher = networks(run)
        self.net = nn.ModuleDict({"text": TextEncoder(run.size), "unet": Unet(run.size)}).to(run.device)
        self.net["text"].load_state_dict(self.text.state_dict())
        self.net["unet"].load_state_dict(self.teacher.state_dict())
        machine.layout(self.net, run.device)
        self.target = Unet(run.size).to(run.device).requires_grad_(False)
        self.target.load_state_dict(self.teacher.state_dict())
        machine.layout(self.target, run.device)
        self.average = budget.Average(self.net, AVERAGE)
        self.optimizer = Set(adamw(self.net["unet"].parameters(), RATES.distil, 0))
        self.bar = noise.alphas_bar(run.device)
        self.grid = consistency.grid().to(run.device)
        self.empty = empty_tokens(run)
        self.pool = Pool(run, autoencoder_stage.network(run), run.noted("autoencoder")["scaling"], STAGE)

    def begin(self, step):
        self.pool.begin(step, PREFILL)

    def step(self, number, progress):
        generator, on = self.run.generator(STAGE, number), self.run.device
        x, tokens = self.pool.draw(number, self.batch, generator)
        place = torch.randint(0, len(self.grid), (self.batch,), generator=generator, device=on)
        steps = self.grid[place]
        before = torch.where(place > 0, self.grid[(place - 1).clamp_min(0)], torch.zeros_like(steps))
        spoilt, _ = noise.noisy(x, torch.randn(x.shape, generator=generator, device=on), steps, self.bar)
        with torch.no_grad(), self.run.reduced():
            states, empty = self.text(tokens), self.text(self.empty).expand(self.batch, -1, -1)
            nearer = self._teach(spoilt, steps, before, states, empty)
            wanted = consistency.clean(self.target(nearer, before, states).float(), nearer, before, self.bar)
        self.optimizer.scale(budget.cosine(progress, number, self.run.size.warmup))
        with self.run.reduced():
            v = self.net["unet"](machine.like(spoilt, on), steps, states)
        said = consistency.clean(v.float(), spoilt, steps, self.bar)
        loss = F.huber_loss(said, wanted, delta=0.1)
        self.optimizer.step(loss)
        with torch.no_grad():
            torch._foreach_lerp_(list(self.target.parameters()), list(self.net["unet"].parameters()), 1 - TARGET_KEEP)
        self.average.update(number)
        return loss.detach()

    def _teach(self, x, steps, before, states, empty):
        """One guided DDIM step of the teacher."""
        both = self.teacher(torch.cat([x, x]), torch.cat([steps, steps]), torch.cat([empty, states])).float()
        without, with_ = both.chunk(2)
        found, spoil = noise.split_v(without + GUIDANCE * (with_ - without), x, steps, self.bar)
        left = noise.spread(self.bar[before], x)
        return left.sqrt() * found + (1 - left).sqrt() * spoil

    def state(self):
        return {"net": self.net.state_dict(), "average": self.average.weights, "target": self.target.state_dict(),
                "optimizer": self.optimizer.state()}

    def restore(self, state):
        self.net.load_state_dict(state["net"])
        self.target.load_state_dict(state.get("target") or self.net["unet"].state_dict())
        self.average.weights = {name: value.to(self.run.device) for name, value in state["average"].items()}
        if "optimizer" in state:  # unpacked weights come without
            self.optimizer.restore(state["optimizer"])

    def close(self):
        self.pool.close()


def run_stage(run):
    """Trains."""
    return train(run, STAGE, Trainer(run))
