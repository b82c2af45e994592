"""The watermark in the noise: what `limner generate --noise-watermark` draws, `limner verify --noise` finds again."""

import io
import json

import pytest
from PIL import Image, PngImagePlugin

from program import PROMPT

ID = 123456789012
BRIEF = ID & 0xFFFFF
SEED = 3


def generate(limner, *words, prompt=PROMPT, steps=20, seed=SEED, out="out.png", key="a.key"):
    run = limner("generate", prompt, "--no-sign", "--steps", steps, "--seed", seed, "-q", "-o", out, "--json",
                 "--watermark-key", key, *words)  # fmt: skip
    assert run.status == 0, run.err
    return run.json["pictures"]


def marked(limner, *words, **options):
    return generate(limner, "--noise-watermark", "--watermark-id", ID, *words, **options)


def verify(limner, name, *words, key="a.key"):
    run = limner("verify", name, "--noise", "--key", key, "--json", *words)
    assert run.status == 0, run.err
    return run.json


def recoded(image, form, quality):
    file = io.BytesIO()
    image.save(file, form, quality=quality)
    with Image.open(file) as again:
        return again.convert("RGB")


# Found with any key: the default model's 128x128, and its guidance, leave too little of the noise (docs/watermark.md).
SURE = ["--size", "256x256", "--cfg", 1]


@pytest.mark.parametrize("sampler", ["ddim", "euler"])
def test_the_id_is_found_again(limner, sampler):
    (picture,) = marked(limner, "--sampler", sampler, *SURE)
    assert picture["noise_watermark"] == {"carried": True, "id": ID, "id_bits": 40}
    found = verify(limner, "out.png")["noise_watermark"]
    assert found["found"] and found["id"] == ID and found["p_value"] < 1e-7


@pytest.mark.parametrize("change", ["jpeg", "resize"])
def test_and_after_what_happens_to_pictures(limner, change):
    marked(limner, *SURE)
    with Image.open(limner.folder / "out.png") as image:
        image = image.convert("RGB")
    changed = image.resize((224, 224), Image.BICUBIC) if change == "resize" else recoded(image, "JPEG", 90)
    changed.save(limner.folder / "changed.png")
    assert verify(limner, "changed.png", "--size", "256x256")["noise_watermark"]["found"]


def test_small_pictures_carry_half_the_id(limner):
    (picture,) = marked(limner, "--size", "128x128", steps=2)
    assert picture["noise_watermark"] == {"carried": True, "id": BRIEF, "id_bits": 20}


def test_seeds_stay_what_they_are(limner):
    once = marked(limner, "--size", "128x64", steps=3)
    first = (limner.folder / "out.png").read_bytes()
    marked(limner, "--size", "128x64", "--threads", 1, "-n", 3, seed=SEED - 1, out="many.png", steps=3)
    assert (limner.folder / "many-2.png").read_bytes() == first, "another batch and number of threads"
    generate(limner, "--size", "128x64", out="plain.png", steps=3)
    assert (limner.folder / "plain.png").read_bytes() == limner.draw("--size", "128x64", steps=3, seed=SEED).read_bytes()
    assert (limner.folder / "plain.png").read_bytes() != first
    assert once[0]["parameters"]["seed"] == SEED


def test_without_an_id_it_follows_from_key_and_seed(limner):
    ids = [generate(limner, "--noise-watermark", "--size", "64x64", steps=1, prompt=prompt, seed=seed, key=key)[0]
           ["noise_watermark"]["id"] for prompt, seed, key in [("a", 1, "a.key"), ("b", 1, "a.key"), ("a", 2, "a.key"), ("a", 1, "b.key")]]  # fmt: skip
    assert ids[0] == ids[1] and len(set(ids)) == 3


def test_other_keys_and_unmarked_pictures_have_none(limner):
    marked(limner, *SURE)
    generate(limner, *SURE, out="plain.png")
    generate(limner, "--noise-watermark", "--size", "64x64", steps=1, out="small.png", key="b.key")
    assert verify(limner, "out.png", key="b.key")["noise_watermark"] == {"found": False}
    assert verify(limner, "plain.png")["noise_watermark"] == {"found": False}
    text = limner("verify", "plain.png", "--noise", "--key", "a.key").out
    assert "noise watermark: none" in text
    assert f"noise watermark: {ID}" in limner("verify", "out.png", "--noise", "--key", "a.key").out
    assert "noise" not in json.dumps(limner("verify", "out.png", "--key", "a.key", "--json").json["unchecked"])


def test_what_could_not_be_looked_at_says_so(limner):
    Image.new("RGB", (333, 77)).save(limner.folder / "odd.png")
    marked(limner, "--size", "64x64", steps=1)
    told = verify(limner, "odd.png")
    assert "333x77" in told["unchecked"]["noise_watermark"]
    fresh = {"XDG_DATA_HOME": str(limner.folder / "home")}
    without = limner("verify", "odd.png", "--noise", "--json", environment=fresh).json
    assert "no key" in without["unchecked"]["noise_watermark"]
    limner.refuses("verify", "odd.png", "--noise", "--model", "nonesuch", saying="nonesuch")
    limner.refuses("verify", "odd.png", "--noise", "--key", "a.key", "--size", "8by8", saying="size")
    limner.refuses("verify", "odd.png", "--size", "8x8", saying="--noise")


def test_replay_draws_the_same_pixels_with_the_key(limner):
    marked(limner, "--size", "64x64", steps=2)
    run = limner("replay", "out.png", "--key", "a.key", "--json", "-q")
    assert run.status == 0 and run.json["same"], run.err
    generate(limner, "--noise-watermark", "--size", "64x64", steps=1, out="other.png", key="b.key")
    limner.refuses("replay", "out.png", "--key", "b.key", saying=["key", "noise"])
    with Image.open(limner.folder / "out.png") as image:
        receipt = json.loads(image.text["limner"])
        texts = PngImagePlugin.PngInfo()
        texts.add_text("limner", json.dumps(receipt | {"noise_watermark": {"id": -1, "key": "x"}}))
        image.save(limner.folder / "forged.png", pnginfo=texts)
    limner.refuses("replay", "forged.png", "--key", "a.key", saying="noise_watermark")


def test_like_draws_it_too_if_the_key_is_here(limner):
    marked(limner, "--size", "64x64", steps=2)
    run = limner("generate", "--like", "out.png", "--no-sign", "--watermark-key", "a.key", "-q", "-o", "again.png")
    assert run.status == 0, run.err
    assert (limner.folder / "again.png").read_bytes() == (limner.folder / "out.png").read_bytes()
    fresh = {"XDG_DATA_HOME": str(limner.folder / "home")}
    run = limner("generate", "--like", "out.png", "--no-sign", "-o", "other.png", environment=fresh)
    assert run.status == 0 and "key is not here" in run.err


def test_variations_and_blends_carry_it(limner):
    (picture,) = marked(limner, "--variation-seed", 9, "--variation-strength", 0.1, *SURE)
    assert picture["noise_watermark"]["carried"]
    assert verify(limner, "out.png")["noise_watermark"]["found"]
    marked(limner, "--frames", 2, "--to-seed", 9, "--size", "64x64", steps=2, out="frame.png")
    marked(limner, "--size", "64x64", steps=2, seed=9, out="nine.png")
    with Image.open(limner.folder / "frame-2.png") as last, Image.open(limner.folder / "nine.png") as nine:
        assert last.tobytes() == nine.tobytes(), "each seed's noise is marked before it is mixed"


def test_what_cannot_carry_it_is_refused(limner):
    Image.new("RGB", (64, 64), "orange").save(limner.folder / "in.png")
    draw = ["generate", PROMPT, "--steps", 2, "--no-sign", "--noise-watermark", "-o", "out.png"]
    limner.refuses(*draw, "--init", "in.png", saying=["noise_watermark", "over another"])
    limner.refuses(*draw, "--size", "64x64", "--hires-scale", 2, saying=["noise_watermark", "second pass"])
    limner.refuses(*draw, "--size", "32x32", saying=["noise_watermark", "32x32"])
    limner.refuses(*draw, "--watermark-id", 1 << 40, saying=["watermark_id", "1099511627775"])
    limner.refuses("generate", PROMPT, "--watermark-id", 5, saying="--noise-watermark")
