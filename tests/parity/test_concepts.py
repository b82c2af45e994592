"""CLIP's vision network beside transformers, and the head that judges by concepts beside diffusers' safety checker, with
random weights: the checker's own are in no package registry."""

import json
import os
import subprocess

import pytest
import torch
from compare import BUILD, make_picture
from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker, cosine_distance
from safetensors.torch import load_file, save_file
from test_classifiers import pictures
from test_nets import agree, alive, net, nhwc  # noqa: F401
from transformers import CLIPConfig, CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

SIDE = 48
SIZES = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4, image_size=SIDE, patch_size=8)

POLICY = """version = "concepts-1"
[[picture.concepts]]
name = "near"
model = "checker"
category = "violence"
{more}
"""


@pytest.mark.parametrize("act", ["quick_gelu", "gelu"])
def test_vision_network(net, act):  # noqa: F811
    model = alive(CLIPVisionModelWithProjection(CLIPVisionConfig(**SIZES, hidden_act=act, projection_dim=24)))
    x = torch.randn(1, 3, SIDE, SIDE)
    agree(net("clip_vision", model, {"picture": nhwc(x)})["embedding"], model(x).image_embeds)


def test_vision_network_of_full_size(net):  # noqa: F811
    """The sizes of ViT-L/14."""
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(hidden_size=1024, intermediate_size=4096, num_hidden_layers=4,
                                                           num_attention_heads=16, image_size=224, patch_size=14,
                                                           projection_dim=768))
    x = torch.randn(1, 3, 224, 224)
    agree(net("clip_vision", alive(model), {"picture": nhwc(x)})["embedding"], model(x).image_embeds)


def reference_margins(checker, picture):
    """What the checker's forward() computes and keeps to itself: special ones first."""
    processor = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    pixels = processor(picture.convert("RGB"), return_tensors="pt").pixel_values
    embedding = checker.visual_projection(checker.vision_model(pixels)[1])
    margins, adjustment = [], 0.0
    for embeds, thresholds, lowers in ((checker.special_care_embeds, checker.special_care_embeds_weights, True),
                                       (checker.concept_embeds, checker.concept_embeds_weights, False)):
        for cosine, threshold in zip(cosine_distance(embedding, embeds)[0].tolist(), thresholds.tolist()):
            margins.append(round(cosine - threshold + adjustment, 3))
            if lowers and margins[-1] > 0:
                adjustment = 0.01
    flagged = checker(pixels, torch.zeros(1, 8, 8, 3).numpy())[1][0]
    assert flagged == any(margin > 0 for margin in margins[len(checker.special_care_embeds):])
    return margins


@pytest.fixture(scope="module")
def checker(tmp_path_factory):
    """A random safety checker whose thresholds lie among the cosines of our pictures, and the folder it is saved in."""
    torch.manual_seed(3)
    config = CLIPConfig(vision_config=SIZES, text_config={"num_hidden_layers": 1}, projection_dim=24)
    with torch.no_grad():
        model = alive(StableDiffusionSafetyChecker(config)).eval()
        model.concept_embeds.copy_(torch.randn(17, 24))
        model.special_care_embeds.copy_(torch.randn(3, 24))
        model.concept_embeds_weights.copy_(0.15 * torch.randn(17))
        model.special_care_embeds_weights.copy_(0.15 * torch.randn(3))
    folder = tmp_path_factory.mktemp("models") / "classifiers/checker"
    model.save_pretrained(folder)
    return model, folder


@pytest.fixture
def check(tmp_path, checker):
    def run(picture, more="", models=None):
        picture.save(tmp_path / "in.png")
        (tmp_path / "policy.toml").write_text(POLICY.format(more=more))
        words = [BUILD / "limner", "policy", "check", tmp_path / "in.png", "--policy", tmp_path / "policy.toml", "--json"]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300,
                              env=os.environ | {"LIMNER_MODELS": str(models or checker[1].parents[1])})
        return done.returncode, json.loads(done.stdout)

    return run


def margin_of(verdict):
    return 2 * verdict["categories"]["violence"]["score"] - 1


NAMES = [f"special-{i}" for i in range(1, 4)] + [f"concept-{i}" for i in range(1, 18)]


@pytest.mark.parametrize("name", ["drawing", "grey", "disc", "transparent"])
def test_margins(check, checker, name):
    picture = pictures()[name]
    expected = reference_margins(checker[0], picture)
    for concept, margin in zip(NAMES, expected):
        status, verdict = check(picture, f'concepts = ["{concept}"]\nhold = -1\nrefuse = 1')
        # Both round to thousandths what differs in the seventh digit.
        assert margin_of(verdict) == pytest.approx(margin, abs=1.1e-3), concept
        assert status == 4


def test_flags_what_the_reference_flags(check, checker):
    outcomes = set()
    for picture in [*pictures().values(), *(make_picture(80, 80, seed=seed) for seed in range(20, 30))]:
        if picture.height > 2 * picture.width:
            continue  # Pillow 13 resizes those columns first, Limner rows first
        flagged = any(margin > 0 for margin in reference_margins(checker[0], picture)[3:])
        concepts = json.dumps(NAMES[3:])
        assert check(picture, f"concepts = {concepts}")[0] == (3 if flagged else 0)
        outcomes.add(flagged)
    assert outcomes, "pictures"


def test_three_bands_and_names(check, checker, tmp_path):
    model, folder = checker
    picture = pictures()["drawing"]
    margins = dict(zip(NAMES, reference_margins(model, picture)))
    nearest = max(margins, key=margins.get)
    assert check(picture, f"hold = {margins[nearest] + 0.01}")[0] == 0
    assert check(picture, f"hold = {margins[nearest] - 0.01}\nrefuse = 1")[0] == 4
    assert check(picture, f"refuse = {margins[nearest] - 0.01}\nhold = -1")[0] == 3
    copy = tmp_path / "models/classifiers/checker"
    copy.mkdir(parents=True)
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "concepts.json").write_text(json.dumps({"concepts": [f"thing-{i}" for i in range(17)]}))
    status, verdict = check(picture, 'concepts = ["thing-4"]\nhold = -1\nrefuse = 1', models=tmp_path / "models")
    assert margin_of(verdict) == pytest.approx(margins["concept-5"], abs=1.1e-3)
    assert "no concept" in check(picture, 'concepts = ["concept-5"]', models=tmp_path / "models")[1]["reasons"][0]


@pytest.mark.parametrize("spoil", [
    lambda weights: weights.pop("concept_embeds_weights"),
    lambda weights: weights.update(concept_embeds=torch.zeros(17, 23)),
    lambda weights: weights.update(concept_embeds=torch.zeros(0, 24)),
    lambda weights: weights.update(concept_embeds_weights=torch.full((17,), float("nan"))),
    lambda weights: weights.update({"visual_projection.weight": torch.full((24, 32), float("inf"))}),
    lambda weights: weights.pop("vision_model.vision_model.post_layernorm.bias"),
])  # fmt: skip
def test_what_cannot_be_asked_holds(check, checker, tmp_path, spoil):
    weights = load_file(checker[1] / "model.safetensors")
    spoil(weights)
    copy = tmp_path / "models/classifiers/checker"
    copy.mkdir(parents=True)
    (copy / "config.json").write_bytes((checker[1] / "config.json").read_bytes())
    save_file({name: value.contiguous() for name, value in weights.items()}, copy / "model.safetensors")
    status, verdict = check(pictures()["drawing"], models=tmp_path / "models")
    assert status == 4 and "could not be asked" in verdict["reasons"][0]
    assert verdict["categories"]["violence"] == {"verdict": "unchecked"}


@pytest.mark.parametrize("spoiled", ['{"concepts": ["a"]}', '{"concepts": 3}', '{"other": []}', "[", '["a"]',
                                     json.dumps({"concepts": ["../x"] * 17})])  # fmt: skip
def test_names_that_do_not_fit_hold(check, checker, tmp_path, spoiled):
    copy = tmp_path / "models/classifiers/checker"
    copy.mkdir(parents=True)
    for file in checker[1].iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "concepts.json").write_text(spoiled)
    assert check(pictures()["drawing"], models=tmp_path / "models")[0] == 4
