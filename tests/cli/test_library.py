"""limner model: list, show, import."""

import hashlib
import json
import re

import pytest
import tiny_model
from program import PROMPT, ROOT


@pytest.fixture
def own(tmp_path):
    """An environment with a home and model folders of its own."""
    (tmp_path / "shelf").mkdir()
    return {"HOME": str(tmp_path / "home"), "LIMNER_MODELS": f"{tmp_path / 'shelf'}:{ROOT / 'models'}"}


def imported(own, name):
    return f"{own['HOME']}/.local/share/limner/models/{name}"


def test_list(limner):
    run = limner("model", "list")
    assert run.status == 0
    assert re.search(rf"^limner-tiny +{ROOT}/models/limner-tiny$", run.out, re.M)
    assert "clip-tokenizer" not in run.out, "a folder without model_index.json is no model"
    assert {"name": "limner-tiny", "path": f"{ROOT}/models/limner-tiny"} in limner("model", "list", "--json").json


def test_show(limner):
    report = limner("model", "show", "limner-tiny", "--json").json
    expected = {
        "name": "limner-tiny", "family": "sd1", "pipeline": "StableDiffusionPipeline", "size": "128x128", "size_multiple": 8,
        "steps": 30, "guidance": 3.0, "sampler": "ddim",
    }
    assert {key: report[key] for key in expected} == expected
    assert re.fullmatch("[0-9a-f]{64}", report["sha256"])
    text = limner("model", "show", "limner-tiny").out
    assert all(re.search(rf"^{key} +{re.escape(str(value))}$", text, re.M) for key, value in expected.items())


def test_show_by_path(limner):
    by_path = limner("model", "show", tiny_model.TINY, "--json").json
    assert by_path == limner("model", "show", "limner-tiny", "--json").json


def test_the_digest_is_of_the_weights(limner, tmp_path):
    def digest(path):
        return limner("model", "show", path, "--json").json["sha256"]

    same = tiny_model.copy(tmp_path / "same", {})
    header, data = tiny_model.read("unet")
    data[100] ^= 1
    other = tiny_model.copy(tmp_path / "other", {tiny_model.WEIGHTS["unet"]: tiny_model.safetensors(header, bytes(data))})
    assert digest(same) == digest(tiny_model.TINY) != digest(other)
    (other / tiny_model.WEIGHTS["unet"]).write_bytes((tiny_model.TINY / tiny_model.WEIGHTS["unet"]).read_bytes())
    assert digest(other) == digest(same), "a digest that was kept is not that of a file that changed"


def lineage_of(**changes):
    """A lineage.json as the recipe writes it, of the default model's UNet."""
    unet = tiny_model.WEIGHTS["unet"]
    return {
        "format": 1, "size": "full",
        "data": {"format": 1, "holds": "drawings", "sources": [{
            "package": "@made/up", "version": "1.2.3", "registry": "npm", "sha256": "ab" * 32, "licence": "MIT",
            "attribution": "Copyright (c) Some\x1b[2Jbody", "source": "https://example.org", "style": "flat"}]},
        "stages": {"unet": {"steps": 12, "samples": 384, "seconds": 61.4, "loss": 0.25, "heard": {"right": 1}}},
        "weights_sha256": {unet: hashlib.sha256((tiny_model.TINY / unet).read_bytes()).hexdigest()},
    } | changes  # fmt: skip


def test_show_says_what_a_model_was_made_from(limner, tmp_path):
    model = tiny_model.copy(tmp_path / "model", {"lineage.json": json.dumps(lineage_of()).encode()})
    lineage = limner("model", "show", model, "--json").json["lineage"]
    (source,) = lineage["sources"]
    assert source["package"] == "@made/up" and source["licence"] == "MIT"
    assert lineage["stages"] == [{"name": "unet", "steps": 12, "samples": 384, "seconds": 61.4, "loss": 0.25}]
    assert [(w["file"], w["match"]) for w in lineage["weights"]] == [(tiny_model.WEIGHTS["unet"], "matches")]
    text = limner("model", "show", model).out
    assert "@made/up 1.2.3 (npm, MIT)" in text and "\x1b" not in text
    assert re.search(rf"^weights +{re.escape(tiny_model.WEIGHTS['unet'])} [0-9a-f]{{64}} matches$", text, re.M)
    assert "lineage" not in limner("model", "show", "limner-tiny", "--json").json


@pytest.mark.parametrize("digest, file, expected", [("00" * 32, "unet", "differs"), ("00" * 32, "nonesuch.safetensors", "missing")])
def test_show_says_that_weights_are_others(limner, tmp_path, digest, file, expected):
    lineage = lineage_of(weights_sha256={tiny_model.WEIGHTS.get(file, file): digest})
    model = tiny_model.copy(tmp_path / "model", {"lineage.json": json.dumps(lineage).encode()})
    assert limner("model", "show", model, "--json").json["lineage"]["weights"][0]["match"] == expected
    assert re.search(rf"^weights .* {expected}$", limner("model", "show", model).out, re.M)


@pytest.mark.parametrize("damaged, saying", [
    (b"{", "lineage.json"),
    (json.dumps(lineage_of(format=2)).encode(), "format"),
    (json.dumps(lineage_of(weights_sha256={"../a.safetensors": "00" * 32})).encode(), "../a.safetensors"),
    (b'{"format": 1, "pad": "' + b"x" * (1 << 20) + b'"}', "lineage.json"),
])  # fmt: skip
def test_a_lineage_that_is_none_is_refused(limner, tmp_path, damaged, saying):
    model = tiny_model.copy(tmp_path / "model", {"lineage.json": damaged})
    run = limner("model", "show", model)
    assert run.status == 2 and saying in run.err


def test_import(limner, own):
    run = limner("model", "import", tiny_model.TINY, "--name", "mine", environment=own)
    assert (run.status, run.out) == (0, imported(own, "mine") + "\n"), run.err
    assert "mine" in limner("model", "list", environment=own).out
    for model in ("mine", "limner-tiny"):
        words = ["generate", PROMPT, "-m", model, "--steps", 2, "--seed", 7, "-q", "--bare", "--no-sign", "-o",
                 f"{model}.png"]
        assert limner(*words, environment=own).status == 0
    assert (limner.folder / "mine.png").read_bytes() == (limner.folder / "limner-tiny.png").read_bytes()


def test_import_of_links_copies_what_they_lead_to(limner, own, tmp_path):
    """As those of a Hugging Face cache."""
    links = tiny_model.copy(tmp_path / "links", {})
    run = limner("model", "import", links, "--json", environment=own)
    assert run.json == {"name": "links", "path": imported(own, "links")}
    weights = (tmp_path / "home/.local/share/limner/models/links") / tiny_model.WEIGHTS["unet"]
    assert not weights.is_symlink() and weights.read_bytes() == (tiny_model.TINY / tiny_model.WEIGHTS["unet"]).read_bytes()


def test_import_of_a_path_with_a_slash_at_its_end(limner, own):
    assert limner("model", "import", f"{tiny_model.TINY}/", environment=own).out == imported(own, "limner-tiny") + "\n"


def test_import_never_overwrites(limner, own):
    words = ["model", "import", tiny_model.TINY, "--name", "mine"]
    assert limner(*words, environment=own).status == 0
    again = limner(*words, environment=own)
    assert again.status == 2 and "mine" in again.err and "--name" in again.err


def test_import_of_what_cannot_be_drawn_with(limner, own, tmp_path):
    broken = tiny_model.copy(tmp_path / "broken", {tiny_model.WEIGHTS["vae"]: b"nothing"})
    for path in (broken, tmp_path / "nonesuch", tmp_path / "shelf", "/dev/zero"):
        assert limner("model", "import", path, environment=own).status == 2
    assert not (tmp_path / "home/.local/share/limner/models").exists()


@pytest.mark.parametrize("name", ["../escape", "a/b", ".hidden", "x" * 200, "new\nline"])
def test_names_to_import_by(limner, own, name):
    run = limner("model", "import", tiny_model.TINY, f"--name={name}", environment=own)
    assert run.status == 2 and "name" in run.err


def test_the_first_folder_wins(limner, own, tmp_path):
    other = tiny_model.copy(tmp_path / "shelf" / "limner-tiny", {"limner.json": b'{"defaults": {"steps": 3}}'})
    report = limner("model", "show", "limner-tiny", "--json", environment=own).json
    assert report["path"] == str(other) and report["steps"] == 3


def test_an_unknown_model(limner):
    run = limner.refuses("model", "show", "nonesuch", saying=["nonesuch", "limner-tiny"])
    assert "import" in run.err


def test_a_models_own_defaults(limner, tmp_path):
    model = tiny_model.copy(tmp_path / "m", {"limner.json": b'{"defaults": {"steps": 2, "guidance": 1.5, "width": 64}}'})
    assert limner("generate", PROMPT, "-m", model, "-q", "-o", "out.png").status == 0
    drawn = limner.parameters("out.png")
    assert (drawn["steps"], drawn["guidance"], drawn["width"], drawn["height"]) == (2, 1.5, 64, 128)


def test_a_name_that_is_no_text(limner, tmp_path):
    tiny_model.copy(tmp_path / "m\udcff\udcfe", {})
    path = b"%s/m\xff\xfe" % bytes(tmp_path)
    assert limner("generate", PROMPT, "-m", path, "--steps", 1, "-q", "-o", "out.png").status == 0
    assert "\ufffd" in limner("inspect", "out.png", "--json").json["limner"]["model"]["name"]
    assert limner("model", "show", path, "--json").status == 0
