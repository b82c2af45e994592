"""limner model quantize: a model in 8 bits, by command line."""

import json

import numpy
import pytest
import tiny_model
from PIL import Image
from program import PROMPT

ROOT = tiny_model.ROOT


@pytest.fixture
def quantized(limner):
    run = limner("model", "quantize", "limner-tiny", "-o", "small", "--calibrate", 1, "--json", "-q")
    assert run.status == 0, run.err
    return run


def picture(limner, *words):
    with Image.open(limner.draw("--dtype", "f32", *words, steps=8)) as image:
        return numpy.asarray(image.convert("RGB"), dtype=float)


def test_draws_nearly_the_same(limner, quantized):
    said = quantized.json
    assert said["path"] == "small" and said["bytes"] < said["bytes_before"]
    assert said["int8"] == sum(m["int8"] for m in said["maps"]) > 0
    before, after = picture(limner), picture(limner, "-m", "small")
    error = numpy.mean((before - after) ** 2)
    assert 0 < error and 10 * numpy.log10(255**2 / error) >= 25
    shown = limner("model", "show", "small", "--json").json
    plain = limner("model", "show", "limner-tiny", "--json").json
    assert shown["quantization"].startswith(f"{said['int8']} weights") and plain["quantization"] == "none"
    assert shown["weight_bytes"] < plain["weight_bytes"]


def test_says_what_it_refuses(limner, quantized):
    limner.refuses("model", "quantize", "limner-tiny", "-o", "small", saying="there already")
    limner.refuses("model", "quantize", "small", "-o", "smaller", saying="quantised already")
    limner.refuses("model", "quantize", "limner-tiny", "-o", "smaller", "--bits", 3, saying="bits")
    limner.refuses("model", "quantize", "limner-tiny", "-o", "smaller", "--calibrate", 65, saying="65")
    limner.refuses("model", "quantize", "limner-tiny", "-o", "smaller", "--error-max", "nan", saying="error_max")


def test_a_damaged_entry_is_named(limner, quantized):
    path = limner.folder / "small/unet/config.json"
    config = json.loads(path.read_text())
    del config["quantization"]
    path.write_text(json.dumps(config))
    limner.refuses("generate", PROMPT, "-m", "small", "-q", "-o", "out.png", saying="quantization")
