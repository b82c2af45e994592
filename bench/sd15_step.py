#!/usr/bin/env python3
"""One step of an SD 1.5 sized UNet, 512x512, guided, bf16: Limner beside diffusers + torch in one run, interleaved.

Random weights: speed and memory only. Prints the ratio, both times, Limner's load time and peak memory.

    build/venv/bin/python bench/sd15_step.py [--rounds 3] [--steps 4] [--no-torch]
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import time

import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[1]
MODEL = ROOT / "build" / "bench" / "sd15-random"

UNET = dict(sample_size=64, in_channels=4, out_channels=4, block_out_channels=(320, 640, 1280, 1280), layers_per_block=2,
            cross_attention_dim=768, attention_head_dim=8)
VAE = dict(in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(128, 256, 512, 512), layers_per_block=2,
           sample_size=512, down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4)
TEXT = dict(vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
            max_position_embeddings=77, hidden_act="quick_gelu", projection_dim=768)


def make_model():
    """A whole pipeline in bf16 files, as large as SD 1.5."""
    if (MODEL / "model_index.json").exists():
        return
    print("making random weights of SD 1.5's size", flush=True)
    vocabulary = ROOT / "models" / "clip-tokenizer"
    merges = (vocabulary / "merges.txt").read_text().splitlines()
    torch.manual_seed(0)
    scheduler = PNDMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True,
                              steps_offset=1, set_alpha_to_one=False)
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL(**VAE), text_encoder=CLIPTextModel(CLIPTextConfig(**TEXT)), tokenizer=standard_tokenizer(merges),
        unet=UNet2DConditionModel(**UNET), scheduler=scheduler, safety_checker=None, feature_extractor=None,
        requires_safety_checker=False).to(torch.bfloat16)
    shutil.rmtree(MODEL, ignore_errors=True)
    pipeline.save_pretrained(MODEL, safe_serialization=True)


def standard_tokenizer(merges):
    """CLIP's tokenizer from its merges: byte symbols, the same at a word's end, one token a merge, two specials."""
    pairs = [line for line in merges if line and not line.startswith("#")]
    visible = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    symbols = [chr(b) for b in visible] + [chr(256 + i) for i in range(256 - len(visible))]
    tokens = symbols + [s + "</w>" for s in symbols] + ["".join(p.split()) for p in pairs]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    folder = MODEL.parent / "tokenizer"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(pairs) + "\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))


def limner_run(binary, steps):
    """Milliseconds a step, and the whole report. The first step also touches fresh memory, so two runs are subtracted."""

    def run(count):
        words = [binary, "generate", "a house by a lake", "--no-sign", "--model", MODEL, "--dtype", "bf16", "--size", "512x512", "--steps",
                 str(count), "--sampler", "euler", "--cfg", "7.5", "--seed", "1", "--json", "-q", "-o", MODEL.parent / "out.png"]
        began = time.monotonic()
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        report = json.loads(done.stdout)
        report["wall_s"] = time.monotonic() - began
        return report

    one, many = run(1), run(1 + steps)
    many["step_ms"] = (many["times_ms"]["steps"] - one["times_ms"]["steps"]) / steps
    times = one["times_ms"]
    many["load_to_first_step_ms"] = times["load"] + times["compile"] + times["text"] + times["encode"]
    return many


class TorchStep:
    def __init__(self):
        self.unet = UNet2DConditionModel.from_pretrained(MODEL / "unet", torch_dtype=torch.bfloat16)
        self.unet.to(memory_format=torch.channels_last)
        self.sample = torch.randn(2, 4, 64, 64, dtype=torch.bfloat16).to(memory_format=torch.channels_last)
        self.text = torch.randn(2, 77, 768, dtype=torch.bfloat16)

    @torch.no_grad()
    def step_ms(self, steps):
        self.unet(self.sample, 500, self.text)
        began = time.monotonic()
        for _ in range(steps):
            self.unet(self.sample, 500, self.text)
        return (time.monotonic() - began) * 1000 / steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--no-torch", action="store_true")
    options = parser.parse_args()
    binary = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")) / "limner"
    make_model()
    peer = None if options.no_torch else TorchStep()
    ours, theirs, loads, report = [], [], [], {}
    for _ in range(options.rounds):
        report = limner_run(binary, options.steps)
        ours.append(report["step_ms"])
        loads.append(report["load_to_first_step_ms"] / 1000)
        if peer:
            theirs.append(peer.step_ms(options.steps))
        print(f"limner {ours[-1]:.0f} ms a step" + (f", torch {theirs[-1]:.0f} ms" if theirs else ""), flush=True)
    if theirs:
        ratios = sorted(b / a for a, b in zip(ours, theirs))
        print(f"torch / limner: {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")
    print(f"peak memory {report['peak_memory_bytes'] / 2**30:.2f} GiB")
    print(f"load to first step {min(loads):.2f} s (at worst {max(loads):.2f}), decode {report['times_ms']['decode'] / 1000:.2f} s")


if __name__ == "__main__":
    main()
