"""Pictures against Pillow: resizing, blurring and greying byte for byte; files decoded, written and read back."""

import io
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFilter, PngImagePlugin

BUILD = pathlib.Path(os.environ.get("LIMNER_BUILD", pathlib.Path(__file__).parents[2] / "build"))
TOOL = BUILD / "tests/tools/picture_tool"
FORMATS = ["png", "jpeg", "webp", "avif"]
MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def tool(*arguments, data=b""):
    run = subprocess.run([TOOL, *map(str, arguments)], input=data, capture_output=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.decode())
    return run.stdout


def picture(width, height, channels, seed=0):
    """Noise over a ramp: every value, sharp edges and smooth parts."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(0, 255, width * height * channels).reshape(height, width, channels)
    noise = rng.integers(0, 256, (height, width, channels))
    pixels = np.where(rng.random((height, width, 1)) < 0.5, ramp, noise).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def raw(image):
    return f"{image.width}x{image.height}x{len(image.getbands())}", image.tobytes()


def smooth(width=64, height=48):
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x * 4, y * 5, (x + y) * 2], -1).clip(0, 255).astype(np.uint8))


def decode(data):
    head, pixels = tool("decode", data=data).split(b"\n", 1)
    width, height, channels = map(int, head.split())
    return np.frombuffer(pixels, np.uint8).reshape(height, width, channels)


def file_of(image, format, **options):
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


SIZES = [((64, 48), (32, 24)), ((64, 48), (37, 91)), ((13, 7), (64, 64)), ((97, 33), (5, 1)), ((1, 1), (8, 8)),
         ((50, 40), (50, 13)), ((50, 40), (77, 40)), ((512, 384), (384, 512)), ((8, 8), (8, 8))]


@pytest.mark.parametrize("channels", MODES)
@pytest.mark.parametrize("name", ["nearest", "box", "bilinear", "bicubic", "lanczos"])
def test_resize_gives_pillows_bytes(name, channels):
    for (width, height), size in SIZES:
        image = picture(width, height, channels, seed=width)
        text, pixels = raw(image)
        ours = tool("resize", text, name, f"{size[0]}x{size[1]}", data=pixels)
        assert ours == image.resize(size, getattr(Image.Resampling, name.upper())).tobytes(), (width, height, size)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("radius", [0, 0.3, 0.5, 1, 2, 4, 7.7, 33, 100])
def test_blur_gives_pillows_bytes(radius, channels):
    for width, height in [(64, 48), (5, 90), (1, 1), (200, 3)]:
        image = picture(width, height, channels)
        text, pixels = raw(image)
        assert tool("blur", text, radius, data=pixels) == image.filter(ImageFilter.GaussianBlur(radius)).tobytes()


@pytest.mark.parametrize("channels", MODES)
def test_grey_gives_pillows_bytes(channels):
    image = picture(91, 53, channels)
    text, pixels = raw(image)
    assert tool("grey", text, data=pixels) == image.convert("L").tobytes()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_of_every_mode_decodes_as_in_pillow(mode):
    image = picture(31, 17, 4)
    if mode == "I;16":
        image = Image.fromarray((np.asarray(image.convert("L")).astype(np.uint16) * 257))
        expected = np.repeat(np.asarray(image).astype(np.uint16)[..., None] >> 8, 3, -1)
    else:
        image = image.convert("RGB").convert(mode) if mode in "1P" else image.convert(mode)
        expected = np.asarray(image.convert("RGBA" if mode in ("LA", "RGBA") else "RGB"))
    np.testing.assert_array_equal(decode(file_of(image, "png")), expected)


def test_jpeg_decodes_close_to_pillow():
    # Two JPEG decoders may differ by a rounding of the inverse cosine transform and of colour.
    data = file_of(smooth(), "jpeg", quality=95, subsampling=0)
    assert np.abs(decode(data).astype(int) - np.asarray(Image.open(io.BytesIO(data)))).max() <= 2


def test_cmyk_becomes_srgb():
    data = file_of(smooth().convert("CMYK"), "jpeg", quality=95)
    assert np.abs(decode(data).astype(int) - np.asarray(smooth())).mean() < 60


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(format, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = file_of(smooth(64, 32), format, exif=exif, quality=95)
    from PIL import ImageOps
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")).astype(int)
    ours = decode(data).astype(int)
    assert ours.shape == expected.shape
    assert np.abs(ours - expected).mean() < 3


def test_colour_profiles_are_applied():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = file_of(smooth(), "png", icc_profile=srgb)
    assert np.abs(decode(data).astype(int) - np.asarray(smooth())).max() <= 1
    data = file_of(smooth(), "png", icc_profile=b"not a profile")
    np.testing.assert_array_equal(decode(data), np.asarray(smooth()))


@pytest.mark.parametrize("format", FORMATS)
def test_what_we_write_pillow_reads(format):
    text, pixels = raw(smooth())
    for infotext, limner_json in [("", ""), ("a fox\nSteps: 1, Seed: 2, Size: 8x8", '{"prompt":"\u72d0"}')]:
        data = tool("encode", text, format, 95, infotext, limner_json, data=pixels)
        assert data == tool("encode", text, format, 95, infotext, limner_json, data=pixels)
        image = Image.open(io.BytesIO(data))
        assert image.format.lower() == format
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - np.asarray(smooth())).mean() < 3
        assert np.abs(decode(data).astype(int) - np.asarray(smooth())).mean() < 3


@pytest.mark.parametrize("format", ["png", "webp", "avif"])
def test_transparency_survives(format):
    image = smooth()
    image.putalpha(Image.fromarray(np.full((48, 64), 128, np.uint8)))
    text, pixels = raw(image)
    data = tool("encode", text, format, 95, "a fox", "{}", data=pixels)
    assert Image.open(io.BytesIO(data)).mode == "RGBA"
    assert abs(int(decode(data)[..., 3].mean()) - 128) <= 2


TEXTS = ["a red apple\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512",
         "na\u00efve caf\u00e9", "\u4e00\u53ea\u72d0\u72f8", "\U0001f98a \U0001f34e", "<&> \"quoted\" \\ \t\r\n end"]


def user_comment(data):
    comment = Image.open(io.BytesIO(data)).getexif().get_ifd(0x8769)[0x9286]
    assert comment[:8] == b"UNICODE\0"
    return comment[8:].decode("utf-16-be")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("format", FORMATS)
def test_texts_in_our_files(format, text):
    size, pixels = raw(smooth())
    limner_json = json.dumps({"prompt": text}, ensure_ascii=False)
    data = tool("encode", size, format, 90, text, limner_json, data=pixels)
    assert json.loads(tool("metadata", data=data)) == {"infotext": text, "limner_json": limner_json}
    if format == "png":
        image = Image.open(io.BytesIO(data))
        assert image.info["parameters"] == text
        assert image.info["limner"] == limner_json
    else:
        assert user_comment(data) == text
        assert "xmp" in Image.open(io.BytesIO(data)).info


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("format", FORMATS)
def test_texts_in_files_as_a1111_writes_them(format, text):
    if format == "png":
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", text)
        data = file_of(smooth(), "png", pnginfo=info)
    else:
        exif = Image.Exif()
        exif.endian = ">"  # as piexif, which A1111 uses
        exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
        data = file_of(smooth(), format, exif=exif.tobytes())
    assert json.loads(tool("metadata", data=data))["infotext"] == text


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_cut_short_is_an_error(format):
    size, pixels = raw(picture(64, 64, 3))
    data = tool("encode", size, format, 90, "", "", data=pixels)
    for part in (0.2, 0.5, 0.9):
        with pytest.raises(RuntimeError, match="picture: "):
            decode(data[: int(len(data) * part)])


@pytest.mark.parametrize("format", ["gif", "tiff", "bmp", "ppm"])
def test_other_formats_are_refused(format):
    with pytest.raises(RuntimeError, match="png, jpeg, webp and avif"):
        decode(file_of(smooth(), format))
