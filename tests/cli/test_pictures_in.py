"""Pictures drawn over other pictures: image-to-image, inpainting, outpainting."""

import numpy
import pytest
from PIL import Image
from pixels import array, distance, same


@pytest.fixture
def apple(limner):
    return limner.draw(out="apple.png", steps=8)


def mask(folder, box, size=(128, 128), mode="L"):
    """White in `box`, black elsewhere."""
    image = Image.new(mode, size, 0)
    image.paste(Image.new(mode, (box[2] - box[0], box[3] - box[1]), "white"), box)
    image.save(folder / "mask.png")
    return "mask.png"


def test_strength_is_how_far(limner, apple):
    original = Image.open(apple)
    weak, strong = (limner.picture("--init", apple, "--strength", s, prompt="a dog", steps=10) for s in (0.2, 0.9))
    assert distance(weak, original) < distance(strong, original)
    assert limner.parameters("out.png")["strength"] == 0.9


@pytest.mark.parametrize("size", [(96, 64), (130, 101), (300, 20)])
def test_the_size_is_the_pictures(limner, size):
    Image.new("RGB", size, "orange").save(limner.folder / "in.png")
    expected = tuple(side // 8 * 8 for side in size)
    assert limner.picture("--init", "in.png").size == expected
    assert limner.picture("--init", "in.png", "--size", "64x64").size == (64, 64)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "I;16", "1", "CMYK"])
def test_pictures_of_every_kind(limner, mode):
    name = "in.jpg" if mode == "CMYK" else "in.png"
    Image.new("L" if mode == "I;16" else "RGB", (64, 64), "gray").convert(mode).save(limner.folder / name)
    assert limner.picture("--init", name).size == (64, 64)


@pytest.mark.parametrize("ending", ["jpg", "webp", "avif"])
def test_pictures_of_every_format(limner, apple, ending):
    Image.open(apple).save(limner.folder / f"in.{ending}", quality=95)
    from_png = limner.picture("--init", apple, "--strength", 0.5)
    assert distance(limner.picture("--init", f"in.{ending}", "--strength", 0.5), from_png) < 20


def test_inpainting_keeps_the_rest(limner, apple):
    name = mask(limner.folder, (64, 0, 128, 128))
    picture = limner.picture("--init", apple, "--mask", name, prompt="a blue dog", steps=8)
    change = numpy.abs(array(picture) - array(Image.open(apple))).mean(axis=2)
    assert change[:, :40].mean() < 12, "what is black in the mask is kept"
    assert change[:, 72:].mean() > 2 * change[:, :40].mean(), "what is white is drawn anew"


def test_an_inverted_mask(limner, apple):
    left = limner.picture("--init", apple, "--mask", mask(limner.folder, (0, 0, 64, 128)), "--invert-mask")
    right = limner.picture("--init", apple, "--mask", mask(limner.folder, (64, 0, 128, 128)))
    assert same(left, right)


def test_a_mask_may_have_colours(limner, apple):
    box = (32, 32, 96, 96)
    grey = limner.picture("--init", apple, "--mask", mask(limner.folder, box))
    assert same(grey, limner.picture("--init", apple, "--mask", mask(limner.folder, box, mode="RGB")))


def test_mask_blur(limner, apple):
    name = mask(limner.folder, (56, 56, 72, 72))
    assert limner.picture("--init", apple, "--mask", name, "--mask-blur", 4).size == (128, 128)


@pytest.mark.parametrize("margins, size", [("16", (160, 160)), ("8,0,24,0", (160, 128)), ("0,0,0,40", (128, 168))])
def test_outpainting(limner, apple, margins, size):
    picture = limner.picture("--init", apple, "--outpaint", margins, steps=4)
    assert picture.size == size
    left, top = (int(margins.split(",")[i]) if "," in margins else int(margins) for i in (0, 1))
    inside = picture.crop((left + 16, top + 16, left + 112, top + 112))
    assert distance(inside, Image.open(apple).crop((16, 16, 112, 112))) < 40, "the picture itself stays"


def test_like_asks_for_the_picture_again(limner, apple):
    first = limner.draw("--init", apple, "--strength", 0.5)
    run = limner.refuses("generate", "--like", first, "-o", "again.png", saying="--init")
    assert "image-to-image" in run.err
    again = limner("generate", "--like", first, "--init", apple, "-q", "--no-sign", "-o", "again.png")
    assert again.status == 0
    assert (limner.folder / "again.png").read_bytes() == first.read_bytes()


def test_a_second_pass_over_a_picture(limner, apple):
    assert limner.picture("--init", apple, "--hires-scale", 1.5, "--strength", 0.5).size == (192, 192)
