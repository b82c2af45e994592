"""limner policy and generate --policy: verdicts, their exit statuses, and prompts that hide what they say."""

import json

import pytest

POLICY = """version = "test-3"

[[prompt.terms]]
name = "nudity"
action = "refuse"
category = "sexual"
terms = ["nude", "naked child", "cock"]
except = ["nude lipstick"]

[[prompt.terms]]
name = "gore"
action = "hold"
category = "violence"
terms = ["gore"]
"""


@pytest.fixture
def policy(limner):
    (limner.folder / "policy.toml").write_text(POLICY)
    return "policy.toml"


def check(limner, text, policy):
    run = limner("policy", "check", text, "--policy", policy, "--json")
    assert run.status == {"pass": 0, "refuse": 3, "hold": 4}[run.json["verdict"]], run.err
    assert set(run.json) == {"verdict", "categories", "reasons", "policy"}
    return run.json


def test_pass(limner, policy):
    verdict = check(limner, "a red apple", policy)
    assert verdict["verdict"] == "pass" and verdict["policy"] == "test-3" and verdict["reasons"] == []
    assert verdict["categories"]["sexual"] == {"verdict": "pass", "score": 0.0, "checks": ["terms"]}
    assert verdict["categories"]["hate"] == {"verdict": "unchecked"}


def test_refuse_and_hold(limner, policy):
    verdict = check(limner, "a nude, gore", policy)
    assert verdict["verdict"] == "refuse"
    assert ["nudity" in reason for reason in verdict["reasons"]] == [True, False]
    assert "nude" not in json.dumps(verdict), "the list of terms is nobody's business"
    assert check(limner, "gore", policy)["verdict"] == "hold"


@pytest.mark.parametrize("hidden", [
    "n\u0443de, nud\u0435",  # Cyrillic letters
    "n\u200bu\u200dd\u2060e",  # zero width
    "\U0001d4f7\U0001d4fe\U0001d4ed\U0001d4ee",  # mathematical letters
    "nud3", "NuD3", "n u d e", "n.u.d.e", "nuuude", "nu-de",
    "nu(de:1.2)", "(nu)(de)", "[nu]de", "nu BREAK de", "nu<lora:x:1>de", "[apple:nude:0.5]", "[apple|nude]",
    "naked BREAK child", "(naked:1.1) AND (child:0.9)", "apple, " * 60 + "naked child",
])
def test_hidden_prompts(limner, policy, hidden):
    assert check(limner, hidden, policy)["verdict"] == "refuse"


@pytest.mark.parametrize("benign", [
    "the cockpit of a plane in Scunthorpe", "a peacock", "a nude lipstick", "denuded hills", "a child, a naked mole rat",
])
def test_benign_prompts(limner, policy, benign):
    assert check(limner, benign, policy)["verdict"] == "pass"


def test_built_in_policy(limner):
    assert limner("policy", "check", "a red apple").status == 0
    run = limner("policy", "check", "child p0rn", "--json")
    assert run.status == 3 and run.json["policy"] == "standard-1"


def test_text_for_people(limner, policy):
    run = limner("policy", "check", "a nude", "--policy", policy)
    assert run.status == 3
    assert run.out.startswith("refuse (policy test-3)\n") and "unchecked: " in run.out


def test_picture(limner, policy):
    limner.draw(out="apple.png")
    run = limner("policy", "check", "apple.png", "--policy", policy, "--json")
    assert run.status == 0 and run.json["categories"]["sexual"] == {"verdict": "unchecked"}
    limner.refuses("policy", "check", "nonesuch.png", "--as", "picture", saying="nonesuch.png")


def test_bad_policies(limner):
    limner.refuses("policy", "check", "x", "--policy", "nonesuch.toml", saying="nonesuch.toml")
    limner.refuses("policy", "check", "x", "--policy", "")
    limner.refuses("generate", "x", "--policy", "")
    (limner.folder / "bad.toml").write_text(POLICY + 'severity = "high"\n')
    for command in (["policy", "check", "x"], ["generate", "x"]):
        limner.refuses(*command, "--policy", "bad.toml", saying=["bad.toml:", "severity", "except"])


def test_list_checks(limner):
    run = limner("policy", "list-checks", "--json")
    assert run.status == 0 and {"name", "key", "doc"} <= set(run.json[0])
    assert "terms" in limner("policy", "list-checks").out


@pytest.mark.parametrize("words", [
    ["a nude"], ["a nu(de:1.2)", "--prompt-syntax", "a1111"], ["apple", "--frames", "2", "--to-prompt", "nude"], ["gore"],
])
def test_generate_stops_before_the_model_is_loaded(limner, policy, words):
    # A model that is not there would be the next complaint.
    steps = ["--steps", "2", "-q", "-o", "out.png", "--model", "nonesuch"]
    run = limner.refuses("generate", *words, *steps, "--policy", policy, status=3)
    assert "gore" in run.err if words == ["gore"] else "nudity" in run.err
    assert "test-3" in run.err and "nude" not in run.err


def test_generate_draws_what_passes(limner, policy):
    limner.draw("--policy", policy)
    limner.draw("--policy", policy, "--prompt-syntax", "a1111", "--negative", "nude")


def test_generate_says_why_in_json(limner, policy):
    run = limner("generate", "a nude", "--policy", policy, "--json", "-q")
    assert run.status == 3 and run.json["error"]["code"] == "refused"
