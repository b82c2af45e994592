"""Latents of the last scenes, so that a scene is composed and encoded once and learned from a few times."""

import torch

from ..data.compose import compose


class Pool:
    """A ring of latents and tokens. Its content is a function of the step alone: a resumed run fills it with the same scenes."""

    def __init__(self, run, autoencoder, scaling, stage):
        size, on = run.size, run.device
        self.run, self.autoencoder, self.scaling, self.stage = run, autoencoder, scaling, stage
        self.fresh = size.fresh[on.type]
        self.batches = max(1, size.pool[on.type] // self.fresh)
        side, kind = size.latent_side, torch.float32 if run.exact else torch.float16
        room = self.batches * self.fresh
        self.latents = torch.zeros(room, size.latent_channels, side, side, dtype=kind, device=on)
        self.tokens = torch.zeros(room, size.length, dtype=torch.int32, device=on)

    def begin(self, step, prefill):
        """Makes the pool as it was before `step`. prefill: batches that are there before the first step of all."""
        self.prefill = min(prefill, self.batches)
        first = max(0, step + self.prefill - self.batches)
        self.feed = self.run.feed(self.stage, self.fresh, first)
        for number in range(first, step + self.prefill):
            self._add(number)

    @torch.no_grad()
    def _add(self, number):
        batch = self.feed.take()
        pictures = compose(self.run.bank, batch.layers)
        with self.run.reduced():
            latents = self.autoencoder.encoder(pictures.contiguous(memory_format=torch.channels_last))
        at = number % self.batches * self.fresh
        self.latents[at : at + self.fresh] = (latents.float() * self.scaling).to(self.latents.dtype)
        self.tokens[at : at + self.fresh] = batch.tokens.to(self.tokens)

    def draw(self, step, count, generator):
        """(latents, tokens) for a step, which first adds a batch."""
        self._add(step + self.prefill)
        filled = min(step + self.prefill + 1, self.batches) * self.fresh
        rows = torch.randint(0, filled, (count,), generator=generator, device=self.latents.device)
        return self.latents[rows].float(), self.tokens[rows].long()

    def close(self):
        if hasattr(self, "feed"):
            self.feed.close()
