"""limner replay: the same pixels from the receipt, or the reason why not."""

import json

from PIL import Image, PngImagePlugin
from program import PROMPT


def replayed(limner, *words, status=0):
    run = limner("replay", *words, "--json", "-q")
    assert run.status == status, run.err
    return run.json


def with_text(limner, path, change):
    """The picture with its receipt changed."""
    with Image.open(path) as image:
        image.load()
    receipt = json.loads(image.text["limner"])
    change(receipt)
    texts = PngImagePlugin.PngInfo()
    texts.add_text("limner", json.dumps(receipt))
    image.save(limner.folder / "changed.png", pnginfo=texts)
    return "changed.png"


def test_the_same_pixels(limner):
    path = limner.draw("--sampler", "dpmpp_2m", "--schedule", "karras", "--size", "64x96")
    (picture,) = replayed(limner, path)["pictures"]
    assert picture["same"] and picture["changed"] == {}
    assert picture["pixels_sha256"]["recorded"] == picture["pixels_sha256"]["redrawn"]
    run = limner("replay", path)
    assert run.status == 0 and run.out == f"{path}: the same pixels\n"


def test_other_pixels_and_why(limner):
    path = limner.draw()
    other = replayed(limner, with_text(limner, path, lambda receipt: receipt["parameters"].update(seed=8)), status=1)
    assert not other["same"] and other["pictures"][0]["changed"] == {}
    elsewhere = with_text(limner, path, lambda receipt: receipt.update(backend="another", dtype="f32"))
    told = replayed(limner, elsewhere, status=1 if "bf16" in limner("inspect", "--json", path).out else 0)
    assert told["pictures"][0]["changed"]["backend"]["then"] == "another"


def test_over_a_picture(limner):
    Image.effect_noise((64, 64), 50).convert("RGB").save(limner.folder / "in.png")
    path = limner.draw("--init", "in.png", "--strength", 0.5)
    limner.refuses("replay", path, saying="--init")
    assert replayed(limner, path, "--init", "in.png")["same"]


def test_what_cannot_be_replayed(limner):
    limner.draw(out="out.jpg")
    limner.refuses("replay", "out.jpg", saying="format")
    run = limner("generate", PROMPT, "--steps", 1, "--bare", "--no-sign", "-q", "-o", "bare.png")
    assert run.status == 0
    assert "receipt" in limner("replay", "bare.png").err
    path = with_text(limner, limner.draw(), lambda receipt: receipt.update(extras=[{"kind": "lora"}]))
    limner.refuses("replay", path, saying="LoRAs")
    assert "ledger" in limner("replay", "job_01jd0000000000000000000000").err
