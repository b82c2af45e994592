"""The stage `autoencoder`: pictures to latents and back.

Encoder and decoder learn together for the first part; then the encoder rests, as the UNet's latents must not change later, and
the decoder goes on alone, at the end against a critic.
"""

import math

import torch
import torch.nn.functional as F

from .. import budget
from ..config import RATES
from ..data.bank import Vocabulary
from ..data.compose import compose
from ..data.feed import Feed, Recipe
from ..data.heldout import kept_from_autoencoder
from ..networks.tiny_autoencoder import TinyAutoencoder
from ..optimizers import Muon, Set, adamw, is_matrix
from ..run import note, train
from .loss import Critic, reconstruction
from .start import start

STAGE = "autoencoder"
TOGETHER = 0.7  # of the stage
CRITIC_FROM, CRITIC_WEIGHT = 0.8, 0.02
LATENT_NOISE = 0.03  # what the decoder must bear, as a UNet's latents are not exact
# CPUs see crops of this part of the picture's side: four times as many edges for the work.
CROP = {"cpu": 0.5, "cuda": 1.0}


class Trainer:
    def __init__(self, run):
        self.run, self.batch = run, run.size.autoencoder_batch[run.device.type]
        torch.manual_seed(run.seed)
        self.net, self.critic = TinyAutoencoder(run.size), Critic()
        frozen = start(self.net)
        self.net.to(run.device, memory_format=torch.channels_last)
        for parameter, rows in frozen:
            keep_rows(parameter, rows)
        self.critic.to(run.device)
        self.average = budget.Average(self.net, 0.998)
        matrices = [p for p in self.net.parameters() if is_matrix(p)]
        rest = [p for p in self.net.parameters() if not is_matrix(p)]
        self.optimizer = Set(Muon(matrices, RATES.muon), adamw(rest, RATES.autoencoder, 0))
        self.judge = Set(adamw(self.critic.parameters(), RATES.critic, 0))

    def begin(self, step):
        seen = Vocabulary(self.run.bank, lambda name: not kept_from_autoencoder(name))
        self.feed = Feed(Recipe(seen, None, STAGE, self.run.seed, self.batch, 1.0), step, self.run.processes)

    def pictures(self, step):
        pictures = compose(self.run.bank, self.feed.take().layers)
        side = int(self.run.size.picture * CROP[self.run.device.type])
        if side < self.run.size.picture:
            generator = torch.Generator().manual_seed(step)
            y, x = (int(torch.randint(0, self.run.size.picture - side + 1, (), generator=generator)) for _ in range(2))
            pictures = pictures[:, :, y : y + side, x : x + side]
        return pictures.contiguous(memory_format=torch.channels_last)

    def step(self, number, progress):
        pictures = self.pictures(number)
        self.optimizer.scale(budget.linear(progress, number, min(30, self.run.size.warmup)))
        together, judged = progress < TOGETHER, progress >= CRITIC_FROM
        with self.run.reduced():
            with torch.set_grad_enabled(together):
                latents = self.net.encoder(pictures)
            noise = torch.randn(latents.shape, generator=self.run.generator(STAGE, number), device=latents.device)
            out = self.net.decoder(latents + LATENT_NOISE * noise)
            loss = error = reconstruction(out, pictures)
            if together:
                loss = loss + 1e-3 * latents.float().square().mean()
            if judged:
                loss = loss - CRITIC_WEIGHT * self.critic(out).float().mean()
        self.optimizer.step(loss)
        if judged:
            self._judge(out.detach(), pictures, progress, number)
        self.average.update(number)
        return error.detach()

    def _judge(self, out, pictures, progress, number):
        self.judge.scale(budget.linear(progress, number, 1))
        with self.run.reduced():
            loss = F.relu(1 - self.critic(pictures)).mean() + F.relu(1 + self.critic(out)).mean()
        self.judge.step(loss)

    def state(self):
        return {"net": self.net.state_dict(), "critic": self.critic.state_dict(), "average": self.average.weights,
                "optimizer": self.optimizer.state(), "judge": self.judge.state()}

    def restore(self, state):
        self.net.load_state_dict(state["net"])
        if "critic" in state:
            self.critic.load_state_dict(state["critic"])
        self.average.weights = {k: v.to(self.run.device) for k, v in state["average"].items()}
        if "optimizer" in state:  # unpacked weights come without
            self.optimizer.restore(state["optimizer"])
        if "judge" in state:  # unpacked weights come without
            self.judge.restore(state["judge"])

    def close(self):
        if hasattr(self, "feed"):
            self.feed.close()


def keep_rows(parameter, rows):
    """The first rows of a parameter are not trained: nothing of any loss reaches them."""
    def hook(gradient):
        gradient = gradient.clone()
        gradient[:rows] = 0
        return gradient

    parameter.register_hook(hook)


def psnr(a, b):
    """Of each picture in -1..1, in decibels."""
    return -10 * torch.log10((a.clamp(-1, 1) - b).float().square().mean((1, 2, 3)) / 4 + 1e-12)


def run_stage(run):
    """Trains, then measures on things that this stage never saw."""
    losses = train(run, STAGE, Trainer(run))
    net = network(run)
    decibels, deviation = measure(run, net)
    run.say(f"{STAGE}: {decibels:.2f} dB on scenes of things it never saw; latents deviate by {deviation:.3f}")
    note(run, STAGE, {"psnr": round(decibels, 2), "scaling": round(1 / deviation, 4)})
    return losses


def network(run):
    """The averaged weights, ready to be used."""
    net = TinyAutoencoder(run.size)
    net.load_state_dict(run.finished(STAGE)["trainer"]["average"])
    return net.to(run.device, memory_format=torch.channels_last).eval().requires_grad_(False)


@torch.no_grad()
def measure(run, net, pictures=160):
    """(mean PSNR over scenes of things that this stage never saw, standard deviation of latents of all things)."""
    unseen = Recipe(Vocabulary(run.bank, kept_from_autoencoder), None, "autoencoder test", run.seed, 16, 1.0)
    values, latents = [], []
    for number in range(math.ceil(pictures / 16)):
        x = compose(run.bank, unseen.make(number).layers)
        values.append(psnr(net.decoder(net.encoder(x)), x))
        latents.append(net.encoder(compose(run.bank, run.feed("autoencoder latents", 16).recipe.make(number).layers)))
    return float(torch.cat(values).mean()), float(torch.cat(latents).std())
