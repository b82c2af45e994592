"""A LoRA of the model from a folder of pictures: a style or a thing that it does not know.

Low-rank additions (Hu et al. 2021) to the UNet's linear maps and convolutions: a model this small has attention at one resolution
alone, too coarse for a style's lines. The file has the names of diffusers' PEFT format: `limner generate --lora FILE` and diffusers'
load_lora_weights() apply it.
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
from ..config import CAPTION_DROPOUT, NOISE_STEPS, RATES
from ..optimizers import Set, adamw
from ..unet import noise
from .model_folder import model_of

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
TARGETS = ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out", "conv1", "conv2", "conv_shortcut")
STEPS = 400


class Low(nn.Module):
    """A linear map or a convolution with a low-rank addition, which starts as nothing."""

    def __init__(self, base, rank):
        super().__init__()
        self.base = base
        if isinstance(base, nn.Conv2d):
            self.lora_A = nn.Conv2d(base.in_channels, rank, base.kernel_size, base.stride, base.padding, bias=False)
            self.lora_B = nn.Conv2d(rank, base.out_channels, 1, bias=False)
        else:
            self.lora_A = nn.Linear(base.in_features, rank, bias=False)
            self.lora_B = nn.Linear(rank, base.out_features, bias=False)
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x):
        return self.base(x) + self.lora_B(self.lora_A(x))


def adapt(unet, rank):
    """Puts a Low around each target in place; returns {module name: Low}."""
    names = [name for name, module in unet.named_modules()
             if isinstance(module, (nn.Linear, nn.Conv2d)) and name.endswith(tuple("." + target for target in TARGETS))]
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


def train_folder(run, folder, file, caption="", rank=8, model=None):
    """Trains and writes `file`; returns the losses. model: the Model that it is for (None: the run's)."""
    model = model or model_of(run)
    pictures, captions = read_pictures(folder, model.picture, caption)
    with torch.no_grad():
        latents = torch.cat([model.autoencoder.encoder(p[None].to(run.device)) for p in pictures]) * model.scaling
        states, empty = (model.text(torch.from_numpy(model.tokenizer.batch(texts)).to(run.device)) for texts in (captions, [""]))
    torch.manual_seed(run.seed)
    lows = {name: low.to(run.device) for name, low in adapt(model.unet, rank).items()}
    optimizer = Set(adamw([p for low in lows.values() for p in (low.lora_A.weight, low.lora_B.weight)], RATES.lora, 0))
    counted = budget.Budget(minutes=run.minutes) if run.minutes is not None else budget.Budget(steps=run.steps or STEPS)
    bar, batch, losses, step = noise.alphas_bar(run.device), min(16, max(4, len(pictures))), [], 0
    while not counted.over(step):
        losses.append(_step(run, step, counted.progress(step), batch, latents, states, empty, model.unet, optimizer, bar))
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
