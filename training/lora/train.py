"""A LoRA of the model from a folder of pictures: a style or a thing that it does not know.

Low-rank additions (Hu et al. 2021) to the UNet's attention. The file has the names of diffusers' PEFT format: `limner generate
--lora FILE` and diffusers' load_lora_weights() apply it.
"""

import json
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from .. import budget, machine
from ..autoencoder import train as autoencoder_stage
from ..config import CAPTION_DROPOUT, NOISE_STEPS, RATES
from ..optimizers import Set, adamw
from ..unet import noise
from ..unet.train import empty_tokens, networks

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
TARGETS = ("to_q", "to_k", "to_v", "to_out.0")
STEPS = 400


class Low(nn.Module):
    """A linear map with a low-rank addition, which starts as nothing."""

    def __init__(self, base, rank):
        super().__init__()
        self.base = base
        self.lora_A, self.lora_B = nn.Linear(base.in_features, rank, bias=False), nn.Linear(rank, base.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x):
        return self.base(x) + self.lora_B(self.lora_A(x))


def adapt(unet, rank):
    """Puts a Low around each target in place; returns {module name: Low}."""
    names = [name for name, module in unet.named_modules() if isinstance(module, nn.Linear) and name.endswith(TARGETS)]
    made = {}
    for name in names:
        parent, _, leaf = name.rpartition(".")
        low = made[name] = Low(unet.get_submodule(name), rank)
        holder = unet.get_submodule(parent)
        if leaf.isdigit():
            holder[int(leaf)] = low
        else:
            setattr(holder, leaf, low)
    return made


def read_pictures(folder, side, default):
    """([n, 3, side, side] in -1..1, captions) of a folder, in the order of names; cut to squares from their middles."""
    pictures, captions = [], []
    for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES):
        with Image.open(path) as image:
            image = image.convert("RGB")
            edge = min(image.size)
            left, top = (image.width - edge) // 2, (image.height - edge) // 2
            image = image.crop((left, top, left + edge, top + edge)).resize((side, side), Image.LANCZOS)
        pictures.append(torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1)
        beside = path.with_suffix(".txt")
        captions.append(beside.read_text(encoding="utf-8").strip() if beside.exists() else default)
    if not pictures:
        raise SystemExit(f"training: {folder} holds no picture ({', '.join(sorted(SUFFIXES))})")
    if not all(captions):
        raise SystemExit(f"training: some pictures in {folder} have no PICTURE.txt beside them; --caption gives one to those")
    return torch.stack(pictures), captions


def train_folder(run, folder, file, caption="", rank=8):
    """Trains and writes `file`; returns the losses."""
    pictures, captions = read_pictures(folder, run.size.picture, caption)
    text, unet = networks(run)
    autoencoder, scaling = autoencoder_stage.network(run), run.noted("autoencoder")["scaling"]
    with torch.no_grad():
        latents = torch.cat([autoencoder.encoder(p[None].to(run.device)) for p in pictures]) * scaling
        states = text(torch.from_numpy(run.tokenizer.batch(captions)).to(run.device))
        empty = text(empty_tokens(run))
    torch.manual_seed(run.seed)
    lows = {name: low.to(run.device) for name, low in adapt(unet, rank).items()}
    optimizer = Set(adamw([p for low in lows.values() for p in (low.lora_A.weight, low.lora_B.weight)], RATES.lora, 0))
    counted = budget.Budget(minutes=run.minutes) if run.minutes is not None else budget.Budget(steps=run.steps or STEPS)
    bar, batch, losses, step = noise.alphas_bar(run.device), min(16, max(4, len(pictures))), [], 0
    while not counted.over(step):
        losses.append(_step(run, step, counted.progress(step), batch, latents, states, empty, unet, optimizer, bar))
        step += 1
        if step % 50 == 0:
            run.say(f"lora: step {step}, loss {sum(losses[-50:]) / 50:.4f}")
    write(file, lows, rank)
    return losses


def _step(run, step, progress, batch, latents, states, empty, unet, optimizer, bar):
    generator, on = run.generator("lora", step), run.device
    rows = torch.randint(0, len(latents), (batch,), generator=generator, device=on)
    dropped = torch.rand(batch, generator=generator, device=on) < CAPTION_DROPOUT
    context = torch.where(dropped[:, None, None], empty, states[rows])
    steps = torch.randint(0, NOISE_STEPS, (batch,), generator=generator, device=on)
    x = latents[rows]
    spoilt, target = noise.noisy(x, torch.randn(x.shape, generator=generator, device=on), steps, bar)
    optimizer.scale(budget.cosine(progress, step, 20) * run.size.haste)
    with run.reduced():
        out = unet(machine.like(spoilt, on), steps, context)
    loss = F.mse_loss(out.float(), target)
    optimizer.step(loss)
    return float(loss.detach())


def write(file, lows, rank):
    """The LoRA in f16, as diffusers' save_lora_weights() writes it; the scale is 1 (alpha is the rank)."""
    tensors = {}
    for name, low in lows.items():
        for part in ("lora_A", "lora_B"):
            tensors[f"unet.{name}.{part}.weight"] = getattr(low, part).weight.detach().cpu().half().contiguous()
    about = {"unet.lora_alpha": rank, "unet.r": rank, "unet.target_modules": list(TARGETS)}
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file, {"format": "pt", "lora_adapter_metadata": json.dumps(about)})
