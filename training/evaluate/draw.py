"""Pictures of prompts with a run's own networks: what evaluation looks at, on the device that trained."""

import torch

from ..autoencoder import train as autoencoder_stage
from ..config import GUIDANCE
from ..unet import noise
from ..unet.train import empty_tokens, networks


class Painter:
    """Draws with a stage's averaged weights: `unet` with guidance, `distil` in a few steps without."""

    def __init__(self, run, stage="unet", steps=20, guidance=GUIDANCE, batch=64):
        self.run, self.stage, self.steps, self.guidance, self.batch = run, stage, steps, guidance, batch
        self.text, self.unet = networks(run, stage)
        self.autoencoder, self.scaling = autoencoder_stage.network(run), run.noted("autoencoder")["scaling"]
        self.bar = noise.alphas_bar(run.device)
        self.empty = empty_tokens(run)

    @torch.no_grad()
    def __call__(self, prompts, seeds):
        """[prompts, 3, H, W] in -1..1, each from its own seed."""
        return torch.cat([self._some(prompts[at : at + self.batch], seeds[at : at + self.batch])
                          for at in range(0, len(prompts), self.batch)])

    def _some(self, prompts, seeds):
        size, on = self.run.size, self.run.device
        shape = (size.latent_channels, size.latent_side, size.latent_side)
        x = torch.stack([torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]).to(on)
        with self.run.reduced():
            states = self.text(torch.from_numpy(self.run.tokenizer.batch(prompts)).to(on))
            empty = self.text(self.empty).expand_as(states)

            def predict(at, step):
                return noise.guided(self.unet, at, step, states, empty, self.guidance)

            if self.stage == "distil":
                from ..distil.consistency import sample

                generator = torch.Generator(on).manual_seed(seeds[0])
                latents = sample(predict, x, self.steps, self.bar, generator)
            else:
                latents = noise.dpmpp_2m(predict, x, self.steps, self.bar)
            return self.autoencoder.decoder(latents / self.scaling).float()
