"""The same words give the same bytes: run twice, on any number of threads, alone or among others.

Of files without a manifest: a signed one says when it was made (test_provenance.py compares their pixels).
"""

import pytest
from program import PROMPT


@pytest.mark.parametrize("dtype", ["f32", "bf16"])
@pytest.mark.parametrize("sampler", ["ddim", "dpmpp_sde"])
def test_twice(limner, dtype, sampler):
    words = ["--dtype", dtype, "--sampler", sampler]
    first = limner("generate", PROMPT, "--steps", 3, "--seed", 7, "-q", "--no-sign", "-o", "a.png", *words)
    if first.status == 2 and "processor" in first.err:
        pytest.skip("this processor has no bf16")
    assert limner.draw(*words, steps=3).read_bytes() == (limner.folder / "a.png").read_bytes()


@pytest.mark.parametrize("size", ["128x128", "72x136"])
def test_any_number_of_threads(limner, size):
    one, two, seven = (limner.draw("--threads", n, "--size", size, out=f"{n}.png").read_bytes() for n in (1, 2, 7))
    assert one == two == seven


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--sampler", "dpmpp_2s_ancestral", "--noise", "philox"],
        ["--prompt-syntax", "a1111", "--cfg", "5"],
        ["--size", "64x64", "--hires-scale", "1.5"],
    ],
    ids=["plain", "ancestral", "a1111", "hires"],
)
def test_one_of_many_is_the_same_alone(limner, words):
    run = limner("generate", PROMPT, "--steps", 3, "--seed", 7, "-n", 4, "-q", "--no-sign", "-o", "many.png", *words)
    assert run.status == 0, run.err
    assert run.out == "".join(f"many-{i}.png\n" for i in (1, 2, 3, 4))
    many = [(limner.folder / f"many-{i}.png").read_bytes() for i in (1, 2, 3, 4)]
    assert len(set(many)) == 4
    for i in (0, 3):
        assert limner.draw(*words, steps=3, seed=7 + i).read_bytes() == many[i], f"picture {i} differs alone"


def test_more_than_are_drawn_together(limner):
    run = limner("generate", PROMPT, "--steps", 1, "--seed", 7, "-n", 6, "-q", "--no-sign", "-o", "many.png")
    assert run.status == 0, run.err
    assert limner.draw(steps=1, seed=12).read_bytes() == (limner.folder / "many-6.png").read_bytes()


def test_where_it_runs_does_not_matter(limner):
    """Not the folder, the home, the language nor the terminal."""
    first = limner.draw().read_bytes()
    other = {"HOME": "/nonexistent", "LC_ALL": "C", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "1", "TERM": "dumb"}
    words = ["--steps", 2, "--seed", 7, "--no-sign", "-o", "b.png"]
    assert limner("generate", PROMPT, *words, environment=other).status == 0
    assert (limner.folder / "b.png").read_bytes() == first
