"""limner protect: copies of known pictures are found, others are not."""

import io
import json
import pathlib

import pytest
import skimage
from PIL import Image

PHOTOGRAPHS = pathlib.Path(skimage.__file__).parent / "data"
NAMES = ["astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "ihc.png", "motorcycle_left.png"]


def photograph(name):
    with Image.open(PHOTOGRAPHS / name) as image:
        return image.convert("RGB")


@pytest.fixture
def protected(limner):
    folder = limner.folder / "originals" / "deeper"
    folder.mkdir(parents=True)
    for name in NAMES:
        photograph(name).save(folder / (name.split(".")[0] + ".png"))
    Image.new("RGB", (200, 200), "white").save(folder / "white.png")
    (folder / "notes.txt").write_text("no picture")
    run = limner("protect", "add", "originals", "--index", "index.pdq", "--json")
    assert run.status == 0, run.err
    return limner, run.json


def check(limner, image):
    image.save(limner.folder / "asked.png")
    run = limner("protect", "check", "asked.png", "--index", "index.pdq", "--json")
    assert run.status == 0, run.err
    return run.json


def test_pictures_are_added_once_and_others_named(protected):
    limner, report = protected
    assert (report["added"], report["known"]) == (len(NAMES), 0)
    reasons = {pathlib.Path(s["path"]).name: s["reason"] for s in report["skipped"]}
    assert "too flat" in reasons["white.png"] and set(reasons) == {"white.png", "notes.txt"}
    again = limner("protect", "add", "originals", "--index", "index.pdq", "--json").json
    assert (again["added"], again["known"]) == (0, len(NAMES))
    listed = limner("protect", "list", "--index", "index.pdq", "--json").json
    assert [pathlib.Path(entry["reference"]).stem for entry in listed] == sorted(name.split(".")[0] for name in NAMES)


CHANGES = {
    "nothing": lambda image: image,
    "jpeg 50": lambda image: recoded(image, 50),
    "half": lambda image: image.resize((image.width // 2, image.height // 2), Image.LANCZOS),
    "larger": lambda image: image.resize((image.width * 3 // 2, image.height * 3 // 2), Image.BICUBIC),
    "brighter": lambda image: image.point(lambda value: min(255, value + 20)),
    "mirrored": lambda image: image.transpose(Image.FLIP_LEFT_RIGHT),
    "upside down": lambda image: image.transpose(Image.FLIP_TOP_BOTTOM),
    "turned 90": lambda image: image.transpose(Image.ROTATE_90),
    "turned 180": lambda image: image.transpose(Image.ROTATE_180),
    "turned 270": lambda image: image.transpose(Image.ROTATE_270),
    "transposed": lambda image: image.transpose(Image.TRANSPOSE),
    "transversed": lambda image: image.transpose(Image.TRANSVERSE),
}


def recoded(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    with Image.open(file) as again:
        return again.convert("RGB")


@pytest.mark.parametrize("change", CHANGES)
def test_copies_are_found(protected, change):
    limner, _ = protected
    for name in NAMES:
        report = check(limner, CHANGES[change](photograph(name)))
        assert report["verdict"] in ("copy", "review"), (name, report)
        assert pathlib.Path(report["matches"][0]["reference"]).stem == name.split(".")[0]
        if change in ("nothing", "jpeg 50"):
            assert report["verdict"] == "copy"


def test_other_pictures_are_not(protected):
    limner, _ = protected
    for name in ["camera.png", "moon.png", "hubble_deep_field.jpg", "grass.png"]:
        report = check(limner, photograph(name))
        assert report["verdict"] == "none" and report["compared"] == len(NAMES)


def test_flat_pictures_are_unchecked_not_innocent(protected):
    limner, _ = protected
    assert check(limner, Image.new("RGB", (300, 300), "navy"))["verdict"] == "unchecked"


def test_a_missing_or_damaged_index_is_an_error_never_a_pass(protected):
    limner, _ = protected
    photograph("coffee.png").save(limner.folder / "asked.png")
    limner.refuses("protect", "check", "asked.png", "--index", "none.pdq", saying="none.pdq")
    path = limner.folder / "index.pdq"
    whole = path.read_bytes()
    path.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    run = limner("protect", "check", "asked.png", "--index", "index.pdq", "--json")
    assert run.status == 1 and run.json["error"]["code"] == "data_loss"
    path.write_bytes(whole[:-3])
    assert "cut short" in limner("protect", "check", "asked.png", "--index", "index.pdq").err


def test_hashes_are_the_references(protected):
    """What the Python package pdqhash 0.2.8, the published reference compiled, says of the same photographs."""
    limner, _ = protected
    for name, reference in json.loads((pathlib.Path(__file__).parent / "pdq_reference.json").read_text()).items():
        report = check(limner, photograph(name))
        assert (int(report["pdq"], 16) ^ int(reference["pdq"], 16)).bit_count() <= 10
        assert abs(report["quality"] - reference["quality"]) <= 1
