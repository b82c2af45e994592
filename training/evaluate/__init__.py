"""The stage `evaluate`: what the model gets right, over prompts whose compositions it never saw. Writes OUT/evaluation.json."""

import json

import torch

from ..data.compose import compose, pixels
from ..scorer.train import network, prepared
from . import look, measures, prompts, score
from .draw import Painter

# What the default model must reach.
WANTED = {"object": 0.97, "ground": 0.99, "colour.colour": 0.93, "shape.shape": 0.98, "count.count": 0.92,
          "relation.relation": 0.92, "style.style": 0.95, "diversity": 0.8, "sharpness": 0.85}


def tally(questions, pictures, gallery, words):
    """{"test.what": [right, asked]} and the prompts that went wrong."""
    table, wrong = {}, []
    # In an order in which the gallery seldom has to be drawn anew.
    order = sorted(zip(questions, pixels(pictures)), key=lambda q: (q[0].scene.ground, q[0].test, q[0].scene.items[0].colour))
    for question, picture in order:
        verdict = score.judge(question, picture, gallery, words)
        for what, right in verdict.items():
            for key in {f"{question.test}.{what}", what if what in ("object", "ground") else ""} - {""}:
                counts = table.setdefault(key, [0, 0])
                counts[0] += bool(right)
                counts[1] += 1
        if not all(verdict.values()):
            wrong.append({"prompt": question.prompt, "wrong": sorted(k for k, v in verdict.items() if not v)})
    return dict(sorted(table.items())), wrong


def evaluate(run, painter, questions, extras=True):
    """What run_stage() writes of one painter."""
    words, gallery = run.words, look.Gallery(run.bank)
    drawn = painter([q.prompt for q in questions], [1000 + n for n in range(len(questions))])
    right = measures.composed(run.bank, words, [q.scene for q in questions])
    with torch.no_grad(), run.reduced():
        coded = torch.cat([painter.autoencoder.decoder(painter.autoencoder.encoder(x)).float() for x in right.split(16)])
    table, wrong = tally(questions, drawn, gallery, words)
    result = {"steps": painter.steps, "guidance": painter.guidance, "prompts": len(questions), "table": table,
              "ceiling": tally(questions, coded, gallery, words)[0], "wrong": wrong[:200]}
    if extras:
        single = [n for n, q in enumerate(questions) if q.test in ("style", "background", "colour")]
        result["sharpness"] = float((measures.sharpness(drawn[single]) / measures.sharpness(right[single])).mean())
        result["sharpness_of_autoencoder"] = float((measures.sharpness(coded[single]) / measures.sharpness(right[single])).mean())
        result["diversity"] = measures.diversity(run, painter)
        result |= memorisation(run, drawn, right)
        if (run.out / "scorer").exists():
            result["frechet"] = frechet(run, drawn, right)
    return result


def memorisation(run, drawn, right, batches=16):
    """How near the nearest of some thousand training pictures is, to what was drawn and to what was composed anew."""
    recipe = run.feed("unet", 64).recipe
    seen = torch.cat([compose(run.bank, recipe.make(number).layers) for number in range(batches)])
    return {"nearest_training_picture": float(measures.nearest_distance(drawn, seen).median()),
            "nearest_training_picture_of_composed": float(measures.nearest_distance(right, seen).median())}


def frechet(run, drawn, right):
    """Over the scorer's features."""
    net = network(run)
    with torch.no_grad():
        features = [torch.cat([net.picture(prepared(part, run.size)) for part in x.split(64)]) for x in (drawn, right)]
    return measures.frechet(*features)


def run_stage(run, most=0):
    """Scores the model, and the distilled one if there is one."""
    questions = prompts.ask(run.words)
    if most and most < len(questions):
        questions = questions[:: -(-len(questions) // most)]
    results = {"unet": evaluate(run, Painter(run), questions)}
    if (run.out / "distil").exists():
        results["distil"] = evaluate(run, Painter(run, "distil", steps=4, guidance=1.0), questions, extras=False)
    (run.out / "evaluation.json").write_text(json.dumps(results, indent=1) + "\n")
    run.say(table_of(results["unet"]))
    return results


def table_of(result):
    """The scores as a table in Markdown."""
    lines = ["| test | score | ceiling | wanted |", "|---|---|---|---|"]
    for key, (right, asked) in result["table"].items():
        best = result["ceiling"][key]
        wanted = f"{WANTED[key]:.0%}" if key in WANTED else ""
        lines.append(f"| {key} | {right}/{asked} ({right / max(1, asked):.0%}) | {best[0]}/{best[1]} | {wanted} |")
    for key in ("diversity", "sharpness", "sharpness_of_autoencoder", "frechet", "nearest_training_picture",
                "nearest_training_picture_of_composed"):
        if key in result:
            lines.append(f"| {key.replace('_', ' ')} | {result[key]:.3f} | | {WANTED.get(key, '')} |")
    return "\n".join(lines)
