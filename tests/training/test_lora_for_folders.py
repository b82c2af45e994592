"""A LoRA for a model folder instead of a run's model: what is opened is what diffusers opens, and what cannot be is refused by name."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from training import __main__ as training
from training.lora.blueprint import blueprint
from training.lora.model_folder import model_of, open_model

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEFAULT_MODEL = ROOT / "models" / "limner-tiny"


def test_the_default_model_is_opened_as_diffusers_opens_it():
    from diffusers import StableDiffusionPipeline

    ours = open_model(DEFAULT_MODEL, torch.device("cpu"))
    pipe = StableDiffusionPipeline.from_pretrained(DEFAULT_MODEL, torch_dtype=torch.float32)
    prompt = "a red fox, blueprint style"
    ids = pipe.tokenizer(prompt, padding="max_length", return_tensors="pt").input_ids
    assert ids.tolist() == ours.tokenizer.batch([prompt]).tolist()
    generator = torch.Generator().manual_seed(3)
    latents, picture = torch.randn(2, 4, 16, 16, generator=generator), torch.rand(1, 3, ours.picture, ours.picture, generator=generator)
    with torch.no_grad():
        states = ours.text(ids)
        torch.testing.assert_close(states, pipe.text_encoder(ids)[0], rtol=1e-4, atol=1e-4)
        steps, states = torch.tensor([980, 20]), states.repeat(2, 1, 1)
        torch.testing.assert_close(ours.unet(latents, steps, states), pipe.unet(latents, steps, states).sample, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(ours.autoencoder.encoder(picture * 2 - 1), pipe.vae.encode(picture * 2 - 1).latents,
                                   rtol=1e-4, atol=1e-4)
    assert ours.scaling == pipe.vae.config.scaling_factor


def test_an_exported_model_is_the_runs(trained):
    run = trained[0]
    mine, exported = model_of(run), open_model(run.out / "model", run.device)
    assert (mine.picture, mine.scaling) == (exported.picture, pytest.approx(exported.scaling))
    x, states = torch.randn(1, run.size.latent_channels, 8, 8), torch.randn(1, run.size.length, run.size.text_width)
    with torch.no_grad():  # f16 in the files
        torch.testing.assert_close(mine.unet(x, torch.tensor([500]), states), exported.unet(x, torch.tensor([500]), states),
                                   rtol=0.02, atol=0.02)


def changed(tmp_path, part, **values):
    model = shutil.copytree(DEFAULT_MODEL, tmp_path / "model", ignore=shutil.ignore_patterns("samples"))
    path = next((model / part).glob("*config.json"))
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
    return model


@pytest.mark.parametrize("part, values, says", [
    ("scheduler", {"prediction_type": "epsilon"}, "prediction_type is 'epsilon'"),
    ("vae", {"_class_name": "AutoencoderKL"}, "'AutoencoderKL'"),
    ("unet", {"layers_per_block": 2}, "unet is no network of this recipe"),
])
def test_other_models_are_refused_by_name(tmp_path, part, values, says):
    with pytest.raises(SystemExit, match=says):
        open_model(changed(tmp_path, part, **values), torch.device("cpu"))


def test_a_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SystemExit, match="config.json"):
        open_model(tmp_path / "nothing", torch.device("cpu"))


def test_the_command_wants_a_run_or_a_model(tmp_path):
    with pytest.raises(SystemExit, match="--model FOLDER or --out RUN"):
        training.main(["lora", str(tmp_path), "--file", str(tmp_path / "x.safetensors"), "--nice", "0"])


def test_blueprints_are_white_lines_on_blue(tmp_path):
    picture = Image.new("RGB", (128, 128), "white")
    ImageDraw.Draw(picture).ellipse((24, 24, 104, 104), fill="red")
    drawn = np.asarray(blueprint(picture)).astype(int)
    assert np.abs(drawn[64, 64] - (24, 66, 160)).max() <= 1 and drawn[64, 22:27].min(1).max() > 200
    assert 0.03 < (drawn.min(2) > 128).mean() < 0.15


def test_a_folder_is_redrawn_with_its_captions(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (32, 32)).save(pictures / "a.png")
    Image.new("RGB", (32, 32)).save(pictures / "without_caption.png")
    (pictures / "a.txt").write_text("a fox\n")
    training.main(["blueprint", str(pictures), str(tmp_path / "style")])
    assert sorted(path.name for path in (tmp_path / "style").iterdir()) == ["a.png", "a.txt"]
    assert (tmp_path / "style" / "a.txt").read_text() == "a fox, blueprint style\n"
