"""The scorer that ships with Limner, on what the default model draws."""

import pytest
from program import ROOT

PROMPTS = [
    "a red apple", "a fox on a blue background", "a sunflower", "a pizza", "a green frog", "a penguin on a pink background",
    "a rocket", "a yellow umbrella",
]  # fmt: skip


@pytest.fixture
def drawn(limner):
    """The pictures of PROMPTS, in their order."""
    names = []
    for number, prompt in enumerate(PROMPTS):
        names.append(f"{number}.png")
        run = limner("generate", prompt, "-o", names[-1], "--seed", number, "--steps", 20, "--dtype", "f32", "-q")
        assert run.status == 0, run.err
    return names


def test_what_was_asked_for_fits_best(limner, drawn):
    for prompt, own in zip(PROMPTS, drawn):
        run = limner("score", prompt, *drawn, "--json")
        assert run.status == 0, run.err
        assert run.json["scorer"] == "limner-scorer"
        assert run.json["scores"][0]["path"] == own, (prompt, run.json["scores"])


def test_it_says_what_it_was_made_from(limner):
    run = limner("model", "show", "limner-scorer", "--json")
    assert run.status == 0, run.err
    assert run.json["lineage"], run.json
    card = (ROOT / "models/limner-scorer/README.md").read_text()
    assert "license: apache-2.0" in card and "MIT" in card
