"""limner policy and generate --policy: verdicts, their exit statuses, and prompts that hide what they say."""

import http.server
import json
import random
import threading
import time

import pytest
from PIL import Image

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


class Moderator(http.server.BaseHTTPRequestHandler):
    """Speaks OpenAI's moderation format: finds "bomb" illicit and violent, and what it is told to do wrong, it does."""

    behaviour, asked = "", []

    def do_POST(self):
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        Moderator.asked.append((self.headers.get("Authorization"), texts))
        if self.behaviour == "slow":
            time.sleep(1)
        results = [{"flagged": "bomb" in text, "category_scores": {"illicit/violent": 0.9 if "bomb" in text else 0.01,
                                                                  "violence": 0.5 if "bomb" in text else 0.0}}
                   for text in texts]
        if self.behaviour == "short":
            results.pop()
        body = b"no json" if self.behaviour == "broken" else json.dumps({"results": results}).encode()
        self.send_response(500 if self.behaviour == "error" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def moderator(limner):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Moderator)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Moderator.behaviour, Moderator.asked = "", []
    (limner.folder / "endpoint.toml").write_text(f"""version = "endpoint-1"
[[prompt.endpoint]]
name = "moderator"
url = "http://127.0.0.1:{server.server_port}/v1/moderations"
timeout_ms = 500
hold = 0.4
refuse = 0.8
""")
    yield Moderator
    server.shutdown()


def test_another_server_is_asked(limner, moderator):
    assert check(limner, "a red apple", "endpoint.toml")["verdict"] == "pass"
    verdict = check(limner, "a bo(mb:1.2)", "endpoint.toml")
    assert verdict["verdict"] == "refuse" and verdict["categories"]["illicit"]["score"] == 0.9
    assert verdict["categories"]["violence"]["verdict"] == "hold"
    assert verdict["categories"]["hate"] == {"verdict": "unchecked"}
    assert "a bomb" in moderator.asked[-1][1], "what reaches the encoder is what is asked about"


@pytest.mark.parametrize("behaviour", ["slow", "broken", "short", "error"])
def test_what_the_other_server_does_not_say_is_held(limner, moderator, behaviour):
    moderator.behaviour = behaviour
    verdict = check(limner, "a red apple", "endpoint.toml")
    assert verdict["verdict"] == "hold" and "moderator" in verdict["reasons"][0]
    assert set(map(str, [each["verdict"] for each in verdict["categories"].values()])) == {"unchecked"}


def test_copies_by_policy(limner):
    folder = limner.folder / "ours"
    folder.mkdir()
    random.seed(5)
    noise = Image.frombytes("RGB", (48, 48), random.randbytes(48 * 48 * 3)).resize((300, 300))
    noise.save(folder / "noise.png")
    assert limner("protect", "add", folder, "--index", "ours.pdq").status == 0
    (limner.folder / "copies.toml").write_text('version = "c"\n[[picture.copies]]\nname = "ours"\nindex = "ours.pdq"\n')
    noise.transpose(Image.Transpose.ROTATE_90).save(limner.folder / "copy.jpg", quality=50)
    assert check(limner, "copy.jpg", "copies.toml")["verdict"] == "refuse"
    Image.frombytes("RGB", (48, 48), random.randbytes(48 * 48 * 3)).resize((300, 300)).save(limner.folder / "other.png")
    assert check(limner, "other.png", "copies.toml")["verdict"] == "pass"
    Image.new("RGB", (300, 300), "red").save(limner.folder / "flat.png")
    flat = check(limner, "flat.png", "copies.toml")
    assert flat["verdict"] == "hold" and "flat" in flat["reasons"][0]
    (limner.folder / "ours.pdq").write_bytes(b"nothing")
    broken = check(limner, "other.png", "copies.toml")
    assert broken["verdict"] == "hold" and broken["categories"]["other"] == {"verdict": "unchecked"}
