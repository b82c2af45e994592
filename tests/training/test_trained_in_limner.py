"""What training exports is drawn by Limner as by diffusers: 16 times and less shrunk latents of other channel counts, LoRAs too."""

import os
import pathlib
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")).resolve() / "limner"
PROMPT = "two foxes on a blue background"


def limner(folder, model, *words, prompt=PROMPT):
    """The picture that the program draws in f32, float [H, W, 3] in 0..255."""
    out = folder / "out.png"
    run = subprocess.run([PROGRAM, "generate", prompt, "--model", model, "--dtype", "f32", "--no-sign", "--sampler", "ddim",
                          "--steps", "5", "--cfg", "3", "--seed", "4", "-q", "-o", out, *map(str, words)],
                         capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr
    return np.asarray(Image.open(out).convert("RGB")).astype(np.float32)


def pipeline(model):
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_pretrained(model, torch_dtype=torch.float32)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def diffusers(pipe, prompt=PROMPT):
    size = pipe.unet.config.sample_size
    start = torch.randn(1, pipe.unet.config.in_channels, size, size, generator=torch.Generator().manual_seed(4))
    picture = pipe(prompt, num_inference_steps=5, guidance_scale=3.0, latents=start, output_type="np").images[0]
    return picture * 255


def test_limner_draws_the_small_model_as_diffusers_does(trained, tmp_path):
    model = trained[0].out / "model"
    assert np.abs(limner(tmp_path, model) - diffusers(pipeline(model))).max() < 2.5


def test_limner_draws_the_full_layout(tmp_path):
    """Factor 16, 16 latent channels, heads that differ a level: the shapes of the real model, with random weights."""
    import dataclasses

    from training.config import FULL
    from training.export import pipeline as export
    from training.export.files import write_json, write_weights
    from training.networks.clip import TextEncoder
    from training.networks.tiny_autoencoder import TinyAutoencoder
    from training.networks.unet import Unet
    from training.text.tokenizer import Tokenizer

    size = dataclasses.replace(FULL, picture=64, vocabulary=600)
    torch.manual_seed(1)
    model = tmp_path / "model"
    for folder, net, stem, config in (
            ("text_encoder", TextEncoder(size), "model", None), ("unet", Unet(size), "diffusion_pytorch_model", None),
            ("vae", TinyAutoencoder(size), "diffusion_pytorch_model", 1.3)):
        write_json(model / folder / "config.json", net.config(config) if config else net.config())
        write_weights(model / folder, stem, net.state_dict())
    write_json(model / "model_index.json", export.INDEX | {"scheduler": ["diffusers", "DDIMScheduler"]})
    write_json(model / "scheduler/scheduler_config.json", export.SCHEDULERS["unet"])
    Tokenizer.train(["a fox on a blue background"] * 3, size.vocabulary, size.length).save(model / "tokenizer")
    assert len(list((model / "unet").glob("*.safetensors"))) > 1
    assert np.abs(limner(tmp_path, model, "-W", 64, "-H", 64) - diffusers(pipeline(model))).max() < 2.5


@pytest.fixture(scope="module")
def lora(trained, tmp_path_factory):
    """A LoRA of three blue pictures, and its losses."""
    from training.lora.train import train_folder

    folder = tmp_path_factory.mktemp("lora")
    for number in range(3):
        Image.new("RGB", (40, 32), (20, 40 + 20 * number, 230)).save(folder / f"{number}.png")
    run = trained[0]
    before, run.steps = run.steps, 60
    try:
        losses = train_folder(run, folder, folder / "blue.safetensors", "a fox in blue style")
    finally:
        run.steps = before
    return folder / "blue.safetensors", losses


def test_a_lora_is_applied_by_limner_as_by_diffusers(trained, lora, tmp_path):
    model, prompt = trained[0].out / "model", "a fox in blue style"
    assert np.mean(lora[1][-10:]) < np.mean(lora[1][:10])
    plain, changed = limner(tmp_path, model, prompt=prompt), limner(tmp_path, model, "--lora", lora[0], prompt=prompt)
    assert np.abs(plain - changed).mean() > 1
    pipe = pipeline(model)
    pipe.load_lora_weights(lora[0].parent, weight_name=lora[0].name)
    assert np.abs(changed - diffusers(pipe, prompt)).max() < 2.5


def test_a_folder_without_pictures_or_captions_is_refused(trained, tmp_path):
    from training.lora.train import train_folder

    with pytest.raises(SystemExit, match="holds no picture"):
        train_folder(trained[0], tmp_path, tmp_path / "x.safetensors", "a fox")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(SystemExit, match="--caption"):
        train_folder(trained[0], tmp_path, tmp_path / "x.safetensors")
