"""limner score: what it prints, what it refuses. Its numbers are compared with transformers' in tests/parity/test_scorer.py."""

import json
import shutil
import struct

import pytest
from PIL import Image
from program import ROOT

TOKENIZER = ROOT / "models/limner-tiny/tokenizer"
SIDE, WIDTH, LENGTH, VOCABULARY = 16, 8, 32, 4096
LAYERS = {"hidden_size": WIDTH, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
CONFIG = {
    "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": 4, "logit_scale_init_value": 2.6592,
    "text_config": LAYERS | {"vocab_size": VOCABULARY, "max_position_embeddings": LENGTH, "model_type": "clip_text_model"},
    "vision_config": LAYERS | {"image_size": SIDE, "patch_size": 8, "model_type": "clip_vision_model"},
}  # fmt: skip
PREPROCESSOR = {
    "image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": SIDE}, "resample": 3,
    "crop_size": {"height": SIDE, "width": SIDE},
}  # fmt: skip


def tensors():
    """{name: shape} of the smallest CLIPModel."""
    made = {"logit_scale": [], "text_projection.weight": [4, WIDTH], "visual_projection.weight": [4, WIDTH],
            "text_model.embeddings.token_embedding.weight": [VOCABULARY, WIDTH],
            "text_model.embeddings.position_embedding.weight": [LENGTH, WIDTH],
            "vision_model.embeddings.class_embedding": [WIDTH],
            "vision_model.embeddings.patch_embedding.weight": [WIDTH, 3, 8, 8],
            "vision_model.embeddings.position_embedding.weight": [5, WIDTH]}  # fmt: skip
    for tower, norms in (("text", ["final_layer_norm"]), ("vision", ["pre_layrnorm", "post_layernorm"])):
        layer = f"{tower}_model.encoder.layers.0"
        for norm in [f"{tower}_model.{n}" for n in norms] + [f"{layer}.layer_norm1", f"{layer}.layer_norm2"]:
            made |= {f"{norm}.weight": [WIDTH], f"{norm}.bias": [WIDTH]}
        for name, out, into in ([(f"self_attn.{p}_proj", WIDTH, WIDTH) for p in ("q", "k", "v", "out")]
                                + [("mlp.fc1", 16, WIDTH), ("mlp.fc2", WIDTH, 16)]):  # fmt: skip
            made |= {f"{layer}.{name}.weight": [out, into], f"{layer}.{name}.bias": [out]}
    return made


def write_weights(path, shapes, value=lambda name, at: 0.2 * (((at * 7 + len(name) * 13) % 11) / 5 - 1)):
    """Values that differ, the same on every machine."""
    header, data = {}, b""
    for name, shape in shapes.items():
        count = 1
        for extent in shape:
            count *= extent
        start = len(data)
        data += struct.pack(f"<{count}f", *(value(name, at) for at in range(count)))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scorers") / "tiny-clip"
    folder.mkdir()
    for file in TOKENIZER.iterdir():
        shutil.copy(file, folder)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    write_weights(folder / "model.safetensors", tensors())
    return folder


@pytest.fixture
def scorer(whole, tmp_path):
    """A copy that may be spoiled."""
    shutil.copytree(whole, tmp_path / "tiny-clip")
    return tmp_path / "tiny-clip"


@pytest.fixture
def pictures(limner):
    names = ["red.png", "blue.png", "grey.png"]
    for name, colour in zip(names, ((220, 30, 30), (30, 60, 220), (120, 120, 120))):
        Image.new("RGB", (40, 30), colour).save(limner.folder / name)
    return names


def change(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_the_best_comes_first(limner, scorer, pictures):
    run = limner("score", "a red fox", *pictures, "--scorer", scorer, "--json")
    assert run.status == 0 and not run.err
    assert run.json["prompt"] == "a red fox" and run.json["scorer"] == "tiny-clip"
    scores = run.json["scores"]
    assert sorted(s["path"] for s in scores) == sorted(pictures)
    assert [s["rank"] for s in scores] == [1, 2, 3]
    cosines = [s["cosine"] for s in scores]
    assert cosines == sorted(cosines, reverse=True) and len(set(cosines)) == 3 and all(-1 <= c <= 1 for c in cosines)
    lines = limner("score", "a red fox", *pictures, "--scorer", scorer).out.splitlines()
    assert [line.split()[2] for line in lines] == [s["path"] for s in scores]
    for line, s in zip(lines, scores):
        assert line.split()[:2] == [f"{s['cosine']:.4f}", f"{s['logit']:.3f}"]


def test_a_picture_has_one_score(limner, scorer, pictures):
    """Whatever it is scored beside, and whichever option names the scorer; a tie keeps the order of the command line."""
    together = limner("score", "a star", *pictures, "--scorer", scorer, "--json").json["scores"]
    for score in together:
        (alone,) = limner("score", "a star", score["path"], "--model", scorer, "--json").json["scores"]
        assert alone == score | {"rank": 1}
    shutil.copy(limner.folder / "red.png", limner.folder / "a-red.png")
    twins = limner("score", "a star", "red.png", "a-red.png", "--scorer", scorer, "--json").json["scores"]
    assert [s["path"] for s in twins] == ["red.png", "a-red.png"] and twins[0]["cosine"] == twins[1]["cosine"]


def test_a_scorer_by_name(limner, scorer, pictures):
    models = {"LIMNER_MODELS": str(scorer.parent)}
    assert limner("score", "a star", *pictures, "--scorer", "tiny-clip", environment=models).status == 0
    run = limner("score", "a star", *pictures, "--scorer", "nonesuch", "--json", environment=models)
    assert run.status == 2 and run.json["error"]["code"] == "not_found" and run.json["error"]["field"] == "scorer"
    assert "tiny-clip" in run.json["error"]["message"]


def test_names_that_steer_terminals_are_shown_as_they_are(limner, scorer):
    Image.new("RGB", (20, 20)).save(limner.folder / "a\x1b[2J.png")
    run = limner("score", "a star", "a\x1b[2J.png", "--scorer", scorer)
    assert run.status == 0 and "\x1b" not in run.out and "\\x1b" in run.out.lower()


@pytest.mark.parametrize("words, saying", [
    (["score"], "prompt"),
    (["score", "a star"], "images"),
    (["score", "a star", "nonesuch.png"], "nonesuch.png"),
    (["score", "a star", "."], "."),
    (["score", "a star", "red.png", "text.txt"], "text.txt"),
    (["score", "x" * 70000, "red.png"], "65536"),
    (["score", "a star", "line.png"], "line.png"),
    (["score", "a star", "red.png", "--threads", "-1"], "threads"),
])  # fmt: skip
def test_what_is_refused(limner, scorer, pictures, words, saying):
    (limner.folder / "text.txt").write_text("no picture")
    Image.new("RGB", (20000, 2)).save(limner.folder / "line.png")
    run = limner(*words, "--scorer", scorer)
    assert run.status == 2 and not run.out and saying in run.err


def no_text(shapes):
    return {name: shape for name, shape in shapes.items() if not name.startswith("text_projection")}


SPOILED_FILES = {
    "no config": (lambda f: (f / "config.json").unlink(), "config.json"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "no weights"),
    "no preprocessor": (lambda f: (f / "preprocessor_config.json").unlink(), "preprocessor_config.json"),
    "no tokenizer": (lambda f: [(f / n).unlink() for n in ("vocab.json", "merges.txt")], "vocab.json"),
    "config is no JSON": (lambda f: (f / "config.json").write_text("{"), "config.json"),
    "config is a list": (lambda f: (f / "config.json").write_text("[]"), "config.json"),
    "config is deep": (lambda f: (f / "config.json").write_text("[" * 1000 + "]" * 1000), "config.json"),
    "another model": (lambda f: change(f / "config.json", model_type="siglip"), "siglip"),
    "another class": (lambda f: change(f / "config.json", architectures=["CLIPVisionModel"]), "architectures"),
    "no towers": (lambda f: (f / "config.json").write_text('{"model_type": "clip"}'), "text_config"),
    "an unknown key": (lambda f: change(f / "config.json", fancy=3), "fancy"),
    "settings twice": (lambda f: change(f / "config.json", text_config_dict={"hidden_size": 99}), "text_config_dict"),
    "huge": (lambda f: change(f / "config.json", projection_dim=1 << 40), "projection_dim"),
    "heads": (lambda f: change(f / "config.json", vision_config=CONFIG["vision_config"] | {"num_attention_heads": 3}), "heads"),
    "few words": (lambda f: change(f / "config.json", text_config=CONFIG["text_config"] | {"vocab_size": 99}), "vocab_size"),
    "other size": (lambda f: change(f / "preprocessor_config.json", size=32, crop_size=32), "32"),
    "no square": (lambda f: change(f / "preprocessor_config.json", crop_size={"height": 16, "width": 8}), "crop_size"),
    "squeezed": (lambda f: change(f / "preprocessor_config.json", size={"height": 16, "width": 16}), "shortest_edge"),
    "not cropped": (lambda f: change(f / "preprocessor_config.json", do_center_crop=False), "do_center_crop"),
    "Hamming": (lambda f: change(f / "preprocessor_config.json", resample=5), "Hamming"),
    "no deviation": (lambda f: change(f / "preprocessor_config.json", image_std=[0, 1, 1]), "image_std"),
    "other processor": (lambda f: change(f / "preprocessor_config.json", image_processor_type="ViTImageProcessor"), "ViT"),
    "too small a crop": (lambda f: change(f / "preprocessor_config.json", size={"shortest_edge": 8}), "crop_size"),
    "no size": (lambda f: change(f / "preprocessor_config.json", size={"shortest_edge": 0}), "size"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILED_FILES)
def test_a_spoiled_folder_is_refused(limner, scorer, pictures, name):
    spoil, saying = SPOILED_FILES[name]
    spoil(scorer)
    run = limner("score", "a star", pictures[0], "--scorer", scorer)
    assert run.status == 2 and not run.out and saying in run.err, run.err


SPOILED_WEIGHTS = {
    "no projection": (no_text, "text_projection"),
    "another shape": (lambda shapes: shapes | {"visual_projection.weight": [4, 9]}, "visual_projection"),
    "no scale": (lambda shapes: {n: s for n, s in shapes.items() if n != "logit_scale"}, "logit_scale"),
    "too few words": (lambda shapes: shapes | {"text_model.embeddings.token_embedding.weight": [9, WIDTH]}, "token_embedding"),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILED_WEIGHTS)
def test_spoiled_weights_are_refused(limner, scorer, pictures, name):
    spoil, saying = SPOILED_WEIGHTS[name]
    write_weights(scorer / "model.safetensors", spoil(tensors()))
    run = limner("score", "a star", pictures[0], "--scorer", scorer)
    assert run.status == 2 and not run.out and saying in run.err, run.err


@pytest.mark.parametrize("spoiled, saying", [("logit_scale", "logit_scale"), ("visual_projection.weight", "not finite"),
                                             ("text_projection.weight", "not finite")])  # fmt: skip
def test_weights_that_are_not_numbers_are_refused(limner, scorer, pictures, spoiled, saying):
    write_weights(scorer / "model.safetensors", tensors(), lambda name, at: float("nan") if name == spoiled else 0.1 * (at % 3))
    run = limner("score", "a star", pictures[0], "--scorer", scorer)
    assert run.status == 2 and not run.out and saying in run.err, run.err


def test_a_file_is_no_scorer(limner, scorer, pictures):
    run = limner("score", "a star", pictures[0], "--scorer", scorer / "model.safetensors")
    assert run.status == 2 and "config.json" in run.err
    run = limner("score", "a star", pictures[0], "--scorer", ROOT / "models/limner-tiny")
    assert run.status == 2 and "config.json" in run.err


def test_a_scorer_is_shown_as_models_are(limner, scorer):
    expected = {"name": "tiny-clip", "family": "clip", "pipeline": "CLIPModel", "size": f"{SIDE}x{SIDE}", "tokens": LENGTH, "vector": 4}
    by_path = limner("model", "show", scorer, "--json").json
    assert {key: by_path[key] for key in expected} == expected and "lineage" not in by_path
    models = {"LIMNER_MODELS": str(scorer.parent)}
    assert limner("model", "show", "tiny-clip", "--json", environment=models).json == by_path
    listed = [model["name"] for model in limner("model", "list", "--json", environment=models).json]
    assert "tiny-clip" not in listed, "nothing can be drawn with it"
    lineage = {"format": 1, "data": {"sources": []}, "stages": {}, "weights_sha256": {"model.safetensors": "00" * 32}}
    (scorer / "lineage.json").write_text(json.dumps(lineage))
    assert limner("model", "show", scorer, "--json").json["lineage"]["weights"][0]["match"] == "differs"
