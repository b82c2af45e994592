"""What the drawing parameters do to a picture."""

import pytest
from program import PROMPT
from pixels import distance, same, seam

LONG = "a red apple on a green table beside a blue cup under a yellow lamp " * 3


# ---- samplers and schedules ------------------------------------------------------------------------------------------


def test_lists(limner):
    for what, some in [("samplers", {"euler", "ddim", "dpmpp_2m", "unipc"}), ("schedules", {"plain", "karras"})]:
        listed = limner(what, "--json").json
        names = {one["name"] for one in listed}
        assert some <= names and len(names) == len(listed)
        text = limner(what).out
        assert all(one["name"] in text and one["title"] in text and one["doc"] for one in listed)


def test_every_sampler_draws(limner):
    for sampler in [one["name"] for one in limner("samplers", "--json").json]:
        for schedule in ("plain", "karras"):
            words = ["generate", PROMPT, "--sampler", sampler, "--schedule", schedule, "--steps", 4, "--seed", 7, "-q"]
            run = limner(*words, "-o", "out.png")
            if run.status == 2:
                assert sampler in run.err or schedule in run.err, run.err
                continue
            assert run.status == 0, f"{sampler} {schedule}: {run.status} {run.err}"
            assert limner.parameters("out.png")["sampler"] == sampler


def test_every_schedule_draws(limner):
    pictures = {}
    for schedule in [one["name"] for one in limner("schedules", "--json").json]:
        words = ["--sampler", "euler", "--schedule", schedule]
        run = limner("generate", PROMPT, *words, "--steps", 4, "--seed", 7, "-q", "--no-sign", "-o", "out.png")
        if run.status == 2:
            assert schedule in run.err or "schedule" in run.err, run.err
            continue
        assert run.status == 0, f"{schedule}: {run.err}"
        pictures[schedule] = (limner.folder / "out.png").read_bytes()
    assert len(set(pictures.values())) >= 6


@pytest.mark.parametrize("title, name", [("DPM++ 2M", "dpmpp_2m"), ("Euler a", "euler_ancestral"), ("DDIM", "ddim")])
def test_samplers_by_their_titles(limner, title, name):
    limner.draw("--sampler", title)
    assert limner.parameters("out.png")["sampler"] == name


# ---- noise -----------------------------------------------------------------------------------------------------------


def test_philox_noise(limner):
    torch, philox = limner.picture(), limner.picture("--noise", "philox")
    assert distance(torch, philox) > 5
    assert same(philox, limner.picture("--noise", "philox"))
    assert "RNG: NV" in limner("inspect", "out.png").out


def test_variations(limner):
    here, there = limner.picture(steps=8), limner.picture(steps=8, seed=100)

    def towards(strength):
        return limner.picture("--variation-seed", 100, "--variation-strength", strength, steps=8)

    assert same(towards(0), here)
    assert same(towards(1), there)
    near = distance(towards(0.05), here)
    assert 0 < near < distance(here, there) / 2


def test_eta_is_noise(limner):
    assert distance(limner.picture(steps=8), limner.picture("--eta", 1, steps=8)) > 1


# ---- guidance --------------------------------------------------------------------------------------------------------


def test_guidance(limner):
    off = limner.picture("--cfg", 1)
    assert same(off, limner.picture("--cfg", 1, "--negative", "blue")), "without guidance nothing is kept out"
    assert not same(off, limner.picture("--cfg", 3))
    assert not same(limner.picture("--cfg", 3), limner.picture("--cfg", 3, "--negative", "blue"))
    assert same(off, limner.picture("--cfg", 3, "--guidance-end", 0))
    assert not same(limner.picture("--cfg", 9), limner.picture("--cfg", 9, "--guidance-rescale", 0.7))


def test_clip_skip(limner):
    assert not same(limner.picture(), limner.picture("--clip-skip", 2))


# ---- prompts ---------------------------------------------------------------------------------------------------------


def test_a1111_syntax(limner):
    def a1111(prompt, **options):
        return limner.picture("--prompt-syntax", "a1111", prompt=prompt, **options)

    assert same(a1111("a red apple"), limner.picture(prompt="a red apple"))
    assert same(a1111("a (red:1.0) apple"), limner.picture(prompt="a red apple"))
    assert not same(a1111("a (red:1.6) apple"), a1111("a red apple"))
    assert same(a1111("a [dog:cat:0.5]", steps=4), a1111("a [dog:cat:2]", steps=4))
    assert not same(a1111("a [dog:cat:0.5]", steps=4), a1111("a dog", steps=4))
    assert not same(a1111("a dog AND a cat"), a1111("a dog"))


def test_break(limner):
    words = ["--prompt-syntax", "a1111", "--long-prompt", "chunk"]
    assert not same(limner.picture(*words, prompt="a dog BREAK a cat"), limner.picture(*words, prompt="a dog a cat"))
    run = limner("generate", "a dog BREAK a cat", "--prompt-syntax", "a1111", "--steps", 1, "-o", "out.png")
    assert run.status == 0 and "BREAK" in run.err


def test_plain_syntax_takes_words_as_they_are(limner):
    assert not same(limner.picture(prompt="a (red:1.0) apple"), limner.picture(prompt="a red apple"))


def test_a_long_prompt_is_cut_and_the_rest_named(limner):
    run = limner("generate", LONG, "--steps", 1, "-o", "out.png")
    assert run.status == 0
    assert "longer than the model reads" in run.err and "under a yellow lamp" in run.err
    report = limner("generate", LONG, "--steps", 1, "-o", "out.png", "--json", "-q").json
    assert "under a yellow lamp" in report["pictures"][0]["warnings"][0]


def test_a_long_prompt_in_chunks(limner):
    run = limner("generate", LONG, "--steps", 2, "--seed", 7, "--long-prompt", "chunk", "-o", "chunk.png")
    assert run.status == 0 and "longer" not in run.err
    cut, cut_otherwise = limner.picture(prompt=LONG), limner.picture(prompt=LONG + " and a dog")
    assert same(cut, cut_otherwise), "what is cut off is not read"
    whole = limner.picture("--long-prompt", "chunk", prompt=LONG)
    assert not same(whole, cut)
    assert not same(whole, limner.picture("--long-prompt", "chunk", prompt=LONG + " and a dog"))


@pytest.mark.parametrize(
    "prompt", ["日本の庭 🍎", "e\u0301galite\u0301", "\u202e\u200b\ufeff", "a\tb\nc", "'\"\\$(x)", "," * 300]
)
def test_prompts_of_any_script(limner, prompt):
    limner.draw(prompt=prompt, steps=1)
    assert limner.parameters("out.png")["prompt"] == prompt


# ---- sizes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 96), (8, 8), (72, 136), (256, 64)])
def test_sizes(limner, size):
    picture = limner.picture("--size", "{}x{}".format(*size))
    assert picture.size == size
    assert same(picture, limner.picture("-W", size[0], "-H", size[1]))


@pytest.mark.parametrize("tile, wraps", [("none", set()), ("x", {1}), ("y", {0}), ("xy", {0, 1})])
def test_tiles_have_no_seam(limner, tile, wraps):
    """After a single step, when the picture is still full of clouds up to its edges."""
    picture = limner.picture("--tile", tile, steps=1)
    for axis in (0, 1):
        assert seam(picture, axis) < 2.5 if axis in wraps else seam(picture, axis) > 4


@pytest.mark.parametrize("upscaler", ["latent", "latent_nearest"])
def test_hires(limner, upscaler):
    words = ["--size", "64x64", "--hires-scale", 2, "--hires-upscaler", upscaler]
    picture = limner.picture(*words, steps=4)
    assert picture.size == (128, 128)
    assert same(picture, limner.picture(*words, steps=4))
    assert not same(picture, limner.picture(*words, "--hires-strength", 0.9, "--hires-steps", 6, steps=4))
    assert limner.parameters("out.png")["width"] == 64, "the recipe is that of the first pass"
