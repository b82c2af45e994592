"""`limner score` beside transformers' CLIPModel, with random weights: prompts, pictures, cosines and logits."""

import json
import os
import shutil
import subprocess

import pytest
import torch
from compare import BUILD, ROOT, make_picture
from PIL import Image
from safetensors.torch import load_file, save_file
from test_classifiers import pictures
from test_nets import alive
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

SIDE, LENGTH = 48, 32
TOKENIZER = ROOT / "models/limner-tiny/tokenizer"
LAYERS = dict(num_hidden_layers=3, num_attention_heads=4)
VISION = dict(hidden_size=32, intermediate_size=64, image_size=SIDE, patch_size=8, **LAYERS)
TEXT = dict(hidden_size=24, intermediate_size=48, vocab_size=4096, max_position_embeddings=LENGTH, bos_token_id=4094,
            eos_token_id=4095, pad_token_id=4095, **LAYERS)
PROMPTS = ["a red fox", "", "Two BLUE stars, on a green background!", "a very long one " * 20]


def save(folder, model, processor, dtype=torch.float32):
    """The folder that CLIPModel and CLIPProcessor save. Beside what it is to be compared with, in the same rounding."""
    model = model.to(dtype)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    for file in TOKENIZER.iterdir():
        shutil.copy(file, folder)
    return model.float()


def processor_of(side=SIDE, **changes):
    return CLIPImageProcessor(**{"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}, **changes})


def random_model(act="quick_gelu", dim=20):
    torch.manual_seed(5)
    config = CLIPConfig(text_config=TEXT | {"hidden_act": act}, vision_config=VISION | {"hidden_act": act}, projection_dim=dim)
    with torch.no_grad():
        model = alive(CLIPModel(config)).eval()
        model.logit_scale.fill_(2.9)
    return model


def reference(model, processor, prompt, images):
    """(cosines, logits) as transformers computes them."""
    tokens = CLIPTokenizer.from_pretrained(TOKENIZER)(prompt, return_tensors="pt", padding="max_length", truncation=True,
                                                      max_length=LENGTH)
    pixels = processor([image.convert("RGB") for image in images], return_tensors="pt").pixel_values
    with torch.no_grad():
        out = model(**tokens, pixel_values=pixels)
    return (out.image_embeds @ out.text_embeds.T)[:, 0].tolist(), out.logits_per_image[:, 0].tolist()


def score(folder, prompt, files, *more):
    words = [BUILD / "limner", "score", "--scorer", folder, "--json", *more, "--", prompt, *files]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def agree(folder, tmp_path, model, processor, prompts=PROMPTS, images=None):
    images = images or [picture for name, picture in pictures().items() if name != "tall"]
    files = []
    for number, image in enumerate(images):
        files.append(tmp_path / f"{number}.png")
        image.save(files[-1])
    for prompt in prompts:
        cosines, logits = reference(model, processor, prompt, images)
        scores = score(folder, prompt, files)[0]["scores"]
        assert [s["rank"] for s in scores] == list(range(1, len(files) + 1))
        assert [s["cosine"] for s in scores] == sorted((s["cosine"] for s in scores), reverse=True)
        by_path = {s["path"]: s for s in scores}
        for file, cosine, logit in zip(files, cosines, logits):
            assert by_path[str(file)]["cosine"] == pytest.approx(cosine, abs=2e-5)
            assert by_path[str(file)]["logit"] == pytest.approx(logit, abs=5e-4)
        assert len({round(c, 4) for c in cosines}) > 1, "the pictures are told apart"


@pytest.mark.parametrize("act", ["quick_gelu", "gelu"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_scores(tmp_path, act, dtype):
    model, processor = random_model(act), processor_of()
    agree(tmp_path / "clip", tmp_path, save(tmp_path / "clip", model, processor, dtype), processor)


@pytest.mark.parametrize("changes", [
    {"resample": 2}, {"resample": 1}, {"resample": 0}, {"do_normalize": False}, {"do_rescale": False},
    {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.5, 0.6, 0.7]}, {"size": {"shortest_edge": 64}}, {"do_resize": False},
    {"rescale_factor": 1 / 127.5},
])  # fmt: skip
def test_pictures_are_prepared_as_the_folder_says(tmp_path, changes):
    model, processor = random_model(), processor_of(**changes)
    agree(tmp_path / "clip", tmp_path, save(tmp_path / "clip", model, processor), processor, PROMPTS[:1])


def test_the_config_of_a_processor(tmp_path):
    """As newer libraries save it: the image processor is part of processor_config.json."""
    model, processor = random_model(), processor_of(resample=2)
    save(tmp_path / "clip", model, processor)
    own = tmp_path / "clip/preprocessor_config.json"
    (tmp_path / "clip/processor_config.json").write_text(
        json.dumps({"processor_class": "CLIPProcessor", "image_processor": json.loads(own.read_text())}))
    own.unlink()
    agree(tmp_path / "clip", tmp_path, model, processor, PROMPTS[:1])


def test_old_configs(tmp_path):
    """What the first CLIPs' config.json carries: settings of generation, towers' settings twice, the old end token."""
    model, processor = random_model(), processor_of()
    save(tmp_path / "clip", model, processor)
    path = tmp_path / "clip/config.json"
    config = json.loads(path.read_text())
    config["text_config"] |= {"top_k": 50, "num_beams": 1, "id2label": {"0": "LABEL_0"}, "eos_token_id": 2}
    config |= {"text_config_dict": {"hidden_size": 24}, "vision_config_dict": None}
    path.write_text(json.dumps(config))
    agree(tmp_path / "clip", tmp_path, model, processor, PROMPTS[:2])


def test_shards(tmp_path):
    model, processor = random_model(), processor_of()
    save(tmp_path / "clip", model, processor)
    weights = load_file(tmp_path / "clip/model.safetensors")
    (tmp_path / "clip/model.safetensors").unlink()
    names = sorted(weights)
    index = {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"model-{number:05d}-of-00002.safetensors"
        save_file({name: weights[name] for name in part}, tmp_path / "clip" / file)
        index |= {name: file for name in part}
    (tmp_path / "clip/model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    agree(tmp_path / "clip", tmp_path, model, processor, PROMPTS[:1])


def test_what_did_not_fit_is_said(tmp_path):
    save(tmp_path / "clip", random_model(), processor_of())
    make_picture(64, 64).save(tmp_path / "a.png")
    said, errors = score(tmp_path / "clip", "a very long one " * 20, [tmp_path / "a.png"])
    assert said["dropped"].endswith("long one") and "too long" in errors
    said, errors = score(tmp_path / "clip", "a fox", [tmp_path / "a.png"])
    assert "dropped" not in said and not errors


def test_one_thread_or_several_give_the_same(tmp_path):
    save(tmp_path / "clip", random_model(), processor_of())
    Image.effect_mandelbrot((96, 80), (-2, -1.5, 1, 1.5), 60).convert("RGB").save(tmp_path / "a.png")
    one, two = (score(tmp_path / "clip", "a fox", [tmp_path / "a.png"], "--threads", n)[0] for n in (1, 2))
    assert one == two
