"""limner mark and limner protect, on photographs that ship in scikit-image's package."""

import io
import os
import pathlib
import stat

import numpy
import pytest
import skimage
from PIL import Image, PngImagePlugin
from program import Limner

PHOTOGRAPHS = pathlib.Path(skimage.__file__).parent / "data"


def photograph(name, width=None):
    with Image.open(PHOTOGRAPHS / name) as image:
        image = image.convert("RGB")
    return image.resize((width, round(image.height * width / image.width)), Image.LANCZOS) if width else image


def save(limner, image, name, **options):
    image.save(limner.folder / name, **options)
    return name


def psnr(a, b):
    difference = numpy.asarray(a, float) - numpy.asarray(b, float)
    return 10 * numpy.log10(255**2 / (difference**2).mean())


@pytest.fixture
def marked(limner):
    """A marked photograph, 512 x 512, id 123456789012."""
    save(limner, photograph("astronaut.png"), "in.png")
    run = limner("mark", "in.png", "-o", "marked.png", "--id", 123456789012, "--key", "a.key", "--json")
    assert run.status == 0, run.err
    with Image.open(limner.folder / "marked.png") as image:
        return run.json, image.convert("RGB")


def check(limner, name, key="a.key"):
    run = limner("mark", "--check", name, "--key", key, "--json")
    assert run.status == 0, run.err
    return run.json["watermark"]


def test_the_mark_is_as_close_as_it_says_and_can_be_read(limner, marked):
    report, image = marked
    assert report["watermark"] == {"id": 123456789012, "id_bits": 40, "readable": True}
    assert report["psnr"] >= 42
    assert abs(report["psnr"] - psnr(photograph("astronaut.png"), image)) < 1e-6
    assert check(limner, "marked.png") == {
        "found": True, "id": 123456789012, "id_bits": 40, "scale": 1.0, "orientation": 0,
    }  # fmt: skip
    assert limner("mark", "--check", "marked.png", "--key", "a.key").out == "123456789012\n"


def test_verify_reads_the_mark(limner, marked):
    verified = limner("verify", "marked.png", "--key", "a.key", "--json").json
    assert verified["signature"]["state"] == "absent"
    found = verified["watermark"]
    assert (found["found"], found["id"], found["id_bits"]) == (True, 123456789012, 40) and found["p_value"] < 1e-8
    assert limner("verify", "in.png", "--key", "a.key", "--json").json["watermark"] == {"found": False}
    fresh = {"XDG_DATA_HOME": str(limner.folder / "home")}
    without = limner("verify", "marked.png", "--json", environment=fresh).json
    assert not without["watermark"]["found"] and "watermark" in without["unchecked"], "there is no key at its place"
    save(limner, photograph("astronaut.png"), "own.png")
    assert limner("mark", "own.png", "-o", "own-marked.png", "--id", 7, environment=fresh).status == 0
    told = limner("verify", "own-marked.png", "--json", environment=fresh).json
    assert told["watermark"]["id"] == 7, "the key of `limner mark`"
    limner.refuses("verify", "marked.png", "--key", "no.key", saying="no.key")


CHANGES = {
    "jpeg 70": lambda image: recoded(image, "JPEG", 70),
    "jpeg 30": lambda image: recoded(image, "JPEG", 30),
    "webp 50": lambda image: recoded(image, "WEBP", 50),
    "half": lambda image: image.resize((256, 256), Image.BICUBIC),
    "one and a half": lambda image: image.resize((768, 768), Image.BICUBIC),
    "crop": lambda image: image.crop((37, 101, 421, 485)),
    "chain": lambda image: recoded(image.crop((90, 11, 474, 395)).resize((307, 307), Image.BICUBIC), "JPEG", 70),
    "mirrored": lambda image: image.transpose(Image.FLIP_LEFT_RIGHT),
    "turned": lambda image: image.transpose(Image.ROTATE_90),
    "grey": lambda image: image.convert("L"),
}


def recoded(image, form, quality):
    file = io.BytesIO()
    image.save(file, form, quality=quality)
    with Image.open(file) as again:
        return again.convert("RGB")


@pytest.mark.parametrize("change", CHANGES)
def test_the_mark_survives(limner, marked, change):
    save(limner, CHANGES[change](marked[1]), "changed.png")
    assert check(limner, "changed.png")["id"] == 123456789012


def test_an_unmarked_picture_and_another_key_read_as_nothing(limner, marked):
    assert check(limner, "in.png") == {"found": False}
    save(limner, photograph("coffee.png"), "coffee.png")
    assert limner("mark", "coffee.png", "-o", "other.png", "--key", "b.key").status == 0
    assert check(limner, "marked.png", "b.key") == {"found": False}
    assert "no watermark" in limner("mark", "--check", "in.png", "--key", "a.key").out


def test_the_same_picture_key_and_id_give_the_same_bytes(limner, marked):
    assert limner("mark", "in.png", "-o", "again.png", "--id", 123456789012, "--key", "a.key").status == 0
    assert (limner.folder / "again.png").read_bytes() == (limner.folder / "marked.png").read_bytes()
    run = limner("mark", "in.png", "-o", "one.png", "--id", 123456789012, "--key", "a.key",
                 environment={"OMP_NUM_THREADS": "1"})  # fmt: skip
    assert run.status == 0
    assert (limner.folder / "one.png").read_bytes() == (limner.folder / "marked.png").read_bytes()


def test_lossy_files_keep_the_mark_and_the_words_in_the_file(limner):
    words = PngImagePlugin.PngInfo()
    words.add_text("parameters", "a red apple\nSteps: 20, Sampler: Euler, CFG scale: 7")
    save(limner, photograph("coffee.png"), "in.png", pnginfo=words)
    run = limner("mark", "in.png", "-o", "marked.jpg", "--quality", 80, "--id", 5, "--json")
    assert run.status == 0, run.err
    assert run.json["watermark"]["readable"]
    assert limner("mark", "--check", "marked.jpg", "--json").json["watermark"]["id"] == 5
    inspected = limner("inspect", "marked.jpg", "--json").json
    assert inspected["infotext"] == "a red apple\nSteps: 20, Sampler: Euler, CFG scale: 7"


def test_the_key_is_made_once_in_the_home_folder_for_its_owner_only(tmp_path):
    home, folder = tmp_path / "home", tmp_path / "run"
    home.mkdir()
    folder.mkdir()
    limner = Limner(folder, home)
    save(limner, photograph("coffee.png", 300), "in.png")
    for name in ("a.png", "b.png"):
        assert limner("mark", "in.png", "-o", name, "--id", 7).status == 0
    key = home / ".local/share/limner/watermark.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert (folder / "a.png").read_bytes() == (folder / "b.png").read_bytes()
    assert os.listdir(key.parent) == ["watermark.key"]


def test_small_pictures_carry_a_short_id(limner):
    square = photograph("rocket.jpg").crop((0, 0, 427, 427))
    save(limner, square.resize((128, 128), Image.LANCZOS), "small.png")
    run = limner("mark", "small.png", "-o", "marked.png", "--id", (1 << 40) - 1, "--key", "a.key", "--json")
    assert run.json["watermark"] == {"id": (1 << 20) - 1, "id_bits": 20, "readable": True}
    assert check(limner, "marked.png")["id"] == (1 << 20) - 1


def test_what_cannot_be_marked_is_refused(limner):
    save(limner, photograph("coffee.png", 200), "in.png")
    save(limner, photograph("coffee.png").resize((60, 60)), "tiny.png")
    (limner.folder / "bad.key").write_text("{}")
    limner.refuses("mark", "in.png", saying=["output", "--check"])
    limner.refuses("mark", "in.png", "-o", "out.bmp", saying="output")
    limner.refuses("mark", "in.png", "-o", "out.png", "--id", 1 << 40, saying=["id", "1099511627775"])
    limner.refuses("mark", "in.png", "-o", "out.png", "--id", "x", saying="id")
    limner.refuses("mark", "in.png", "-o", "out.png", "--psnr", "nan", saying="psnr")
    limner.refuses("mark", "in.png", "-o", "out.png", "--key", "bad.key", saying=["bad.key", "version"])
    limner.refuses("mark", "--check", "in.png", "--key", "none.key", saying="none.key")
    limner.refuses("mark", "nonesuch.png", "-o", "out.png", saying="nonesuch.png")
    run = limner("mark", "tiny.png", "-o", "out.png", "--key", "c.key")
    assert run.status == 2 and "60x60" in run.err and not (limner.folder / "out.png").exists()
