"""limner generate: what it prints, what it writes, what a file remembers."""

import re

import pytest
from program import PROMPT
from infotexts import write_infotext
from PIL import Image
from pixels import same

FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "avif": "AVIF"}


def test_prints_the_path_and_nothing_else(limner):
    run = limner("generate", PROMPT, "--steps", 2, "-o", "apple.png")
    assert (run.status, run.out) == (0, "apple.png\n")
    assert limner.files() == {"apple.png"}
    with Image.open(limner.folder / "apple.png") as picture:
        assert (picture.format, picture.size, picture.mode) == ("PNG", (128, 128), "RGB")


def test_names_the_file_by_its_seed(limner):
    words = ["generate", PROMPT, "--steps", 1, "--seed", 5, "-q"]
    assert limner(*words).out == "limner-5.png\n"
    assert limner(*words).out == "limner-5-2.png\n", "a name of our own never overwrites"
    assert limner.files() == {"limner-5.png", "limner-5-2.png"}


def test_a_random_seed_is_told(limner):
    reports = [limner("generate", PROMPT, "--steps", 1, "-q", "--json").json for _ in range(2)]
    seeds = [report["pictures"][0]["seed"] for report in reports]
    assert seeds[0] != seeds[1]
    for report, seed in zip(reports, seeds):
        assert report["pictures"][0]["path"] == f"limner-{seed}.png"


def test_report(limner):
    run = limner("generate", PROMPT, "--steps", 2, "--seed", 3, "-n", 2, "-o", "out.png", "--json")
    assert run.status == 0, run.err
    report = run.json
    assert [(one["path"], one["seed"]) for one in report["pictures"]] == [("out-1.png", 3), ("out-2.png", 4)]
    assert all((one["width"], one["height"]) == (128, 128) for one in report["pictures"])
    assert report["pictures"][1]["parameters"]["prompt"] == PROMPT
    times = report["times_ms"]
    assert {"load", "text", "steps", "decode", "encode"} <= times.keys()
    assert all(time >= 0 for time in times.values()) and times["steps"] > 0
    assert 2**20 < report["peak_memory_bytes"] < 2**34
    assert re.fullmatch("[0-9a-f]{64}", report["model"]["sha256"])
    assert report["model"]["name"] == "limner-tiny"


@pytest.mark.parametrize("ending", FORMATS)
def test_formats(limner, ending):
    path = limner.draw(out=f"out.{ending}")
    with Image.open(path) as picture:
        assert picture.format == FORMATS[ending]
        picture.load()
    parameters = limner.parameters(path)
    assert parameters["prompt"] == PROMPT and parameters["seed"] == 7 and parameters["steps"] == 2


def test_format_beats_the_ending(limner):
    limner.draw("--format", "webp", out="picture.dat")
    with Image.open(limner.folder / "picture.dat") as picture:
        assert picture.format == "WEBP"


def test_quality_costs_bytes(limner):
    sizes = [limner.draw("--quality", q, out=f"{q}.jpg").stat().st_size for q in (20, 95)]
    assert sizes[0] < sizes[1] / 2


def test_bare_says_nothing(limner):
    limner.refuses("inspect", limner.draw("--bare"), saying="no parameters")
    with Image.open(limner.folder / "out.png") as picture:
        assert not picture.text


def test_inspect_as_text(limner):
    run = limner("inspect", limner.draw("--negative", "blue"))
    assert run.out.startswith(f"{PROMPT}\nNegative prompt: blue\nSteps: 2, Sampler: DDIM,")
    assert '"seed": 7' in run.out


def test_a1111_reads_our_png(limner):
    with Image.open(limner.draw("--sampler", "dpmpp_2m", "--schedule", "karras", "--cfg", 4.5)) as picture:
        infotext = picture.text["parameters"]
    prompt, fields = infotext.split("\n")
    assert prompt == PROMPT
    for field in ("Steps: 2", "Sampler: DPM++ 2M", "Schedule type: Karras", "CFG scale: 4.5", "Seed: 7", "Size: 128x128"):
        assert field in fields.split(", "), fields


# ---- --like ------------------------------------------------------------------------------------------------------


def test_like_draws_the_same_bytes(limner):
    first = limner.draw("--cfg", 5, "--sampler", "euler_ancestral", "--size", "96x64", "--negative", "blue, (green:1.2)")
    again = limner("generate", "--like", first, "-q", "--no-sign", "-o", "again.png")
    assert again.status == 0, again.err
    assert (limner.folder / "again.png").read_bytes() == first.read_bytes()


@pytest.mark.parametrize("ending", ["jpg", "webp", "avif"])
def test_like_of_a_lossy_file(limner, ending):
    limner.draw(out="first.png")
    lossy = limner.draw(out=f"first.{ending}")
    assert limner("generate", "--like", lossy, "-q", "--no-sign", "-o", "again.png").status == 0
    assert (limner.folder / "again.png").read_bytes() == (limner.folder / "first.png").read_bytes()


def test_like_with_something_else(limner):
    first = limner.draw()
    assert limner("generate", "--like", first, "--seed", 8, "-q", "--no-sign", "-o", "other.png").status == 0
    assert limner("generate", "a dog", "--like", first, "-q", "--no-sign", "-o", "dog.png").status == 0
    assert (limner.folder / "other.png").read_bytes() == limner.draw(seed=8, out="alone.png").read_bytes()
    assert (limner.folder / "dog.png").read_bytes() == limner.draw(prompt="a dog", out="alone.png").read_bytes()


def test_like_a_picture_of_a1111(limner):
    write_infotext(
        limner.folder / "theirs.png",
        "a (red:1.2) apple\nNegative prompt: blue\nSteps: 3, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 4, "
        "Seed: 11, Size: 64x96, Model hash: 0123456789, Model: somebody's, RNG: NV, Version: v1.10.1",
    )
    run = limner("generate", "--like", "theirs.png", "-o", "ours.png")
    assert run.status == 0, run.err
    assert "Model hash" in run.err, "what is not used is told"
    drawn = limner.parameters("ours.png")
    expected = dict(
        prompt="a (red:1.2) apple", negative="blue", steps=3, sampler="dpmpp_2m", schedule="karras", guidance=4.0,
        seed=11, width=64, height=96, noise="philox", prompt_syntax="a1111",
    )
    assert {key: drawn[key] for key in expected} == expected


@pytest.mark.parametrize(
    "fields, saying",
    [
        ("Steps: many", "many"),
        ("Sampler: Nonesuch", "Nonesuch"),
        ("Size: 64", "Size"),
        ("Seed: -1", "-1"),
        ("Size: 100000x8", "100000"),
        ("CFG scale: nan", "nan"),
        ("Denoising strength: 7", "7"),
    ],
)
def test_like_of_nonsense(limner, fields, saying):
    write_infotext(limner.folder / "theirs.png", f"an apple\nModel: x, Version: y, {fields}")
    limner.refuses("generate", "--like", "theirs.png", "-o", "out.png", "-q", saying=saying)


# ---- previews and frames ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["preview.png", "preview.jpg"])
def test_preview(limner, name):
    final = limner.picture("--preview", name, "--preview-every", 2, steps=4)
    with Image.open(limner.folder / name) as preview:
        assert preview.size == final.size
        preview.load()
    assert limner.files() == {"out.png", name}, "no half-written file is left"


def test_preview_changes_nothing(limner):
    plain = limner.draw(steps=4).read_bytes()
    assert limner.draw("--preview", "p.png", "--preview-every", 1, steps=4).read_bytes() == plain


def test_frames(limner):
    run = limner(
        "generate", PROMPT, "--steps", 2, "--seed", 7, "--frames", 3, "--to-prompt", "a dog", "--to-seed", 9, "-o", "f.png"
    )
    assert run.status == 0, run.err
    assert run.out == "f-1.png\nf-2.png\nf-3.png\n"
    frames = [Image.open(limner.folder / f"f-{i}.png") for i in (1, 2, 3)]
    assert same(frames[0], limner.picture()), "the first frame is the picture it leads from"
    assert same(frames[2], limner.picture(prompt="a dog", seed=9)), "the last one is that it leads to"
    assert not same(frames[1], frames[0]) and not same(frames[1], frames[2])
    assert limner.parameters("f-2.png")["blend"] == 0.5


def test_a_frame_drawn_like_itself(limner):
    words = ["--seed", 7, "--frames", 3, "--to-prompt", "a dog", "-q", "--no-sign", "-o", "f.png"]
    limner("generate", PROMPT, "--steps", 2, *words)
    assert limner("generate", "--like", "f-2.png", "-q", "--no-sign", "-o", "again.png").status == 0
    assert (limner.folder / "again.png").read_bytes() == (limner.folder / "f-2.png").read_bytes()


# ---- help ------------------------------------------------------------------------------------------------------------


def test_help_and_version(limner):
    assert "generate" in limner("--help").out
    run = limner("generate", "--help")
    assert run.status == 0 and run.err == ""
    for flag in ("--steps", "--sampler", "--guidance,--cfg", "--like", "--mask", "--tile", "--json"):
        assert flag in run.out
    assert re.match(r"limner \d+\.\d+", limner("--version").out)


def test_a_prompt_may_be_the_name_of_a_command(limner):
    limner.draw(prompt="model", steps=1)
    assert limner.parameters("out.png")["prompt"] == "model"
