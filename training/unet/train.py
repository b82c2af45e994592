"""The stage `unet`: UNet and text encoder together, v-prediction, plain mean squared error."""

import torch
import torch.nn.functional as F
from torch import nn

from .. import budget, machine
from ..autoencoder import train as autoencoder_stage
from ..config import AVERAGE, CAPTION_DROPOUT, LEAN, NOISE_STEPS, RATES
from ..networks.clip import TextEncoder
from ..networks.unet import Unet
from ..optimizers import Set, adamw
from ..run import note, train
from . import noise
from .pool import Pool

STAGE = "unet"
PREFILL = 24  # batches of scenes in the pool before the first step


def time_steps(count, progress, generator, device):
    """One of each of `count` equal parts of the time steps, leaning to the noisy ones in the first part of the stage."""
    lean = LEAN + (1 - LEAN) * min(1.0, max(0.0, (progress - 0.4) / 0.35))
    lots = (torch.randperm(count, generator=generator, device=device)
            + torch.rand(count, generator=generator, device=device)) / count
    return (lots**lean * NOISE_STEPS).long().clamp(0, NOISE_STEPS - 1)


def empty_tokens(run):
    """Token ids of no prompt, [1, length]."""
    return torch.from_numpy(run.tokenizer.batch([""])).to(run.device)


class Trainer:
    def __init__(self, run):
        self.run, self.batch = run, run.size.batch[run.device.type]
        torch.manual_seed(run.seed)
        self.net = nn.ModuleDict({"text": TextEncoder(run.size), "unet": Unet(run.size)})
        self.net["text"].load_state_dict({name.removeprefix("text."): value for name, value in
                                          run.finished("text")["trainer"]["net"].items() if name.startswith("text.")})
        machine.layout(self.net.to(run.device), run.device)
        self.average = budget.Average(self.net, AVERAGE)
        self.optimizer = Set(adamw([{"params": self.net["unet"].parameters()},
                                    {"params": self.net["text"].parameters(), "lr": RATES.unet * RATES.text_with_unet}],
                                   RATES.unet))
        self.bar = noise.alphas_bar(run.device)
        self.empty = empty_tokens(run)
        self.pool = Pool(run, autoencoder_stage.network(run), run.noted("autoencoder")["scaling"], STAGE)

    def begin(self, step):
        self.pool.begin(step, PREFILL)

    def step(self, number, progress):
        generator, on = self.run.generator(STAGE, number), self.run.device
        x, tokens = self.pool.draw(number, self.batch, generator)
        dropped = torch.rand(self.batch, generator=generator, device=on) < CAPTION_DROPOUT
        tokens = torch.where(dropped[:, None], self.empty, tokens)
        steps = time_steps(self.batch, progress, generator, on)
        spoilt, target = noise.noisy(x, torch.randn(x.shape, generator=generator, device=on), steps, self.bar)
        self.optimizer.scale(budget.cosine(progress, number, self.run.size.warmup) * self.run.size.haste)
        with self.run.reduced():
            out = self.net["unet"](machine.like(spoilt, on), steps, self.net["text"](tokens))
        loss = F.mse_loss(out.float(), target)
        self.optimizer.step(loss)
        self.average.update(number)
        return loss.detach()

    def state(self):
        return {"net": self.net.state_dict(), "average": self.average.weights, "optimizer": self.optimizer.state()}

    def restore(self, state):
        self.net.load_state_dict(state["net"])
        self.average.weights = {name: value.to(self.run.device) for name, value in state["average"].items()}
        if "optimizer" in state:  # unpacked weights come without
            self.optimizer.restore(state["optimizer"])

    def close(self):
        self.pool.close()


def networks(run, stage=STAGE):
    """(text encoder, UNet) with a stage's averaged weights, ready to be used."""
    net = nn.ModuleDict({"text": TextEncoder(run.size), "unet": Unet(run.size)})
    net.load_state_dict(run.finished(stage)["trainer"]["average"])
    net = machine.layout(net.to(run.device), run.device).eval().requires_grad_(False)
    return net["text"], net["unet"]


@torch.no_grad()
def hearing(run, count=256, step=980):
    """(error with the right captions, with those of other scenes) where there is hardly any picture left: equal means deaf."""
    text, unet = networks(run)
    pool = Pool(run, autoencoder_stage.network(run), run.noted("autoencoder")["scaling"], "unet test")
    pool.begin(0, -(-count // pool.fresh))
    generator = run.generator("unet test", 0)
    x, tokens = pool.latents[:count].float(), pool.tokens[:count].long()
    steps = torch.full((len(x),), step, device=run.device)
    spoilt, target = noise.noisy(x, torch.randn(x.shape, generator=generator, device=run.device), steps,
                                 noise.alphas_bar(run.device))
    pool.close()
    with run.reduced():
        errors = [F.mse_loss(unet(spoilt, steps, text(ids)).float(), target) for ids in (tokens, tokens.roll(1, 0))]
    return tuple(float(e) for e in errors)


def run_stage(run):
    """Trains, then measures whether the text is heard."""
    losses = train(run, STAGE, Trainer(run))
    right, wrong = hearing(run)
    run.say(f"{STAGE}: error at t=980 {right:.3f} with the right captions, {wrong:.3f} with others'")
    note(run, STAGE, {"heard": {"right": round(right, 4), "other": round(wrong, 4)}})
    return losses
