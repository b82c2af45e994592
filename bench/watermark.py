#!/usr/bin/env python3
"""How often a watermark is read after what happens to pictures, and that it is not read where there is none.

    bench/watermark.py                         the table of docs/watermark.md, on 12 photographs of scikit-image's package
    bench/watermark.py --null 100000           reads that many unmarked pictures; any id is a failure
    bench/watermark.py --default-model FILE... the table on pictures drawn elsewhere, enlarged to 512 pixels and more
    bench/watermark.py --noise 48              the watermark in the noise: that many pictures of each sampler, and as many unmarked

Beside each rate stands that of the trial the design began with (64 bits, 40.5 dB, ten photographs). Needs the build target
`watermark_tool`, and for --noise `limner` and `noise_tool`. Exit status 1 if a rate is lower than the trial's, or an unmarked picture reads as marked.
"""

import argparse
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import numpy
import skimage
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")).resolve()
TOOL, NOISE_TOOL = BUILD / "tests" / "tools" / "watermark_tool", BUILD / "tests" / "tools" / "noise_tool"
PHOTOGRAPHS = pathlib.Path(skimage.__file__).parent / "data"
NAMES = [
    "astronaut.png", "brick.png", "camera.png", "coffee.png", "grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png",
    "moon.png", "motorcycle_left.png", "retina.jpg", "rocket.jpg",
]  # fmt: skip


def recoded(image, form, quality):
    file = io.BytesIO()
    image.save(file, form, quality=quality)
    with Image.open(file) as again:
        return again.convert("RGB")


def resized(image, factor):
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.BICUBIC)


def cropped(image, part, dice):
    width, height = round(image.width * part), round(image.height * part)
    left, top = dice.randint(0, image.width - width), dice.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


# What is done, and how many of ten the trial read; None where it was not tried.
ATTACKS = {
    "none": (lambda image, dice: image, 1.0),
    "JPEG 90": (lambda image, dice: recoded(image, "JPEG", 90), 1.0),
    "JPEG 70": (lambda image, dice: recoded(image, "JPEG", 70), 1.0),
    "JPEG 50": (lambda image, dice: recoded(image, "JPEG", 50), 1.0),
    "JPEG 30": (lambda image, dice: recoded(image, "JPEG", 30), 1.0),
    "WebP 50": (lambda image, dice: recoded(image, "WEBP", 50), 1.0),
    "resize 0.5": (lambda image, dice: resized(image, 0.5), None),
    "resize 0.75": (lambda image, dice: resized(image, 0.75), 1.0),
    "resize 1.5": (lambda image, dice: resized(image, 1.5), None),
    "crop 90 %": (lambda image, dice: cropped(image, 0.9, dice), 1.0),
    "crop 75 %": (lambda image, dice: cropped(image, 0.75, dice), 0.9),
    "crop 50 %": (lambda image, dice: cropped(image, 0.5, dice), 0.7),
    "crop 75 %, JPEG 70": (lambda image, dice: recoded(cropped(image, 0.75, dice), "JPEG", 70), 0.9),
    "crop 75 %, resize 0.8, JPEG 70": (
        lambda image, dice: recoded(resized(cropped(image, 0.75, dice), 0.8), "JPEG", 70), None,
    ),
    "mirrored, JPEG 70": (lambda image, dice: recoded(image.transpose(Image.FLIP_LEFT_RIGHT), "JPEG", 70), None),
    "turned, JPEG 70": (lambda image, dice: recoded(image.transpose(Image.ROTATE_90), "JPEG", 70), None),
}  # fmt: skip
SMALL_ATTACKS = ["none", "JPEG 90", "JPEG 70", "JPEG 50", "WebP 50", "resize 0.75", "crop 90 %"]


def raw(image):
    return numpy.asarray(image.convert("RGB")).tobytes()


def mark(image, number):
    """The marked picture, its PSNR and how many bits of the number it carries."""
    size = f"{image.width}x{image.height}"
    done = subprocess.run([TOOL, "mark", size, str(number), "42"], input=raw(image), capture_output=True, check=True)
    head, _, pixels = done.stdout.partition(b"\n")
    psnr, bits, _ = head.split()
    return Image.frombytes("RGB", image.size, pixels), float(psnr), int(bits)


class Reader:
    """The reading program, kept running."""

    def __init__(self):
        self.program = subprocess.Popen([TOOL, "read"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, image):
        """The number in a picture, or None."""
        self.program.stdin.write(f"{image.width}x{image.height}\n".encode() + raw(image))
        self.program.stdin.flush()
        answer = self.program.stdout.readline().decode().split()
        return None if answer == ["none"] else int(answer[0])


def photograph(path, longest=1024):
    with Image.open(path) as image:
        image = image.convert("RGB")
    factor = min(1, longest / max(image.size))
    return image if factor == 1 else image.resize((round(image.width * factor), round(image.height * factor)), Image.LANCZOS)


def table(images, attacks, compare=True):
    """Prints how many of `images` are read after each attack; whether none is below the trial, which had larger pictures."""
    reader, dice, good = Reader(), random.Random(1), True
    marked = [(number, *mark(image, number)) for number, image in enumerate(images, 123456789012)]
    print(f"{len(images)} pictures, PSNR {min(m[2] for m in marked):.2f} dB or better, {marked[0][3]} bits of id\n")
    print(f"{'':32} read" + ("        trial" if compare else ""))
    for name in attacks:
        attack, trial = ATTACKS[name]
        read = sum(reader.read(attack(image, dice)) == number & ((1 << bits) - 1) for number, image, _, bits in marked)
        trial = trial if compare else None
        beside = "" if trial is None else f"{trial:.0%}"
        print(f"{name:32} {read:2} of {len(marked):2}    {beside}", flush=True)
        good = good and (trial is None or read / len(marked) >= trial)
    return good


def small(side):
    def square(image):
        edge = min(image.size)
        return image.crop((0, 0, edge, edge)).resize((side, side), Image.LANCZOS)

    print(f"\n--- {side} x {side} pixels")
    table([square(photograph(PHOTOGRAPHS / name)) for name in NAMES], SMALL_ATTACKS, compare=False)


def unmarked(count, first):
    """Pictures that were never marked: parts of photographs, turned, resized and recoded, and noise of many spectra."""
    photographs = [photograph(PHOTOGRAPHS / name) for name in NAMES]
    for seed in range(first, first + count):
        dice = random.Random(seed)
        side = dice.choice([96, 128, 128, 128, 160, 192, 256])
        if dice.random() < 0.2:
            yield noise(seed, side, dice)
            continue
        image = dice.choice(photographs)
        edge = dice.randint(min(side // 2, 100), min(image.size))
        left, top = dice.randint(0, image.width - edge), dice.randint(0, image.height - edge)
        image = image.resize((side, side), Image.BICUBIC, box=(left, top, left + edge, top + edge))
        if dice.random() < 0.5:
            image = image.transpose(dice.choice(list(Image.Transpose)))
        if dice.random() < 0.5:
            image = recoded(image, "JPEG", dice.randint(30, 95))
        yield image


def noise(seed, side, dice):
    random_numbers = numpy.random.default_rng(seed)
    frequency = numpy.hypot(*numpy.meshgrid(numpy.fft.fftfreq(side), numpy.fft.fftfreq(side)))
    frequency[0, 0] = 1
    spectrum = numpy.fft.fft2(random_numbers.normal(size=(side, side))) / frequency ** dice.uniform(0, 2.5)
    values = numpy.fft.ifft2(spectrum).real
    values = 128 + (values - values.mean()) / values.std() * dice.uniform(5, 60)
    return Image.fromarray(values.clip(0, 255).astype("uint8")).convert("RGB")


def null_test(count, first):
    reader, start, read = Reader(), time.monotonic(), 0
    for done, image in enumerate(unmarked(count, first), 1):
        found = reader.read(image)
        if found is not None:
            read += 1
            print(f"picture {first + done - 1} reads as {found}", flush=True)
        if done % 1000 == 0 or done == count:
            print(f"{done} unmarked pictures, {read} read as marked, {time.monotonic() - start:.0f} s", flush=True)
    return read == 0


NOISE_SAMPLERS = [
    "ddim", "euler", "heun", "dpmpp_2m", "unipc", "deis", "lms", "plms", "euler_ancestral", "dpmpp_2m_sde", "dpmpp_sde", "lcm",
]  # fmt: skip
NOISE_ATTACKS = ["none", "JPEG 90", "JPEG 70", "JPEG 50", "WebP 50", "resize 0.75", "resize 0.5", "crop 90 %"]
PROMPTS = [
    "a red apple", "a yellow sun", "a green tree", "a blue car", "a white cat", "a brown house", "a pink flower", "an orange fish",
]  # fmt: skip


class NoiseReader:
    """Looks for the watermark in the noise of picture after picture."""

    def __init__(self, folder, arguments):
        self.folder = folder
        self.size = tuple(map(int, arguments.size.split("x")))
        command = [NOISE_TOOL, "read", ROOT / "models" / "limner-tiny", arguments.dtype, arguments.size, arguments.noise_steps,
                   folder / "bench.key"]  # fmt: skip
        self.program = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self, image, seed, number):
        """(found, the id or None, the share of right signs)."""
        image.resize(self.size, Image.BICUBIC).save(self.folder / "changed.png")
        self.program.stdin.write(f"{seed} {number} {self.folder / 'changed.png'}\n")
        self.program.stdin.flush()
        found, read, right, _ = self.program.stdout.readline().split()
        return found == "1", None if read == "-" else int(read), float(right)


def draw_marked(folder, arguments, sampler, marked=True):
    """Pictures of the default model: (image, seed, id of its noise)."""
    drawn = []
    each = -(-arguments.noise // len(PROMPTS))
    for place, prompt in enumerate(PROMPTS):
        command = [BUILD / "limner", "generate", prompt, "--no-sign", "-q", "--json", "-n", each, "--seed", 1000 * (place + 1),
                   "--sampler", sampler, "--steps", arguments.steps, "--guidance", arguments.guidance, "--size", arguments.size,
                   "--dtype", arguments.dtype, "-o", folder / "drawn.png"]  # fmt: skip
        if marked:
            command += ["--noise-watermark", "--watermark-key", folder / "bench.key"]
        run = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
        for picture in json.loads(run.stdout)["pictures"]:
            with Image.open(picture["path"]) as image:
                drawn.append((image.convert("RGB"), picture["seed"], picture.get("noise_watermark", {"id": 0})["id"]))
    return drawn[: arguments.noise]


def noise_table(arguments):
    """Prints how many pictures are found and read after each attack; whether no unmarked one is."""
    with tempfile.TemporaryDirectory() as folder:
        folder, dice = pathlib.Path(folder), random.Random(1)
        samplers = arguments.samplers.split(",") if arguments.samplers else NOISE_SAMPLERS
        # The first drawing makes the key.
        drawn = {sampler: draw_marked(folder, arguments, sampler) for sampler in samplers}
        reader = NoiseReader(folder, arguments)
        print(f"limner-tiny, {arguments.size}, {arguments.steps} steps, guidance {arguments.guidance}, {arguments.dtype}; "
              f"{arguments.noise_steps} steps back; {arguments.noise} pictures each: found / id read / signs right\n")  # fmt: skip
        for sampler, pictures in drawn.items():
            print(f"{sampler:16}", end="", flush=True)
            for name in arguments.attacks.split(",") if arguments.attacks else NOISE_ATTACKS:
                results = [reader.read(ATTACKS[name][0](image, dice), seed, number) + (number,) for image, seed, number in pictures]
                found, read = sum(one[0] for one in results), sum(one[1] == one[3] for one in results)
                wrong = sum(one[1] not in (None, one[3]) for one in results)
                right = sum(one[2] for one in results) / len(results)
                print(f" | {name}: {found}/{read}/{right:.2f}" + (f" ({wrong} WRONG)" if wrong else ""), end="", flush=True)
            print(flush=True)
        plain = draw_marked(folder, arguments, "ddim", marked=False)
        false = sum(reader.read(image, seed, number)[0] for image, seed, number in plain)
        print(f"\n{len(plain)} unmarked pictures, {false} found")
        return false == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--null", type=int, metavar="COUNT")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="the first unmarked picture: to read them in parts")
    parser.add_argument("--default-model", nargs="+", metavar="FILE")
    parser.add_argument("--noise", type=int, metavar="COUNT", help="pictures of each sampler")
    parser.add_argument("--samplers", help="for --noise, with commas between")
    parser.add_argument("--attacks", help="for --noise, with commas between")
    parser.add_argument("--size", default="128x128")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=3)
    parser.add_argument("--dtype", default="f32")
    parser.add_argument("--noise-steps", type=int, default=20)
    arguments = parser.parse_args()
    if arguments.noise:
        sys.exit(0 if noise_table(arguments) else 1)
    if arguments.null:
        sys.exit(0 if null_test(arguments.null, arguments.first) else 1)
    if arguments.default_model:
        images = [photograph(path) for path in arguments.default_model]
        images = [resized(image, max(1, 512 / min(image.size))) for image in images]
        sys.exit(0 if table(images, ATTACKS) else 1)
    good = table([photograph(PHOTOGRAPHS / name) for name in NAMES], ATTACKS)
    small(256)
    small(128)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
