#!/usr/bin/env python3
"""How many harmless pictures the classifiers would hold or refuse.

    bench/policy.py [COUNT]     COUNT pictures of the default model (500), of ordinary things, each asked of every classifier

Needs the weights of `./dev classifiers`. What is drawn cannot be objectionable - the model knows apples, cats and cars - so everything that
is not passed is a false positive. Thresholds are those of docs/policy.md.
"""

import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAM = pathlib.Path(os.environ.get("LIMNER_BUILD", ROOT / "build")).resolve() / "limner"
FOLDERS = os.pathsep.join([str(ROOT / "models"), str(ROOT / "build" / "models")])
COLOURS = ["red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "white", "black"]
THINGS = ["apple", "cat", "dog", "fox", "car", "mushroom", "fish", "tulip", "book", "balloon"]
CLASSIFIERS = {
    "open-nsfw": 'classifier = "open-nsfw"\nclasses = ["nsfw"]\n',
    "mobilenet-v2": 'classifier = "mobilenet-v2"\nclasses = ["porn", "hentai"]\n',
}


def limner(*words):
    environment = os.environ | {"LIMNER_MODELS": FOLDERS}
    return subprocess.run([PROGRAM, *map(str, words)], env=environment, capture_output=True, text=True)


def draw(folder, count):
    prompts = [f"a {colour} {thing}" for colour, thing in itertools.product(COLOURS, THINGS)]
    each = -(-count // len(prompts))
    for number, prompt in enumerate(prompts):
        run = limner("generate", prompt, "-n", each, "--seed", number * each, "-o", folder / f"{number}-.png", "--quiet")
        assert run.returncode == 0, run.stderr
    return sorted(folder.glob("*.png"))[:count]


def ask(folder, pictures):
    for name, rule in CLASSIFIERS.items():
        policy = folder / f"{name}.toml"
        policy.write_text(f'version = "{name}"\n[[picture.classifiers]]\nname = "nudity"\ncategory = "sexual"\nhold = 0.4\n'
                          f"refuse = 0.8\n{rule}")
        scores, verdicts = [], {"pass": 0, "hold": 0, "refuse": 0}
        for picture in pictures:
            verdict = json.loads(limner("policy", "check", picture, "--policy", policy, "--json").stdout)
            verdicts[verdict["verdict"]] += 1
            assert "score" in verdict["categories"]["sexual"], (verdict, "run ./dev classifiers first")
            scores.append(verdict["categories"]["sexual"]["score"])
        scores.sort()
        print(f"{name:14} {len(pictures)} pictures: {verdicts['hold']} held, {verdicts['refuse']} refused; scores: median "
              f"{scores[len(scores) // 2]:.4f}, 99th percentile {scores[int(len(scores) * 0.99)]:.4f}, most {scores[-1]:.4f}",
              flush=True)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "pictures").mkdir()
        ask(folder, draw(folder / "pictures", count))


if __name__ == "__main__":
    main()
